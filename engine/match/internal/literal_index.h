// Many literals, sought in one folded text at a time: the whole text, its start, its end, or anywhere in it.
//
// The idea: a literal is found by a few of its bytes. Eight (four, one) bytes at an end of the text are a key into a hash
// table. For literals that may stand anywhere, four bytes out of the literal, chosen to be rare, are its window; one pass
// over the text asks a small bit table at each position whether any window begins there, and nearly always none does. What a
// key finds is then compared in full. The cost does not grow with the number of literals but with how many share their bytes
// with the text.
//
// Add, then Build, then const Find for ever; thread-safe then. Literals and texts are folded alike (internal/casefold.h).
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_LITERAL_INDEX_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_LITERAL_INDEX_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace tocsin::match {

// How often four bytes in a row occur in the literals of a rule set: what many rules name is common in traffic too.
class GramCounts {
 public:
  void Add(std::string_view folded);
  uint32_t Of(uint32_t gram) const {
    const auto it = counts_.find(gram);
    return it == counts_.end() ? 0 : it->second;
  }

 private:
  absl::flat_hash_map<uint32_t, uint32_t> counts_;
};

class LiteralIndex {
 public:
  enum class Where : uint8_t { kWhole, kStart, kEnd, kAnywhere };
  // A literal for anywhere needs this many bytes, one for an end at least one.
  static constexpr size_t kWindow = 4;
  static bool Takes(std::string_view folded, Where where) {
    return folded.size() >= (where == Where::kAnywhere ? kWindow : where == Where::kWhole ? 0 : 1);
  }

  // REQUIRES: Takes(folded, where); before Build.
  void Add(std::string_view folded, Where where, uint32_t id);
  void Build(const GramCounts& counts);
  bool empty() const { return literals_.empty(); }
  size_t size() const { return literals_.size(); }

  // Calls found(id) for every literal that stands in the text where it should; an id may come several times. Stops, and is
  // true, when found returns true. REQUIRES: `text` has eight readable bytes before and behind it (FoldedTexts).
  template <class F>
  bool Find(std::string_view text, F&& found) const {
    if (text.size() < 8) {
      if (tiny_.Any() && tiny_.Each(TinyKey(text), [&](const Entry& entry) { return found(literals_[entry.literal].id); })) return true;
    }
    if (AtEnds(text, found)) return true;
    return !filter_.empty() && Scan(text, found);
  }

 private:
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
    template <class F>
    bool Each(uint64_t key, F&& f) const {
      for (uint32_t at = Hash(key);; at = (at + 1) & mask_) {
        const Slot& slot = slots_[at];
        if (slot.begin == slot.end) return false;
        if (slot.key != key) continue;
        for (uint32_t i = slot.begin; i < slot.end; i++) {
          if (f(entries_[i])) return true;
        }
        return false;
      }
    }

   private:
    struct Slot {
      uint64_t key;
      uint32_t begin, end;   // into entries_; equal = empty
    };
    uint32_t Hash(uint64_t key) const { return static_cast<uint32_t>((key * 0x9E3779B97F4A7C15ull) >> 32) & mask_; }
    std::vector<Slot> slots_;
    std::vector<Entry> entries_;
    uint32_t mask_ = 0;
  };

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
  bool Equals(const Literal& literal, const char* at) const { return memcmp(text_.data() + literal.text, at, literal.size) == 0; }

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
    if (end4_.Any() && n >= 4 && end4_.Each(Load4(end - 4), at_end)) return true;
    if (end1_.Any() && n >= 1 && end1_.Each(static_cast<unsigned char>(end[-1]), at_end)) return true;
    if (start8_.Any() && n >= 8 && start8_.Each(Load8(begin), at_start)) return true;
    if (start4_.Any() && n >= 4 && start4_.Each(Load4(begin), at_start)) return true;
    return start1_.Any() && n >= 1 && start1_.Each(static_cast<unsigned char>(*begin), at_start);
  }

  bool MayBegin(uint32_t window) const {
    const uint32_t h = (window * kMultiplier) >> filter_shift_;
    return filter_[h >> 6] >> (h & 63) & 1;
  }

  template <class F>
  bool Scan(std::string_view text, F& found) const {
    if (text.size() < kWindow) return false;
    const char* const begin = text.data();
    const size_t last = text.size() - kWindow;
    const auto look = [&](size_t at) {
      return windows_.Each(Load4(begin + at), [&](const Entry& entry) {
        const Literal& literal = literals_[entry.literal];
        return entry.offset <= at && literal.size <= text.size() - (at - entry.offset) && Equals(literal, begin + at - entry.offset) && found(literal.id);
      });
    };
    size_t at = 0;
    for (; at + 3 <= last; at += 4) {
      const bool a = MayBegin(Load4(begin + at)), b = MayBegin(Load4(begin + at + 1));
      const bool c = MayBegin(Load4(begin + at + 2)), d = MayBegin(Load4(begin + at + 3));
      if (!(a | b | c | d)) continue;
      if ((a && look(at)) || (b && look(at + 1)) || (c && look(at + 2)) || (d && look(at + 3))) return true;
    }
    for (; at <= last; at++) {
      if (MayBegin(Load4(begin + at)) && look(at)) return true;
    }
    return false;
  }

  static constexpr uint32_t kMultiplier = 0x9E3779B1;

  std::vector<Literal> literals_;
  std::vector<char> text_;
  KeyTable tiny_, end8_, end4_, end1_, start8_, start4_, start1_, windows_;
  std::vector<uint64_t> filter_;      // a bit a hash of a window
  uint32_t filter_shift_ = 32;
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_LITERAL_INDEX_H_
