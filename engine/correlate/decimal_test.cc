#include "engine/correlate/internal/decimal.h"

#include <gtest/gtest.h>

namespace tocsin::correlate {
namespace {

std::string RoundTrip(std::string_view text) {
  Decimal value;
  switch (ParseDecimal(text, value)) {
    case DecimalParse::kOk:
      return FormatDecimal(value);
    case DecimalParse::kNotANumber:
      return "text";
    case DecimalParse::kOutOfRange:
      return "range";
  }
  return "";
}

TEST(Decimal, ReadsJsonNumbersExactly) {
  EXPECT_EQ(RoundTrip("0"), "0");
  EXPECT_EQ(RoundTrip("-0"), "0");
  EXPECT_EQ(RoundTrip("9007199254740993"), "9007199254740993");
  EXPECT_EQ(RoundTrip("-1.50"), "-1.5");
  EXPECT_EQ(RoundTrip("4.688e3"), "4688");
  EXPECT_EQ(RoundTrip("1E-3"), "0.001");
  EXPECT_EQ(RoundTrip("120e-1"), "12");
  EXPECT_EQ(RoundTrip("0.000000000001"), "0.000000000001");
  EXPECT_EQ(RoundTrip("0.0000000000005"), "0.000000000001");
  EXPECT_EQ(RoundTrip("0.0000000000004"), "0");
  EXPECT_EQ(RoundTrip("99999999999999999999"), "99999999999999999999");
}

TEST(Decimal, RefusesWhatIsNoJsonNumber) {
  for (const char* text :
       {"", "-", "+1", "01", "1.", ".5", "1e", "1e+", " 1", "1 ", "0x10", "1,5", "NaN", "--1", "1.2.3"}) {
    EXPECT_EQ(RoundTrip(text), "text") << text;
  }
}

TEST(Decimal, NamesWhatIsTooLarge) {
  EXPECT_EQ(RoundTrip("100000000000000000000"), "range");
  EXPECT_EQ(RoundTrip("1e20"), "range");
  EXPECT_EQ(RoundTrip("1e999999999999999999"), "range");
  EXPECT_EQ(RoundTrip("0e999999999999999999"), "0");
  EXPECT_EQ(RoundTrip("1e-999999999999999999"), "0");
}

TEST(Decimal, ThresholdsAreTheirText) {
  Decimal tenth;
  ASSERT_EQ(ParseDecimal("0.1", tenth), DecimalParse::kOk);
  EXPECT_TRUE(DecimalOf(0.1) == tenth);
  EXPECT_TRUE(DecimalOf(0.3) == 3 * tenth) << "a sum of tenths meets a threshold of three tenths";
  EXPECT_TRUE(DecimalOf(1e300) > DecimalOf(1e19));
  EXPECT_EQ(FormatDouble(2.5), "2.5");
  EXPECT_EQ(FormatDouble(4), "4");
}

}  // namespace
}  // namespace tocsin::correlate
