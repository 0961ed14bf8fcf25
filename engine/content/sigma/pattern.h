// Sigma strings: text with wildcards and escapes to Pattern (SIGMA.md 10-12), and the byte encodings of the modifier table.
#ifndef TOCSIN_ENGINE_CONTENT_SIGMA_PATTERN_H_
#define TOCSIN_ENGINE_CONTENT_SIGMA_PATTERN_H_

#include <string>
#include <string_view>
#include <vector>

#include "engine/content/sigma/rule.h"

namespace tocsin::content {

// Scans left to right: `\` before `*`, `?` or `\` yields that character and consumes both; any other `\` is itself.
// `around`: of so many pieces more, which the caller adds, there is room.
Pattern ParsePattern(std::string_view text, int around = 0);

// The text that gives the pattern; put together, texts of patterns give the patterns together.
std::string PatternSource(const Pattern& pattern);

// A text's forms with each of its flag dashes (`- / – — ―` with no word boundary before and one behind) as each of the five.
// Empty when there are more than kMaxDashForms of them.
inline constexpr size_t kMaxDashForms = 625;   // four dashes
std::vector<std::string> DashForms(std::string_view text);

// The pattern with "any run" before or after it, unless one is there.
void AddAnyBefore(Pattern& pattern);
void AddAnyAfter(Pattern& pattern);

std::string Base64(std::string_view bytes);                      // padded
// The three forms that base64 of text with `value` in it can hold, by the offset of `value` modulo 3; edges cut off.
std::vector<std::string> Base64Offsets(std::string_view value);

enum class Utf16Form { kLittleEndian, kBigEndian, kWithMark };   // kWithMark: FF FE, then little-endian
std::string ToUtf16(std::string_view utf8, Utf16Form form);

// Where the first byte stands that is not UTF-8; npos when there is none.
size_t FindBadUtf8(std::string_view text);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_SIGMA_PATTERN_H_
