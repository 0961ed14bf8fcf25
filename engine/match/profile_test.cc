// Profile: counts against what the rules say by themselves, times that add up, and the reasons it gives.
#include "engine/match/profile.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/content/sigma/print.h"
#include "engine/content/testing/inline_content.h"
#include "engine/match/testing/test_event.h"

namespace tocsin::match {
namespace {

struct World {
  content::Diagnostics diagnostics;
  std::shared_ptr<const content::ContentSet> content;
  std::shared_ptr<const Program> program;
  std::unique_ptr<Scratch> scratch;
  std::unique_ptr<Profile> profile;

  explicit World(const std::string& rules, ProgramOptions options = {.keep_origins = true}) {
    content = content::ContentFromText({.rules = rules}, diagnostics);
    EXPECT_EQ(diagnostics.errors(), 0u) << diagnostics.Text();
    program = Program::Compile(std::make_shared<TestPlan>(content), options, diagnostics);
    scratch = std::make_unique<Scratch>(*program);
    profile = std::make_unique<Profile>(*program);
  }
  std::vector<RuleId> Count(const TestEvent& event) {
    const auto hits = program->MatchCounted(event.View(), *scratch, *profile);
    return {hits.begin(), hits.end()};
  }
  std::map<std::string, RuleCost> Rules(const Cost& cost) const {
    std::map<std::string, RuleCost> out;
    for (const RuleCost& rule : cost.rules) out[content->rules[rule.rule.value()].title] = rule;
    return out;
  }
  std::map<std::string, PredicateCost> Predicates(const Cost& cost) const {
    std::map<std::string, PredicateCost> out;
    for (const PredicateCost& predicate : cost.predicates) out[content::ItemText(*predicate.item, content->fields)] = predicate;
    return out;
  }
};

std::string Rule(const std::string& title, const std::string& detection, const std::string& condition = "s") {
  return "---\ntitle: " + title + "\nlogsource: {product: p}\ndetection:\n" + detection + "\n  condition: " + condition + "\n";
}

TEST(Profile, CountsWhatARuleIsTriedAskedAndHits) {
  World world(Rule("both", "  s: {f|contains: needle, g: yes}") + Rule("either", "  s: {f|contains: needle}\n  t: {h|endswith: tail}", "s or t") +
              Rule("always", "  s: {g: yes}", "not s") + Rule("never", "  s: {f: nothing}"));
  const auto event = [&](std::string_view f, std::string_view g, std::string_view h) {
    TestEvent out(*world.content);
    out.Text("f", f).Text("g", g).Text("h", h);
    return out;
  };
  world.Count(event("a needle", "yes", "x"));      // both, either
  world.Count(event("needle needle", "no", "x"));  // either, always
  world.Count(event("x", "no", "a tail"));         // either, always
  world.Count(event("x", "yes", "x"));             // none
  const Cost cost = world.profile->Report();
  EXPECT_EQ(cost.events, 4u);
  auto rules = world.Rules(cost);
  const auto counts = [](const RuleCost& rule) { return std::vector<uint64_t>{rule.candidates, rule.hits}; };
  EXPECT_EQ(counts(rules["always"]), (std::vector<uint64_t>{4, 2}));
  EXPECT_EQ(counts(rules["either"]), (std::vector<uint64_t>{3, 3}));
  EXPECT_EQ(counts(rules["never"]), (std::vector<uint64_t>{0, 0}));
  EXPECT_EQ(rules["both"].hits, 1u);   // which of its two tests leads to it is the compiler's choice
  EXPECT_EQ(rules["always"].asked, 4u);
  EXPECT_TRUE(rules["always"].always);
  EXPECT_FALSE(rules["either"].always);
  auto predicates = world.Predicates(cost);
  const PredicateCost& yes = predicates[R"("g" any["yes"])"];
  EXPECT_EQ(yes.evaluated, 4u);        // `always` asks in each event
  EXPECT_EQ(yes.held, 2u);
  EXPECT_GE(yes.asked, 5u);            // and `both` in at least one
  EXPECT_EQ(yes.rules.size(), 2u);
}

// Rules of one literal each, some of them twice: who is a candidate is told by searching the text for it.
TEST(Profile, CountsAreThoseOfANaiveRecount) {
  const std::vector<std::string> words = {"alpha", "bravo", "charlie", "delta", "echo", "foxtrot"};
  constexpr size_t kRules = 90, kDistinct = 60;
  const auto field_of = [](size_t rule) { return "f" + std::to_string(rule % 4); };
  const auto literal_of = [&](size_t rule) { return words[rule % words.size()] + std::to_string(rule % 20); };   // 60 = lcm(4, 6, 20)
  std::string rules;
  for (size_t i = 0; i < kRules; i++) rules += Rule("r" + std::to_string(i), "  s: {" + field_of(i) + "|contains: " + literal_of(i) + "}");
  World world(rules);
  std::mt19937 random(3);
  std::map<std::string, uint64_t> candidates;
  uint64_t hits = 0;
  constexpr size_t kEvents = 2000;
  for (size_t n = 0; n < kEvents; n++) {
    TestEvent event(*world.content);
    std::map<std::string, std::string> texts;
    for (size_t field = 0; field < 4; field++) {
      std::string text;
      for (size_t k = random() % 4; k > 0; k--) text += words[random() % words.size()] + std::to_string(random() % 20) + ' ';
      const std::string name = "f" + std::to_string(field);
      event.Text(name, text);
      texts[name] = text;
    }
    for (size_t i = 0; i < kRules; i++) candidates["r" + std::to_string(i)] += texts[field_of(i)].find(literal_of(i)) != std::string::npos;
    const std::vector<RuleId> found = world.Count(event);
    Scratch other(*world.program);
    const auto ordinary = world.program->Match(event.View(), other);
    ASSERT_EQ(found, std::vector<RuleId>(ordinary.begin(), ordinary.end())) << "seed 3, event " << n;
    hits += found.size();
  }
  const Cost cost = world.profile->Report();
  EXPECT_EQ(cost.events, kEvents);
  ASSERT_EQ(cost.rules.size(), kRules);
  ASSERT_EQ(cost.predicates.size(), kDistinct);
  uint64_t counted = 0;
  std::map<std::string, uint64_t> questions;   // of conditions, by what they ask
  for (const RuleCost& rule : cost.rules) {
    const std::string& title = world.content->rules[rule.rule.value()].title;
    EXPECT_EQ(rule.candidates, candidates[title]) << title;
    EXPECT_EQ(rule.asked, candidates[title]) << title;
    EXPECT_EQ(rule.hits, candidates[title]) << title;
    ASSERT_EQ(rule.leads.size(), 1u) << title;
    EXPECT_EQ(rule.leads[0].events, candidates[title]) << title;
    counted += rule.hits;
    questions[content::ItemText(world.content->rules[rule.rule.value()].detection.items[0], world.content->fields)] = rule.asked;
  }
  EXPECT_EQ(counted, hits);
  for (const auto& [text, predicate] : world.Predicates(cost)) {
    EXPECT_EQ(predicate.asked, questions[text]) << text;
    EXPECT_EQ(predicate.evaluated, questions[text]) << text;
    EXPECT_EQ(predicate.held, questions[text]) << text;
  }
}

TEST(Profile, TimesAddUp) {
  World world(Rule("a", "  s: {f|contains: needle, g|re: 'a+b'}") + Rule("b", "  s: {f|contains: needle, g|re: 'a+b', h: x}") + Rule("c", "  s: {g: yes}", "not s") +
              Rule("d", "  s: [keyword, another]"));
  TestEvent event(*world.content);
  event.Text("f", "a needle").Text("g", "aaab").Text("h", "x").Text("other", "a keyword");
  for (int i = 0; i < 1000; i++) world.Count(event);
  const Cost cost = world.profile->Report();
  double rules = 0, predicates = 0;
  for (const RuleCost& rule : cost.rules) {
    EXPECT_GE(rule.ns, rule.dearest_ns);
    rules += rule.ns;
  }
  for (const PredicateCost& predicate : cost.predicates) predicates += predicate.ns;
  EXPECT_NEAR(rules, cost.led_ns + cost.always_ns, 1e-6 * rules);
  EXPECT_NEAR(predicates, cost.predicates_ns, 1e-6 * predicates);
  EXPECT_LE(predicates, rules * (1 + 1e-6));
  EXPECT_GT(cost.counted_ns(), 0);
  for (size_t i = 1; i < cost.rules.size(); i++) EXPECT_GE(cost.rules[i - 1].ns, cost.rules[i].ns);
  for (size_t i = 1; i < cost.predicates.size(); i++) EXPECT_GE(cost.predicates[i - 1].ns, cost.predicates[i].ns);
}

TEST(Profile, WhatRulesShareIsSplit) {
  World world(Rule("one", "  s: {f|re: 'nee+dle'}") + Rule("same", "  s: {f|re: 'nee+dle'}") + Rule("more", "  s: {f|re: 'nee+dle'}\n  t: {g: y}", "s and not t"));
  TestEvent event(*world.content);
  event.Text("f", "a needle");
  for (int i = 0; i < 100; i++) world.Count(event);
  const Cost cost = world.profile->Report();
  auto rules = world.Rules(cost);
  EXPECT_EQ(rules["one"].alike, 2u);
  EXPECT_EQ(rules["one"].ns, rules["same"].ns);
  EXPECT_EQ(rules["one"].candidates, 100u);
  EXPECT_EQ(rules["same"].candidates, 100u);
  EXPECT_EQ(rules["more"].alike, 1u);
  EXPECT_EQ(rules["more"].asked, 200u);
  auto predicates = world.Predicates(cost);
  const PredicateCost& shared = predicates[R"("f" any[re:"nee+dle"])"];
  EXPECT_EQ(shared.asked, 200u);       // by two conditions
  EXPECT_EQ(shared.evaluated, 100u);
  EXPECT_EQ(shared.rules.size(), 3u);
  EXPECT_NEAR(rules["more"].dearest_ns, shared.ns / 2, 1e-6 * shared.ns);
  EXPECT_NEAR(rules["one"].dearest_ns, shared.ns / 4, 1e-6 * shared.ns);
}

TEST(Profile, EventsAreAddedUpAndTimedApart) {
  World world(Rule("r", "  s: {f: x}"));
  TestEvent event(*world.content);
  event.Text("f", "x");
  Profile other(*world.program), sum(*world.program);
  for (int i = 0; i < 3; i++) world.Count(event);
  for (int i = 0; i < 4; i++) world.program->MatchCounted(event.View(), *world.scratch, other);
  for (int i = 0; i < 100; i++) EXPECT_EQ(world.program->MatchTimed(event.View(), *world.scratch, other).size(), 1u);
  sum.Add(*world.profile);
  sum.Add(other);
  EXPECT_EQ(sum.counted(), 7u);
  const Cost cost = sum.Report();
  EXPECT_EQ(cost.rules[0].hits, 7u);
  EXPECT_EQ(cost.rules[0].candidates, 7u);
  EXPECT_EQ(cost.rules[0].leads[0].events, 7u);
  EXPECT_EQ(cost.predicates[0].evaluated, 7u);
  EXPECT_EQ(cost.ordinary_events, 100u);
  EXPECT_GT(cost.ordinary_ns, 0);
}

TEST(Profile, WithoutOriginsNothingIsNamed) {
  World world(Rule("r", "  s: {f: x}") + Rule("always", "  s: {g: y}", "not s"), {});
  TestEvent event(*world.content);
  world.Count(event.Text("f", "x"));
  const Cost cost = world.profile->Report();
  for (const RuleCost& rule : cost.rules) {
    EXPECT_EQ(rule.hits, 1u);
    EXPECT_TRUE(rule.leads.empty());
    EXPECT_TRUE(rule.obstacles.empty());
  }
  EXPECT_EQ(cost.predicates[0].item, nullptr);
}

TEST(Profile, LeadsStandInEventsOfTheRulesLogsource) {
  World world("title: windows\nlogsource: {product: windows}\ndetection: {s: {f|endswith: \\tool.exe}, condition: s}\n" + Rule("reads", "  s: {product: never}"),
              {.logsource_from_event = true, .keep_origins = true});
  for (const char* product : {"windows", "windows", "linux", "windows"}) {
    TestEvent event(*world.content);
    // Twice in one event is once.
    world.Count(event.Text("product", product).Text("f", "C:\\Tool.exe").Text("f", "D:\\tool.EXE"));
  }
  auto rules = world.Rules(world.profile->Report());
  const RuleCost& rule = rules["windows"];
  EXPECT_EQ(rule.candidates, 3u);
  ASSERT_EQ(rule.leads.size(), 1u);
  EXPECT_EQ(rule.leads[0].kind, Lead::Kind::kLiteral);
  EXPECT_EQ(rule.leads[0].events, 3u);
  ASSERT_EQ(rule.leads[0].test.pattern.pieces.size(), 2u);
  EXPECT_EQ(rule.leads[0].test.pattern.pieces[1].text, "\\tool.exe");
}

TEST(Profile, ObstaclesSayWhyNoLiteralLeadsToARule) {
  using Why = Obstacle::Why;
  struct Case {
    std::string detection, condition;
    bool always;
    std::multiset<Why> why;
  };
  const std::vector<Case> cases = {
      {"  s: {f: x}", "not s", true, {Why::kNot}},
      {"  s: {f: null}", "s", true, {Why::kNull}},
      {"  s: {f|exists: false}", "s", true, {Why::kMissing}},
      {"  s: {f|neq: x}", "s", true, {Why::kNegated}},
      {"  s: [ab]", "s", true, {Why::kKeyword}},
      {"  s: {'|re': '[a-z]+'}", "s", true, {Why::kRegex}},
      {"  s: {f: [a, null]}", "s", true, {Why::kNull}},
      {"  s: {f: null}\n  t: {g: y}", "not t and s", true, {Why::kNot, Why::kNull}},
      {"  s: {f|re: '[a-z]+'}", "s", false, {Why::kRegex}},
      {"  s: {f|contains: e}", "s", false, {Why::kText}},
      {"  s: {f: '*'}", "s", false, {Why::kText}},
      {"  s: {f|exists: true}", "s", false, {Why::kExists}},
      {"  s: {f|cidr: 10.0.0.0/8}", "s", false, {Why::kNetwork}},
      {"  s: {f|gt: 5}", "s", false, {Why::kCompare}},
      {"  s: {f|fieldref: g}", "s", false, {Why::kFieldRef}},
      {"  s: {f|hour: 5}", "s", false, {Why::kTimePart}},
      {"  s: {f|re: '[a-z]+'}\n  t: {g|gt: 5}", "s or t", false, {Why::kRegex, Why::kCompare}},
      // A side that can be found by is enough, and then there is no obstacle.
      {"  s: {f: x}\n  t: {f: null}", "s and t", false, {}},
      {"  s: {f|re: '[a-z]+'}\n  t: {g: y}", "s and not t", false, {Why::kRegex, Why::kNot}},
      {"  s: {f|contains|all: [e, longer]}", "s", false, {}},
      {"  s: {f: 5}", "s", false, {}},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.detection + " " + each.condition);
    World world(Rule("r", each.detection, each.condition));
    TestEvent event(*world.content);
    world.Count(event.Text("f", "x").Text("g", "y"));
    const Cost cost = world.profile->Report();
    ASSERT_EQ(cost.rules.size(), 1u);
    EXPECT_EQ(cost.rules[0].always, each.always);
    std::multiset<Why> why;
    for (const Obstacle& obstacle : cost.rules[0].obstacles) {
      why.insert(obstacle.why);
      EXPECT_EQ(obstacle.item != nullptr, obstacle.why != Why::kNot);
      EXPECT_EQ(obstacle.test != nullptr, obstacle.why != Why::kNot && obstacle.why != Why::kNegated);
    }
    EXPECT_EQ(why, each.why);
  }
}

}  // namespace
}  // namespace tocsin::match
