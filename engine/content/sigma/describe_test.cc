#include "engine/content/sigma/describe.h"

#include <gtest/gtest.h>

#include "engine/content/testing/inline_content.h"

namespace tocsin::content {
namespace {

// The words of the first test of `item` ("f|contains: x").
std::string Words(const std::string& item, std::map<std::string, std::string> lists = {}) {
  Diagnostics diagnostics;
  const auto content = ContentFromText(
      {.rules = "title: t\nlogsource: {product: p}\ndetection:\n  s:\n    " + item + "\n  condition: s\n",
       .lists = std::move(lists)},
      diagnostics);
  if (content->rules.size() != 1) return diagnostics.Text();
  return TestWords(content->rules[0].detection.items[0].values[0][0], content->fields);
}

TEST(TestWords, EveryKindOfTest) {
  EXPECT_EQ(Words("f: push"), "is \"push\"");
  EXPECT_EQ(Words("f: ''"), "is \"\"");
  EXPECT_EQ(Words("f: '*'"), "is any text");
  EXPECT_EQ(Words("f|contains: push"), "contains \"push\"");
  EXPECT_EQ(Words("f|startswith: push"), "starts with \"push\"");
  EXPECT_EQ(Words("f|endswith: push"), "ends with \"push\"");
  EXPECT_EQ(Words("f: 'a*b?'"), "is like \"a*b?\"");
  EXPECT_EQ(Words("f|cased: push"), "is \"push\", in this case");
  EXPECT_EQ(Words("f|contains|windash: ' -enc'"), "contains \" -enc\", with any dash");
  EXPECT_EQ(Words("f: 4688"), "is \"4688\" or the number 4688");
  EXPECT_EQ(Words("f: true"), "is true");
  EXPECT_EQ(Words("f: null"), "is missing or null");
  EXPECT_EQ(Words("f|re: '^a\\d$'"), "matches /^a\\d$/");
  EXPECT_EQ(Words("f|cidr: 10.0.0.0/8"), "lies in 10.0.0.0/8");
  EXPECT_EQ(Words("f|gte: 5"), "is >= 5");
  EXPECT_EQ(Words("f|exists: false"), "does not exist");
  EXPECT_EQ(Words("f|fieldref: g"), "is what g is");
  EXPECT_EQ(Words("f|fieldref|endswith: g"), "ends with what g is");
  EXPECT_EQ(Words("f|hour|lt: 6"), "has a UTC hour < 6");
}

TEST(TestWords, StayInOneLineOfUtf8) {
  EXPECT_EQ(Words("f: \"a\\nb\\x7f\""), "is \"a\\x0ab\\x7f\"");
  EXPECT_EQ(Words("f: straße"), "is \"straße\"");
  EXPECT_EQ(Words("f|wide|contains: é"), "contains \"\\xe9\\x00\"");
}

TEST(SpanWords, TheTwoLargestUnits) {
  constexpr int64_t kSecond = 1'000'000'000;
  EXPECT_EQ(SpanWords(0), "0 s");
  EXPECT_EQ(SpanWords(42 * kSecond), "42 s");
  EXPECT_EQ(SpanWords(5400 * kSecond), "1 h 30 min");
  EXPECT_EQ(SpanWords(3601 * kSecond), "1 h");
  EXPECT_EQ(SpanWords(86400 * 2 * kSecond), "2 d");
  EXPECT_EQ(SpanWords(61 * kSecond + 1), "1 min 1 s");
  EXPECT_EQ(SpanWords(1'500'000), "1 ms");
}

TEST(CorrelationWords, SayWhatFires) {
  const std::string base =
      "title: a\nname: a\nlogsource: {product: p}\ndetection: {s: {f: x}, condition: s}\n---\ntitle: b\nname: "
      "b\nlogsource: {product: p}\ndetection: {s: {f: y}, condition: s}\n---\n";
  const auto words = [&](const std::string& correlation) {
    Diagnostics diagnostics;
    const auto content =
        ContentFromText({.rules = base + "title: c\nname: c\ncorrelation: " + correlation + "\n"}, diagnostics);
    if (content->rules.size() != 3) return diagnostics.Text();
    return CorrelationWords(content->rules[2].correlation, *content);
  };
  EXPECT_EQ(words("{type: event_count, rules: [a, b], group-by: [user], timespan: 10m, condition: {gte: 5}}"),
            ">= 5 hits of a, b within 10 min for each user");
  EXPECT_EQ(words("{type: value_count, rules: [a], group-by: [user, host], timespan: 1h, condition: {field: ip, gt: 2, "
                  "lte: 9}}"),
            "> 2 and <= 9 distinct ip in hits of a within 1 h for each user, host");
  EXPECT_EQ(words("{type: value_sum, rules: [a], timespan: 1h, condition: {field: bytes, gt: 1.5}}"),
            "sum of bytes in hits of a > 1.5 within 1 h, over everything");
  EXPECT_EQ(words("{type: temporal, rules: [a, b], group-by: [user], timespan: 1h}"),
            "a and b within 1 h for each user");
  EXPECT_EQ(words("{type: temporal_ordered, rules: [a, b], group-by: [user], timespan: 1h}"),
            "a, then b within 1 h for each user");
  EXPECT_EQ(words("{type: temporal, condition: a and not b, group-by: [user], timespan: 1h}"),
            "a and not b within 1 h for each user");
}

}  // namespace
}  // namespace tocsin::content
