// What is remembered of values never changes an answer: the memo against a plain model, and a scratch that has seen many events
// against a new one for each.
#include "engine/match/internal/value_memo.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "engine/content/testing/inline_content.h"
#include "engine/match/program.h"
#include "engine/match/testing/test_event.h"

namespace tocsin::match {
namespace {

using event::Value;
using event::ValueKind;
using enum event::ValueKind;

Value ValueOf(std::string_view text, uint32_t field = 0, ValueKind kind = kString) { return {.text = text, .kind = kind, .field = content::FieldId(field)}; }

using Found = std::vector<std::pair<uint32_t, uint32_t>>;
Found FoundOf(const ValueMemo& memo, const ValueMemo::Entry& entry) {
  Found out;
  for (const Range range : memo.found(entry)) out.push_back({range.begin, range.end});
  return out;
}

TEST(ValueMemo, TextsOfEverySizeAreToldApart) {
  ValueMemo memo(1);
  const int here = 0;
  for (size_t size = 0; size <= ValueMemo::kLongestText; size += size < 70 ? 1 : 53) {
    // One byte changed, at each place: some are not in the hash.
    const std::string text(size, 'a');
    memo.Insert(ValueMemo::KeyOf(&here, ValueOf(text)), {});
    const Value value = ValueOf(text);
    EXPECT_NE(memo.Find(ValueMemo::KeyOf(&here, value)), nullptr) << size;
    for (size_t at = 0; at < size; at++) {
      std::string other = text;
      other[at] = 'b';
      const Value changed = ValueOf(other);
      ASSERT_EQ(memo.Find(ValueMemo::KeyOf(&here, changed)), nullptr) << size << " " << at;
    }
  }
}

TEST(ValueMemo, TheSameTextOfAnotherFieldKindOrDispatchIsAnother) {
  ValueMemo memo(2);
  const int here = 0, there = 0;
  const Value values[] = {ValueOf("1"), ValueOf("1", 1), ValueOf("1", 0, kNumber), ValueOf("1", 1, kNumber), ValueOf("true", 0, kBool), ValueOf("true", 0, kString), ValueOf(""), ValueOf({}, 1)};
  std::vector<ValueMemo::Id> ids;
  for (const int* dispatch : {&here, &there}) {
    for (const Value& value : values) {
      const ValueMemo::Key key = ValueMemo::KeyOf(dispatch, value);
      ASSERT_EQ(memo.Find(key), nullptr);
      ids.push_back(memo.Insert(key, {}));
      ASSERT_NE(memo.Find(key), nullptr);
      EXPECT_EQ(memo.Find(key)->id, ids.back());
    }
  }
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::unique(ids.begin(), ids.end()), ids.end());
}

// The model forgets nothing: what the memo still knows must be what the model knows.
TEST(ValueMemo, AgreesWithAModelThatForgetsNothing) {
  constexpr uint32_t kSeed = 20261126;
  std::mt19937 random(kSeed);
  ValueMemo memo(4);
  const char dispatches[3] = {};
  using Name = std::tuple<size_t, uint32_t, ValueKind, std::string>;
  std::map<Name, Found> found_of;
  std::map<ValueMemo::Id, std::map<uint32_t, bool>> said;
  std::vector<ValueMemo::Id> ids;
  uint64_t found_again = 0, said_again = 0, forgotten = 0;
  for (int round = 0; round < 25'000; round++) {
    // A few texts that come often, and many that evict them.
    std::string text = random() % 2 == 0 ? "often " + std::to_string(random() % 20) : std::to_string(random() % 20'000);
    text.append(random() % 16 == 0 ? random() % (ValueMemo::kLongestText - 20) : 0, 'x');
    const size_t dispatch = random() % 3;
    const Value value = ValueOf(text, random() % 4, random() % 2 == 0 ? kString : kNumber);
    const Name name(dispatch, value.field.value(), value.kind, text);
    const ValueMemo::Key key = ValueMemo::KeyOf(&dispatches[dispatch], value);
    if (const ValueMemo::Entry* entry = memo.Find(key)) {
      found_again++;
      ASSERT_EQ(FoundOf(memo, *entry), found_of.at(name)) << "round " << round << ", seed " << kSeed;
      ids.push_back(entry->id);
    } else {
      std::vector<Range> ranges(random() % (random() % 16 == 0 ? ValueMemo::kMostFound + 1 : 4));
      Found& found = found_of[name];
      found.clear();
      for (Range& range : ranges) {
        range = {static_cast<uint32_t>(random() % 1000), static_cast<uint32_t>(random() % 1000)};
        found.push_back({range.begin, range.end});
      }
      ids.push_back(memo.Insert(key, ranges));
    }
    // Of entries old and new: what a predicate said, or nothing.
    for (int i = 0; i < 20; i++) {
      const ValueMemo::Id id = ids[random() % 4 == 0 ? random() % ids.size() : ids.size() - 1];
      const uint32_t predicate = random() % 200;
      const ValueMemo::Outcome outcome = memo.OutcomeOf(predicate, id);
      auto& known = said[id];
      if (outcome == ValueMemo::Outcome::kUnknown) {
        forgotten += known.contains(predicate);
        known[predicate] = random() % 2 == 0;
        memo.SetOutcome(predicate, id, known[predicate]);
      } else {
        said_again++;
        ASSERT_TRUE(known.contains(predicate)) << "round " << round << ", seed " << kSeed;
        ASSERT_EQ(outcome == ValueMemo::Outcome::kTrue, known[predicate]) << "round " << round << ", seed " << kSeed;
      }
    }
  }
  EXPECT_GT(found_again, 1000u);
  EXPECT_GT(said_again, 1000u);
  EXPECT_GT(forgotten, 1000u);
}

TEST(ValueMemo, AnEntryThatAnotherReplacedTakesAndGivesNoAnswers) {
  ValueMemo memo(1);
  const int here = 0;
  const ValueMemo::Id first = memo.Insert(ValueMemo::KeyOf(&here, ValueOf("first")), {});
  memo.SetOutcome(7, first, true);
  ASSERT_EQ(memo.OutcomeOf(7, first), ValueMemo::Outcome::kTrue);
  std::vector<ValueMemo::Id> others;
  for (int i = 0; memo.OutcomeOf(7, first) != ValueMemo::Outcome::kUnknown; i++) {
    ASSERT_LT(i, 1'000'000);
    others.push_back(memo.Insert(ValueMemo::KeyOf(&here, ValueOf(std::to_string(i))), {}));
  }
  memo.SetOutcome(7, first, false);
  EXPECT_EQ(memo.OutcomeOf(7, first), ValueMemo::Outcome::kUnknown);
  EXPECT_EQ(memo.OutcomeOf(7, others.back()), ValueMemo::Outcome::kUnknown);
}

TEST(ValueMemo, AFieldWhoseValuesDoNotComeAgainIsLeftAloneForAWhile) {
  ValueMemo memo(2);
  const int here = 0;
  int tries = 0;
  for (; memo.Pays(content::FieldId(0)); tries++) {
    ASSERT_LT(tries, 1'000'000);
    memo.Find(ValueMemo::KeyOf(&here, ValueOf(std::to_string(tries))));
  }
  EXPECT_TRUE(memo.Pays(content::FieldId(1)));
  int pause = 0;
  for (; !memo.Pays(content::FieldId(0)); pause++) ASSERT_LT(pause, 1'000'000);
  EXPECT_GT(pause, tries);
}

// The engine. Predicates of every kind, some of one condition with some of another, rules of two products.
std::string Rules() {
  static const char* const kSelections[] = {
      "f: x", "f: X*", "f|cased: x", "f|cased|contains: Y", "f|re: '^[xY]'", "f|re|i: '^[xY]'", "f|contains: [y, 'e?f', zz, abc]", "f|startswith: x", "f|endswith: [y, 'é']", "f: 1", "f: '1.0'", "f|gte: 2", "f: true",
      "f: 'true'", "f: null", "f|exists: true", "f|exists: false", "f|neq: x", "f|cidr: 10.0.0.0/8", "f|fieldref: g", "f|fieldref|contains: g", "f|contains|all: [x, y]", "f: ''", "f|minute: 5", "f|expand: '%names%'",
      "g: [x, Y, 10.1.2.3, 1]", "g|contains: x", "g|cased: X", "g|fieldref: f", "g|re: 'x$'", "g|neq: ''"};
  std::string out;
  for (size_t i = 0; i < std::size(kSelections); i++) {
    const std::string other = kSelections[(i * 7 + 3) % std::size(kSelections)];
    const char* const conditions[] = {"a", "a and b", "a or b", "a and not b", "not a"};
    out += "---\ntitle: r" + std::to_string(i) + "\nlogsource: {product: " + (i % 3 == 0 ? "q" : "p") + "}\ndetection:\n  a:\n    " + kSelections[i] + "\n  b:\n    " + other + "\n  condition: " + conditions[i % 5] + "\n";
  }
  // Content interns the fields by which events state their logsource.
  return out + "---\ntitle: reads\nlogsource: {service: none}\ndetection:\n  a:\n    product: a\n    category: b\n    service: c\n  condition: a\n";
}

// `texts`: how many distinct random ones beside the few that rules ask for.
void CompareWithNewScratches(uint32_t texts, uint32_t events) {
  content::Diagnostics diagnostics;
  const auto content = content::ContentFromText({.rules = Rules(), .lists = {{"names", "xy # until=2024-01-01\nabef\n"}}}, diagnostics);
  const auto program = Program::Compile(std::make_shared<TestPlan>(content), {.logsource_from_event = true}, diagnostics);
  ASSERT_EQ(diagnostics.errors(), 0u) << diagnostics.Text();
  const uint32_t seed = 20261126 + texts;
  std::mt19937 random(seed);
  Scratch remembers(*program);
  uint64_t hits = 0;
  for (uint32_t round = 0; round < events; round++) {
    TestEvent event(*content);
    const char* const products[] = {"p", "q", "P", "other"};
    if (random() % 4 != 0) event.Text("product", products[random() % 4]);
    if (random() % 2 == 0) event.Time(random() % 2 == 0 ? 1'703'000'000'000'000'000 : 1'705'000'000'000'000'000);   // before and after a list's entry ends
    for (const char* field : {"f", "g"}) {
      for (uint32_t count = random() % 8 == 0 ? random() % 3 : 1; count > 0; count--) {
        static constexpr std::pair<ValueKind, const char*> kValues[] = {
            {kString, "x"},  {kString, "X"},  {kString, "xY"},   {kString, "Xy"},     {kString, "xy"},   {kString, "abef"}, {kString, "aef"},  {kString, "1"},    {kNumber, "1"},
            {kNumber, "1.0"}, {kNumber, "3"}, {kString, "3"},    {kBool, "true"},     {kBool, "false"},  {kString, "true"}, {kString, ""},     {kNull, "null"},   {kObject, "{}"},
            {kString, "\xc3\xa9"}, {kString, "\xc3\x89"}, {kString, "10.1.2.3"}, {kString, "2026-01-01T00:05:00Z"}, {kEmptyArray, "[]"}};
        if (random() % 2 == 0) {
          const auto& [kind, text] = kValues[random() % std::size(kValues)];
          event.Add(field, kind, text);
        } else {
          std::string text = std::to_string(random() % texts);
          if (random() % 2 == 0) text = (random() % 2 == 0 ? "x" : "X") + text + (random() % 2 == 0 ? "y" : "Y");
          if (random() % 20 == 0) text.append(ValueMemo::kLongestText - 20 + random() % 40, 'z');
          event.Text(field, text);
        }
      }
    }
    const event::EventView view = event.View();
    Scratch fresh(*program);
    const std::span<const RuleId> expected = program->Match(view, fresh), got = program->Match(view, remembers);
    ASSERT_TRUE(std::equal(got.begin(), got.end(), expected.begin(), expected.end())) << "event " << round << ", seed " << seed;
    hits += got.size();
  }
  EXPECT_GT(hits, events);
}

uint32_t Events(uint32_t few) { return std::getenv("TOCSIN_LONG_TESTS") ? 50 * few : few; }

TEST(ValueMemo, AnswersNeverChangeWithFewTexts) { CompareWithNewScratches(20, Events(4000)); }
TEST(ValueMemo, AnswersNeverChangeWithMoreTextsThanAreRemembered) { CompareWithNewScratches(3000, Events(8000)); }
TEST(ValueMemo, AnswersNeverChangeWithTextsThatHardlyComeAgain) { CompareWithNewScratches(1'000'000, Events(8000)); }

}  // namespace
}  // namespace tocsin::match
