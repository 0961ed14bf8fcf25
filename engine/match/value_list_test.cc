#include "engine/match/value_list.h"

#include <gtest/gtest.h>

#include "engine/content/testing/inline_content.h"
#include "engine/match/program.h"
#include "engine/match/testing/test_event.h"

namespace tocsin::match {
namespace {

using Kind = content::Pattern::Kind;

TEST(ValueList, SigmaStringsWithoutCase) {
  const std::vector<content::Pattern> patterns = {{{{Kind::kLiteral, "Anonymous"}}}, {{{Kind::kLiteral, "svc-"}, {Kind::kAny, ""}}}, {}};
  const ValueList list(patterns);
  EXPECT_FALSE(list.empty());
  EXPECT_TRUE(list.Contains("ANONYMOUS"));
  EXPECT_TRUE(list.Contains("svc-x"));
  EXPECT_TRUE(list.Contains(""));
  EXPECT_FALSE(list.Contains("xanonymous"));
  EXPECT_TRUE(ValueList().empty());
  EXPECT_FALSE(ValueList().Contains("x"));
  EXPECT_TRUE(ValueList(std::vector<content::Pattern>()).empty());
}

// Attributes of the author's own (SIGMA.md 25): as product, category and service.
TEST(OwnLogsourceAttributes, ApplyLikeTheOthers) {
  content::Diagnostics diagnostics;
  const auto content = content::ContentFromText({.rules = "title: own\nlogsource: {product: x, tenant: Blue}\ndetection: {s: {f: v}, condition: s}\n---\n"
                                                          "title: none\nlogsource: {product: x}\ndetection: {s: {f: v}, condition: s}\n",
                                                 .sources = "name: s\nlogsource: {product: x}\nrecognise: {f|exists: true}\ntime: [t]\nidentity: [record]\nfallback_entity: actor\nlateness: 15m\nsilence_after: 1h\nretention: 90d\n"},
                                                diagnostics);
  ASSERT_EQ(content->rules.size(), 2u) << diagnostics.Text();
  const auto hits = [&](bool from_event, const TestEvent& event) {
    const auto program = Program::Compile(std::make_shared<TestPlan>(content), {.logsource_from_event = from_event}, diagnostics);
    Scratch scratch(*program);
    std::string out;
    for (const RuleId rule : program->Match(event.View(), scratch)) out += content->rules[rule.value()].title + " ";
    return out;
  };
  TestEvent silent(*content), blue(*content), red(*content);
  silent.Text("f", "v");
  blue.Text("f", "v").Text("tenant", "BLUE");
  red.Text("f", "v").Text("tenant", "red");
  EXPECT_EQ(hits(true, silent), "own none ");   // what an event does not state excludes nothing
  EXPECT_EQ(hits(true, blue), "own none ");
  EXPECT_EQ(hits(true, red), "none ");
  EXPECT_EQ(hits(false, silent), "own none ");
  ASSERT_EQ(content->sources.size(), 1u) << diagnostics.Text();
  EXPECT_EQ(hits(false, silent.Source("s")), "none ");   // the source does not state it
}

}  // namespace
}  // namespace tocsin::match
