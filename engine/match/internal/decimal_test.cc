#include "engine/match/internal/decimal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace tocsin::match {
namespace {

int Compare(std::string_view a, std::string_view b) {
  Decimal left, right;
  const bool parsed = ParseDecimal(a, left) && ParseDecimal(b, right);
  EXPECT_TRUE(parsed) << a << " " << b;
  if (!parsed) return 99;
  const std::strong_ordering order = CompareDecimals(left, right);
  return (order > 0) - (order < 0);
}

// The plain way: both as whole numbers of 10^-60, written out with leading zeros. REQUIRES: |exponent| <= 40.
std::string Plain(std::string_view text, bool& negative) {
  negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t e = std::min(text.find_first_of("eE"), text.size());
  const int exponent = e == text.size() ? 0 : std::stoi(std::string(text.substr(e + 1)));
  std::string digits(text.substr(0, e));
  const size_t point = std::min(digits.find('.'), digits.size());
  int behind = static_cast<int>(digits.size()) - static_cast<int>(point) - (point < digits.size() ? 1 : 0);
  std::erase(digits, '.');
  digits += std::string(static_cast<size_t>(60 + exponent - behind), '0');
  return std::string(160 - digits.size(), '0') + digits;
}

int PlainCompare(std::string_view a, std::string_view b) {
  bool a_negative, b_negative;
  const std::string left = Plain(a, a_negative), right = Plain(b, b_negative);
  const std::string zero(160, '0');
  if (left == zero && right == zero) return 0;
  if (a_negative && left != zero) {
    if (!b_negative || right == zero) return -1;
    return left == right ? 0 : left < right ? 1 : -1;
  }
  if (b_negative && right != zero) return 1;
  return left == right ? 0 : left < right ? -1 : 1;
}

TEST(Decimal, EqualValues) {
  for (const char* text : {"4688", "4688.0", "4688.000", "4.688e3", "4688e0", "4.688E+3", "46880e-1", "0.4688e4", "468800000000000000000000000e-23"}) {
    EXPECT_EQ(Compare("4688", text), 0) << text;
  }
  for (const char* text : {"0", "-0", "0.0", "0e5", "-0.000e-9"}) {
    EXPECT_EQ(Compare("0", text), 0) << text;
  }
}

TEST(Decimal, ExactBeyondDoubles) {
  EXPECT_EQ(Compare("9007199254740993", "9007199254740992"), 1);
  EXPECT_EQ(Compare("123456789012345678901234567890", "123456789012345678901234567891"), -1);
  EXPECT_EQ(Compare("0.1", "0.10000000000000000000000001"), -1);
  EXPECT_EQ(Compare("1e400", "1e401"), -1);
  EXPECT_EQ(Compare("-1e400", "-1e401"), 1);
}

// `gt: 5` missed 1e9999999999 and 6e0000000000: long exponents were taken for no number at all.
TEST(Decimal, LongExponents) {
  EXPECT_EQ(Compare("6e0000000000", "5"), 1);
  EXPECT_EQ(Compare("0.5e00000000000000000001", "5"), 0);
  EXPECT_EQ(Compare("1e9999999999999999999", "4688"), 1);
  EXPECT_EQ(Compare("1e-9999999999999999999", "0"), 1);
  EXPECT_EQ(Compare("-1e9999999999999999999", "-4688"), -1);
  EXPECT_EQ(Compare("0e9999999999999999999", "-0"), 0);
}

TEST(Decimal, WhatIsNoNumber) {
  for (const char* text : {"", "-", "+1", "01", "00000429", ".5", "5.", "1e", "1e+", "0x10", " 1", "1 ", "1,000", "NaN", "Infinity", "1.2.3", "--1"}) {
    Decimal out;
    EXPECT_FALSE(ParseDecimal(text, out)) << text;
  }
}

TEST(Decimal, RandomOnesAgainstWrittenOutStrings) {
  std::mt19937 random(4);
  const auto digits = [&](size_t size) {
    std::string out;
    while (out.size() < size) out += static_cast<char>('0' + (random() % 3 == 0 ? random() % 10 : random() % 2));
    return out;
  };
  const auto number = [&] {
    std::string text = random() % 3 == 0 ? "-" : "";
    std::string whole = digits(1 + random() % 20);
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
    text += whole;
    if (random() % 2 == 0) text += "." + digits(1 + random() % 15);
    if (random() % 3 == 0) text += (random() % 2 == 0 ? "e" : "E") + std::to_string(static_cast<int>(random() % 60) - 30);
    return text;
  };
  int equal = 0;
  for (int round = 0; round < 200'000; round++) {
    const std::string a = number();
    std::string b = number();
    // Neighbours and other spellings of the same value.
    if (round % 2 == 0) b = a.find_first_of("eE") == std::string::npos ? a + "e0" : a;
    if (round % 4 == 0 && b.find('.') == std::string::npos) b.insert(std::min(b.find_first_of("eE"), b.size()), ".0");
    if (round % 8 == 0) b[b.find_last_of("0123456789", std::min(b.find_first_of("eE"), b.size()) - 1)] = '1';
    const int expected = PlainCompare(a, b);
    equal += expected == 0;
    ASSERT_EQ(Compare(a, b), expected) << a << " " << b;
  }
  EXPECT_GT(equal, 10'000);
}

}  // namespace
}  // namespace tocsin::match
