// Tests what compiling a plan tells the author of a rule.
#include "engine/event/plan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/content/testing/inline_content.h"

namespace tocsin::event {
namespace {

constexpr char kSources[] = R"(
name: one
logsource: {product: app, service: one}
recognise: {x|exists: true}
time: [at]
identity: [record]
---
name: two
logsource: {product: app, service: two}
recognise: {y|exists: true}
time: [at]
identity: [record]
)";

// The symptom: the error named whatever file had been loaded first, and stood there once a source.
TEST(Plan, AFieldPathThatIsTooLongIsToldWhereItStands) {
  constexpr char kRules[] = R"(title: deep
name: deep
logsource: {product: app}
detection:
  selection:
    short: 1
    a.b.c.d.e.f.g.h.i.j.k.l.m: 1
  condition: selection
---
title: many
correlation: {type: event_count, rules: [deep], group-by: [n.b.c.d.e.f.g.h.i.j.k.l.m], timespan: 1m, condition: {gte: 2}}
)";
  content::Diagnostics diagnostics;
  const auto content = content::ContentFromText({.rules = kRules, .sources = kSources}, diagnostics);
  ASSERT_EQ(diagnostics.Text(), "");
  Plan::Compile(content, {}, diagnostics);
  std::vector<std::string> told;
  for (const content::Diagnostic& each : diagnostics.all()) {
    told.push_back(each.code + " " + std::to_string(each.place.line) + ":" + std::to_string(each.place.column) + " " + each.message);
    EXPECT_EQ(each.place.file, content->rules[0].place.file);
  }
  EXPECT_EQ(told, (std::vector<std::string>{"T1003 7:5 the field path `a.b.c.d.e.f.g.h.i.j.k.l.m` has more than 12 parts",
                                            "T1003 10:1 the field path `n.b.c.d.e.f.g.h.i.j.k.l.m` has more than 12 parts"}));
}

TEST(Plan, AnInternalPrefixOrATimeFieldThatIsNoneIsToldWhereItStands) {
  content::Diagnostics diagnostics;
  auto content = std::make_shared<content::ContentSet>(*content::ContentFromText({.sources = kSources}, diagnostics));
  ASSERT_EQ(diagnostics.Text(), "");
  content->site.internal_prefixes = {{"10.0.0.0/8", {}}, {"ten", {diagnostics.AddFile("site.yaml", "internal_prefixes: [10.0.0.0/8, ten]"), 1, 33}}};
  PlanOptions options;
  options.time_field = "no.such";
  Plan::Compile(content, options, diagnostics);
  EXPECT_EQ(diagnostics.Text(), R"(site.yaml:1:33: error T1004: internal_prefixes: `ten` is no network
    internal_prefixes: [10.0.0.0/8, ten]
                                    ^
    expected: 10.0.0.0/8
--time-field:1:1: error T1005: the time field `no.such` is not among the fields that are read
    no.such
    ^
)");
}

}  // namespace
}  // namespace tocsin::event
