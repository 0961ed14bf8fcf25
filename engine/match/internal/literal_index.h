// Many literals, sought in one folded text at a time: the whole text, its start, its end, or anywhere in it.
//
// The idea: a literal is found by a few of its bytes. Eight (five, one) bytes at an end of the text are a key into a hash
// table. For literals that may stand anywhere, some bytes out of the literal, chosen to be rare, are its window; one pass over
// the text asks a small bit table whether any window may begin here, and nearly always none does. The
// pass goes in steps of two bytes: of two windows a byte apart one stands at an even place, wherever the literal does, so both
// are entered. What a key finds is then compared in full. The cost does not grow with the number of literals but with how
// many share their bytes with the text. Literals that are not ASCII are an index of their own, asked by texts that are not.
//
// Literals of seven bytes and more have windows of six, of five and six windows of four, of four windows of three, of three
// windows of two. A bit table tells by as many bytes as its shortest windows have, so there are two: one for the first two
// kinds (six bytes when they are all of the first), one for the others. Only where both others occur does the third kind stay
// with the first table, which then tells by three bytes: two bytes tell little.
//
// Add, then Build, then const Find for ever; thread-safe then. Literals and texts are folded alike (internal/casefold.h).
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_LITERAL_INDEX_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_LITERAL_INDEX_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "engine/match/internal/folded_texts.h"

namespace tocsin::match {

// How often three bytes in a row occur in the literals of a rule set: what many rules name is common in traffic too. Counts
// are kept by a hash of the bytes: they choose windows, and a wrong one costs time alone.
class GramCounts {
 public:
  void Add(std::string_view folded);
  uint32_t Of(uint32_t gram) const { return counts_[Slot(gram)]; }
  // The least of them in a text; 0 for one shorter than that.
  uint32_t Rarest(std::string_view folded) const;

 private:
  static constexpr uint32_t kSlotBits = 16;
  static uint32_t Slot(uint32_t gram) { return (gram * 0x9E3779B1u) >> (32 - kSlotBits); }
  std::vector<uint32_t> counts_ = std::vector<uint32_t>(size_t{1} << kSlotBits);
};

class LiteralIndex {
 public:
  enum class Where : uint8_t { kWhole, kStart, kEnd, kAnywhere };
  static bool Takes(std::string_view folded, Where where) { return !folded.empty() || where == Where::kWhole; }

  // REQUIRES: Takes(folded, where); before Build.
  void Add(std::string_view folded, Where where, uint32_t id);
  void Build(const GramCounts& counts);
  bool empty() const { return literals_.empty() && other_ == nullptr; }

  // Calls found(id) for every literal that stands in the text where it should; an id may come several times. Stops, and is
  // true, when found returns true.
  template <class F>
  bool Find(const FoldedText& folded, F&& found) const {
    return FindHere(folded.text(), found) || (!folded.ascii && other_ != nullptr && other_->FindHere(folded.text(), found));
  }

 private:
  template <class F>
  bool FindHere(std::string_view text, F& found) const {
    if (text.size() < 8) {
      if (tiny_.Any() && tiny_.Each(TinyKey(text), [&](const Entry& entry) { return found(literals_[entry.literal].id); })) return true;
    }
    if (has_ends_ && AtEnds(text, found)) return true;
    if (!singles_.empty() && Singles(text, found)) return true;
    if (scans_short_) return window_filter_.wide ? Scan<true, true>(text, found) : Scan<true, false>(text, found);
    return scans_ && (window_filter_.wide ? Scan<false, true>(text, found) : Scan<false, false>(text, found));
  }

  // Literals of one and two bytes, each by itself.
  template <class F>
  bool Singles(std::string_view text, F& found) const {
    for (const Single& single : singles_) {
      const bool there = single.size == 1 ? memchr(text.data(), single.bytes[0], text.size()) != nullptr : text.find(std::string_view(single.bytes, 2)) != std::string_view::npos;
      if (there && found(single.id)) return true;
    }
    return false;
  }

  void AddHere(std::string_view folded, Where where, uint32_t id);

  struct Single {
    char bytes[2];
    uint8_t size;
    uint32_t id;
  };
  struct Literal {
    uint32_t text;           // into text_
    uint32_t size;
    uint32_t id;
    Where where;
  };
  struct Entry {
    uint32_t literal;
    uint32_t offset;         // of the key in the literal
  };

  // key -> entries; open addressing, built once.
  class KeyTable {
   public:
    void Build(std::vector<std::pair<uint64_t, Entry>> entries);
    bool Any() const { return !slots_.empty(); }
    // Nearly always there is nothing: that much is inlined.
    template <class F>
    [[gnu::always_inline]] bool Each(uint64_t key, F&& f) const {
      for (uint32_t at = Hash(key);; at = (at + 1) & mask_) {
        const Slot& slot = slots_[at];
        if (slot.begin == slot.end) return false;
        if (slot.key == key) return EachOf(slot, f);
      }
    }

   private:
    struct Slot {
      uint64_t key;
      uint32_t begin, end;   // into entries_; equal = empty
    };
    template <class F>
    [[gnu::noinline]] bool EachOf(const Slot& slot, F& f) const {
      for (uint32_t i = slot.begin; i < slot.end; i++) {
        if (f(entries_[i])) return true;
      }
      return false;
    }
    uint32_t Hash(uint64_t key) const { return static_cast<uint32_t>((key * kMultiplier) >> 32) & mask_; }
    std::vector<Slot> slots_;
    std::vector<Entry> entries_;
    uint32_t mask_ = 0;
  };

  static constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;
  static constexpr uint32_t kNarrowMultiplier = 0x9E3779B1, kTailMultiplier = 0x85EBCA77;
  static constexpr uint32_t kLongWindow = 6, kMiddleWindow = 4, kShortWindow = 3, kPair = 2;
  // The first bytes of a little-endian word.
  static constexpr uint64_t kLongMask = 0xFFFFFFFFFFFF, kFiveMask = 0xFFFFFFFFFF, kMiddleMask = 0xFFFFFFFF, kShortMask = 0xFFFFFF, kPairMask = 0xFFFF;

  static uint64_t Load8(const char* p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
  }
  static uint32_t Load4(const char* p) {
    uint32_t word;
    memcpy(&word, p, 4);
    return word;
  }
  // Texts shorter than eight bytes as a number: their bytes, and their size on top.
  static uint64_t TinyKey(std::string_view text) {
    return (Load8(text.data()) & ((uint64_t{1} << (8 * text.size())) - 1)) | uint64_t{text.size()} << 56;
  }
  // Eight bytes a step; both sides may be read beyond their ends.
  bool Equals(const Literal& literal, const char* at) const {
    const char* mine = text_.data() + literal.text;
    size_t left = literal.size;
    for (; left >= 8; left -= 8, mine += 8, at += 8) {
      if (Load8(mine) != Load8(at)) return false;
    }
    return left == 0 || (Load8(mine) ^ Load8(at)) << (64 - 8 * left) == 0;
  }

  template <class F>
  bool AtEnds(std::string_view text, F& found) const {
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const auto at_end = [&](const Entry& entry) {
      const Literal& literal = literals_[entry.literal];
      const bool fits = literal.where == Where::kWhole ? literal.size == text.size() : literal.size <= text.size();
      return fits && Equals(literal, end - literal.size) && found(literal.id);
    };
    const auto at_start = [&](const Entry& entry) {
      const Literal& literal = literals_[entry.literal];
      return literal.size <= text.size() && Equals(literal, begin) && found(literal.id);
    };
    const size_t n = text.size();
    if (end8_.Any() && n >= 8 && end8_.Each(Load8(end - 8), at_end)) return true;
    if (end5_.Any() && n >= 5 && end5_.Each(Load8(end - 8) >> 24, at_end)) return true;
    if (end1_.Any() && n >= 1 && end1_.Each(static_cast<unsigned char>(end[-1]), at_end)) return true;
    if (start8_.Any() && n >= 8 && start8_.Each(Load8(begin), at_start)) return true;
    if (start5_.Any() && n >= 5 && start5_.Each(Load8(begin) & kFiveMask, at_start)) return true;
    return start1_.Any() && n >= 1 && start1_.Each(static_cast<unsigned char>(*begin), at_start);
  }

  // A bit for each hash of a window: does any window have it? The first four bytes of eight and the four from the third on,
  // masked each, are hashed in 32 bits, which eight lanes of a vector do at a time.
  struct Filter {
    std::vector<uint32_t> bits;
    uint32_t mask = 0;                // which of the first four bytes are the window's
    bool wide = false;                // it has six bytes
    uint32_t shift = 31;
    void Build(const std::vector<uint64_t>& windows, uint64_t window_mask);
    uint32_t Hash(uint64_t bytes) const {
      const uint32_t head = (static_cast<uint32_t>(bytes) & mask) * kNarrowMultiplier;
      return (wide ? head + static_cast<uint32_t>(bytes >> 16) * kTailMultiplier : head) >> shift;
    }
    uint32_t Bit(uint64_t bytes) const {
      const uint32_t h = Hash(bytes);
      return bits[h >> 5] >> (h & 31) & 1;
    }
#ifdef __AVX2__
    // Bit i: may a window begin at `at` + 2 i, for i of 0 to 7? REQUIRES: 24 readable bytes at `at`.
    template <bool kWide>
    uint32_t BitsOfEight(const char* at) const {
      const __m256i bytes = _mm256_set_m128i(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 8)), _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
      const __m256i four = _mm256_shuffle_epi8(bytes, _mm256_setr_epi8(0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9));
      const __m256i window = _mm256_and_si256(four, _mm256_set1_epi32(static_cast<int>(mask)));
      __m256i product = _mm256_mullo_epi32(window, _mm256_set1_epi32(static_cast<int>(kNarrowMultiplier)));
      if (kWide) {
        const __m256i tail = _mm256_shuffle_epi8(bytes, _mm256_setr_epi8(2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9, 8, 9, 10, 11, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9, 8, 9, 10, 11));
        product = _mm256_add_epi32(product, _mm256_mullo_epi32(tail, _mm256_set1_epi32(static_cast<int>(kTailMultiplier))));
      }
      const __m256i hash = _mm256_srl_epi32(product, _mm_cvtsi32_si128(static_cast<int>(shift)));
      const __m256i words = _mm256_i32gather_epi32(reinterpret_cast<const int*>(bits.data()), _mm256_srli_epi32(hash, 5), 4);
      // The bit is brought to the top of its lane: by 31 - (hash mod 32) places.
      const __m256i places = _mm256_andnot_si256(hash, _mm256_set1_epi32(31));
      return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_sllv_epi32(words, places))));
    }
#endif
  };

  // What may begin at `at`, as one of the two bit tables says.
  template <bool kShort, class F>
  bool LookAt(std::string_view text, size_t at, F& found) const {
    if (at >= text.size()) return false;
    const uint64_t bytes = Load8(text.data() + at);
    const auto fits = [&](const Entry& entry) {
      const Literal& literal = literals_[entry.literal];
      return entry.offset <= at && literal.size <= text.size() - (at - entry.offset) && Equals(literal, text.data() + at - entry.offset) && found(literal.id);
    };
    if (kShort ? pairs_.Any() : long_windows_.Any()) {
      if (kShort ? pairs_.Each(bytes & kPairMask, fits) : long_windows_.Each(bytes & kLongMask, fits)) return true;
    }
    if (!kShort && middle_windows_.Any() && middle_windows_.Each(bytes & kMiddleMask, fits)) return true;
    return kShort == short_windows_apart_ && short_windows_.Any() && short_windows_.Each(bytes & kShortMask, fits);
  }
  // Bit i of `some`: may a window begin at `at` + 2 i?
  template <bool kShort, class F>
  bool LookAtEach(std::string_view text, size_t at, uint32_t some, F& found) const {
    for (; some != 0; some &= some - 1) {
      if (LookAt<kShort>(text, at + 2 * static_cast<size_t>(std::countr_zero(some)), found)) return true;
    }
    return false;
  }

  // REQUIRES: 32 readable bytes behind the text. What begins behind its end is not looked at, or does not fit.
  template <bool kShort, bool kWide, class F>
  bool Scan(std::string_view text, F& found) const {
    const char* const begin = text.data();
#ifdef __AVX2__
    for (size_t at = 0; at < text.size(); at += 16) {
      if (LookAtEach<false>(text, at, window_filter_.BitsOfEight<kWide>(begin + at), found)) return true;
      if (kShort && LookAtEach<true>(text, at, short_filter_.BitsOfEight<false>(begin + at), found)) return true;
    }
#else
    for (size_t at = 0; at < text.size(); at += 2) {
      const uint64_t bytes = Load8(begin + at);
      if (LookAtEach<false>(text, at, window_filter_.Bit(bytes), found)) return true;
      if (kShort && LookAtEach<true>(text, at, short_filter_.Bit(bytes), found)) return true;
    }
#endif
    return false;
  }

  std::vector<Literal> literals_;
  std::vector<char> text_;
  KeyTable tiny_, end8_, end5_, end1_, start8_, start5_, start1_;
  KeyTable long_windows_, middle_windows_, short_windows_, pairs_;
  Filter window_filter_, short_filter_;
  std::vector<Single> singles_;          // literals of one byte or two, for anywhere
  bool short_windows_apart_ = false;     // they are in the second bit table
  bool scans_ = false, scans_short_ = false;   // the two bit tables hold something
  bool has_ends_ = false;                // there are literals for an end, or of eight bytes and more for the whole
  std::unique_ptr<LiteralIndex> other_;  // those that are not ASCII
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_LITERAL_INDEX_H_
