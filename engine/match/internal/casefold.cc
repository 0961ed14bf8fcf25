#include "engine/match/internal/casefold.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "engine/match/internal/utf8.h"

namespace tocsin::match {
namespace {

struct FoldRun {
  char32_t first, last;
  uint32_t stride;
  int32_t distance;
};
constexpr FoldRun kFoldRuns[] = {
#include "engine/match/internal/casefold_table.inc"
};

constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kHighBits = 0x80 * kOnes;

// Small letters for the capitals among eight ASCII bytes. REQUIRES: no byte >= 0x80.
constexpr uint64_t LowerEight(uint64_t word) {
  const uint64_t from_a = word + (0x80 - 'A') * kOnes;       // high bit: byte >= 'A'
  const uint64_t past_z = word + (0x80 - 'Z' - 1) * kOnes;   // high bit: byte > 'Z'
  return word | ((from_a & ~past_z & kHighBits) >> 2);       // 0x80 >> 2 is the bit between 'A' and 'a'
}

#ifdef __AVX2__
// memcpy of 1 to 31 bytes without a call.
void CopyShort(const char* from, size_t size, char* to) {
  if (size >= 16) {
    memcpy(to, from, 16);
    memcpy(to + size - 16, from + size - 16, 16);
  } else if (size >= 8) {
    memcpy(to, from, 8);
    memcpy(to + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    memcpy(to, from, 4);
    memcpy(to + size - 4, from + size - 4, 4);
  } else {
    to[0] = from[0];
    to[size / 2] = from[size / 2];
    to[size - 1] = from[size - 1];
  }
}
#endif

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

size_t FoldWide(std::string_view text, char* out, bool* ascii) {
#ifdef __AVX2__
  const __m256i before_a = _mm256_set1_epi8('A' - 1), behind_z = _mm256_set1_epi8('Z' + 1), bit = _mm256_set1_epi8(0x20);
  const auto lower = [&](__m256i bytes) {
    const __m256i capital = _mm256_and_si256(_mm256_cmpgt_epi8(bytes, before_a), _mm256_cmpgt_epi8(behind_z, bytes));
    return _mm256_or_si256(bytes, _mm256_and_si256(capital, bit));
  };
  __m256i seen = _mm256_setzero_si256();
  size_t at = 0;
  for (; at + 32 <= text.size(); at += 32) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + at));
    seen = _mm256_or_si256(seen, bytes);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + at), lower(bytes));
  }
  if (at < text.size()) {
    alignas(32) char rest[32] = {};
    CopyShort(text.data() + at, text.size() - at, rest);
    const __m256i bytes = _mm256_load_si256(reinterpret_cast<const __m256i*>(rest));
    seen = _mm256_or_si256(seen, bytes);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + at), lower(bytes));
  }
  *ascii = _mm256_movemask_epi8(seen) == 0;
  if (*ascii) return text.size();
#endif
  const size_t size = Fold(text, out);
  *ascii = IsAscii({out, size});
  return size;
}

void FoldTo(std::string_view text, std::string& out) {
  out.resize(FoldedSizeMax(text.size()));
  out.resize(Fold(text, out.data()));
}

std::string Folded(std::string_view text) {
  std::string out;
  FoldTo(text, out);
  return out;
}

}  // namespace tocsin::match
