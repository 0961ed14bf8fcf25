// Simple case folding (Unicode statuses C and S): one code point becomes one code point, so that texts which differ in case
// alone become equal bytes, and `?` still stands for one character. After it every
// comparison is one of bytes.
//
// The Kelvin sign folds to k and the long s to s: a text with a byte >= 0x80 cannot be compared by ASCII rules alone.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_CASEFOLD_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_CASEFOLD_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace tocsin::match {

char32_t FoldCodePoint(char32_t code);

// How many bytes folding may need: U+023A, two bytes, becomes U+2C65, three; nothing grows by more.
constexpr size_t FoldedSizeMax(size_t size) { return size + size / 2 + 1; }

// Writes the folded text and returns its size. Bytes that are not UTF-8 stay as they are. Linear; ASCII goes eight bytes a
// step. REQUIRES: room for FoldedSizeMax(text.size()).
size_t Fold(std::string_view text, char* out);

bool IsAscii(std::string_view text);

inline constexpr uint64_t kOnes = 0x0101010101010101;
inline constexpr uint64_t kHighBits = 0x80 * kOnes;

// Small letters for the capitals among eight ASCII bytes. REQUIRES: no byte >= 0x80.
constexpr uint64_t LowerEight(uint64_t word) {
  const uint64_t from_a = word + (0x80 - 'A') * kOnes;       // high bit: byte >= 'A'
  const uint64_t past_z = word + (0x80 - 'Z' - 1) * kOnes;   // high bit: byte > 'Z'
  return word | ((from_a & ~past_z & kHighBits) >> 2);       // 0x80 >> 2 is the bit between 'A' and 'a'
}

// Fold for ASCII. False, with `out` in any state, when the text is not. Touches no byte beside the texts: ends that are no whole
// word are done by two words that overlap. REQUIRES: room for text.size().
inline bool FoldAscii(std::string_view text, char* out) {
  const char* const from = text.data();
  const size_t size = text.size();
  const auto load = [&](size_t at, size_t bytes) {
    uint64_t word = 0;
    memcpy(&word, from + at, bytes);
    return word;
  };
  if (size >= 8) {
    uint64_t seen = 0;
    size_t at = 0;
#ifdef __AVX2__
    if (size >= 32) {
      const __m256i before_a = _mm256_set1_epi8('A' - 1), behind_z = _mm256_set1_epi8('Z' + 1), bit = _mm256_set1_epi8(0x20);
      __m256i all = _mm256_setzero_si256();
      const auto step = [&](size_t place) {
        const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + place));
        const __m256i capital = _mm256_and_si256(_mm256_cmpgt_epi8(bytes, before_a), _mm256_cmpgt_epi8(behind_z, bytes));
        all = _mm256_or_si256(all, bytes);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + place), _mm256_or_si256(bytes, _mm256_and_si256(capital, bit)));
      };
      for (; at + 32 <= size; at += 32) step(at);
      if (at < size) step(size - 32);
      return _mm256_movemask_epi8(all) == 0;
    }
#endif
    const auto step = [&](size_t place) {
      const uint64_t word = load(place, 8);
      const uint64_t lower = LowerEight(word);
      seen |= word;
      memcpy(out + place, &lower, 8);
    };
    for (; at + 8 <= size; at += 8) step(at);
    if (at < size) step(size - 8);
    return (seen & kHighBits) == 0;
  }
  if (size >= 4) {
    const uint64_t word = load(0, 4) | load(size - 4, 4) << 32;
    const uint64_t lower = LowerEight(word);
    const uint32_t head = static_cast<uint32_t>(lower), tail = static_cast<uint32_t>(lower >> 32);
    memcpy(out, &head, 4);
    memcpy(out + size - 4, &tail, 4);
    return (word & kHighBits) == 0;
  }
  unsigned seen = 0;
  for (size_t i = 0; i < size; i++) {
    const unsigned char c = static_cast<unsigned char>(from[i]);
    seen |= c;
    out[i] = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  }
  return seen < 0x80;
}
std::string Folded(std::string_view text);
// Into a string whose capacity is kept: no allocation once it has grown.
void FoldTo(std::string_view text, std::string& out);

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_CASEFOLD_H_
