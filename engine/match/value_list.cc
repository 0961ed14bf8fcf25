#include "engine/match/value_list.h"

#include <algorithm>
#include <string>

#include "engine/match/internal/casefold.h"
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
  if (patterns_ == nullptr) return false;
  constexpr size_t kReadableBehind = 32;   // as TextPattern asks
  std::string folded(FoldedSizeMax(text.size()) + kReadableBehind, '\0');
  const std::string_view wanted(folded.data(), Fold(text, folded.data()));
  return std::any_of(patterns_->all.begin(), patterns_->all.end(), [&](const TextPattern& each) { return each.Matches(wanted); });
}

}  // namespace tocsin::match
