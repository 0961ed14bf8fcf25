#include "engine/pipeline/rule_profile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/content/testing/inline_content.h"
#include "engine/pipeline/testing/texts.h"

namespace tocsin::pipeline {
namespace {

const char kRules[] = R"(
title: Login of an administrator
name: admin
logsource: {product: p}
detection: {s: {action: login, user|contains: admin}, condition: s}
---
title: Anything but a login
logsource: {product: p}
detection: {s: {action: login}, condition: not s}
---
title: An odd agent
name: agent
logsource: {product: p}
detection: {s: {agent|re: '^[a-z]+$'}, condition: s}
---
title: Many
correlation: {type: event_count, rules: [admin], group-by: [user], timespan: 1m, condition: {gte: 3}}
)";
constexpr size_t kAdmin = 0, kNot = 1, kAgent = 2;

std::string Event(const std::string& action, const std::string& user) {
  return "{\"action\":\"" + action + "\",\"user\":\"" + user + "\",\"agent\":\"curl/8\"}\n";
}

struct World {
  content::Diagnostics diagnostics;
  std::shared_ptr<const content::ContentSet> content = content::ContentFromText({.rules = kRules}, diagnostics);

  RuleProfile Run(const std::vector<std::string>& texts, const RuleProfileOptions& options = {}) {
    TextInput input(texts);
    return ProfileRules(content, options, diagnostics, input);
  }
  const match::RuleCost& Of(const RuleProfile& profile, size_t rule) const {
    for (const match::RuleCost& cost : profile.cost.rules) {
      if (cost.rule.value() == rule) return cost;
    }
    ADD_FAILURE() << "no rule " << rule;
    return profile.cost.rules.at(0);
  }
};

TEST(RuleProfile, CountsEachEventOnceThoughItIsMatchedTwice) {
  World world;
  const RuleProfile profile = world.Run({Event("login", "admin1") + Event("logout", "bob") + "{\n", Event("login", "bob") + Event("login", "admin2")});
  EXPECT_EQ(profile.events, 4u);
  EXPECT_EQ(profile.cost.events, 4u);
  EXPECT_EQ(profile.cost.ordinary_events, 4u);
  EXPECT_EQ(profile.hits, 3u);
  EXPECT_EQ(profile.bad, 1u);
  ASSERT_EQ(profile.bad_records.size(), 1u);
  EXPECT_EQ(BadRecordPlace(profile.bad_records[0], profile.inputs), "text0:3");
  ASSERT_EQ(profile.cost.rules.size(), 3u);
  EXPECT_EQ(world.Of(profile, kAdmin).hits, 2u);
  EXPECT_EQ(world.Of(profile, kNot).hits, 1u);
  EXPECT_EQ(world.Of(profile, kNot).candidates, 4u);
  EXPECT_EQ(world.Of(profile, kAgent).candidates, 4u);
  EXPECT_EQ(world.Of(profile, kAgent).hits, 0u);
}

TEST(RuleProfile, AnUnknownSourceIsAUsageError) {
  EXPECT_EQ(World().Run({}, {.source = "nothing"}).usage_error.rfind("--source nothing: no such source", 0), 0u);
}

// The counts of a run with times that are none: what a person reads.
TEST(RuleProfile, TextInFull) {
  World world;
  std::string events;
  for (int i = 0; i < 1200; i++) events += Event(i % 3 == 0 ? "login" : "logout", i == 300 ? "admin" : "bob");
  RuleProfile profile = world.Run({events});
  match::Cost& cost = profile.cost;
  profile.reading_ns = 1200 * 1000.4;
  cost.ordinary_ns = 1200 * 1900;
  cost.start_ns = 1200 * 100;
  cost.fields_ns = 1200 * 800;
  cost.keywords_ns = 0;
  cost.led_ns = 1200 * 600;
  cost.always_ns = 1200 * 500;
  cost.order_ns = 0;
  cost.clock_ns = 1200 * 50;
  cost.predicates_ns = 1200 * 900;
  cost.classes = 3;
  cost.classes_ns = 4.2e6;
  cost.interruptions = 2;
  cost.interrupted_ns = 3e6;
  cost.rules = {world.Of(profile, kAgent), world.Of(profile, kNot), world.Of(profile, kAdmin)};
  for (match::RuleCost& rule : cost.rules) rule.ns = rule.dearest_ns = 0;
  for (match::PredicateCost& predicate : cost.predicates) predicate.ns = 0;
  cost.rules[0].ns = 1200 * 600;
  cost.rules[1].ns = 1200 * 500;
  const auto regex = std::find_if(cost.predicates.begin(), cost.predicates.end(), [](const match::PredicateCost& each) { return each.item->values[0][0].kind == content::ValueTest::Kind::kRegex; });
  ASSERT_NE(regex, cost.predicates.end());
  std::iter_swap(cost.predicates.begin(), regex);
  cost.predicates[0].ns = 1200 * 540;
  cost.rules[0].dearest = 0;
  cost.rules[0].dearest_ns = 1200 * 540;
  std::string text = RuleProfileText(profile, *world.content, world.diagnostics, 10, 100);
  // The file of the rules lies in a folder of its own each time.
  const std::string file = world.diagnostics.file_name(world.content->rules[kAgent].place.file);
  for (size_t at; (at = text.find(file)) != std::string::npos;) text.replace(at, file.size(), "all.yml");
  EXPECT_EQ(text, R"(1,200 events, 3 rules, 3 predicates; 801 hits

Time              ns an event
  reading               1,000
  matching              1,900
Matching, counted           of it
  start                   100    5.0 %  getting ready, the event's logsource
  fields                  800   40.0 %  finding rules by their fields' literals, numbers, presence
  keywords                  0    0.0 %  finding rules by keywords, in all of an event
  candidates              600   30.0 %  1,600 candidates: something led to them
  always tried            500   25.0 %  1,200 candidates of 1 rule that nothing leads to
  order                     0    0.0 %  hits into the order of rules
  together              2,000  100.0 %  45 % of it evaluating predicates
What counting adds, and chance, is the difference to matching; reading the clock, 50 ns an event, is
taken off. Tables for events of 3 logsources, made when the first came, took 4.2 ms. Left out: 2
times that the machine did something else, 3.0 ms.

The 2 dearest rules: 55.0 % of matching
 30.0 %  An odd agent
        rule    agent, all.yml:11
        costs   600.0 ns an event, 600 ns a candidate: 1,200 candidates, 1,200 questions, 0 hits
        why     agent is there (1,200 events): agent matches /^[a-z]+$/: no literal that must stand
                in what it matches
        mostly  90 %: "agent" any[re:"^[a-z]+$"]
        advice  beside it, ask for a literal of two bytes or more that must stand in the field, or
                for another field's value
 25.0 %  Anything but a login
        rule    all.yml:7
        costs   500.0 ns an event, 500 ns a candidate: 1,200 candidates, 1,200 questions, 800 hits
        why     tried on every event of product p: a `not` names nothing that must be there
        advice  beside it, ask for something that must be there: a field's value, a literal in it, a
                keyword of three bytes or more
A predicate is evaluated once an event, whoever asks; its time is split among the rules that asked
it, by how often they did. Without a rule, what others ask too is not saved.

The dearest predicate: 27.0 % of matching
 27.0 %  "agent" any[re:"^[a-z]+$"]
        costs   540.0 ns an event, 540 ns each time: asked 1,200 times, evaluated 1,200, true 0
        rules   agent
)");
  EXPECT_EQ(RuleProfileText(profile, *world.content, world.diagnostics, 1, 100).find("Anything"), std::string::npos);
}

TEST(RuleProfile, NoEvents) {
  World world;
  const RuleProfile profile = world.Run({});
  EXPECT_EQ(RuleProfileText(profile, *world.content, world.diagnostics, 10, 100), "0 events, 3 rules, 3 predicates; 0 hits\nNo event was matched: there is nothing to say of costs.\n");
  EXPECT_NE(RuleProfileJson(profile, *world.content, world.diagnostics).find("\"share\":0.000000"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::pipeline
