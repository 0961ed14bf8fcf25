#include "engine/pipeline/internal/coverage_text.h"

#include <gtest/gtest.h>

namespace tocsin::pipeline {
namespace {

constexpr int64_t kDay = 24ll * 3600 * 1'000'000'000;

TEST(CoverageText, ThereAndBack) {
  event::Coverage coverage(10);
  for (const int64_t t : {-50, -45, 0, 10, 100}) coverage.Observe({t});
  const std::string text = CoverageText(coverage);
  EXPECT_EQ(text, "-50 -45\n0 10\n100 100\n");
  event::Coverage again(10);
  ASSERT_TRUE(RestoreCoverage(text, again));
  EXPECT_EQ(again.intervals(), coverage.intervals());
  EXPECT_EQ(CoverageText(event::Coverage(10)), "");
}

TEST(CoverageText, WhatIsOlderThanAnyIncidentIsLeftOut) {
  event::Coverage coverage(10);
  for (const int64_t day : {0, 20, 40, 60}) coverage.Observe({day * kDay});
  EXPECT_EQ(CoverageText(coverage), std::to_string(40 * kDay) + " " + std::to_string(40 * kDay) + "\n" + std::to_string(60 * kDay) +
                                        " " + std::to_string(60 * kDay) + "\n");
}

TEST(CoverageText, DamageIsSeen) {
  for (const char* text : {"1", "1 2", "1 x\n", " 1 2\n", "1 2\n3", "5 2\n", "1\t2\n"}) {
    event::Coverage coverage(10);
    EXPECT_FALSE(RestoreCoverage(text, coverage)) << text;
  }
}

}  // namespace
}  // namespace tocsin::pipeline
