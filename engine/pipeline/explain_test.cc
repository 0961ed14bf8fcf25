#include "engine/pipeline/explain.h"

#include <gtest/gtest.h>

#include "engine/content/find_rule.h"
#include "engine/content/testing/inline_content.h"
#include "engine/pipeline/testing/texts.h"

namespace tocsin::pipeline {
namespace {

const char kRules[] = R"(
title: Failed login
name: failed
logsource: {product: p}
detection:
  selection: {action: login, ok: false}
  office: {ip|startswith: 10.}
  condition: selection and not office
---
title: Reset
name: reset
logsource: {product: p}
detection: {selection: {action: reset}, condition: selection}
---
title: Many failures
name: many
correlation: {type: event_count, rules: [failed], group-by: [user], timespan: 1m, condition: {gte: 3}}
---
title: Many addresses
name: addresses
correlation: {type: value_count, rules: [failed], group-by: [user], timespan: 1m, condition: {field: ip, gte: 3}}
---
title: Reset after a failure
name: then_reset
correlation: {type: temporal_ordered, rules: [failed, reset], group-by: [user], timespan: 1m}
---
title: Failure without a reset
name: no_reset
correlation: {type: temporal, condition: failed and not reset, group-by: [user], timespan: 1m}
---
title: New address
name: new_address
correlation: {type: value_first_seen, rules: [failed], group-by: [user], timespan: 1d, condition: {field: ip}}
---
title: Many bursts
name: bursts
correlation: {type: event_count, rules: [many], group-by: [user], timespan: 1h, condition: {gte: 3}}
)";

std::string Login(int second, const std::string& user, const std::string& ip) {
  const std::string two = (second % 60 < 10 ? "0" : "") + std::to_string(second % 60);
  return "{\"t\":\"2026-03-11T14:0" + std::to_string(second / 60) + ":" + two +
         "Z\",\"action\":\"login\",\"ok\":false,\"user\":\"" + user + "\",\"ip\":\"" + ip + "\"}\n";
}
std::string Reset(int second, const std::string& user) {
  const std::string two = (second % 60 < 10 ? "0" : "") + std::to_string(second % 60);
  return "{\"t\":\"2026-03-11T14:0" + std::to_string(second / 60) + ":" + two + "Z\",\"action\":\"reset\",\"user\":\"" +
         user + "\"}\n";
}

struct World {
  content::Diagnostics diagnostics;
  std::shared_ptr<const content::ContentSet> content;
  ExplainResult result;

  World(const std::string& rule, const std::string& events, ExplainOptions options = {}) {
    // The time field is wanted by being read.
    content = content::ContentFromText(
        {.rules =
             std::string(kRules) +
             "---\ntitle: reads\nname: reads\nlogsource: {product: p}\ndetection: {s: {t: never}, condition: s}\n"},
        diagnostics);
    EXPECT_EQ(diagnostics.errors(), 0u) << diagnostics.Text();
    options.time_field = "t";
    TextInput input({events});
    result = Explain(content, content::FindRules(*content, rule).at(0), options, diagnostics, input);
    EXPECT_EQ(result.usage_error, "");
  }
  std::string Text() const { return ExplainText(result, *content, diagnostics, 80); }
  std::vector<std::string> Values(size_t group) const {
    std::vector<std::string> out;
    for (const auto& step : result.groups.at(group).steps) out.push_back(step.value + (step.fired ? "!" : ""));
    return out;
  }
};

TEST(Explain, ADetectionsHitAndMisses) {
  const World world("failed", Login(0, "a", "1.2.3.4") + Login(1, "a", "10.0.0.1") + Reset(2, "a"));
  ASSERT_EQ(world.result.events.size(), 3u);
  EXPECT_TRUE(world.result.events[0].hit);
  EXPECT_FALSE(world.result.events[1].hit);
  EXPECT_FALSE(world.result.events[2].hit);
  for (const EventExplanation& event : world.result.events) EXPECT_TRUE(event.agrees());
  const std::string text = world.Text();
  EXPECT_NE(text.find("0     hit: selection\n"), std::string::npos) << text;
  EXPECT_NE(text.find("1     miss: office: ip starts with \"10.\" holds; the event has \"10.0.0.1\""),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("2     miss: selection: action is \"login\" fails; the event has \"reset\""), std::string::npos)
      << text;
}

TEST(Explain, OneEventInFull) {
  const World world("failed", Login(0, "a", "1.2.3.4") + Reset(1, "a"), {.number = 1});
  const std::string text = world.Text();
  EXPECT_NE(text.find("no    selection: all of\n"), std::string::npos) << text;
  EXPECT_NE(text.find("no      action is \"login\"\n            event \"reset\"\n            rule  all.yml:6: "
                      "selection: {action: login, ok: false}\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("no      ok is false\n            event nothing there\n"), std::string::npos) << text;
  EXPECT_NE(text.find("source      none that is known"), std::string::npos) << text;
  EXPECT_NE(text.find("time        2026-03-11T14:00:01Z, to the second"), std::string::npos) << text;
}

TEST(Explain, SecretsAreMasked) {
  const std::string token = "ghp_0123456789abcdefghijklmnopqrstuvwx9f2c";
  const World world("failed",
                    "{\"t\":\"2026-03-11T14:00:00Z\",\"action\":\"" + token + "\",\"ip\":\"" + token + "\"}\n");
  EXPECT_EQ(world.Text().find(token), std::string::npos);
  EXPECT_EQ(ExplainJson(world.result, *world.content, world.diagnostics).find(token), std::string::npos);
  EXPECT_NE(world.Text().find("ghp_"), std::string::npos);
}

TEST(Explain, ACountThatIsNotReached) {
  const World world("many", Login(0, "a", "1.1.1.1") + Login(10, "a", "1.1.1.1") + Login(28, "b", "1.1.1.1"));
  ASSERT_EQ(world.result.groups.size(), 2u);
  EXPECT_EQ(world.Values(0), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(world.result.groups[0].value_now, "2");
  EXPECT_EQ(world.result.groups[0].expires_ns, 32'000'000'000);
  EXPECT_NE(world.Text().find("user a: did not fire"), std::string::npos) << world.Text();
  EXPECT_NE(world.Text().find("now 2 of 3; the oldest expires in 32 s"), std::string::npos) << world.Text();
}

TEST(Explain, ACountThatFiresAndLeavesItsWindow) {
  const World world("many", Login(0, "a", "1.1.1.1") + Login(10, "a", "1.1.1.1") + Login(20, "a", "1.1.1.1") +
                                Login(75, "b", "1.1.1.1"));
  EXPECT_EQ(world.Values(0), (std::vector<std::string>{"1", "2", "3!"}));
  EXPECT_EQ(world.result.groups[0].firings, 1u);
  EXPECT_EQ(world.result.groups[0].value_now, "1");  // the two others are older than a minute now
  EXPECT_EQ(world.result.groups[0].expires_ns, 5'000'000'000);
}

TEST(Explain, DistinctValuesOfTheWindowThatIsLeft) {
  const World world("addresses", Login(0, "a", "1.1.1.1") + Login(30, "a", "2.2.2.2") + Login(40, "a", "2.2.2.2") +
                                     Login(80, "b", "3.3.3.3"));
  EXPECT_EQ(world.Values(0), (std::vector<std::string>{"1", "2", "2"}));
  EXPECT_EQ(world.result.groups[0].value_now, "1");
}

TEST(Explain, AnOrderThatIsNotMet) {
  const World world("then_reset", Reset(0, "a") + Login(5, "a", "1.1.1.1") + Login(6, "b", "1.1.1.1") + Reset(7, "b"));
  ASSERT_EQ(world.result.groups.size(), 2u);
  EXPECT_EQ(world.result.groups[0].group[0].second, "b");  // it fired: first
  EXPECT_EQ(world.Values(0), (std::vector<std::string>{"1", "2!"}));
  EXPECT_EQ(world.Values(1), (std::vector<std::string>{"1", "2"}));
}

TEST(Explain, WhatStandsAgainstAnAbsence) {
  const World world("no_reset", Reset(0, "a") + Login(5, "a", "1.1.1.1") + Login(65, "a", "1.1.1.1"));
  EXPECT_EQ(world.Values(0), (std::vector<std::string>{"", "1", "1!"}));
  EXPECT_EQ(world.result.absent_refs, std::vector<uint32_t>{1});
  EXPECT_NE(world.Text().find("reset, whose absence is asked for"), std::string::npos) << world.Text();
}

TEST(Explain, FirstSightings) {
  const World world("new_address", Login(0, "a", "1.1.1.1") + Login(1, "a", "1.1.1.1") + Login(2, "a", "2.2.2.2"));
  EXPECT_EQ(world.Values(0), (std::vector<std::string>{"\"1.1.1.1\"!", "", "\"2.2.2.2\"!"}));
}

TEST(Explain, ARuleOverARule) {
  const World world("bursts", Login(0, "a", "1.1.1.1") + Login(1, "a", "1.1.1.1") + Login(2, "a", "1.1.1.1") +
                                  Login(3, "a", "1.1.1.1"));
  EXPECT_EQ(world.Values(0), (std::vector<std::string>{"1", "2"}));  // `many` fired twice
  EXPECT_EQ(world.result.events.size(), 4u);
}

TEST(Explain, HitsWithoutAGroupAreNamed) {
  const World world("many", Login(0, "a", "1.1.1.1") +
                                "{\"t\":\"2026-03-11T14:00:01Z\",\"action\":\"login\",\"ok\":false}\n{\"action\":"
                                "\"login\",\"ok\":false,\"user\":\"a\"}\n");
  ASSERT_EQ(world.result.ungrouped.size(), 1u);
  EXPECT_EQ(world.result.ungrouped[0].first, 1u);
  EXPECT_EQ(world.result.untimed_hits, 1u);
  EXPECT_NE(world.Text().find("a group field is missing (user): event 1 (failed)"), std::string::npos) << world.Text();
}

// The value that the probe gives decides the firing: at every event of random logs.
TEST(Explain, ValuesAgreeWithFirings) {
  uint32_t state = 12345;
  const auto random = [&](uint32_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 16) % below;
  };
  for (int round = 0; round < 20; round++) {
    std::string events;
    for (int i = 0, second = 0; i < 40; i++) {
      second = std::min<int>(second + static_cast<int>(random(25)), 590);
      events += Login(second, random(2) == 0 ? "a" : "b", std::to_string(random(4)) + ".1.1.1");
    }
    for (const char* rule : {"many", "addresses"}) {
      const World world(rule, events);
      for (const GroupExplanation& group : world.result.groups) {
        for (const auto& step : group.steps)
          EXPECT_EQ(step.fired, std::stoi(step.value) >= 3) << rule << ", round " << round << ", event " << step.number;
      }
    }
  }
}

TEST(Explain, JsonIsComplete) {
  const World world("many", Login(0, "a", "1.1.1.1") + Login(10, "a", "1.1.1.1"));
  const std::string json = ExplainJson(world.result, *world.content, world.diagnostics);
  for (const char* part :
       {"\"groups\":[{\"group\":{\"user\":\"a\"},\"firings\":0", "\"value_now\":2", "\"expires_in_seconds\":50.0",
        "\"now\":\"2026-03-11T14:00:10Z\"", "\"events\":[{\"event\":0"}) {
    EXPECT_NE(json.find(part), std::string::npos) << part << " in " << json;
  }
}

}  // namespace
}  // namespace tocsin::pipeline
