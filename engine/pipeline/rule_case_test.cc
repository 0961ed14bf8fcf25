#include "engine/pipeline/rule_case.h"

#include <gtest/gtest.h>

#include "engine/content/testing/inline_content.h"
#include "engine/pipeline/testing/texts.h"

namespace tocsin::pipeline {
namespace {

const char kRules[] = R"(
title: Failed
name: failed
level: high
logsource: {product: p}
detection: {s: {ok: false}, condition: s}
---
title: Seen
name: seen
level: low
logsource: {product: p}
detection: {s: {user: '*'}, condition: s}
---
title: Twice
name: twice
level: high
correlation: {type: event_count, rules: [failed], group-by: [user], timespan: 1m, condition: {gte: 2}}
---
title: Reads the time
name: reads
logsource: {product: p}
detection: {s: {t: never}, condition: s}
)";

const char kEvents[] =
    "{\"t\":\"2026-03-11T14:00:00Z\",\"ok\":false,\"user\":\"a\"}\n"
    "{\"t\":\"2026-03-11T14:00:10Z\",\"ok\":true,\"user\":\"a\"}\n"
    "{\"t\":\"2026-03-11T14:00:20Z\",\"ok\":false,\"user\":\"a\"}\n";

// What is wrong, a line each.
std::string RunCase(RuleCase expected, const std::string& rules = kRules, const std::string& events = kEvents) {
  expected.time_field = "t";
  content::Diagnostics diagnostics;
  const auto content = content::ContentFromText({.rules = rules}, diagnostics);
  TextInput input({events});
  std::string out;
  for (const CaseOutcome::Failure& failure : RunRuleCase(expected, content, diagnostics, &input).failures)
    out += failure.what + "\n";
  return out;
}

RuleCase Whole() {
  RuleCase out;
  out.judge = {"failed", "twice"};
  out.hits = {{.event = 0, .rule = "failed"},
              {.event = 2, .rule = "Failed"},
              {.event = 2, .rule = "twice", .group = RuleCase::Group{{"user", "a"}}, .value = "2.0"}};
  out.misses = {{1, "it went well"}};
  out.every_event = true;
  return out;
}

TEST(RuleCase, WhatComesAsExpectedPasses) { EXPECT_EQ(RunCase(Whole()), ""); }

TEST(RuleCase, AMissingHit) {
  RuleCase expected = Whole();
  expected.hits.push_back({.event = 1, .rule = "failed", .why = "it should"});
  EXPECT_EQ(RunCase(expected), "event 1: failed expected (it should), did not come\n");
}

TEST(RuleCase, AHitThatNobodyExpects) {
  RuleCase expected = Whole();
  expected.hits.erase(expected.hits.begin());
  expected.misses[0] = "must be silent";
  EXPECT_EQ(RunCase(expected), "event 0: failed came, not expected (must be silent)\n");
}

TEST(RuleCase, ASecondHitOfOneEventNeedsASecondExpectation) {
  RuleCase expected = Whole();
  expected.hits.push_back(expected.hits[0]);
  EXPECT_EQ(RunCase(expected), "event 0: failed expected, did not come\n");
}

TEST(RuleCase, AnotherGroupOrValue) {
  RuleCase expected = Whole();
  expected.hits[2].group = RuleCase::Group{{"user", "b"}};
  expected.hits[2].value = "3";
  EXPECT_EQ(RunCase(expected), "event 2: twice expected for {user: b} with value 3, came for {user: a} with value 2\n");
}

TEST(RuleCase, EveryEventNeedsAWordWhereMissesAreGiven) {
  RuleCase expected = Whole();
  expected.misses.clear();
  EXPECT_EQ(RunCase(expected), "event 1 stands neither in hits nor in misses: say why it is there\n");
  expected.every_event = false;
  EXPECT_EQ(RunCase(expected), "");
}

TEST(RuleCase, AnEventThatIsNotThere) {
  RuleCase expected = Whole();
  expected.misses[3] = "?";
  EXPECT_EQ(RunCase(expected), "event 3 is expected something of, and there are only 3 (from 0)\n");
}

TEST(RuleCase, WithoutJudgeEveryRuleIs) {
  RuleCase expected = Whole();
  expected.judge.clear();
  EXPECT_EQ(RunCase(expected),
            "event 0: seen came, not expected\nevent 1: seen came, not expected (it went well)\nevent 2: seen came, "
            "not expected\n");
}

TEST(RuleCase, NamesThatAreNoRules) {
  RuleCase expected = Whole();
  expected.judge.push_back("faild");
  EXPECT_EQ(RunCase(expected), "no rule `faild` is loaded; did you mean `failed`?\n");
  expected = Whole();
  expected.hits[0].rule = "seen";
  EXPECT_NE(RunCase(expected).find("a hit of seen is expected, which `judge` does not name\n"), std::string::npos);
}

TEST(RuleCase, Silence) {
  RuleCase expected;
  expected.judge = {"reads"};
  EXPECT_EQ(RunCase(expected), "");
  expected.judge = {"failed"};
  EXPECT_EQ(RunCase(expected), "event 0: failed came, not expected\nevent 2: failed came, not expected\n");
}

TEST(RuleCase, Alerts) {
  RuleCase expected = Whole();
  RuleCase::Alert alert;
  alert.rule = "twice";
  alert.level = "high";
  alert.group = RuleCase::Group{{"user", "a"}};
  alert.first = event::ParseTime("2026-03-11T14:00:00Z").time;
  alert.last = event::ParseTime("2026-03-11T14:00:20Z").time;
  expected.alerts.emplace().push_back(alert);  // `failed` is referenced, so it is silent
  EXPECT_EQ(RunCase(expected), "");
  expected.alerts->at(0).level = "low";
  expected.alerts->at(0).last = event::ParseTime("2026-03-11T14:00:10Z").time;
  EXPECT_EQ(RunCase(expected),
            "alert of twice expected, came otherwise: level high, expected low; last event 2026-03-11T14:00:20Z, "
            "expected 2026-03-11T14:00:10Z\n");
  expected.alerts->clear();
  EXPECT_EQ(RunCase(expected),
            "alert of twice not expected: high, {user: a}, 2026-03-11T14:00:00Z to 2026-03-11T14:00:20Z\n");
  expected.alerts->push_back(alert);
  expected.alerts->push_back({.rule = "failed", .why = "no"});
  EXPECT_EQ(RunCase(expected), "alert of failed expected (no), did not come\n");
}

TEST(RuleCase, DiagnosticsByTheirCodes) {
  const std::string rules =
      std::string(kRules) +
      "---\ntitle: broken\nname: broken\nlogsource: {product: p}\ndetection: {s: {f|contians: x}, condition: s}\n";
  RuleCase expected = Whole();
  const std::string said = RunCase(expected, rules);
  EXPECT_NE(said.find("error T0101 is not expected: "), std::string::npos) << said;
  EXPECT_NE(said.find("unknown modifier `contians`"), std::string::npos) << said;
  expected.errors = {"T0101"};
  expected.judge.push_back("broken");  // refused, as expected
  EXPECT_EQ(RunCase(expected, rules), "");
  expected.errors = {"T0101", "T0101"};
  EXPECT_EQ(RunCase(expected, rules), "error T0101 did not come\n");
  expected.errors = {"T0101"};
  expected.hits.push_back({.event = 0, .rule = "broken"});
  EXPECT_NE(RunCase(expected, rules).find("no rule `broken` is loaded"), std::string::npos);
  expected = Whole();
  expected.warnings = {"T0151"};
  EXPECT_EQ(RunCase(expected), "warning T0151 did not come\n");
}

TEST(RuleCase, ALineThatIsNoEvent) {
  EXPECT_NE(RunCase(Whole(), kRules, std::string(kEvents) + "{\"t\":\n").find(":4: bad record: "), std::string::npos);
}

TEST(RuleCase, AnUnknownSource) {
  RuleCase expected = Whole();
  expected.source = "nowhere";
  EXPECT_NE(RunCase(expected).find("--source nowhere: no such source"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::pipeline
