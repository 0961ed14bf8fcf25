// Texts as the oracle compares them: code points, simple case folding, Sigma strings, encodings, exact decimals, times.
// SIGMA.md 10-13, 18 and the modifier table. Every function is the shortest one that is plainly right.
#ifndef TOCSIN_TESTS_ORACLE_TEXT_H_
#define TOCSIN_TESTS_ORACLE_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::oracle {

// A byte that is part of no code point stands for itself, above Unicode.
std::u32string CodePoints(std::string_view utf8);
std::string Utf8(std::u32string_view text);
std::u32string Folded(std::u32string text);

// One place of a Sigma string.
struct Token {
  enum class Kind { kChar, kAny /* '*' */, kOne /* '?' */, kDash /* a flag's dash: any of the five */ };
  Kind kind = Kind::kChar;
  char32_t code = 0;
};
using SigmaString = std::vector<Token>;

// 11: `\` before `*`, `?` or `\` yields that character, any other `\` is itself.
SigmaString ParseSigmaString(std::string_view utf8);
bool HasWildcard(const SigmaString& pattern);
// The windash row: dashes matching \B[-/–—―]\b become kDash.
void MarkFlagDashes(SigmaString& pattern);
SigmaString Folded(SigmaString pattern);
bool Matches(const SigmaString& pattern, std::u32string_view text);

std::string Base64(std::string_view bytes);
std::vector<std::string> Base64Offsets(std::string_view bytes);
enum class Utf16 { kLittle, kBig, kMarked };
std::string ToUtf16(std::string_view utf8, Utf16 form);

// The JSON grammar's number, whole.
bool IsJsonNumber(std::string_view text);
// < 0, 0, > 0 by exact value. REQUIRES: both are JSON numbers.
int CompareNumbers(std::string_view a, std::string_view b);

struct Instant {
  int64_t seconds = 0;      // since 1970, rounded down
  int64_t nanosecond = 0;
  int64_t precision_ns = 1;
};
// RFC 3339 (`T` or a blank; an offset, Z or none), epoch seconds (a fraction too), epoch milliseconds above 1e12.
std::optional<Instant> ParseInstant(std::string_view text);
// The time of an event: an instant of the years 1900 to 2191.
struct Moment {
  int64_t ns = 0;
  int64_t precision_ns = 1;
};
std::optional<Moment> ParseMoment(std::string_view text);
// "minute" ... "year" of it in UTC; "week" is the ISO week.
int64_t PartOf(int64_t seconds_since, std::string_view part);

}  // namespace tocsin::oracle

#endif  // TOCSIN_TESTS_ORACLE_TEXT_H_
