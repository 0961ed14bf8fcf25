// What is taken for a rule's witness, and that a rule without one is always tried.
#include "engine/match/internal/witness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "engine/content/testing/inline_content.h"
#include "engine/match/internal/number_key.h"

namespace tocsin::match {
namespace {

// The witnesses of the only rule, as text: field=whole, field=start*, field=*end, field=*anywhere*, field#, field?, *keyword*.
std::string Witnesses(const std::string& detection) {
  content::Diagnostics diagnostics;
  const auto content = content::ContentFromText({.rules = "title: t\nlogsource: {product: p}\ndetection:\n" + detection}, diagnostics);
  EXPECT_EQ(diagnostics.errors(), 0u) << diagnostics.Text();
  const auto witnesses = WitnessChooser(*content).Choose(content->rules.at(0));
  if (!witnesses) return "always";
  std::string out;
  for (const Witness& each : *witnesses) {
    if (!out.empty()) out += " ";
    if (each.kind != Witness::Kind::kKeyword) out += content->fields.name(each.field);
    if (each.kind == Witness::Kind::kNumber) out += "#";
    else if (each.kind == Witness::Kind::kPresent) out += "?";
    else if (each.kind == Witness::Kind::kKeyword) out += "*" + each.text + "*";
    else {
      const bool open_start = each.where == LiteralIndex::Where::kEnd || each.where == LiteralIndex::Where::kAnywhere;
      const bool open_end = each.where == LiteralIndex::Where::kStart || each.where == LiteralIndex::Where::kAnywhere;
      out += std::string("=") + (open_start ? "*" : "") + each.text + (open_end ? "*" : "");
    }
  }
  return out;
}

TEST(Witness, OneForEachWayOfHolding) {
  EXPECT_EQ(Witnesses("  s: {a: Foo}\n  condition: s\n"), "a=foo");
  EXPECT_EQ(Witnesses("  s: {a: [Foo, Bar]}\n  condition: s\n"), "a=bar a=foo");
  EXPECT_EQ(Witnesses("  s: {a|startswith: Foo, b|endswith: longer one}\n  condition: s\n"), "b=*longer one");
  EXPECT_EQ(Witnesses("  s: {a: 4688}\n  condition: s\n"), "a#");
  EXPECT_EQ(Witnesses("  s: {a|exists: true}\n  condition: s\n"), "a?");
  EXPECT_EQ(Witnesses("  s: {a|gt: 3}\n  condition: s\n"), "a?");
  EXPECT_EQ(Witnesses("  s: {a: x}\n  t: {b: y}\n  condition: s or t\n"), "a=x b=y");
}

TEST(Witness, WhatHoldsByAbsenceHasNone) {
  EXPECT_EQ(Witnesses("  s: {a: null}\n  condition: s\n"), "always");
  EXPECT_EQ(Witnesses("  s: {a|exists: false}\n  condition: s\n"), "always");
  EXPECT_EQ(Witnesses("  s: {a: x}\n  condition: not s\n"), "always");
  EXPECT_EQ(Witnesses("  s: {a|neq: x}\n  condition: s\n"), "always");
  EXPECT_EQ(Witnesses("  s: {a: x}\n  t: {b: null}\n  condition: s or t\n"), "always");
  EXPECT_EQ(Witnesses("  s: {a: x}\n  t: {b: y}\n  condition: s and not t\n"), "a=x");
}

TEST(Witness, OfAnAllListTheRarest) {
  EXPECT_EQ(Witnesses("  s: {a|contains|all: [xy, quite long]}\n  condition: s\n"), "a=*quite long*");
}

TEST(Witness, WildcardsLeaveTheLongestPiece) {
  EXPECT_EQ(Witnesses("  s: {a: 'ab*something'}\n  condition: s\n"), "a=*something");
  EXPECT_EQ(Witnesses("  s: {a: '*?*'}\n  condition: s\n"), "a?");
}

TEST(Witness, ADashStandsForFive) {
  const std::string witnesses = Witnesses("  s: {a|windash|contains: ' -ma '}\n  condition: s\n");
  EXPECT_NE(witnesses.find("* -ma *"), std::string::npos) << witnesses;
  EXPECT_NE(witnesses.find("* /ma *"), std::string::npos) << witnesses;
  EXPECT_EQ(std::count(witnesses.begin(), witnesses.end(), '='), 5) << witnesses;
}

TEST(Witness, RegexesGiveTheirLiterals) {
  EXPECT_EQ(Witnesses("  s: {a|re: 'net\\s+config'}\n  condition: s\n"), "a=*config*");
  EXPECT_EQ(Witnesses("  s: {a|re: '(?i)Foo(Bar|Baz)'}\n  condition: s\n"), "a=*foobar* a=*foobaz*");
  EXPECT_EQ(Witnesses("  s: {a|re: '\\d+'}\n  condition: s\n"), "a?");
  EXPECT_FALSE(RegexLiterals("(abcd)?").has_value());
}

TEST(Witness, ShortKeywordsAreTriedAlways) {
  EXPECT_EQ(Witnesses("  k: [mimikatz, 'sekurlsa::']\n  condition: k\n"), "*mimikatz* *sekurlsa::*");
  EXPECT_EQ(Witnesses("  k: [ab]\n  condition: k\n"), "always");
}

TEST(NumberKey, EqualNumbersHaveEqualKeys) {
  for (const char* same : {"4688", "4688.0", "4.688e3", "46880e-1", "4688.000"}) EXPECT_EQ(NumberKey(same), NumberKey("4688")) << same;
  for (const char* zero : {"0", "-0", "0.0", "0e5"}) EXPECT_EQ(NumberKey(zero), NumberKey("0")) << zero;
  for (const char* other : {"-4688", "46880", "4688.5", "468.8"}) EXPECT_NE(NumberKey(other), NumberKey("4688")) << other;
  for (const char* text : {"", "04688", "0x10", " 1", "1 ", "+1", "1.", "abc"}) EXPECT_FALSE(NumberKey(text).has_value()) << text;
  EXPECT_EQ(NumberKey("123456789012345678901234567890"), NumberKey("123456789012345678901234567890.0"));
  EXPECT_NE(NumberKey("9007199254740993"), NumberKey("9007199254740992"));
}

}  // namespace
}  // namespace tocsin::match
