#include "engine/match/value_list.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace tocsin::match
