#include "engine/event/time.h"

#include <gtest/gtest.h>

#include <random>

namespace tocsin::event {
namespace {

constexpr int64_t kS = 1'000'000'000, kMs = 1'000'000, kUs = 1000, kNoTime = INT64_MIN;
constexpr uint64_t kSpanOfYears = 292 * 365 + 71;  // in days
constexpr int64_t kFirst = kS * 86'400 * -25'567, kEnd = kFirst + static_cast<int64_t>(kSpanOfYears) * 86'400 * kS;

struct Good {
  const char* text;
  int64_t ns;
  int64_t precision_ns;
};

TEST(ParseTime, EverySpelling) {
  const Good cases[] = {
      // RFC 3339
      {"1970-01-01T00:00:00Z", 0, kS},
      {"2023-07-10T12:09:47Z", 1688990987 * kS, kS},
      {"2023-07-10T12:09:47.5Z", 1688990987 * kS + 500 * kMs, 100 * kMs},
      {"2023-07-10T12:09:47.123Z", 1688990987 * kS + 123 * kMs, kMs},
      {"2023-07-10T12:09:47.123456Z", 1688990987 * kS + 123456 * kUs, kUs},
      {"2023-07-10T12:09:47.1234567Z", 1688990987 * kS + 123456700, 100},
      {"2023-07-10T12:09:47.123456789Z", 1688990987 * kS + 123456789, 1},
      {"2023-07-10T12:09:47.000000000Z", 1688990987 * kS, 1},
      {"2023-07-10t12:09:47z", 1688990987 * kS, kS},
      {"2023-07-10T12:09:47", 1688990987 * kS, kS},
      {"2023-07-10T12:09:47.25", 1688990987 * kS + 250 * kMs, 10 * kMs},
      {"2023-07-10 12:09:47", 1688990987 * kS, kS},
      {"2023-07-10 12:09:47Z", 1688990987 * kS, kS},
      {"2023-07-10T14:09:47+02:00", 1688990987 * kS, kS},
      {"2023-07-10T14:09:47.5+02:00", 1688990987 * kS + 500 * kMs, 100 * kMs},
      {"2023-07-10T14:09:47+0200", 1688990987 * kS, kS},
      {"2023-07-10T05:39:47-06:30", 1688990987 * kS, kS},
      {"2023-07-10T12:09:47+00:00", 1688990987 * kS, kS},
      {"2023-07-10T12:09:47-00:00", 1688990987 * kS, kS},
      {"2023-07-10 12:09:47 UTC", 1688990987 * kS, kS},
      {"2023-07-10 12:09:47.123 UTC", 1688990987 * kS + 123 * kMs, kMs},
      {"2024-02-29T00:00:00Z", 1709164800 * kS, kS},
      {"2000-02-29T00:00:00Z", 951782400 * kS, kS},
      {"2016-12-31T23:59:60Z", 1483228800 * kS, kS},  // leap second: the next second
      {"2016-12-31T23:59:60.25Z", 1483228800 * kS + 250 * kMs, 10 * kMs},
      {"2191-12-31T23:59:59.999999999Z", 7005657599 * kS + 999999999, 1},
      // before 1970
      {"1969-12-31T23:59:59Z", -kS, kS},
      {"1969-12-31T23:59:59.75Z", -250 * kMs, 10 * kMs},
      {"1970-01-01T00:00:00+01:00", -3600 * kS, kS},
      {"1900-01-01T00:00:00Z", -2208988800 * kS, kS},
      {"31/Dec/1969:23:59:59 +0000", -kS, kS},
      {"Dec 31, 1969, 11:59:59 PM", -kS, kS},
      // Common log format
      {"[06/Feb/2019:00:00:38 +0000]", 1549411238 * kS, kS},
      {"06/Feb/2019:00:00:38 +0000", 1549411238 * kS, kS},
      {"06/Feb/2019:02:00:38 +0200", 1549411238 * kS, kS},
      {"[05/Feb/2019:19:00:38 -0500]", 1549411238 * kS, kS},
      // Month first
      {"Jul 10, 2023, 12:09:47 PM", 1688990987 * kS, kS},
      {"Jul 10, 2023, 12:09:47 AM", 1688947787 * kS, kS},
      {"Jul 1, 2023, 1:09:47 AM", 1688173787 * kS, kS},
      {"Jul 01, 2023, 01:09:47 PM", 1688216987 * kS, kS},
      {"Jul 10, 2023, 12:09:47\u202fPM", 1688990987 * kS, kS},
      // Epochs
      {"0", 0, kS},
      {"1633346546", 1633346546 * kS, kS},
      {"99999999999", kNoTime, 0},  // seconds, but past 2191
      {"7005657599", 7005657599 * kS, kS},
      {"100000000000", 100000000 * kS, kMs},
      {"1633346546592", 1633346546592 * kMs, kMs},
      {"99999999999999", kNoTime, 0},
      {"1633346546592123", 1633346546592123 * kUs, kUs},
      {"100000000000000", 100000000 * kS, kUs},
      {"1633346546592123456", 1633346546592123456, 1},
      {"100000000000000000", 100000000 * kS, 1},
      {"1633346546.592", 1633346546592 * kMs, kMs},
      {"1633346546.5", 1633346546 * kS + 500 * kMs, 100 * kMs},
      {"1633346546.0", 1633346546 * kS, 100 * kMs},
      {"1633346546.592123456", 1633346546592123456, 1},
      {"1633346546.5921234567891", 1633346546592123456, 1},
      {"1.6e9", 1600000000 * kS, kS},
      {"1.6E+9", 1600000000 * kS, kS},
      {"16e8", 1600000000 * kS, kS},
      {"16000000000e-1", 1600000000 * kS, 100 * kMs},
      {"1.633346546592e9", 1633346546592 * kMs, kMs},
      {"1.633346546592e12", 1633346546592 * kMs, kMs},
      {"1633346546592.0", 1633346546592 * kMs, 100 * kUs},
      {"1633346546592.25", 1633346546592 * kMs + 250 * kUs, 10 * kUs},
      {"0.25", 250 * kMs, 10 * kMs},
      {"0.000000001", 1, 1},
      {"25e-2", 250 * kMs, 10 * kMs},
      {"0e5", 0, kS},
  };
  for (const Good& c : cases) {
    const ParsedTime parsed = ParseTime(c.text);
    if (c.ns == kNoTime) {
      EXPECT_FALSE(parsed.time.known()) << c.text;
      continue;
    }
    EXPECT_EQ(parsed.time.ns, c.ns) << c.text;
    EXPECT_EQ(parsed.precision_ns, c.precision_ns) << c.text;
  }
}

TEST(ParseTime, NearMissesAreRefused) {
  const char* cases[] = {
      "", " ", "-", "null", "yesterday", "T", "Z", ".", "e9",
      "2023-07-10", "2023-07-10T", "2023-07-10T12", "2023-07-10T12:09", "2023-07-10T12:09:4", "2023-07-10T12:09:4Z",
      "2023-7-10T12:09:47Z", "2023-07-1T12:09:47Z", "23-07-10T12:09:47Z", "02023-07-10T12:09:47Z",
      "2023-07-10T12:09:47.Z", "2023-07-10T12:09:47.", "2023-07-10T12:09:47,5Z", "2023-07-10T12:09:47.1234567890Z",
      "2023-07-10T12:09:47Z ", " 2023-07-10T12:09:47Z", "2023-07-10T12:09:47ZZ", "2023-07-10T12:09:47 Z",
      "2023-07-10T12:09:47Zx", "2023-07-10T12:09:47utc",
      "2023-07-10  12:09:47", "2023-07-10_12:09:47Z", "2023/07/10T12:09:47Z", "2023-07-10T12-09-47Z",
      "2023-00-10T12:09:47Z", "2023-13-10T12:09:47Z", "2023-07-00T12:09:47Z", "2023-07-32T12:09:47Z",
      "2023-06-31T12:09:47Z", "2023-02-29T12:09:47Z", "1900-02-29T12:09:47Z", "2100-02-29T00:00:00Z",
      "2023-07-10T24:00:00Z", "2023-07-10T12:60:00Z", "2023-07-10T12:00:61Z",
      "2023-07-10T12:09:47+2:00", "2023-07-10T12:09:47+02", "2023-07-10T12:09:47+02:0", "2023-07-10T12:09:47+24:00",
      "2023-07-10T12:09:47+02:60", "2023-07-10T12:09:47+02:00Z", "2023-07-10T12:09:47 +02:00", "2023-07-10T12:09:47++02:00",
      "2023-07-10 12:09:47 UT", "2023-07-10 12:09:47 UTCx", "2023-07-10 12:09:47UTC", "2023-07-10 12:09:47 PST",
      "0001-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "1900-01-01T00:00:00+00:01", "2192-01-01T00:00:00Z",
      "2191-12-31T23:59:59-00:01", "2191-12-31T23:59:60Z", "2o23-07-10T12:09:47Z", "2023-07-10T1\xff:09:47Z",
      "[06/Feb/2019:00:00:38 +0000", "06/Feb/2019:00:00:38 +0000]", "06/Feb/2019:00:00:38", "06/feb/2019:00:00:38 +0000",
      "6/Feb/2019:00:00:38 +0000", "31/Feb/2019:00:00:38 +0000", "06/Feb/2019 00:00:38 +0000", "06/Feb/2019:00:00:38 +0000 x",
      "[]", "[", "06/",
      "Jul 10 2023, 12:09:47 PM", "Jul 10, 2023 12:09:47 PM", "Jul 10, 2023, 12:09:47", "Jul 10, 2023, 12:09:47 pm",
      "Jul 10, 2023, 13:09:47 PM", "Jul 10, 2023, 0:09:47 AM", "Jul 32, 2023, 1:09:47 AM", "July 10, 2023, 12:09:47 PM",
      "Jul 10, 2023, 12:09:47 PM UTC", "Jul 10, 2023, 12:9:47 PM", "Jul",
      "-1", "+1633346546", "01633346546", "1633346546.", ".5", "1633346546.5.5", "1633346546s", "0x61", "1,633,346,546",
      "1e", "1e+", "1e1000", "1.6e", "1.6e9x", "1_000", "NaN", "Infinity", "1e999",
      "9223372036854775807", "9223372036854775808", "18446744073709551616", "99999999999999999999", "7005657600",
      "1111111111111111111111111111111111111111111111111111111111111111111111",
  };
  for (const char* text : cases) {
    EXPECT_FALSE(ParseTime(text).time.known()) << '"' << text << '"';
  }
  EXPECT_FALSE(ParseTime(std::string_view("2023-07-10T12:09:47Z\0", 21)).time.known());
  EXPECT_FALSE(ParseTime(std::string_view("1633346546\0", 11)).time.known());
}

TEST(ParseTime, EveryDayOfTheRange) {
  // Counts the days itself, without the formula.
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int64_t day_number = -25'567;
  for (int year = 1900; year <= 2191; ++year) {
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    for (int month = 1; month <= 12; ++month) {
      const int days = kDays[month - 1] + (month == 2 && leap ? 1 : 0);
      for (int day = 1; day <= days + 1; ++day) {
        char text[48];
        std::snprintf(text, sizeof text, "%04d-%02d-%02dT00:00:01Z", year, month, day);
        const ParsedTime parsed = ParseTime(text);
        if (day > days) {
          ASSERT_FALSE(parsed.time.known()) << text;
          continue;
        }
        ASSERT_EQ(parsed.time.ns, (day_number * 86400 + 1) * kS) << text;
        ASSERT_EQ(FormatTime(parsed.time), text);
        ++day_number;
      }
    }
  }
}

TEST(ParseTime, RandomRoundTrips) {
  std::mt19937_64 random(20230710);
  for (int i = 0; i < 200'000; ++i) {
    const int64_t unit = (const int64_t[]){kS, kMs, kUs, 1}[random() % 4];
    const int64_t ns = kFirst + static_cast<int64_t>(random() % (kEnd - kFirst)) / unit * unit;
    const std::string text = FormatTime({ns});
    ASSERT_EQ(ParseTime(text).time.ns, ns) << text;
    // The same instant with an offset must be the same time: shift the clock and state the shift.
    const int minutes = static_cast<int>(random() % 1440) - 720;
    const int64_t shifted = ns + minutes * 60 * kS;
    if (shifted < kFirst || shifted >= kEnd) continue;
    std::string local = FormatTime({shifted});
    char offset[8];
    std::snprintf(offset, sizeof offset, "%c%02d:%02d", minutes < 0 ? '-' : '+', std::abs(minutes) / 60, std::abs(minutes) % 60);
    local.replace(local.size() - 1, 1, offset);
    ASSERT_EQ(ParseTime(local).time.ns, ns) << local;
    if (ns < 0) continue;
    // Epoch spellings of it.
    if (ns / kMs >= 100'000'000'000) {
      ASSERT_EQ(ParseTime(std::to_string(ns / kMs)).time.ns, ns / kMs * kMs);
    }
    if (ns >= 100'000'000'000'000'000) {
      ASSERT_EQ(ParseTime(std::to_string(ns)).time.ns, ns);
    }
    char decimal[40];
    std::snprintf(decimal, sizeof decimal, "%lld.%09lld", static_cast<long long>(ns / kS), static_cast<long long>(ns % kS));
    ASSERT_EQ(ParseTime(decimal).time.ns, ns) << decimal;
  }
}

// One byte changed in a good spelling: refused, or a time whose own text is a good spelling again. Never a crash, never a
// time outside the range.
TEST(ParseTime, RandomDamage) {
  const std::string good[] = {"2023-07-10T12:09:47.123456789Z", "2023-07-10 12:09:47 UTC", "[06/Feb/2019:00:00:38 +0000]",
                              "Jul 10, 2023, 12:09:47 PM", "1633346546.592", "1.6e9", "2023-07-10T12:09:47+02:00"};
  std::mt19937_64 random(7);
  for (int i = 0; i < 300'000; ++i) {
    std::string text = good[random() % std::size(good)];
    for (int edits = 1 + random() % 3; edits > 0 && !text.empty(); --edits) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0: text[at] = static_cast<char>(random()); break;
        case 1: text.erase(at, 1); break;
        default: text.insert(at, 1, "0123456789-:.+TZ []e"[random() % 20]);
      }
    }
    const ParsedTime parsed = ParseTime(text);
    if (!parsed.time.known()) continue;
    ASSERT_TRUE(parsed.time.ns >= kFirst && parsed.time.ns < kEnd) << text;
    ASSERT_GE(parsed.precision_ns, 1) << text;
    ASSERT_EQ(ParseTime(FormatTime(parsed.time)).time, parsed.time) << text;
  }
}

TEST(ParseSeconds, AnyYear) {
  EXPECT_EQ(ParseSeconds("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseSeconds("1969-12-31T23:59:59.999Z"), -1) << "rounded down";
  EXPECT_EQ(ParseSeconds("9999-12-31T23:59:59Z"), 253402300799);
  EXPECT_EQ(ParseSeconds("0001-01-01T00:00:00Z"), -62135596800);
  EXPECT_EQ(ParseSeconds("0000-01-01T00:00:00Z"), -62167219200);
  EXPECT_EQ(ParseSeconds("1688990987"), 1688990987);
  EXPECT_EQ(ParseSeconds("99999999999"), 99999999999);
  EXPECT_EQ(ParseSeconds("9999999999999999999"), 9999999999) << "nanoseconds";
  EXPECT_EQ(ParseSeconds("1633346546592.9"), 1633346546);
  for (const char* text : {"", "-1", "tomorrow", "2023-02-29T00:00:00Z", "99999999999999999999"}) EXPECT_FALSE(ParseSeconds(text)) << text;
}

TEST(FormatTime, AsManyDigitsAsNeeded) {
  EXPECT_EQ(FormatTime({0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatTime({1}), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(FormatTime({kUs}), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(FormatTime({500 * kMs}), "1970-01-01T00:00:00.500Z");
  EXPECT_EQ(FormatTime({1688990987 * kS + 120 * kMs}), "2023-07-10T12:09:47.120Z");
  EXPECT_EQ(FormatTime({-1}), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(FormatTime({INT64_MAX}), "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(FormatTime({}), "");
}

}  // namespace
}  // namespace tocsin::event
