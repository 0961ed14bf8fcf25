// What only this room knows of a value in a rule: whether RE2 takes its regex, whether its network is one. For
// content::LoadOptions::check_value, so that a rule or filter with such a value is refused while what refers to it can be told.
#ifndef TOCSIN_ENGINE_MATCH_VALUE_CHECK_H_
#define TOCSIN_ENGINE_MATCH_VALUE_CHECK_H_

#include "engine/content/diagnostics.h"
#include "engine/content/sigma/rule.h"

namespace tocsin::match {

// False when the test would be refused by Program::Compile; reported at its place. No warnings: compiling gives those.
bool CheckValue(const content::ValueTest& test, content::Diagnostics& diagnostics);

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_VALUE_CHECK_H_
