// Where in a text may one of a few windows of four bytes stand? Asked for thirty-two places at a time, without a table in
// memory: each byte is looked up by its two halves in tables of sixteen entries, which a shuffle does for all places at once.
//
// Windows are spread over eight groups, or sixteen where they are many, a bit each; a place passes when its four bytes have one group's bit in
// all eight look-ups. What windows of one group have in common tells little apart, so they are put together by what lets the least pass,
// judged by the bytes of the rules' own literals. (The idea is Teddy's, of Hyperscan.)
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_NIBBLE_FILTER_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_NIBBLE_FILTER_H_

#include <array>
#include <cstdint>
#include <string_view>
#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace tocsin::match {

// How often each half of a byte occurs in texts, in parts of one.
struct NibbleShares {
  std::array<float, 16> low{}, high{};
};

class NibbleFilter {
 public:
  static constexpr uint32_t kWindow = 4;

  // For so many literals: the groups of one byte do for a few.
  explicit NibbleFilter(size_t literals = 0) : many_(literals > kFew) {}

  // Adds the best window of a literal: the one, and the group for it, by which the fewest other places pass. `window_costs`: a
  // share of places for each place of the literal where a window may begin, that a window there is worse by. Returns its place.
  // REQUIRES: at least kWindow bytes.
  uint32_t Add(std::string_view literal, const float* window_costs, const NibbleShares& shares);

  // Bit i: may a window begin at `at` + i, for i of 0 to 31? REQUIRES: 35 readable bytes at `at`.
  uint32_t Passing(const char* at) const {
#ifdef __AVX2__
    __m256i groups = Groups(tables_[0], at);
    if (many_) groups = _mm256_or_si256(groups, Groups(tables_[1], at));
    return ~static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(groups, _mm256_setzero_si256())));
#else
    uint32_t out = 0;
    for (uint32_t i = 0; i < 32; i++) out |= static_cast<uint32_t>((Groups(tables_[0], at + i) | Groups(tables_[1], at + i)) != 0) << i;
    return out;
#endif
  }

 private:
  static constexpr uint32_t kGroups = 16;
  static constexpr size_t kFew = 40;
  using Table = std::array<uint8_t, 16>;
  // What passes a group: of each of a window's bytes, the sum of the shares of the halves that are let through.
  struct Group {
    std::array<float, kWindow> low{}, high{};
    float Share() const;
  };
  Group With(uint32_t group, const char* window, const NibbleShares& shares) const;

  // By place in the window, by half of its byte: groups, of eight.
  struct Tables {
    alignas(16) std::array<Table, kWindow> low{}, high{};
  };
#ifdef __AVX2__
  [[gnu::always_inline]] static __m256i Groups(const Tables& tables, const char* at) {
    const __m256i half = _mm256_set1_epi8(0x0F);
    const auto look_up = [](const Table& table, __m256i halves) { return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table.data()))), halves); };
    __m256i out = _mm256_set1_epi8(-1);
#pragma GCC unroll 4
    for (uint32_t i = 0; i < kWindow; i++) {
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + i));
      const __m256i low = look_up(tables.low[i], _mm256_and_si256(bytes, half));
      const __m256i high = look_up(tables.high[i], _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half));
      out = _mm256_and_si256(out, _mm256_and_si256(low, high));
    }
    return out;
  }
#else
  static uint8_t Groups(const Tables& tables, const char* at) {
    uint8_t out = 0xFF;
    for (uint32_t i = 0; i < kWindow; i++) {
      const unsigned char byte = static_cast<unsigned char>(at[i]);
      out &= tables.low[i][byte & 15] & tables.high[i][byte >> 4];
    }
    return out;
  }
#endif

  std::array<Tables, kGroups / 8> tables_;
  std::array<Group, kGroups> groups_{};
  bool many_;
  uint32_t used_ = 0;   // groups, from the first on
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_NIBBLE_FILTER_H_
