#include "engine/content/internal/site_reader.h"

#include <gtest/gtest.h>

namespace tocsin::content {
namespace {

std::vector<ListEntry> Parse(const std::string& text, Diagnostics& diagnostics) {
  const uint32_t file = diagnostics.AddFile("l.txt", text);
  return ParseList(file, text, diagnostics);
}

TEST(List, CommentsQuotesNotesAndExpiry) {
  Diagnostics diagnostics;
  const auto entries = Parse("# head\n\n  plain value  \r\na#b\nc # owner=red team reason=why not until=2026-11-30\n\"x # y\" # owner=me\n\" # \"\n", diagnostics);
  ASSERT_EQ(entries.size(), 5u) << diagnostics.Text();
  EXPECT_EQ(entries[0].text, "plain value");
  EXPECT_EQ(entries[0].place.line, 3u);
  EXPECT_EQ(entries[1].text, "a#b");
  EXPECT_EQ(entries[2].text, "c");
  EXPECT_EQ(entries[2].owner, "red team");
  EXPECT_EQ(entries[2].reason, "why not");
  EXPECT_EQ(entries[2].until_ns, 1796083199999999999);   // the last nanosecond of the day
  EXPECT_EQ(entries[3].text, "x # y");
  EXPECT_EQ(entries[4].text, " # ");
  EXPECT_EQ(entries[4].until_ns, INT64_MAX);
  EXPECT_EQ(diagnostics.all().size(), 0u);
}

TEST(List, WhatIsNotUnderstood) {
  const std::pair<const char*, const char*> cases[] = {{"\"x", "T0701"}, {"\"x\" y", "T0701"}, {"x # y", "T0702"}, {"x # until=2026-13-01", "T0702"}, {"x # until=tomorrow", "T0702"}, {"x # until=1969-01-01", "T0702"}};
  for (const auto& [line, code] : cases) {
    Diagnostics diagnostics;
    EXPECT_EQ(Parse(std::string("good\n") + line + "\nlast\n", diagnostics).size(), 2u) << line;
    ASSERT_EQ(diagnostics.all().size(), 1u) << line;
    EXPECT_EQ(diagnostics.all()[0].code, code);
    EXPECT_EQ(diagnostics.all()[0].place.line, 2u);
  }
}

TEST(Site, MapsAndProfile) {
  Diagnostics diagnostics;
  std::map<std::string, std::string> map;
  EXPECT_TRUE(ReadMap(0, "key,value\n# c\na, b,c \n", diagnostics, map));
  EXPECT_EQ(map["a"], "b,c");
  EXPECT_FALSE(ReadMap(0, "a,1\nnothing\na,2\n", diagnostics, map));
  EXPECT_EQ(diagnostics.errors(), 3u);
  const auto site = [](const std::string& text, Site& out) {
    Diagnostics said;
    const uint32_t file = said.AddFile("site.yaml", text);
    return ReadSite(ParseYaml(file, text, said).at(0), said, out);
  };
  Site out;
  EXPECT_TRUE(site("{name: n, connected: [a, b], internal_prefixes: 10.0.0.0/8, clock_slack: 5s, stop_keys: {ip: [192.0.2.1], host: h}}", out));
  EXPECT_EQ(out.connected.size(), 2u);
  ASSERT_EQ(out.internal_prefixes.size(), 1u);
  EXPECT_EQ(out.internal_prefixes[0].text, "10.0.0.0/8");
  EXPECT_EQ(out.internal_prefixes[0].place.column, 49u);
  EXPECT_EQ(out.stop_keys.size(), 2u);
  EXPECT_EQ(out.clock_slack_ns, 5'000'000'000);
  EXPECT_FALSE(site("{nam: n, stop_keys: [a]}", out));
  EXPECT_FALSE(site("{clock_slack: soon, name: [a], connected: {a: b}}", out));
}

}  // namespace
}  // namespace tocsin::content
