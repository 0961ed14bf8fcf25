// One distinct test of one field: an Item compiled. Evaluated at most once an event, however many rules use it.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_PREDICATE_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_PREDICATE_H_

#include <re2/re2.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "engine/content/content_set.h"
#include "engine/event/event.h"
#include "engine/match/internal/decimal.h"
#include "engine/match/internal/network.h"
#include "engine/match/internal/text_match.h"

namespace tocsin::match {

inline constexpr int64_t kRegexMemory = 8 << 20;   // of one regex's automata; beyond it RE2 falls back to slower, linear forms

class ElementMatcher;

class Predicate {
 public:
  // False, with a diagnostic at the item's place, when a regex or a network is refused.
  bool Compile(const content::Item& item, content::Diagnostics& diagnostics);
  // `buffer` is scratch for folding; its capacity is kept.
  bool Holds(const event::EventView& event, std::string& buffer) const;

 private:
  struct Test {
    content::ValueTest::Kind kind;
    bool boolean = false, has_number = false;
    content::Compare compare = content::Compare::kEq;
    content::TimePart time_part = content::TimePart::kMinute;
    content::FieldId other_field;
    int64_t until_ns = INT64_MAX;
    bool cased = false, any_before = false, any_after = false;   // kFieldRef
    TextPattern pattern;
    std::string number_text;
    Network network;
    std::unique_ptr<re2::RE2> regex;
    std::shared_ptr<const ElementMatcher> elements;   // shared: the type is not complete here
  };
  bool CompileTest(const content::ValueTest& from, content::Place place, content::Diagnostics& diagnostics, Test& out) const;
  static bool IsPlainLiteral(const content::ValueTest& test);
  bool EntryHolds(const std::vector<Test>& entry, const event::EventView& event, std::string& buffer) const;
  bool TestHolds(const Test& test, const event::EventView& event, std::string& buffer) const;
  bool ValueHolds(const Test& test, const event::Value& value, const event::EventView& event, std::string& buffer) const;
  bool FieldRefHolds(const Test& test, std::string_view text, const event::EventView& event, std::string& buffer) const;
  bool InLiterals(const event::EventView& event, std::string& buffer) const;

  content::FieldId field_;           // !valid() = keywords
  bool all_ = false, negated_ = false;
  std::vector<std::vector<Test>> entries_;
  // Plain literals of an any-of list, folded: one probe instead of a comparison each.
  absl::flat_hash_set<std::string> literals_;
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_PREDICATE_H_
