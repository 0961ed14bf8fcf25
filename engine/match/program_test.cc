// Program as a whole: which rules are tried for which events, what rules share, and what a scratch carries from one event to
// the next. What each modifier means is in semantics_test.cc.
#include "engine/match/program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <new>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/content/testing/inline_content.h"
#include "engine/match/testing/test_event.h"

static std::atomic<uint64_t> allocations;

// Not inlined: the compiler would pair the malloc of one with the operator delete of another and warn.
__attribute__((noinline)) void* operator new(size_t size) {
  allocations++;
  if (void* memory = malloc(size)) return memory;
  abort();
}
// std::stable_sort's buffer: the address sanitizer's own would meet the free() below.
__attribute__((noinline)) void* operator new(size_t size, const std::nothrow_t&) noexcept { return operator new(size); }
__attribute__((noinline)) void operator delete(void* memory) noexcept { free(memory); }
__attribute__((noinline)) void operator delete(void* memory, size_t) noexcept { free(memory); }

namespace tocsin::match {
namespace {

struct World {
  content::Diagnostics diagnostics;
  std::shared_ptr<const content::ContentSet> content;
  std::shared_ptr<const Program> program;

  explicit World(const content::InlineContent& texts, const ProgramOptions& options = {}) {
    content = content::ContentFromText(texts, diagnostics);
    EXPECT_EQ(diagnostics.errors(), 0u) << diagnostics.Text();
    program = Program::Compile(std::make_shared<TestPlan>(content), options, diagnostics);
  }

  // Titles of the rules that hit, in the order Match gives them.
  std::string Titles(const TestEvent& event, Scratch& scratch) const {
    std::string out;
    for (const RuleId rule : program->Match(event.View(), scratch)) out += content->rules[rule.value()].title + " ";
    return out;
  }
  std::string Titles(const TestEvent& event) const {
    Scratch scratch(*program);
    return Titles(event, scratch);
  }
};

std::string Rule(const std::string& title, const std::string& logsource, const std::string& selection, const std::string& condition = "s") {
  return "---\ntitle: " + title + "\nlogsource: " + logsource + "\ndetection:\n  s:\n    " + selection + "\n  condition: " + condition + "\n";
}

const char kSources[] = R"(
name: aws.cloudtrail
logsource: {product: aws, service: cloudtrail, category: audit}
recognise: {eventSource|exists: true}
time: [eventTime]
identity: [id eventID, record]
fallback_entity: actor
lateness: 15m
silence_after: 1h
retention: 90d
---
name: k8s.audit
logsource: {product: kubernetes, service: audit, category: application}
recognise: {kind: Event}
time: [stageTimestamp]
identity: [id auditID, record]
fallback_entity: actor
lateness: 15m
silence_after: 1h
retention: 90d
)";

TEST(Program, RulesApplyByTheSourcesLogsource) {
  const World world({.rules = Rule("aws", "{product: AWS}", "f: x") + Rule("trail", "{product: aws, service: CloudTrail}", "f: x") +
                              Rule("other_service", "{product: aws, service: guardduty}", "f: x") + Rule("k8s", "{product: kubernetes}", "f: x") +
                              Rule("service", "{service: audit}", "f: x"),
                     .sources = kSources});
  const auto event = [&](std::string_view source) { return std::move(TestEvent(*world.content).Text("f", "x").Source(source)); };
  EXPECT_EQ(world.Titles(event("aws.cloudtrail")), "aws trail ");
  EXPECT_EQ(world.Titles(event("k8s.audit")), "k8s service ");
  // An event of no known source has no logsource: all rules apply.
  EXPECT_EQ(world.Titles(event("")), "aws trail other_service k8s service ");
}

TEST(Program, LogsourceFromTheEvent) {
  const World world({.rules = Rule("windows", "{product: windows, category: process_creation}", "f: x") + Rule("linux", "{product: linux}", "f: x") +
                              Rule("category", "{category: process_creation}", "f: x") +
                              // Content interns a field when a rule reads it.
                              Rule("reads", "{service: none}", "product: a\n    category: b\n    service: c"),
                     .sources = kSources},
                    {.logsource_from_event = true});
  TestEvent none(*world.content), windows(*world.content), linux_event(*world.content), other(*world.content), source(*world.content), null(*world.content);
  EXPECT_EQ(world.Titles(none.Text("f", "x")), "windows linux category ");       // what is not stated excludes nothing
  EXPECT_EQ(world.Titles(windows.Text("f", "x").Text("product", "Windows")), "windows category ");
  EXPECT_EQ(world.Titles(linux_event.Text("f", "x").Text("product", "LINUX").Text("category", "file_event")), "linux ");
  EXPECT_EQ(world.Titles(other.Text("f", "x").Text("product", "solaris").Text("category", "process_creation")), "category ");
  EXPECT_EQ(world.Titles(source.Text("f", "x").Source("aws.cloudtrail").Text("product", "linux")), "linux category ");
  EXPECT_EQ(world.Titles(null.Text("f", "x").Null("product")), "windows linux category ");
}

TEST(Program, HitsAscend) {
  std::string rules, expected;
  for (int i = 0; i < 200; i++) {
    const char* const selections[] = {"f: x", "f|contains: x", "g|exists: false", "f|re: x", "f: [x, y]", "'|all': [x]"};
    rules += Rule("r" + std::to_string(i), "{product: p}", selections[i % 6]);
    expected += "r" + std::to_string(i) + " ";
  }
  const World world({.rules = rules});
  EXPECT_EQ(world.Titles(TestEvent(*world.content).Text("f", "x")), expected);
}

TEST(Program, EqualPredicatesAreOne) {
  const World world({.rules = Rule("a", "{product: p}", "f|contains: [x, y]") + Rule("b", "{product: q}", "f|contains: [x, y]", "not s") +
                              Rule("c", "{product: q}", "g|contains: [x, y]")});
  EXPECT_EQ(world.program->predicates(), 2u);
  EXPECT_EQ(world.program->rules(), 3u);
}

TEST(Program, ARuleThatCannotBeCompiledIsReportedAndLeftOut) {
  const World world({.rules = Rule("good", "{product: p}", "f: x") + Rule("regex", "{product: p}", "f|re: '(?<!a)b'") +
                              Rule("net", "{product: p}", "f|cidr: 10.0.0.0/33") + Rule("again", "{product: p}", "f|re: '(?<!a)b'")});
  EXPECT_EQ(world.program->rules(), 1u);
  EXPECT_EQ(world.Titles(TestEvent(*world.content).Text("f", "x")), "good ");
  ASSERT_EQ(world.diagnostics.errors(), 3u);   // each rule is told, at the value
  const std::string text = world.diagnostics.Text();
  EXPECT_NE(text.find("all.yml:13:11: error"), std::string::npos) << text;
  EXPECT_NE(text.find("10.0.0.0/33"), std::string::npos) << text;
}

TEST(Program, AScratchRemembersNothingOfTheLastEvent) {
  const World world({.rules = Rule("exact", "{product: p}", "f: x") + Rule("part", "{product: p}", "f|contains: x") +
                              Rule("absent", "{product: p}", "f|exists: false") + Rule("word", "{product: p}", "'|all': [x]")});
  Scratch scratch(*world.program);
  TestEvent x(*world.content), y(*world.content), none(*world.content);
  x.Text("f", "x");
  y.Text("f", "y");
  for (int i = 0; i < 3; i++) {
    EXPECT_EQ(world.Titles(x, scratch), "exact part word ");
    EXPECT_EQ(world.Titles(y, scratch), "");
    EXPECT_EQ(world.Titles(none, scratch), "absent ");
  }
}

// Rules share predicates, look-ups and dispatch; each must hit as it does alone.
TEST(Program, TogetherAsEachAlone) {
  std::mt19937 random(5);
  const auto pick = [&](std::vector<std::string> from) { return from[random() % from.size()]; };
  const auto selection = [&] {
    const std::string field = pick({"f", "g", "h"});
    return pick({field + ": " + pick({"x", "Y", "1", "true", "null", "[x, y]", "[1, z, x]", "''"}), field + "|contains: " + pick({"x", "yz"}),
                 field + "|neq: " + pick({"x", "[y, 1]"}), field + "|exists: " + pick({"true", "false"}), field + "|contains|all: [x, y]",
                 field + "|gte: 1", field + "|fieldref: " + pick({"f", "g"}), field + "|re: '^[xy]'"});
  };
  uint64_t hits_in_all = 0;
  for (int world_number = 0; world_number < 6; world_number++) {
    std::vector<std::string> texts;
    for (int i = 0; i < 40; i++) {
      texts.push_back("---\ntitle: r" + std::to_string(i) + "\nlogsource: {product: " + pick({"aws", "kubernetes", "none"}) +
                      "}\ndetection:\n  a:\n    " + selection() + "\n  b:\n    " + selection() + "\n  c:\n    " + selection() +
                      "\n  condition: " + pick({"a and b and c", "a or b or c", "a and not b and not c", "not a or b and c", "1 of them", "not (a or b or c)"}) + "\n");
    }
    std::string all_text;
    for (const std::string& text : texts) all_text += text;
    const bool from_event = world_number % 3 == 2;
    const World all({.rules = all_text, .sources = kSources}, {.logsource_from_event = from_event});
    Scratch all_scratch(*all.program);
    std::vector<std::unique_ptr<World>> alone;
    std::vector<std::unique_ptr<Scratch>> scratches;
    for (const std::string& text : texts) {
      alone.push_back(std::make_unique<World>(content::InlineContent{.rules = text, .sources = kSources}, ProgramOptions{from_event}));
      scratches.push_back(std::make_unique<Scratch>(*alone.back()->program));
    }
    for (int round = 0; round < 60; round++) {
      const std::string source = pick({"", "aws.cloudtrail", "k8s.audit"});
      std::vector<std::pair<std::string, std::pair<event::ValueKind, std::string>>> values;
      for (const char* field : {"f", "g", "h"}) {
        for (size_t count = random() % 3; count > 0; count--) {
          using enum event::ValueKind;
          const std::pair<event::ValueKind, std::string> choices[] = {{kString, "x"}, {kString, "xyz"}, {kString, "Y"}, {kString, ""}, {kNumber, "1.0"}, {kBool, "true"}, {kNull, "null"}, {kObject, "{}"}};
          values.push_back({field, choices[random() % 8]});
        }
      }
      const auto event = [&](const World& world) {
        TestEvent out(*world.content);
        out.Source(source);
        for (const auto& [field, value] : values) out.Add(field, value.first, value.second);
        return out;
      };
      std::string expected;
      for (size_t i = 0; i < alone.size(); i++) expected += alone[i]->Titles(event(*alone[i]), *scratches[i]);
      ASSERT_EQ(all.Titles(event(all), all_scratch), expected) << "world " << world_number << " round " << round;
      hits_in_all += static_cast<uint64_t>(std::count(expected.begin(), expected.end(), ' '));
    }
  }
  EXPECT_GT(hits_in_all, 500u);
}

// More classes of events than have a dispatch of their own, and more than are kept at all, in an order that nobody would choose.
TEST(Program, ManyClassesOfEventsAsEachAlone) {
  constexpr uint32_t kNames = 40;
  std::string rules;
  for (uint32_t i = 0; i < kNames; i++) {
    const std::string n = std::to_string(i);
    rules += Rule("product" + n, "{product: p" + n + "}", "f: x") + Rule("category" + n, "{category: c" + n + "}", "f|contains: y") +
             Rule("both" + n, "{product: p" + n + ", category: c" + std::to_string(i * 7 % kNames) + "}", "g|exists: false") +   // no witness
             Rule("word" + n, "{product: p" + n + "}", "'|all': [keyword]") + Rule("number" + n, "{category: c" + n + "}", "f: 12") +
             Rule("not" + n, "{category: c" + n + "}", "f: x", "not s");
  }
  const World world({.rules = rules + Rule("any", "{service: any}", "f: [x, y]") + Rule("reads", "{service: none}", "product: a\n    category: b\n    service: c")}, {.logsource_from_event = true});
  constexpr uint32_t kSeed = 20261126;
  std::mt19937 random(kSeed);
  Scratch scratch(*world.program);
  uint64_t hits = 0;
  std::set<std::string> classes;
  std::array<std::pair<std::string, std::string>, 4> last;
  for (uint32_t round = 0; round < 12'000; round++) {
    TestEvent event(*world.content);
    // Beyond what rules name a value is foreign, whatever it is.
    const auto name = [&](const char* letter) { return letter + std::to_string(random() % (kNames + 3)); };
    std::pair<std::string, std::string> stated{random() % 16 == 0 ? "" : name(random() % 2 == 0 ? "p" : "P"), random() % 16 == 0 ? "" : name("c")};
    if (round % 2 == 1) stated = last[random() % last.size()];   // what was met a moment ago is remembered in another way
    last[random() % last.size()] = stated;
    if (round % 50 >= 5) event.Text("product", stated.first).Text("category", stated.second);
    classes.insert(stated.first + " " + stated.second);
    const char* const texts[] = {"x", "y", "xyz", "12", "a keyword"};
    event.Text("f", texts[random() % 5]);
    if (random() % 2 == 0) event.Text("g", "z");
    const std::string expected = world.Titles(event);
    ASSERT_EQ(world.Titles(event, scratch), expected) << "event " << round << ", seed " << kSeed;
    hits += static_cast<uint64_t>(std::count(expected.begin(), expected.end(), ' '));
  }
  EXPECT_GT(classes.size(), 1200u);
  EXPECT_GT(hits, 12'000u);
}

TEST(Program, MatchDoesNotAllocateAfterWarmUp) {
  const uint64_t before_any = allocations;
  ::operator delete(::operator new(1));
  ASSERT_EQ(allocations, before_any + 1) << "the counter counts";
  for (const bool from_event : {false, true}) {
    const World world({.rules = Rule("exact", "{product: p}", "f: [x, y, z, k, 12]") + Rule("part", "{product: aws}", "f|contains: [x, 'a?b', ü]") +
                                Rule("word", "{product: p}", "'|all': [x, 'a*b']") + Rule("ref", "{product: p}", "f|fieldref: g") +
                                Rule("ref_in", "{product: p}", "f|fieldref|contains: g") + Rule("time", "{product: p}", "t|hour|lt: 6") +
                                Rule("net", "{product: p}", "f|cidr: 10.0.0.0/8") + Rule("number", "{product: p}", "n|gt: 99999999999999999999") +
                                Rule("regex", "{product: p}", "f|re: 'x+[a-z]{2,}'") + Rule("states", "{product: p}", "product: a\n    category: b\n    service: c"),
                       .sources = kSources},
                      {.logsource_from_event = from_event});
    TestEvent texts(*world.content), others(*world.content);
    texts.Text("f", "XÜx" + std::string(5000, 'Z')).Text("f", "y").Text("g", "Y").Text("t", "2024-02-29T03:59:58Z").Source("aws.cloudtrail");
    texts.Text("product", "a product with quite a long name").Text("category", "Process_Creation").Text("service", "audit");
    others.Number("f", "12.0").Text("f", "10.1.2.3").Number("n", "100000000000000000000").Null("g").Text("product", "p");
    Scratch scratch(*world.program);
    const event::EventView first = texts.View(), second = others.View();
    for (int i = 0; i < 100; i++) {
      world.program->Match(first, scratch);
      world.program->Match(second, scratch);
    }
    const uint64_t before = allocations;
    size_t hits = 0;
    for (int i = 0; i < 5000; i++) {
      hits += world.program->Match(first, scratch).size();
      hits += world.program->Match(second, scratch).size();
    }
    EXPECT_EQ(allocations, before);
    EXPECT_GT(hits, 10'000u);
  }
}

}  // namespace
}  // namespace tocsin::match
