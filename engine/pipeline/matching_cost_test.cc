#include "engine/pipeline/matching_cost.h"

#include <gtest/gtest.h>

#include "engine/content/testing/inline_content.h"
#include "engine/pipeline/internal/worker.h"

namespace tocsin::pipeline {
namespace {

const char kRules[] = R"(
title: A login
logsource: {product: p}
detection: {s: {action: login}, condition: s}
---
title: Anything but a login
logsource: {product: p}
detection: {s: {action: login}, condition: not s}
)";

TEST(MatchingCost, OneOfSoManyEventsIsCounted) {
  content::Diagnostics diagnostics;
  const auto content = content::ContentFromText({.rules = kRules}, diagnostics);
  const Compiled compiled = CompileAll(content, {}, diagnostics);
  ASSERT_EQ(diagnostics.errors(), 0u) << diagnostics.Text();
  const event::InputTable none;
  Worker worker(compiled, none);
  std::vector<event::Slot> slots(content->fields.size());
  event::EventView event;
  event.slots = slots.data();
  event.epoch = 1;
  for (uint32_t i = 0; i < 40 * kSampledOneOf - 1; i++) worker.Match(event);
  EXPECT_EQ(worker.profile.counted(), 39u);
  worker.Match(event);
  EXPECT_EQ(worker.profile.counted(), 40u);
  const match::Cost cost = worker.profile.Report();
  // Those during which the machine did something else are left out, and told.
  EXPECT_LE(cost.ordinary_events, 40u);
  EXPECT_GE(cost.ordinary_events + cost.interruptions, 40u);
  const MatchingCost matching = MatchingCostOf(worker.profile, *content);
  EXPECT_EQ(matching.counted, 40u);
  // The one that is tried on an event without fields; none where all its times were left out or less than reading the clock.
  EXPECT_TRUE(matching.dearest == "Anything but a login" || matching.dearest.empty()) << matching.dearest;
  EXPECT_EQ((MatchingCost{29, 2140, "x", 0.123}).Words(), "2.1 us an event; the dearest rule, x, 12 % (29 events counted, 1 of 251)");
  EXPECT_EQ((MatchingCost{1, 999.4, "", 0}).Words(), "999 ns an event (1 event counted, 1 of 251)");
  EXPECT_EQ((MatchingCost{29, 2140.26, "x", 0.123}).Json(), R"({"counted":29,"one_of":251,"ns_an_event":2140.3,"dearest_rule":"x","share":0.1230})");
  EXPECT_EQ(MatchingCost().Json(), "null");
}

}  // namespace
}  // namespace tocsin::pipeline
