#include "engine/match/internal/predicate.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/event/time.h"
#include "engine/match/internal/checked_value.h"
#include "engine/match/internal/decimal.h"
#include "engine/match/internal/element_match.h"
#include "engine/match/internal/number_key.h"

namespace tocsin::match {
namespace {

using content::Compare;
using event::Value;
using event::ValueKind;
using Kind = content::ValueTest::Kind;

// An index pays from this many literals for anywhere on, or this many for an end: below, comparing each is as fast.
constexpr size_t kIndexFrom = 4, kIndexEndsFrom = 16;

bool SameWord(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(), [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

bool Holds(Compare compare, std::strong_ordering order) {
  switch (compare) {
    case Compare::kLt: return order < 0;
    case Compare::kLte: return order <= 0;
    case Compare::kGt: return order > 0;
    case Compare::kGte: return order >= 0;
    case Compare::kEq: return order == 0;
    case Compare::kNeq: return order != 0;
  }
  return false;
}

bool CompareText(std::string_view text, Compare compare, const std::string& number) {
  Decimal value, wanted;
  return ParseDecimal(text, value) && ParseDecimal(number, wanted) && Holds(compare, CompareDecimals(value, wanted));
}

int IsoWeek(std::chrono::sys_days day) {
  using namespace std::chrono;
  // The week of a day is that of its Thursday.
  const sys_days thursday = day - (weekday(day) - Monday) + days(3);
  const sys_days first = sys_days(year_month_day(thursday).year() / January / 1);
  return static_cast<int>((thursday - first).count() / 7) + 1;
}

// The part of a time in UTC; negative when the text is none.
int64_t PartOf(std::string_view text, content::TimePart part) {
  using namespace std::chrono;
  const std::optional<int64_t> since = event::ParseSeconds(text);
  if (!since) return -1;
  const sys_seconds time{seconds(*since)};
  const sys_days day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  switch (part) {
    case content::TimePart::kMinute: return clock.minutes().count();
    case content::TimePart::kHour: return clock.hours().count();
    case content::TimePart::kDay: return static_cast<int64_t>(static_cast<unsigned>(date.day()));
    case content::TimePart::kWeek: return IsoWeek(day);
    case content::TimePart::kMonth: return static_cast<int64_t>(static_cast<unsigned>(date.month()));
    case content::TimePart::kYear: return static_cast<int>(date.year());
  }
  return -1;
}

content::Pattern AnywherePattern(const content::Pattern& pattern) {
  content::Pattern out = pattern;
  const auto any = [](const content::Pattern::Piece& piece) { return piece.kind == content::Pattern::Kind::kAny; };
  if (out.pieces.empty() || !any(out.pieces.front())) out.pieces.insert(out.pieces.begin(), {content::Pattern::Kind::kAny, ""});
  if (!any(out.pieces.back())) out.pieces.push_back({content::Pattern::Kind::kAny, ""});
  return out;
}

}  // namespace

TextPattern PatternOf(content::FieldId field, const content::ValueTest& test) {
  return field.valid() ? TextPattern(test.pattern, test.cased, test.windash) : TextPattern(AnywherePattern(test.pattern), test.cased, test.windash);
}

Predicate::Rest& Predicate::RestOf(Group& group) {
  if (group.rest == nullptr) group.rest = std::make_unique<Rest>();
  return *group.rest;
}

bool Predicate::AddTest(const content::ValueTest& from, content::Place place, content::Diagnostics& diagnostics, Group& group) {
  by_text_ &= from.kind != Kind::kElements && from.kind != Kind::kFieldRef && from.until_ns == INT64_MAX;
  if (from.kind == Kind::kNull) {
    group.null = true;
    return true;
  }
  if (from.kind == Kind::kExists) {
    (from.boolean ? group.exists : group.missing) = true;
    return true;
  }
  if (from.kind == Kind::kElements) {
    auto elements = std::make_shared<ElementMatcher>();
    const bool ok = elements->Compile(*from.elements, diagnostics);
    RestOf(group).elements.push_back(std::move(elements));
    return ok;
  }
  Test test{.kind = from.kind};
  test.boolean = from.boolean;
  test.compare = from.compare;
  test.time_part = from.time_part;
  test.other_field = from.other_field;
  test.until_ns = from.until_ns;
  test.cased = from.cased;
  test.number = from.number;
  switch (from.kind) {
    case Kind::kPattern:
      // A number's own text is equal by value, so that the number alone is asked for.
      if (const auto key = NumberKey(from.number); key && from.until_ns == INT64_MAX) {
        RestOf(group).numbers.push_back({*key, from.number});
        if (!from.windash) return true;
      }
      test.pattern = PatternOf(field_, from);
      if (from.until_ns == INT64_MAX && !from.cased) {
        group.patterns.push_back(std::move(test.pattern));
        return true;
      }
      break;
    case Kind::kRegex:
      test.regex = CheckedRegex(from.text, place, diagnostics);
      if (test.regex == nullptr) return false;
      break;
    case Kind::kCidr: {
      const std::optional<Network> network = CheckedNetwork(from.text, place, diagnostics);
      if (!network) return false;
      if (network->host_bits) diagnostics.Warning("T1151", place, "`" + from.text + "` has bits behind its prefix; they are ignored");
      test.network = *network;
      break;
    }
    case Kind::kFieldRef: {
      const auto& pieces = from.pattern.pieces;
      test.any_before = !pieces.empty() && pieces.front().kind == content::Pattern::Kind::kAny;
      test.any_after = !pieces.empty() && pieces.back().kind == content::Pattern::Kind::kAny;
      break;
    }
    default: break;
  }
  RestOf(group).tests.push_back(std::move(test));
  return true;
}

// Patterns that are one literal go into an index when there are enough of them, and those at an end to the ends when not.
void Predicate::MakeIndex(Group& group, const GramCounts& grams) {
  struct Literal {
    size_t pattern;
    TextPattern::Needed needed;
  };
  std::vector<Literal> anywhere, ends;
  for (size_t i = 0; i < group.patterns.size(); i++) {
    if (!group.patterns[i].OneLiteral()) continue;
    TextPattern::Needed needed = group.patterns[i].Literal();
    if (!LiteralIndex::Takes(needed.folded, needed.where())) continue;
    (needed.where() == LiteralIndex::Where::kAnywhere ? anywhere : ends).push_back({i, std::move(needed)});
  }
  std::unique_ptr<LiteralIndex> index;   // large, and few groups have one
  std::vector<bool> taken(group.patterns.size());
  const auto add = [&](const std::vector<Literal>& literals) {
    if (index == nullptr) index = std::make_unique<LiteralIndex>();
    for (const Literal& each : literals) {
      index->Add(each.needed.folded, each.needed.where(), 0);
      taken[each.pattern] = true;
    }
  };
  if (anywhere.size() >= kIndexFrom) add(anywhere);
  if (ends.size() >= kIndexEndsFrom) {
    add(ends);
  } else {
    for (Literal& each : ends) {
      group.ends.emplace_back(each.needed.folded, each.needed.where());
      taken[each.pattern] = true;
    }
  }
  std::vector<TextPattern> rest;
  for (size_t i = 0; i < group.patterns.size(); i++) {
    if (!taken[i]) rest.push_back(std::move(group.patterns[i]));
  }
  group.patterns = std::move(rest);
  if (index == nullptr) return;
  index->Build(grams);
  group.literals = std::move(index);
}

bool Predicate::Compile(const content::Item& item, const GramCounts& grams, content::Diagnostics& diagnostics) {
  field_ = item.field;
  negated_ = item.negated;
  by_text_ = item.field.valid();
  bool ok = true;
  for (const auto& entry : item.values) {
    if (item.all || groups_.empty()) groups_.emplace_back().patterns.reserve(item.all ? entry.size() : item.values.size());
    for (const content::ValueTest& test : entry) ok &= AddTest(test, test.place.line > 0 ? test.place : item.place, diagnostics, groups_.back());
  }
  constexpr uint32_t kPatternCost = 4, kIndexCost = 16, kTestCost = 40, kElementCost = 1000;
  for (Group& group : groups_) {
    MakeIndex(group, grams);
    group.ends.shrink_to_fit();
    group.texts = group.literals != nullptr || !group.ends.empty() || !group.patterns.empty();
    size_t cost = group.ends.size() + group.patterns.size() * kPatternCost + (group.literals ? kIndexCost : 0);
    if (group.rest) cost += group.rest->numbers.size() + group.rest->tests.size() * kTestCost + group.rest->elements.size() * kElementCost;
    cost_ += static_cast<uint32_t>(cost);
  }
  return ok;
}

// Asked some twenty times an event: what most predicates are is in one piece, all else behind calls.
[[gnu::always_inline]] inline bool Predicate::ValueHolds(const Group& group, const Value& value, const event::EventView& event, FoldedTexts& texts) {
  if (group.texts && IsScalar(value)) {
    const FoldedText folded = texts.Of(value);
    const std::string_view text = folded.text();
    for (const EndLiteral& literal : group.ends) {
      if (literal.Matches(text)) return true;
    }
    for (const TextPattern& pattern : group.patterns) {
      if (pattern.Matches(text)) return true;
    }
    if (group.literals && group.literals->Find(folded, [](uint32_t) { return true; })) return true;
  }
  if (group.null && value.kind == ValueKind::kNull) return true;
  return group.rest != nullptr && RestHolds(*group.rest, value, event, texts);
}

[[gnu::always_inline]] inline bool Predicate::GroupHolds(const Group& group, const event::EventView& event, FoldedTexts& texts) const {
  if (group.rest != nullptr && !group.rest->elements.empty() && ElementsHold(*group.rest, event)) return true;
  if (!field_.valid()) return KeywordsHold(group, event, texts);
  const event::Values values = event.values(field_);
  if (values.empty()) return group.null || group.missing;
  if (group.exists) return true;
  for (const Value& value : values) {
    if (ValueHolds(group, value, event, texts)) return true;
  }
  return false;
}

bool Predicate::Holds(const event::EventView& event, FoldedTexts& texts) const {
  for (const Group& group : groups_) {
    if (!GroupHolds(group, event, texts)) return negated_;
  }
  return !negated_;
}

[[gnu::noinline]] bool Predicate::KeywordsHold(const Group& group, const event::EventView& event, FoldedTexts& texts) {
  for (const Value& leaf : event.leaves()) {
    if (ValueHolds(group, leaf, event, texts)) return true;
  }
  return false;
}

[[gnu::noinline]] bool Predicate::ElementsHold(const Rest& rest, const event::EventView& event) {
  return std::any_of(rest.elements.begin(), rest.elements.end(), [&](const auto& elements) { return elements->Holds(event); });
}

[[gnu::noinline]] bool Predicate::RestHolds(const Rest& rest, const Value& value, const event::EventView& event, FoldedTexts& texts) {
  if (!IsScalar(value)) return false;
  if (!rest.numbers.empty() && NumbersHold(rest, value)) return true;
  return std::any_of(rest.tests.begin(), rest.tests.end(), [&](const Test& test) { return TestHolds(test, value, event, texts); });
}

bool Predicate::NumbersHold(const Rest& rest, const Value& value) {
  if (value.kind == ValueKind::kBool) return false;
  const std::optional<uint64_t> key = NumberKey(value.text);
  return key && std::any_of(rest.numbers.begin(), rest.numbers.end(), [&](const Number& number) {
    return number.key == *key && CompareText(value.text, Compare::kEq, number.text);
  });
}

bool Predicate::TestHolds(const Test& test, const Value& value, const event::EventView& event, FoldedTexts& texts) {
  if (test.until_ns != INT64_MAX && event.time.known() && event.time.ns > test.until_ns) return false;
  switch (test.kind) {
    case Kind::kPattern:
      if (test.pattern.Matches(test.pattern.cased() ? value.text : texts.Of(value).text())) return true;
      return !test.number.empty() && value.kind != ValueKind::kBool && CompareText(value.text, Compare::kEq, test.number);
    case Kind::kBool: return SameWord(value.text, test.boolean ? "true" : "false");
    case Kind::kRegex: return re2::RE2::PartialMatch(re2::StringPiece(value.text.data(), value.text.size()), *test.regex);
    case Kind::kCidr: {
      const std::optional<Address> address = ParseAddress(value.text);
      return address && test.network.Contains(*address);
    }
    case Kind::kCompare: return value.kind != ValueKind::kBool && CompareText(value.text, test.compare, test.number);
    case Kind::kFieldRef: return FieldRefHolds(test, value, event, texts);
    case Kind::kTimePart: {
      const int64_t part = PartOf(value.text, test.time_part);
      return part >= 0 && CompareText(std::to_string(part), test.compare, test.number);
    }
    case Kind::kNull:
    case Kind::kExists:
    case Kind::kElements: break;   // of the group
  }
  return false;
}

bool Predicate::FieldRefHolds(const Test& test, const Value& value, const event::EventView& event, FoldedTexts& texts) {
  const auto stands_in = [&](std::string_view whole, std::string_view other) {
    if (test.any_before && test.any_after) return whole.find(other) != std::string_view::npos;
    if (test.any_before) return whole.ends_with(other);
    if (test.any_after) return whole.starts_with(other);
    return whole == other;
  };
  for (const Value& other : event.values(test.other_field)) {
    if (!IsScalar(other)) continue;
    if (test.cased ? stands_in(value.text, other.text) : stands_in(texts.Of(value).text(), texts.Of(other).text())) return true;
  }
  return false;
}

}  // namespace tocsin::match
