// Rules by what people call them.
#ifndef TOCSIN_ENGINE_CONTENT_FIND_RULE_H_
#define TOCSIN_ENGINE_CONTENT_FIND_RULE_H_

#include <string>
#include <string_view>
#include <vector>

#include "engine/content/content_set.h"

namespace tocsin::content {

// Rules whose name is `text`; without one those whose id is; without one those whose title is. Case does not matter
// where it decides nothing. Several only where ids or titles are shared. In load order.
std::vector<RuleId> FindRules(const ContentSet& content, std::string_view text);

// The name, id or title nearest to `text`; empty when nothing is near.
std::string NearestRule(const ContentSet& content, std::string_view text);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_FIND_RULE_H_
