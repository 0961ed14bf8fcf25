#include "engine/content/find_rule.h"

#include <gtest/gtest.h>

#include "engine/content/testing/inline_content.h"

namespace tocsin::content {
namespace {

const char kRules[] = R"(
title: Push to main
name: push_main
id: 52304f89-8379-4744-9437-31966a7103c3
logsource: {product: a}
detection: {s: {f: x}, condition: s}
---
title: Other
id: push_main_by_id
logsource: {product: a}
detection: {s: {f: x}, condition: s}
---
title: Twice
logsource: {product: a}
detection: {s: {f: x}, condition: s}
---
title: Twice
logsource: {product: a}
detection: {s: {f: y}, condition: s}
)";

TEST(FindRules, ByNameIdOrTitle) {
  Diagnostics diagnostics;
  const auto content = ContentFromText({.rules = kRules}, diagnostics);
  ASSERT_EQ(content->rules.size(), 4u) << diagnostics.Text();
  EXPECT_EQ(FindRules(*content, "push_main"), std::vector{RuleId(0)});
  EXPECT_EQ(FindRules(*content, "52304f89-8379-4744-9437-31966A7103C3"), std::vector{RuleId(0)});
  EXPECT_EQ(FindRules(*content, "push to MAIN"), std::vector{RuleId(0)});
  EXPECT_EQ(FindRules(*content, "Other"), std::vector{RuleId(1)});
  EXPECT_EQ(FindRules(*content, "Twice"), (std::vector{RuleId(2), RuleId(3)}));
  EXPECT_TRUE(FindRules(*content, "").empty());
  EXPECT_TRUE(FindRules(*content, "push").empty());
}

TEST(FindRules, TheNearestOnAMiss) {
  Diagnostics diagnostics;
  const auto content = ContentFromText({.rules = kRules}, diagnostics);
  EXPECT_EQ(NearestRule(*content, "push_mian"), "push_main");
  EXPECT_EQ(NearestRule(*content, "something else entirely"), "");
}

}  // namespace
}  // namespace tocsin::content
