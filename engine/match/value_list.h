// A list of Sigma strings to look a text up in: wildcards active, without case (SIGMA.md 10-13). For rooms that compare values
// of their own with what a rule names.
#ifndef TOCSIN_ENGINE_MATCH_VALUE_LIST_H_
#define TOCSIN_ENGINE_MATCH_VALUE_LIST_H_

#include <memory>
#include <string_view>
#include <vector>

#include "engine/content/sigma/rule.h"

namespace tocsin::match {

// Immutable; copies share. Contains folds the text and is linear in the list.
class ValueList {
 public:
  ValueList() = default;
  explicit ValueList(const std::vector<content::Pattern>& patterns);
  ~ValueList();

  bool empty() const { return patterns_ == nullptr; }
  bool Contains(std::string_view text) const;

 private:
  struct Patterns;
  std::shared_ptr<const Patterns> patterns_;
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_VALUE_LIST_H_
