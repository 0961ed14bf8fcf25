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
  bool has_not = false;      // a `not` stands somewhere in the condition
};

// `body` holds selections and `condition`; keys in `skip` are something else (a filter's `rules`). `what` is "rule" or "filter".
bool ParseDetection(const YamlNode& body, const std::vector<std::string_view>& skip, bool condition_list_allowed, SigmaContext context, ParsedDetection& out);

bool ParseLogsource(const YamlNode& node, Diagnostics& diagnostics, Logsource& out);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_SIGMA_DETECTION_H_
