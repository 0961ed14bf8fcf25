// Many literals, sought in one folded text at a time: the whole text, its start, its end, or anywhere in it.
//
// The idea: a literal is found by a few of its bytes. Eight (five, one) bytes at an end of the text are a key into a hash
// table. For literals that may stand anywhere, some bytes out of the literal, chosen to be rare, are its window; a pass over
// the text asks a small bit table whether any window may begin here, and nearly always none does. What a key finds is then
// compared in full. The cost does not grow with the number of literals but with how many share their bytes with the text.
//
// Few literals need no bit table: shuffles tell where one of their windows may begin (internal/nibble_filter.h). Of many, a
// pass goes in steps: of four windows a byte apart one stands at a place that four divides, wherever the literal does, so all
// four are entered, and three of four places are passed over. That takes seven bytes of literal for windows of four bytes.
// Shorter literals are sought two bytes a step: windows of three bytes for literals of four to six, of two bytes for those of
// three. So there are four passes at most; most fields need one. Literals of one and two bytes are sought each by itself: they lead
// to rules only where nothing longer does. Literals that are not ASCII are an
// index of their own, asked by texts that are not.
//
// Add, then Build, then const Find for ever; thread-safe then. Literals and texts are folded alike (internal/casefold.h).
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_LITERAL_INDEX_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_LITERAL_INDEX_H_

#include <array>
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

#include "engine/content/load_bytes.h"
#include "engine/match/internal/folded_texts.h"
#include "engine/match/internal/nibble_filter.h"

namespace tocsin::match {

using content::Load4;
using content::Load8;

// How often three bytes in a row, and single bytes, occur in the literals of a rule set: what many rules name is common in traffic
// too. Counts are kept by a hash of the three: they choose windows, and a wrong one costs time alone.
class GramCounts {
 public:
  void Add(std::string_view folded);
  NibbleShares Nibbles() const;
  uint64_t all() const { return all_; }   // bytes counted
  uint32_t Of(uint32_t gram) const { return counts_[Slot(gram)]; }
  // The least of them in a text; 0 for one shorter than that.
  uint32_t Rarest(std::string_view folded) const;

 private:
  static constexpr uint32_t kSlotBits = 16;
  static uint32_t Slot(uint32_t gram) { return (gram * 0x9E3779B1u) >> (32 - kSlotBits); }
  std::vector<uint32_t> counts_ = std::vector<uint32_t>(size_t{1} << kSlotBits);
  uint64_t all_ = 0;
  std::array<uint64_t, 256> bytes_{};
};

class LiteralIndex {
 public:
  enum class Where : uint8_t { kWhole, kStart, kEnd, kAnywhere };
  static bool Takes(std::string_view folded, Where where) { return !folded.empty() || where == Where::kWhole; }

  // REQUIRES: Takes(folded, where); before Build.
  void Add(std::string_view folded, Where where, uint32_t id);
  void Build(const GramCounts& counts);
  bool empty() const { return literals_.empty() && other_ == nullptr; }
  size_t bytes() const;        // of memory

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
      const auto whole = [&](const Entry& entry) {
        const Literal& literal = literals_[entry.literal];
        return literal.size == text.size() && Equals(literal, text.data()) && found(literal.id);
      };
      if (tiny_.Any() && tiny_.Each(TinyKey(text), whole)) return true;
    }
    if (has_ends_ && AtEnds(text, found)) return true;
    if (!singles_.empty() && Singles(text, found)) return true;
    if (few_.Any() && ScanFew(text, found)) return true;
    return (long_.Any() && Scan<4>(long_, text, found)) || (middle_.Any() && Scan<2>(middle_, text, found)) || (short_.Any() && Scan<2>(short_, text, found));
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
    uint32_t offset : 31;    // of the key in the literal
    uint32_t last : 1;       // of those with its key
  };

  // key -> entries; open addressing, built once. Small, because what it is asked is nearly always cold: a slot holds half of the
  // key's hash, and who is called compares the literal.
  class KeyTable {
   public:
    // `room`: slots an entry, at least; the more, the fewer keys that are not there meet another's slot.
    void Build(std::vector<std::pair<uint64_t, Entry>> entries, size_t room = 2);
    bool Any() const { return !slots_.empty(); }
    size_t bytes() const { return slots_.capacity() * sizeof(Slot) + entries_.capacity() * sizeof(Entry); }
    // Nearly always there is nothing: that much is inlined.
    template <class F>
    [[gnu::always_inline]] bool Each(uint64_t key, F&& f) const {
      const uint64_t hash = key * kMultiplier;
      for (uint32_t at = static_cast<uint32_t>(hash >> 32) & mask_;; at = (at + 1) & mask_) {
        const Slot slot = slots_[at];
        if (slot.begin == kFree) return false;
        if (slot.tag == static_cast<uint32_t>(hash) && EachOf(slot.begin, f)) return true;
      }
    }

   private:
    static constexpr uint32_t kFree = UINT32_MAX;
    struct Slot {
      uint32_t tag = 0;
      uint32_t begin = kFree;   // into entries_
    };
    template <class F>
    [[gnu::noinline]] bool EachOf(uint32_t begin, F& f) const {
      for (uint32_t i = begin;; i++) {
        if (f(entries_[i])) return true;
        if (entries_[i].last) return false;
      }
    }
    std::vector<Slot> slots_;
    std::vector<Entry> entries_;
    uint32_t mask_ = 0;
  };

  static constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;
  static constexpr uint64_t FirstBytes(size_t n) { return (uint64_t{1} << (8 * n)) - 1; }   // of a little-endian word

  // Texts shorter than eight bytes as a number: their bytes, and their size on top.
  static uint64_t TinyKey(std::string_view text) {
    return (Load8(text.data()) & FirstBytes(text.size())) | uint64_t{text.size()} << 56;
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
    if (start5_.Any() && n >= 5 && start5_.Each(Load8(begin) & FirstBytes(5), at_start)) return true;
    return start1_.Any() && n >= 1 && start1_.Each(static_cast<unsigned char>(*begin), at_start);
  }

  // Windows of one size, and a bit for each hash of one: does any window have it? The first four bytes of eight and the four from
  // the third on, masked each, are hashed in 32 bits, which eight lanes of a vector do at a time.
  class Sieve {
   public:
    // `windows`: the eight bytes from where each begins.
    void Build(std::vector<std::pair<uint64_t, Entry>> windows, uint32_t size);
    bool Any() const { return table_.Any(); }
    size_t bytes() const { return table_.bytes() + bits_.capacity() * sizeof(uint32_t); }
    template <class F>
    [[gnu::always_inline]] bool Each(uint64_t bytes, F&& f) const { return table_.Each(bytes & key_mask_, f); }
    // Bit i: may a window begin at `at` + kStep i, for i of 0 to 7? REQUIRES: 40 readable bytes at `at`.
    template <int kStep>
    uint32_t BitsOfEight(const char* at) const {
#ifdef __AVX2__
      __m256i head, tail;
      if (kStep == 4) {
        head = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
        tail = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 2));
      } else {
        const __m256i bytes = _mm256_set_m128i(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 8)), _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
        head = _mm256_shuffle_epi8(bytes, _mm256_setr_epi8(0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9));
        tail = head;   // windows of two steps are never wide
      }
      __m256i product = _mm256_mullo_epi32(_mm256_and_si256(head, _mm256_set1_epi32(static_cast<int>(mask_))), _mm256_set1_epi32(static_cast<int>(kHeadMultiplier)));
      if (kStep == 4 && wide_) product = _mm256_add_epi32(product, _mm256_mullo_epi32(tail, _mm256_set1_epi32(static_cast<int>(kTailMultiplier))));
      const __m256i hash = _mm256_srl_epi32(product, _mm_cvtsi32_si128(static_cast<int>(shift_)));
      const __m256i words = _mm256_i32gather_epi32(reinterpret_cast<const int*>(bits_.data()), _mm256_srli_epi32(hash, 5), 4);
      // The bit is brought to the top of its lane: by 31 - (hash mod 32) places.
      const __m256i places = _mm256_andnot_si256(hash, _mm256_set1_epi32(31));
      return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_sllv_epi32(words, places))));
#else
      uint32_t out = 0;
      for (int i = 0; i < 8; i++) {
        const uint32_t h = Hash(Load8(at + kStep * i));
        out |= (bits_[h >> 5] >> (h & 31) & 1) << i;
      }
      return out;
#endif
    }

   private:
    static constexpr uint32_t kHeadMultiplier = 0x9E3779B1, kTailMultiplier = 0x85EBCA77;
    uint32_t Hash(uint64_t bytes) const {
      const uint32_t head = (static_cast<uint32_t>(bytes) & mask_) * kHeadMultiplier;
      return (wide_ ? head + static_cast<uint32_t>(bytes >> 16) * kTailMultiplier : head) >> shift_;
    }
    KeyTable table_;
    std::vector<uint32_t> bits_;
    uint64_t key_mask_ = 0;
    uint32_t mask_ = 0;               // which of the first four bytes are the window's
    bool wide_ = false;               // it has six bytes
    uint32_t shift_ = 31;
  };

  // REQUIRES: 40 readable bytes behind the text. What begins behind its end is not looked at, or does not fit.
  template <int kStep, class F>
  bool Scan(const Sieve& sieve, std::string_view text, F& found) const {
    for (size_t at = 0; at < text.size(); at += 8 * kStep) {
      for (uint32_t some = sieve.BitsOfEight<kStep>(text.data() + at); some != 0; some &= some - 1) {
        if (LookAt(sieve, text, at + kStep * static_cast<size_t>(std::countr_zero(some)), found)) return true;
      }
    }
    return false;
  }

  // Few literals: a window each, that a filter finds.
  class Few {
   public:
    void Build(const NibbleFilter& filter, std::vector<std::pair<uint64_t, Entry>> windows);
    bool Any() const { return table_.Any(); }
    size_t bytes() const { return table_.bytes(); }
    uint32_t Passing(const char* at) const { return filter_.Passing(at); }
    template <class F>
    [[gnu::always_inline]] bool Each(uint64_t bytes, F&& f) const { return table_.Each(bytes & FirstBytes(NibbleFilter::kWindow), f); }

   private:
    NibbleFilter filter_;
    KeyTable table_;
  };
  // REQUIRES: 64 readable bytes behind the text.
  template <class F>
  bool ScanFew(std::string_view text, F& found) const {
    for (size_t at = 0; at < text.size(); at += 32) {
      for (uint32_t some = few_.Passing(text.data() + at); some != 0; some &= some - 1) {
        if (LookAt(few_, text, at + static_cast<size_t>(std::countr_zero(some)), found)) return true;
      }
    }
    return false;
  }

  // What has its window at `at`.
  template <class Windows, class F>
  bool LookAt(const Windows& windows, std::string_view text, size_t at, F& found) const {
    if (at >= text.size()) return false;
    return windows.Each(Load8(text.data() + at), [&](const Entry& entry) {
      const Literal& literal = literals_[entry.literal];
      return entry.offset <= at && literal.size <= text.size() - (at - entry.offset) && Equals(literal, text.data() + at - entry.offset) && found(literal.id);
    });
  }

  void AddFew(const std::vector<uint32_t>& literals, const GramCounts& counts);
  void AddWindows(uint32_t literal, uint32_t size, uint32_t step, const GramCounts& counts, std::vector<std::pair<uint64_t, Entry>>& out) const;

  std::vector<Literal> literals_;
  std::vector<char> text_;
  KeyTable tiny_, end8_, end5_, end1_, start8_, start5_, start1_;
  Few few_;
  Sieve long_, middle_, short_;
  std::vector<Single> singles_;          // literals of one byte or two, for anywhere
  bool has_ends_ = false;                // there are literals for an end, or of eight bytes and more for the whole
  std::unique_ptr<LiteralIndex> other_;  // those that are not ASCII
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_LITERAL_INDEX_H_
