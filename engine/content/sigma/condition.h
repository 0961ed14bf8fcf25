// Conditions of detections and filters, and extended conditions of correlations (SIGMA.md 22-24, 28). Internal to content.
#ifndef TOCSIN_ENGINE_CONTENT_SIGMA_CONDITION_H_
#define TOCSIN_ENGINE_CONTENT_SIGMA_CONDITION_H_

#include <string>
#include <string_view>
#include <vector>

#include "engine/content/internal/yaml.h"
#include "engine/content/sigma/load.h"
#include "engine/content/sigma/rule.h"

namespace tocsin::content {

// A condition over names, before they mean anything.
struct ConditionNode {
  enum class Kind : uint8_t { kAnd, kOr, kNot, kName, kAnyOf, kAllOf, kCountOf };
  Kind kind = Kind::kName;
  std::string name;                      // kName: identifier; k...Of: pattern, or "them"
  size_t count = 0;                      // kCountOf: at least so many
  Place place;
  std::vector<ConditionNode> children;
};

inline constexpr int kMaxConditionDepth = 100;

// Parses one condition. `selectors`: `1 of x*` and its like are part of the language (not in correlations). False when it is
// refused, reported with the column of the offending word. `names` are for "did you mean", and win over keywords in capitals;
// `timeframe` for the correlation that an aggregation ought to be.
bool ParseCondition(const YamlNode& node, bool selectors, const std::vector<std::string_view>& names, const SigmaContext& context, ConditionNode& out,
                    std::string_view timeframe = "");

// Does a selector pattern (`sel*`, `*_x`, `them`) take this identifier? `_x` only when the pattern says `_`.
bool SelectorTakes(std::string_view pattern, std::string_view identifier);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_SIGMA_CONDITION_H_
