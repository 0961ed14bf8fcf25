#include "tests/oracle/text.h"

#include <re2/re2.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

namespace tocsin::oracle {
namespace {

constexpr std::pair<char32_t, char32_t> kFolds[] = {
#include "tests/oracle/fold_table.inc"
};

char32_t Fold(char32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
  const auto* it = std::lower_bound(std::begin(kFolds), std::end(kFolds), code, [](const auto& pair, char32_t wanted) { return pair.first < wanted; });
  return it != std::end(kFolds) && it->first == code ? it->second : code;
}

bool IsFlagDash(char32_t code) { return code == '-' || code == '/' || code == 0x2013 || code == 0x2014 || code == 0x2015; }

bool IsWord(char32_t code) {
  static const re2::RE2 word("[\\pL\\pN_]");
  return code < 0x110000 && re2::RE2::FullMatch(Utf8(std::u32string(1, code)), word);
}

bool MatchesFrom(const SigmaString& pattern, size_t p, std::u32string_view text, size_t t) {
  for (; p < pattern.size(); p++, t++) {
    if (pattern[p].kind == Token::Kind::kAny) {
      if (p + 1 == pattern.size()) return true;
      for (; t <= text.size(); t++) {
        if (MatchesFrom(pattern, p + 1, text, t)) return true;
      }
      return false;
    }
    if (t == text.size()) return false;
    if (pattern[p].kind == Token::Kind::kChar && pattern[p].code != text[t]) return false;
    if (pattern[p].kind == Token::Kind::kDash && !IsFlagDash(text[t])) return false;
  }
  return t == text.size();
}

// A number as digits without zeros at either end and the power of ten of the first digit's place. Zero has no digits.
struct Decimal {
  bool negative = false;
  std::string digits;
  long long power = 0;
};

Decimal Parse(std::string_view text) {
  Decimal number;
  number.negative = text[0] == '-';
  if (number.negative) text.remove_prefix(1);
  const size_t e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    std::string exponent(text.substr(e + 1));
    const bool down = exponent[0] == '-';
    if (exponent[0] == '-' || exponent[0] == '+') exponent.erase(0, 1);
    exponent.erase(0, exponent.find_first_not_of('0'));
    // No text is so long that its digits could outweigh an exponent of 15 digits.
    number.power = exponent.empty() ? 0 : exponent.size() > 15 ? 1'000'000'000'000'000 : std::stoll(exponent);
    if (down) number.power = -number.power;
    text = text.substr(0, e);
  }
  const size_t dot = std::min(text.find('.'), text.size());
  number.digits = std::string(text.substr(0, dot)) + std::string(text.substr(std::min(dot + 1, text.size())));
  number.power += static_cast<long long>(dot) - 1;
  const size_t zeros = std::min(number.digits.find_first_not_of('0'), number.digits.size());
  number.digits.erase(0, zeros);
  number.power -= static_cast<long long>(zeros);
  while (!number.digits.empty() && number.digits.back() == '0') number.digits.pop_back();
  if (number.digits.empty()) return {};
  return number;
}

Instant WithFraction(int64_t seconds, const std::string& fraction) {
  Instant moment{seconds, 0, 1'000'000'000};
  for (const char c : fraction) {
    moment.precision_ns /= 10;
    moment.nanosecond += moment.precision_ns * (c - '0');
  }
  return moment;
}

}  // namespace

std::u32string CodePoints(std::string_view utf8) {
  std::u32string out;
  for (size_t i = 0; i < utf8.size();) {
    const auto byte = [&](size_t at) { return static_cast<unsigned char>(utf8[at]); };
    const unsigned char first = byte(i);
    size_t size = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    char32_t code = size == 1 ? first : size == 2 ? first & 0x1F : size == 3 ? first & 0x0F : first & 0x07;
    if (i + size > utf8.size()) size = 0;
    for (size_t k = 1; k < size; k++) {
      if ((byte(i + k) & 0xC0) != 0x80) size = 0;
      else code = code << 6 | (byte(i + k) & 0x3F);
    }
    if (size == 0) {
      code = 0x110000 + first;
      size = 1;
    }
    out += code;
    i += size;
  }
  return out;
}

std::string Utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t code : text) {
    const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code >= 0x110000) {
      put(code - 0x110000);
    } else if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0 | code >> 6);
      put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      put(0xE0 | code >> 12);
      put(0x80 | (code >> 6 & 0x3F));
      put(0x80 | (code & 0x3F));
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
      put(0x80 | (code >> 6 & 0x3F));
      put(0x80 | (code & 0x3F));
    }
  }
  return out;
}

std::u32string Folded(std::u32string text) {
  for (char32_t& code : text) code = Fold(code);
  return text;
}

SigmaString ParseSigmaString(std::string_view utf8) {
  const std::u32string text = CodePoints(utf8);
  SigmaString out;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '*' || text[i + 1] == '?' || text[i + 1] == '\\')) {
      out.push_back({Token::Kind::kChar, text[++i]});
    } else if (text[i] == '*') {
      out.push_back({Token::Kind::kAny, 0});
    } else if (text[i] == '?') {
      out.push_back({Token::Kind::kOne, 0});
    } else {
      out.push_back({Token::Kind::kChar, text[i]});
    }
  }
  return out;
}

bool HasWildcard(const SigmaString& pattern) {
  return std::any_of(pattern.begin(), pattern.end(), [](const Token& token) { return token.kind == Token::Kind::kAny || token.kind == Token::Kind::kOne; });
}

void MarkFlagDashes(SigmaString& pattern) {
  const SigmaString original = pattern;
  const auto is_word = [&](size_t i) { return i < original.size() && original[i].kind == Token::Kind::kChar && IsWord(original[i].code); };
  for (size_t i = 0; i < pattern.size(); i++) {
    const bool dash = original[i].kind == Token::Kind::kChar && IsFlagDash(original[i].code);
    if (dash && !(i > 0 && is_word(i - 1)) && is_word(i + 1)) pattern[i].kind = Token::Kind::kDash;
  }
}

SigmaString Folded(SigmaString pattern) {
  for (Token& token : pattern) token.code = Fold(token.code);
  return pattern;
}

bool Matches(const SigmaString& pattern, std::u32string_view text) { return MatchesFrom(pattern, 0, text, 0); }

std::string Base64(std::string_view bytes) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bits, out;
  for (const char c : bytes) {
    for (int bit = 7; bit >= 0; bit--) bits.push_back(static_cast<unsigned char>(c) >> bit & 1 ? '1' : '0');
  }
  while (bits.size() % 6 != 0) bits.push_back('0');
  for (size_t i = 0; i < bits.size(); i += 6) out.push_back(kAlphabet[std::stoi(bits.substr(i, 6), nullptr, 2)]);
  while (out.size() % 4 != 0) out.push_back('=');
  return out;
}

std::vector<std::string> Base64Offsets(std::string_view bytes) {
  static constexpr int kStart[] = {0, 2, 3}, kEnd[] = {0, 3, 2};
  std::vector<std::string> out;
  for (int i = 0; i < 3; i++) {
    std::string text = Base64(std::string(static_cast<size_t>(i), '\0') + std::string(bytes));
    text.erase(text.size() - static_cast<size_t>(kEnd[(bytes.size() + static_cast<size_t>(i)) % 3]));
    out.push_back(text.substr(std::min(static_cast<size_t>(kStart[i]), text.size())));
  }
  return out;
}

std::string ToUtf16(std::string_view utf8, Utf16 form) {
  std::string out;
  const auto put = [&](unsigned unit) {
    const char low = static_cast<char>(unit & 0xFF), high = static_cast<char>(unit >> 8);
    out.push_back(form == Utf16::kBig ? high : low);
    out.push_back(form == Utf16::kBig ? low : high);
  };
  if (form == Utf16::kMarked) put(0xFEFF);
  for (const char32_t code : CodePoints(utf8)) {
    if (code < 0x10000) {
      put(code);
    } else {
      put(0xD800 + ((code - 0x10000) >> 10));
      put(0xDC00 + ((code - 0x10000) & 0x3FF));
    }
  }
  return out;
}

bool IsJsonNumber(std::string_view text) {
  static const re2::RE2 number("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?");
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), number);
}

int CompareNumbers(std::string_view a_text, std::string_view b_text) {
  const Decimal a = Parse(a_text), b = Parse(b_text);
  const auto sign = [](const Decimal& number) { return number.digits.empty() ? 0 : number.negative ? -1 : 1; };
  if (sign(a) != sign(b)) return sign(a) - sign(b);
  int magnitude = 0;
  if (!a.digits.empty()) magnitude = a.power != b.power ? (a.power < b.power ? -1 : 1) : a.digits.compare(b.digits);
  return a.negative ? -magnitude : magnitude;
}

std::optional<Instant> ParseInstant(std::string_view text) {
  using namespace std::chrono;
  const std::string copy(text);
  int y, mo, d, h, mi, s;
  std::string fraction, zone;
  static const re2::RE2 stamp(
      "(\\d{4})-(\\d\\d)-(\\d\\d)[Tt ](\\d\\d):(\\d\\d):(\\d\\d)(?:\\.(\\d{1,9}))?([Zz]|[-+]\\d\\d:\\d\\d)?");
  if (re2::RE2::FullMatch(copy, stamp, &y, &mo, &d, &h, &mi, &s, &fraction, &zone)) {
    const year_month_day date{year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d))};
    if (!date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
    int64_t seconds_since = sys_days(date).time_since_epoch() / seconds(1) + h * 3600 + mi * 60 + s;
    if (zone.size() == 6) {
      const int64_t offset = std::stoi(zone.substr(1, 2)) * 3600 + std::stoi(zone.substr(4, 2)) * 60;
      seconds_since -= zone[0] == '-' ? -offset : offset;
    }
    return WithFraction(seconds_since, fraction);
  }
  static const re2::RE2 decimal("(0|[1-9]\\d{0,9})\\.(\\d{1,9})");
  std::string whole_seconds;
  if (re2::RE2::FullMatch(copy, decimal, &whole_seconds, &fraction)) return WithFraction(std::stoll(whole_seconds), fraction);
  // 1e2: a number is a number however JSON spells it.
  if (IsJsonNumber(copy) && copy[0] != '-' && copy.find_first_of("eE") != copy.npos && std::stod(copy) < 1e10) return WithFraction(static_cast<int64_t>(std::stod(copy)), std::to_string(std::fmod(std::stod(copy), 1)).substr(2));
  static const re2::RE2 whole("0|[1-9]\\d{0,12}");
  if (re2::RE2::FullMatch(copy, whole)) {
    const int64_t number = std::stoll(copy);
    if (number > 1'000'000'000'000) return Instant{number / 1000, number % 1000 * 1'000'000, 1'000'000};
    return Instant{number, 0, 1'000'000'000};
  }
  return std::nullopt;
}

std::optional<Moment> ParseMoment(std::string_view text) {
  using namespace std::chrono;
  const std::optional<Instant> instant = ParseInstant(text);
  const auto since = [](int y) { return sys_days(year(y) / January / 1).time_since_epoch() / seconds(1); };
  if (!instant || instant->seconds < since(1900) || instant->seconds >= since(2192)) return std::nullopt;
  return Moment{instant->seconds * 1'000'000'000 + instant->nanosecond, instant->precision_ns};
}

int64_t PartOf(int64_t seconds_since, std::string_view part) {
  using namespace std::chrono;
  const sys_seconds time{seconds(seconds_since)};
  const sys_days date = floor<days>(time);
  const year_month_day calendar(date);
  const int64_t second = (time - date) / seconds(1);
  if (part == "minute") return second / 60 % 60;
  if (part == "hour") return second / 3600;
  if (part == "day") return static_cast<unsigned>(calendar.day());
  if (part == "month") return static_cast<unsigned>(calendar.month());
  if (part == "year") return static_cast<int>(calendar.year());
  // An ISO week belongs to the year that holds its Thursday.
  const sys_days thursday = date - (weekday(date) - Monday) + days(3);
  const sys_days new_year = sys_days(year_month_day(thursday).year() / January / 1);
  return (thursday - new_year).count() / 7 + 1;
}

}  // namespace tocsin::oracle
