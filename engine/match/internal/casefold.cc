#include "engine/match/internal/casefold.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "engine/content/utf8.h"

namespace tocsin::match {
namespace {

using content::CodePoint;
using content::CodePointAt;
using content::WriteCodePoint;
using content::kNotACodePoint;

struct FoldRun {
  char32_t first, last;
  uint32_t stride;
  int32_t distance;
};
constexpr FoldRun kFoldRuns[] = {
#include "engine/match/internal/casefold_table.inc"
};

}  // namespace

char32_t FoldCodePoint(char32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code;
  const FoldRun* run = std::lower_bound(std::begin(kFoldRuns), std::end(kFoldRuns), code,
                                        [](const FoldRun& each, char32_t sought) { return each.last < sought; });
  if (run == std::end(kFoldRuns) || code < run->first || (code - run->first) % run->stride != 0) return code;
  return static_cast<char32_t>(static_cast<int32_t>(code) + run->distance);
}

size_t Fold(std::string_view text, char* out) {
  char* to = out;
  for (size_t at = 0; at < text.size();) {
    while (text.size() - at >= 8) {
      uint64_t word;
      memcpy(&word, text.data() + at, 8);
      if (word & kHighBits) break;
      word = LowerEight(word);
      memcpy(to, &word, 8);
      at += 8;
      to += 8;
    }
    if (at == text.size()) break;
    const CodePoint point = CodePointAt(text, at);
    if (point.code == kNotACodePoint) *to++ = text[at];
    else to += WriteCodePoint(FoldCodePoint(point.code), to);
    at += point.size;
  }
  return static_cast<size_t>(to - out);
}

bool IsAscii(std::string_view text) {
  uint64_t bits = 0;
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word;
    memcpy(&word, text.data() + at, 8);
    bits |= word;
  }
  for (; at < text.size(); at++) bits |= static_cast<unsigned char>(text[at]);
  return (bits & kHighBits) == 0;
}

void FoldTo(std::string_view text, std::string& out) {
  out.resize(FoldedSizeMax(text.size()));
  out.resize(Fold(text, out.data()));
}

std::string Folded(std::string_view text) {
  std::string out(text);   // ASCII keeps its size, and takes no more memory than that
  if (!FoldAscii(text, out.data())) FoldTo(text, out);
  return out;
}

}  // namespace tocsin::match
