#include "engine/event/time.h"

#include <array>
#include <cstring>

namespace tocsin::event {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr size_t kMaxTimeText = 64;
// A text that is a time, of any year that a text can name.
struct Moment {
  bool known = false;
  int64_t seconds = 0;  // since 1970, rounded down
  int nanosecond = 0;
  int64_t precision_ns = 1;
};

constexpr std::array<int64_t, 10> kPow10 = {1, 10, 100, 1000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, kSecond};

constexpr bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// What is left of the text. Every Take returns false and leaves the text anywhere when it does not fit.
struct Cursor {
  const char* at;
  const char* end;

  bool done() const { return at == end; }
  bool Take(char c) {
    if (at == end || *at != c) return false;
    ++at;
    return true;
  }
  bool Take(std::string_view text) {
    if (static_cast<size_t>(end - at) < text.size() || std::memcmp(at, text.data(), text.size()) != 0) return false;
    at += text.size();
    return true;
  }
  // Exactly `digits` of them.
  bool TakeNumber(int digits, int& value) {
    if (end - at < digits) return false;
    value = 0;
    for (int i = 0; i < digits; ++i) {
      if (!IsDigit(at[i])) return false;
      value = value * 10 + (at[i] - '0');
    }
    at += digits;
    return true;
  }
  bool TakeOneOrTwoDigits(int& value) {
    return TakeNumber(end - at >= 2 && IsDigit(at[0]) && IsDigit(at[1]) ? 2 : 1, value);
  }
};

struct Civil {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  int nanosecond = 0;
  int fraction_digits = 0;
  int offset_seconds = 0;  // east of UTC
};

constexpr bool IsLeap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

constexpr int DaysInMonth(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeap(year) ? 29 : kDays[month - 1];
}

// Days since 1970-01-01 in the proleptic Gregorian calendar: counts whole 400-year eras from 0000-03-01, so that the leap
// day is the last of its year.
constexpr int64_t DaysFromCivil(int year, int month, int day) {
  year -= month <= 2;
  const int era = (year >= 0 ? year : year - 399) / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return int64_t{era} * 146'097 + day_of_era - 719'468;
}
static_assert(DaysFromCivil(1970, 1, 1) == 0 && DaysFromCivil(2000, 2, 29) == 11'016);

// The years of EventTime: the difference of any two times is an int64 of nanoseconds, with room for a span around one.
constexpr int64_t kFirstSecond = DaysFromCivil(1900, 1, 1) * 86'400, kEndSecond = DaysFromCivil(2192, 1, 1) * 86'400;
static_assert(kEndSecond - kFirstSecond < INT64_MAX / kSecond);

Moment Assemble(const Civil& c) {
  if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > DaysInMonth(c.year, c.month) ||
      c.hour > 23 || c.minute > 59 || c.second > 60) {
    return {};
  }
  // Second 60 counts on into the next minute: a leap second has no place of its own in this time scale.
  const int64_t seconds = DaysFromCivil(c.year, c.month, c.day) * 86'400 + c.hour * 3600 + c.minute * 60 + c.second -
                          c.offset_seconds;
  return {true, seconds, c.nanosecond, kPow10[9 - c.fraction_digits]};
}

bool TakeFraction(Cursor& in, Civil& c) {
  int digits = 0, value = 0;
  while (in.at != in.end && IsDigit(*in.at)) {
    if (++digits > 9) return false;
    value = value * 10 + (*in.at++ - '0');
  }
  if (digits == 0) return false;
  c.fraction_digits = digits;
  c.nanosecond = static_cast<int>(value * kPow10[9 - digits]);
  return true;
}

bool TakeClock(Cursor& in, Civil& c) {
  return in.TakeNumber(2, c.hour) && in.Take(':') && in.TakeNumber(2, c.minute) && in.Take(':') && in.TakeNumber(2, c.second);
}

// +hh:mm, and +hhmm as the common log format and many programs write it.
bool TakeOffset(Cursor& in, Civil& c) {
  const bool west = in.Take('-');
  if (!west && !in.Take('+')) return false;
  int hours = 0, minutes = 0;
  if (!in.TakeNumber(2, hours)) return false;
  in.Take(':');
  if (!in.TakeNumber(2, minutes) || hours > 23 || minutes > 59) return false;
  c.offset_seconds = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
  return true;
}

Moment ParseRfc3339(std::string_view text) {
  Cursor in{text.data(), text.data() + text.size()};
  Civil c;
  if (!in.TakeNumber(4, c.year) || !in.Take('-') || !in.TakeNumber(2, c.month) || !in.Take('-') || !in.TakeNumber(2, c.day)) {
    return {};
  }
  if (!in.Take('T') && !in.Take('t') && !in.Take(' ')) return {};
  if (!TakeClock(in, c)) return {};
  if (in.Take('.') && !TakeFraction(in, c)) return {};
  if (!in.done() && !in.Take('Z') && !in.Take('z') && !in.Take(" UTC") && !TakeOffset(in, c)) return {};
  return in.done() ? Assemble(c) : Moment{};
}

bool TakeMonthName(Cursor& in, int& month) {
  constexpr std::string_view kNames = "JanFebMarAprMayJunJulAugSepOctNovDec";
  for (month = 1; month <= 12; ++month) {
    if (in.Take(kNames.substr((month - 1) * 3, 3))) return true;
  }
  return false;
}

// 06/Feb/2019:00:00:38 +0000, as web servers and S3 access logs write it.
Moment ParseCommonLog(std::string_view text) {
  Cursor in{text.data(), text.data() + text.size()};
  const bool bracket = in.Take('[');
  Civil c;
  if (!in.TakeNumber(2, c.day) || !in.Take('/') || !TakeMonthName(in, c.month) || !in.Take('/') ||
      !in.TakeNumber(4, c.year) || !in.Take(':') || !TakeClock(in, c) || !in.Take(' ') || !TakeOffset(in, c) ||
      (bracket && !in.Take(']')) || !in.done()) {
    return {};
  }
  return Assemble(c);
}

// Jul 10, 2023, 12:09:47 PM. Newer locale data puts a narrow no-break space before the half of the day.
Moment ParseMonthFirst(std::string_view text) {
  Cursor in{text.data(), text.data() + text.size()};
  Civil c;
  if (!TakeMonthName(in, c.month) || !in.Take(' ') || !in.TakeOneOrTwoDigits(c.day) || !in.Take(", ") ||
      !in.TakeNumber(4, c.year) || !in.Take(", ") || !in.TakeOneOrTwoDigits(c.hour) || !in.Take(':') ||
      !in.TakeNumber(2, c.minute) || !in.Take(':') || !in.TakeNumber(2, c.second) ||
      (!in.Take(' ') && !in.Take("\u202f")) || c.hour < 1 || c.hour > 12) {
    return {};
  }
  c.hour %= 12;
  if (in.Take("PM")) {
    c.hour += 12;
  } else if (!in.Take("AM")) {
    return {};
  }
  return in.done() ? Assemble(c) : Moment{};
}

// A JSON number, exactly: a double has no room for the nanoseconds of this century.
Moment ParseEpoch(std::string_view text) {
  Cursor in{text.data(), text.data() + text.size()};
  std::array<char, kMaxTimeText> digits;
  int count = 0, fraction = 0, exponent = 0;
  if (text.size() > 1 && text[0] == '0' && IsDigit(text[1])) return {};
  while (!in.done() && IsDigit(*in.at)) digits[count++] = *in.at++;
  if (count == 0) return {};
  if (in.Take('.')) {
    while (!in.done() && IsDigit(*in.at)) {
      digits[count++] = *in.at++;
      ++fraction;
    }
    if (fraction == 0) return {};
  }
  if (in.Take('e') || in.Take('E')) {
    const bool negative = in.Take('-');
    if (!negative) in.Take('+');
    int exponent_digits = 0;
    while (!in.done() && IsDigit(*in.at)) {
      if (++exponent_digits > 3) return {};
      exponent = exponent * 10 + (*in.at++ - '0');
    }
    if (exponent_digits == 0) return {};
    if (negative) exponent = -exponent;
  }
  if (!in.done()) return {};

  // value = digits * 10^-scale. The digits before the point decide the unit.
  const int scale = fraction - exponent;
  int first = 0;
  while (first < count && digits[first] == '0') ++first;
  const int whole_digits = first == count ? 0 : count - first - scale;  // may be negative: 0.00x
  if (whole_digits > 19) return {};
  // Seconds below 1e11 (year 5138), then milli, micro and nano: each unit's range begins where the one before has left the
  // years that anyone logs. 19 digits at most, so that no power of ten overflows.
  const int unit = whole_digits < 12 ? 9 : whole_digits < 15 ? 6 : whole_digits < 18 ? 3 : 0;  // 10^unit ns
  unsigned __int128 ns = 0;
  const int kept = count - scale + unit;  // digits up to the nanosecond; what is finer is cut off
  for (int i = first; i < kept; ++i) {
    ns = ns * 10 + (i < count ? static_cast<unsigned>(digits[i] - '0') : 0u);
  }
  const int precision = scale <= 0 ? unit : scale >= unit ? 0 : unit - scale;
  return {true, static_cast<int64_t>(ns / kSecond), static_cast<int>(ns % kSecond), kPow10[precision]};
}

// `YYYY-MM-DDThh:mm:ssZ` and its fractions are nearly all that the big sources write: fixed places, no branches but one.
bool LooksRfc3339(std::string_view text) { return text.size() >= 19 && text[4] == '-' && text[7] == '-' && text[13] == ':'; }

Moment ParseFast(std::string_view text, bool& taken) {
  taken = false;
  const char* p = text.data();
  unsigned bad = 0;
  const auto digit = [&](int i) {
    const unsigned d = static_cast<unsigned char>(p[i] - '0');
    bad |= d > 9;
    return static_cast<int>(d);
  };
  Civil c;
  c.year = digit(0) * 1000 + digit(1) * 100 + digit(2) * 10 + digit(3);
  c.month = digit(5) * 10 + digit(6);
  c.day = digit(8) * 10 + digit(9);
  c.hour = digit(11) * 10 + digit(12);
  c.minute = digit(14) * 10 + digit(15);
  c.second = digit(17) * 10 + digit(18);
  bad |= (p[10] != 'T') | (p[16] != ':');
  if (bad) return {};
  if (text.size() == 20) {
    if (p[19] != 'Z') return {};
  } else {
    Cursor in{p + 19, p + text.size()};
    if (!in.Take('.') || !TakeFraction(in, c) || !in.Take('Z') || !in.done()) return {};
  }
  taken = true;
  return Assemble(c);
}

Moment Parse(std::string_view text) {
  if (text.empty() || text.size() > kMaxTimeText) return {};
  if (LooksRfc3339(text)) {
    if (text.size() >= 20) {
      bool taken;
      const Moment fast = ParseFast(text, taken);
      if (taken) return fast;
    }
    return ParseRfc3339(text);
  }
  if (text[0] == '[' || (text.size() > 2 && text[2] == '/')) return ParseCommonLog(text);
  if (IsDigit(text[0])) return ParseEpoch(text);
  return ParseMonthFirst(text);
}

void AppendDigits(std::string& out, int64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i) out.push_back(static_cast<char>('0' + value / kPow10[i] % 10));
}

}  // namespace

ParsedTime ParseTime(std::string_view text) {
  const Moment moment = Parse(text);
  if (!moment.known || moment.seconds < kFirstSecond || moment.seconds >= kEndSecond) return {};
  return {{moment.seconds * kSecond + moment.nanosecond}, moment.precision_ns};
}

std::optional<int64_t> ParseSeconds(std::string_view text) {
  const Moment moment = Parse(text);
  return moment.known ? std::optional(moment.seconds) : std::nullopt;
}

std::string FormatTime(EventTime time) {
  if (!time.known()) return {};
  int64_t seconds = time.ns / kSecond, nanoseconds = time.ns % kSecond;
  if (nanoseconds < 0) {
    nanoseconds += kSecond;
    --seconds;
  }
  int64_t days = seconds / 86'400, second_of_day = seconds % 86'400;
  if (second_of_day < 0) {
    second_of_day += 86'400;
    --days;
  }
  // DaysFromCivil backwards.
  const int64_t shifted = days + 719'468;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const int64_t day_of_era = shifted - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2);

  std::string out;
  out.reserve(30);
  AppendDigits(out, year, 4);
  out.push_back('-');
  AppendDigits(out, month, 2);
  out.push_back('-');
  AppendDigits(out, day, 2);
  out.push_back('T');
  AppendDigits(out, second_of_day / 3600, 2);
  out.push_back(':');
  AppendDigits(out, second_of_day / 60 % 60, 2);
  out.push_back(':');
  AppendDigits(out, second_of_day % 60, 2);
  if (nanoseconds != 0) {
    const int digits = nanoseconds % 1'000'000 == 0 ? 3 : nanoseconds % 1000 == 0 ? 6 : 9;
    out.push_back('.');
    AppendDigits(out, nanoseconds / kPow10[9 - digits], digits);
  }
  out.push_back('Z');
  return out;
}

}  // namespace tocsin::event
