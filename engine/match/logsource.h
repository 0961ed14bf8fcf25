// The attributes of a logsource by name: product, category, service and the author's own (SIGMA.md 25).
#ifndef TOCSIN_ENGINE_MATCH_LOGSOURCE_H_
#define TOCSIN_ENGINE_MATCH_LOGSOURCE_H_

#include <string>
#include <string_view>
#include <vector>

#include "engine/content/content_set.h"

namespace tocsin::match {

// product, category, service, then every other attribute that a detection rule states, each once, sorted.
std::vector<std::string> LogsourceAttributes(const content::ContentSet& content);

// What the logsource states for the attribute; empty when it states nothing.
const std::string& LogsourceAttribute(const content::Logsource& logsource, std::string_view name);

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_LOGSOURCE_H_
