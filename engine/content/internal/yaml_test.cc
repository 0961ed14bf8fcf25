#include "engine/content/internal/yaml.h"

#include <gtest/gtest.h>

namespace tocsin::content {
namespace {

struct Parsed {
  Diagnostics diagnostics;
  std::vector<YamlNode> documents;
  explicit Parsed(const std::string& text) {
    const uint32_t file = diagnostics.AddFile("f.yml", text);
    documents = ParseYaml(file, text, diagnostics);
  }
};

TEST(Yaml, TypesAreThoseOfYaml12) {
  Parsed parsed("{a: yes, b: true, c: 007, d: 7, e: '7', f: ~, g: , h: 1e3, i: 0x1F, j: 2026-11-30, k: 'null', l: -0.5, m: .5, n: FALSE}");
  ASSERT_EQ(parsed.documents.size(), 1u) << parsed.diagnostics.Text();
  const YamlNode& map = parsed.documents[0];
  const auto at = [&](std::string_view key) -> const YamlNode& { return *map.Find(key); };
  EXPECT_FALSE(at("a").AsBool());
  EXPECT_EQ(at("b").AsBool(), true);
  EXPECT_EQ(at("n").AsBool(), false);
  for (const char* key : {"c", "e", "i", "j", "m", "a"}) EXPECT_FALSE(at(key).IsNumber()) << key;
  for (const char* key : {"d", "h", "l"}) EXPECT_TRUE(at(key).IsNumber()) << key;
  EXPECT_EQ(at("c").text, "007");
  EXPECT_TRUE(at("f").IsNull());
  EXPECT_TRUE(at("g").IsNull());
  EXPECT_FALSE(at("k").IsNull());
  EXPECT_EQ(map.Find("z"), nullptr);
}

TEST(Yaml, PlacesCountCharacters) {
  Parsed parsed("---\nä: {b: ü, c: x}\n---\n- d\n");
  ASSERT_EQ(parsed.documents.size(), 2u);
  const Place place = parsed.documents[0].entries[0].second.Find("c")->place;
  EXPECT_EQ(place.line, 2u);
  EXPECT_EQ(place.column, 14u);
  EXPECT_TRUE(parsed.documents[1].IsSequence());
  EXPECT_EQ(Characters("äb"), 2u);
  const Place at = PlaceAt(0, "a\näb", 4);
  EXPECT_EQ(at.line, 2u);
  EXPECT_EQ(at.column, 2u);
}

TEST(Yaml, EmptyDocumentsAreNone) {
  EXPECT_EQ(Parsed("").documents.size(), 0u);
  EXPECT_EQ(Parsed("---\n---\na: 1\n---\n").documents.size(), 1u);
}

TEST(Yaml, AnchorsAreCopied) {
  Parsed parsed("a: &x {b: 1}\nc: *x\n");
  ASSERT_EQ(parsed.documents.size(), 1u);
  EXPECT_EQ(parsed.documents[0].Find("c")->Find("b")->text, "1");
  EXPECT_EQ(parsed.documents[0].Find("c")->place.line, 2u);
}

TEST(Yaml, WhatCannotBeReadSaysWhere) {
  const std::pair<const char*, const char*> cases[] = {
      {"a: 1\na: 2\n", "f.yml:2:1: error T0005"},
      {"? [x]\n: y\n", "f.yml:1:3: error T0004"},
      {"a: *b\n", "f.yml:1:4: error T0006"},
      {"a: [1\n", "f.yml:2:1: error T0001"},
      {"a: b\n\tc: d\n", "f.yml:2:1: error T0001"},
  };
  for (const auto& [text, said] : cases) EXPECT_EQ(Parsed(text).diagnostics.Text().rfind(said, 0), 0u) << Parsed(text).diagnostics.Text();
  EXPECT_NE(Parsed(std::string("a: 1\n\0", 6)).diagnostics.Text().find("f.yml:2:1: error T0001"), std::string::npos);
}

TEST(Yaml, BoundsHold) {
  EXPECT_NE(Parsed(std::string(100'000, '[')).diagnostics.Text().find("T0002"), std::string::npos);
  // Nine aliases of nine aliases of ...: a thousand million values from half a kilobyte.
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 10; i++) {
    const std::string inner = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + inner;
    for (int k = 0; k < 8; k++) bomb += "," + inner;
    bomb += "]\n";
  }
  EXPECT_NE(Parsed(bomb).diagnostics.Text().find("T0003"), std::string::npos);
  // A megabyte of text, a hundred times: few values, much memory.
  std::string echo = "x: &x " + std::string(1 << 20, 'A') + "\nl: [*x";
  for (int i = 1; i < 100; i++) echo += ", *x";
  EXPECT_NE(Parsed(echo + "]\n").diagnostics.Text().find("T0003"), std::string::npos);
  // A file of a megabyte took as many megabytes as it had brackets: every anchor kept a copy of all that stood below it.
  std::string nested, closed;
  for (int i = 0; i < 60; i++) {
    nested += "&a" + std::to_string(i) + " [";
    closed += ']';
  }
  Parsed text(nested + std::string(2 << 20, 'A') + closed + "\n");
  EXPECT_NE(text.diagnostics.Text().find("T0003"), std::string::npos) << text.diagnostics.Text();
  EXPECT_NE(text.diagnostics.Text().find("64 MiB"), std::string::npos) << text.diagnostics.Text();
  std::string many = "x";
  for (int i = 0; i < 50'000; i++) many += ",x";
  EXPECT_NE(Parsed(nested + many + closed + "\n").diagnostics.Text().find("T0003"), std::string::npos);
  EXPECT_EQ(Parsed(nested + "x" + closed + "\n").diagnostics.Text(), "");
  EXPECT_NE(Parsed(std::string(kMaxRuleFileBytes + 1, ' ')).diagnostics.Text().find("T0007"), std::string::npos);
}

TEST(Yaml, TheDocumentsAroundAnErrorAreKept) {
  Parsed parsed("a: 1\n---\nb: 1\nb: 2\n---\nc: 1\n---\nd: [\n---\ne: {\n---\n---\nf: 1\nf: 2\n---\ng: 1\n");
  EXPECT_EQ(parsed.documents.size(), 3u) << parsed.diagnostics.Text();
  const std::string text = parsed.diagnostics.Text();
  for (const char* place : {"f.yml:4:1: error T0005", "f.yml:9:1: error T0001", "f.yml:11:1: error T0001", "f.yml:14:1: error T0005"}) EXPECT_NE(text.find(place), std::string::npos) << text;
}

TEST(Yaml, Spans) {
  const int64_t s = 1'000'000'000;
  EXPECT_EQ(ParseSpan("90s"), 90 * s);
  EXPECT_EQ(ParseSpan("5m"), 300 * s);
  EXPECT_EQ(ParseSpan("2h"), 7200 * s);
  EXPECT_EQ(ParseSpan("1d"), 86400 * s);
  EXPECT_EQ(ParseSpan("1w"), 604800 * s);
  EXPECT_EQ(ParseSpan("1M"), 2629746 * s);
  EXPECT_EQ(ParseSpan("1y"), 31556952 * s);
  for (const char* bad : {"", "5", "m", "5 m", "5mm", "-5m", "1.5h", "201y", "99999999999s"}) EXPECT_EQ(ParseSpan(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace tocsin::content
