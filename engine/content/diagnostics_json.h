// Diagnostics for programs: one JSON object, and SARIF for code hosts.
#ifndef TOCSIN_ENGINE_CONTENT_DIAGNOSTICS_JSON_H_
#define TOCSIN_ENGINE_CONTENT_DIAGNOSTICS_JSON_H_

#include <string>

#include "engine/content/diagnostics.h"

namespace tocsin::content {

// {"errors":N,"warnings":N,"diagnostics":[{"severity":"error","code":"T0101","file":..,"line":N,"column":N,"message":..,
// "expected":.., "text": the line}]}; place members are absent where there is none. In the order of Diagnostics::Sorted.
std::string DiagnosticsJson(const Diagnostics& diagnostics);

// SARIF 2.1.0: one run, a result for each diagnostic, columns in code points. Relative names stay relative, so that a code host
// finds them from the folder it checked.
std::string DiagnosticsSarif(const Diagnostics& diagnostics, const std::string& version);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_DIAGNOSTICS_JSON_H_
