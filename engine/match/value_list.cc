#include "engine/match/value_list.h"

#include <algorithm>

#include "engine/match/internal/text_match.h"

namespace tocsin::match {

struct ValueList::Patterns {
  std::vector<TextPattern> all;
};

ValueList::ValueList(const std::vector<content::Pattern>& patterns) {
  if (patterns.empty()) return;
  auto compiled = std::make_shared<Patterns>();
  for (const content::Pattern& pattern : patterns) compiled->all.emplace_back(pattern, /*cased=*/false, /*windash=*/false);
  patterns_ = std::move(compiled);
}

ValueList::~ValueList() = default;

bool ValueList::Contains(std::string_view text) const {
  return patterns_ != nullptr && std::any_of(patterns_->all.begin(), patterns_->all.end(), [&](const TextPattern& each) { return each.Matches(text); });
}

}  // namespace tocsin::match
