#include "engine/correlate/decision.h"

#include <gtest/gtest.h>

#include "engine/content/testing/inline_content.h"

namespace tocsin::correlate {
namespace {

const char kSources[] = R"(
name: fast
logsource: {product: a}
recognise: {a|exists: true}
time: [t]
identity: [record]
fallback_entity: actor
lateness: 1m
silence_after: 1h
retention: 90d
---
name: slow
logsource: {product: b}
recognise: {b|exists: true}
time: [t]
identity: [record]
fallback_entity: actor
lateness: 2h
silence_after: 1h
retention: 90d
)";

const char kRules[] = R"(
title: on a
name: on_a
logsource: {product: a}
detection: {s: {f: x}, condition: s}
---
title: on b
name: on_b
logsource: {product: b}
detection: {s: {f: x}, condition: s}
---
title: on nothing we know
name: elsewhere
logsource: {product: c}
detection: {s: {f: x}, condition: s}
---
title: both
name: both
correlation: {type: temporal, rules: [on_a, on_b], group-by: [f], timespan: 5m}
---
title: a, then no b
name: then_none
correlation: {type: temporal_ordered, rules: [on_a, {rule: on_b, after: 30m}], condition: on_a and not on_b, group-by: [f], timespan: 5m}
---
title: a without what nobody could say
name: unanswerable
correlation: {type: temporal, condition: on_a and not elsewhere, group-by: [f], timespan: 5m}
---
title: over it
name: over
correlation: {type: event_count, rules: [unanswerable], group-by: [f], timespan: 5m, condition: {gte: 2}}
)";

constexpr int64_t kMinute = 60'000'000'000;

struct World {
  std::shared_ptr<const content::ContentSet> content;
  std::vector<RuleDecision> decisions;
  explicit World(const std::string& rules = kRules, std::vector<std::string> connected = {}) {
    content::Diagnostics diagnostics;
    auto loaded = std::make_shared<content::ContentSet>(
        *content::ContentFromText({.rules = rules, .sources = kSources}, diagnostics));
    EXPECT_EQ(diagnostics.errors(), 0u) << diagnostics.Text();
    loaded->site.connected = std::move(connected);
    content = loaded;
    decisions = DecisionsOfRules(*content);
  }
  const RuleDecision& Of(std::string_view name) const {
    for (size_t i = 0; i < content->rules.size(); ++i) {
      if (content->rules[i].name == name) return decisions[i];
    }
    ADD_FAILURE() << "no rule " << name;
    return decisions[0];
  }
};

TEST(Decision, WaitsForTheSlowestSource) {
  const World world;
  EXPECT_EQ(world.Of("on_a").lateness_ns, kMinute);
  EXPECT_EQ(world.Of("on_b").lateness_ns, 120 * kMinute);
  EXPECT_EQ(world.Of("both").lateness_ns, 120 * kMinute);
  EXPECT_EQ(world.Of("both").settle_ns, 0);
  EXPECT_EQ(world.Of("both").sources.size(), 2u);
  EXPECT_TRUE(world.Of("elsewhere").sources.empty());
}

TEST(Decision, AnAbsenceAfterwardsTakesItsSpan) { EXPECT_EQ(World().Of("then_none").settle_ns, 30 * kMinute); }

TEST(Decision, AnAbsenceThatNobodyCouldShowIsInactive) {
  const World world;
  EXPECT_EQ(world.Of("then_none").inactive, "");
  EXPECT_EQ(world.Of("unanswerable").inactive,
            "it needs the absence of elsewhere, and no connected source could show one");
  EXPECT_EQ(world.Of("over").inactive, "its only rule unanswerable is inactive");
}

TEST(Decision, ASiteSaysWhatIsConnected) {
  const World world(kRules, {"fast"});
  EXPECT_EQ(world.Of("both").lateness_ns, kMinute);
  EXPECT_EQ(world.Of("then_none").inactive, "it needs the absence of on_b, and no connected source could show one");
  EXPECT_EQ(world.Of("both").inactive, "");
}

}  // namespace
}  // namespace tocsin::correlate
