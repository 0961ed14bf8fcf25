#include "engine/match/value_check.h"

#include <gtest/gtest.h>

#include <string>

namespace tocsin::match {
namespace {

using Kind = content::ValueTest::Kind;

std::string Said(Kind kind, const std::string& text) {
  content::Diagnostics diagnostics;
  content::ValueTest test{.kind = kind};
  test.text = text;
  test.place = {diagnostics.AddFile("r.yml", "f|re: x"), 1, 7};
  const bool taken = CheckValue(test, diagnostics);
  EXPECT_EQ(taken, diagnostics.errors() == 0) << text;
  return diagnostics.all().empty() ? "" : diagnostics.Text().substr(0, diagnostics.Text().find('\n'));
}

TEST(CheckValue, WhatOnlyTheMatcherKnows) {
  EXPECT_EQ(Said(Kind::kRegex, "^a.*b$"), "");
  EXPECT_EQ(Said(Kind::kRegex, "a(?=b)"), "r.yml:1:7: error T1101: the regex is refused: invalid perl operator: (?=");
  EXPECT_EQ(Said(Kind::kRegex, std::string(64 << 10, 'a')), "");
  EXPECT_EQ(Said(Kind::kRegex, std::string((64 << 10) + 1, 'a')), "r.yml:1:7: error T1101: the regex is longer than 64 KiB");
  EXPECT_EQ(Said(Kind::kCidr, "10.0.0.0/8"), "");
  EXPECT_EQ(Said(Kind::kCidr, "10.1.2.3/8"), "") << "compiling warns of the bits behind the prefix";
  EXPECT_EQ(Said(Kind::kCidr, "10.0.0.0/33"), "r.yml:1:7: error T1102: `10.0.0.0/33` is no network");
  EXPECT_EQ(Said(Kind::kPattern, "("), "") << "a text is a text";
}

}  // namespace
}  // namespace tocsin::match
