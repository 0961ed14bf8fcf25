// One distinct test of one field: an Item compiled. Evaluated at most once an event, however many rules use it.
//
// An item is an OR of entries, or an AND of them (`all`); an entry is an OR of tests. So it is compiled to groups: each an OR
// of tests over the field's values, all of which must hold; without `all` there is one group. What a group asks of texts is
// sorted by what it costs: literals through a LiteralIndex where there are many, then single patterns, then the rest.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_PREDICATE_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_PREDICATE_H_

#include <re2/re2.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "engine/content/content_set.h"
#include "engine/event/event.h"
#include "engine/match/internal/folded_texts.h"
#include "engine/match/internal/literal_index.h"
#include "engine/match/internal/network.h"
#include "engine/match/internal/text_match.h"

namespace tocsin::match {

// Has the value a text that tests of texts and numbers look at?
inline bool IsScalar(const event::Value& value) {
  return value.kind == event::ValueKind::kString || value.kind == event::ValueKind::kNumber || value.kind == event::ValueKind::kBool;
}

class ElementMatcher;

class Predicate {
 public:
  // False, with a diagnostic at the item's place, when a regex or a network is refused. `grams` choose the windows of literals.
  bool Compile(const content::Item& item, const GramCounts& grams, content::Diagnostics& diagnostics);
  // REQUIRES: texts.Begin(event).
  bool Holds(const event::EventView& event, FoldedTexts& texts) const;
  // What it costs to ask, relative to comparing one literal. For the order in which a condition asks.
  uint32_t cost() const { return cost_; }
  // The field, where the answer for an event with one value in it depends on nothing but that value's text and kind.
  content::FieldId text_field() const { return by_text_ ? field_ : content::FieldId(); }

 private:
  struct Test {
    content::ValueTest::Kind kind;
    bool boolean = false;
    content::Compare compare = content::Compare::kEq;
    content::TimePart time_part = content::TimePart::kMinute;
    content::FieldId other_field;
    int64_t until_ns = INT64_MAX;
    bool cased = false, any_before = false, any_after = false;   // kFieldRef
    TextPattern pattern;                                         // kPattern
    std::string number;                                          // kCompare, kTimePart
    Network network;
    std::unique_ptr<re2::RE2> regex;
  };
  struct Number {
    uint64_t key;
    std::string text;
  };
  // What few groups ask for.
  struct Rest {
    std::vector<Number> numbers;        // equal by value (SIGMA.md 18)
    std::vector<Test> tests;            // everything else
    std::vector<std::shared_ptr<const ElementMatcher>> elements;   // asked of the event, not of the field's values; shared because
                                                                   //   the type is not complete here
  };
  struct Group {
    bool null = false;                  // a missing field or null
    bool exists = false, missing = false;   // `exists: true`, `exists: false`
    bool texts = false;                 // one of the next three is there
    // Texts without case, without expiry: literals at an end, many literals, everything else.
    std::vector<EndLiteral> ends;
    std::vector<TextPattern> patterns;
    std::unique_ptr<const LiteralIndex> literals;   // null: none
    std::unique_ptr<Rest> rest;                     // null: nothing
  };
  static Rest& RestOf(Group& group);
  bool AddTest(const content::ValueTest& from, content::Place place, content::Diagnostics& diagnostics, Group& group);
  static void MakeIndex(Group& group, const GramCounts& grams);
  bool GroupHolds(const Group& group, const event::EventView& event, FoldedTexts& texts) const;
  static bool ValueHolds(const Group& group, const event::Value& value, const event::EventView& event, FoldedTexts& texts);
  static bool KeywordsHold(const Group& group, const event::EventView& event, FoldedTexts& texts);
  static bool ElementsHold(const Rest& rest, const event::EventView& event);
  static bool RestHolds(const Rest& rest, const event::Value& value, const event::EventView& event, FoldedTexts& texts);
  static bool NumbersHold(const Rest& rest, const event::Value& value);
  static bool TestHolds(const Test& test, const event::Value& value, const event::EventView& event, FoldedTexts& texts);
  static bool FieldRefHolds(const Test& test, const event::Value& value, const event::EventView& event, FoldedTexts& texts);

  content::FieldId field_;           // !valid() = keywords
  bool negated_ = false, by_text_ = true;
  uint32_t cost_ = 1;
  absl::InlinedVector<Group, 1> groups_;   // nearly all predicates are one group: it is found with the predicate
};

// What a kPattern test asks of a value's text. A keyword, of no field, stands anywhere in it (SIGMA.md 21): its pattern with `*`
// at both ends.
TextPattern PatternOf(content::FieldId field, const content::ValueTest& test);

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_PREDICATE_H_
