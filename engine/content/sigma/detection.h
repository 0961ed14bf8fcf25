// The `detection:` of a rule and the body of a filter: named selections and a condition over them. Internal to content.
#ifndef TOCSIN_ENGINE_CONTENT_SIGMA_DETECTION_H_
#define TOCSIN_ENGINE_CONTENT_SIGMA_DETECTION_H_

#include <string>
#include <vector>

#include "engine/content/sigma/load.h"

namespace tocsin::content {

struct ParsedDetection {
  std::vector<Item> items;
  Expr condition;
};

// `body` holds selections and `condition`; keys in `skip` are something else (a filter's `rules`). `what` is "rule" or "filter".
bool ParseDetection(const YamlNode& body, const std::vector<std::string_view>& skip, bool condition_list_allowed, SigmaContext context, ParsedDetection& out);

// What stands below an array selector: a map or list as a selection has it, or selections of its own with a `condition`.
bool ParseElementBody(const YamlNode& node, SigmaContext context, std::vector<Item>& items, Expr& condition);

bool ParseLogsource(const YamlNode& node, Diagnostics& diagnostics, Logsource& out);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_SIGMA_DETECTION_H_
