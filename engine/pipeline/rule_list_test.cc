#include "engine/pipeline/rule_list.h"

#include <gtest/gtest.h>

#include "engine/content/testing/inline_content.h"

namespace tocsin::pipeline {
namespace {

const char kSources[] = R"(
name: forge.audit
logsource: {product: forge, service: audit}
recognise: {a|exists: true}
time: [t]
identity: [record]
fallback_entity: actor
lateness: 5m
silence_after: 1h
retention: 90d
)";

const char kRules[] = R"(
title: Push
name: push
level: low
logsource: {product: forge}
detection: {s: {action|expand: '%pushes%', from|fieldref: to}, words: [needle], condition: s or words}
tags: [attack.t1041]
---
title: Many pushes
name: many
level: critical
correlation: {type: event_count, rules: [push], group-by: [user], timespan: 1m, condition: {gte: 3}}
tags: [tocsin.playbook.forge]
---
title: Elsewhere
name: elsewhere
level: medium
logsource: {product: mars}
detection: {s: {f: x}, condition: s}
---
title: Push without
name: without
level: high
correlation: {type: temporal, condition: push and not elsewhere, group-by: [user], timespan: 1m}
)";

struct World {
  content::Diagnostics diagnostics;
  std::shared_ptr<const content::ContentSet> content = content::ContentFromText(
      {.rules = kRules, .sources = kSources, .lists = {{"pushes", "push\nforce_push\n"}}}, diagnostics);
  std::string Names(const RuleFilter& filter) const {
    std::string out;
    for (const RuleFacts& facts : ListRules(*content, filter)) out += content->rules[facts.rule.value()].name + " ";
    return out;
  }
};

TEST(RuleList, TheMostSevereFirst) {
  const World world;
  EXPECT_EQ(world.diagnostics.errors(), 0u) << world.diagnostics.Text();
  EXPECT_EQ(world.Names({}), "many without elsewhere push ");
}

TEST(RuleList, FiltersAddUp) {
  const World world;
  EXPECT_EQ(world.Names({.source = "forge.audit"}), "many without push ");
  EXPECT_EQ(world.Names({.source = "FORGE.*", .level = "low"}), "push ");
  EXPECT_EQ(world.Names({.tag = "attack.*"}), "push ");
  EXPECT_EQ(world.Names({.playbook = "forge"}), "many ");
  EXPECT_EQ(world.Names({.level = "low", .playbook = "forge"}), "");
}

TEST(RuleList, AFilterThatCanTakeNothingIsWrong) {
  const World world;
  EXPECT_EQ(CheckRuleFilter({}, *world.content), "");
  EXPECT_EQ(CheckRuleFilter({.source = "forge.audti"}, *world.content),
            "--source forge.audti: there is none; did you mean forge.audit?");
  EXPECT_EQ(CheckRuleFilter({.level = "hihg"}, *world.content), "--level hihg: there is none; did you mean high?");
}

TEST(RuleList, WhatARuleNeeds) {
  const World world;
  const std::vector<RuleFacts> rules = ListRules(*world.content, {});
  const RuleFacts& push = rules[3];
  EXPECT_EQ(push.fields, (std::vector<std::string>{"action", "from", "to"}));
  EXPECT_TRUE(push.keywords);
  EXPECT_EQ(push.lists, std::vector<std::string>{"pushes"});
  EXPECT_EQ(push.used_by.size(), 2u);
  EXPECT_EQ(rules[0].inner.size(), 1u);
  EXPECT_EQ(rules[0].fields, std::vector<std::string>{"user"});
}

TEST(RuleList, ForPeople) {
  const World world;
  const std::string text = RuleListText(ListRules(*world.content, {}), *world.content, 80);
  for (const char* part : {"critical  many  -> playbook forge\n",
                           "    is       event_count: >= 3 hits of push within 1 min for each user\n",
                           "    alerts   at once, confirmed 5 min after its event\n",
                           "    INACTIVE it needs the absence of elsewhere, and no connected source could\n",
                           "    alerts   no: a building block\n", "    lists    pushes\n",
                           "    fields   every value (keywords), action, from, to\n",
                           "4 rules: 2 detections, 2 correlations; 2 alert, 1 inactive\n"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    EXPECT_LE(end - at, 80u) << text.substr(at, end - at);
    at = end + 1;
  }
}

}  // namespace
}  // namespace tocsin::pipeline
