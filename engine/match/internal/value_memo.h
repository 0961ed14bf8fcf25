// What values led to before. Logs say the same again and again: images, users, actions, command lines. So what a field's text
// leads to is remembered, and what predicates said of it, by the text itself; a value that comes again costs finding it.
//
// Bounded: entries of two ways a set, texts and findings in blocks that are emptied together when one is full. A field whose
// values hardly come again (hashes, ids) is left alone for a while, so that remembering costs it next to nothing. What is
// remembered never changes an answer. One a worker; it allocates when it is made and never again.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_VALUE_MEMO_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_VALUE_MEMO_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/content/load_bytes.h"
#include "engine/event/event.h"

namespace tocsin::match {

using content::Load4;
using content::Load8;

// A range of one of a program's vectors.
struct Range {
  uint32_t begin = 0, end = 0;
};

class ValueMemo {
 public:
  static constexpr size_t kLongestText = 1024, kMostFound = 64;
  // Names an entry for ever, also when its place is another's.
  using Id = uint64_t;
  static constexpr Id kNone = 0;

  struct Key {
    uint64_t hash;
    const void* dispatch;                  // what the text is looked at for
    const event::Value* value;
  };
  struct Entry {
    uint64_t hash = 0;
    const void* dispatch = nullptr;        // null: free
    content::FieldId field;
    event::ValueKind kind = event::ValueKind::kNull;
    uint16_t size = 0, found = 0;
    uint32_t text = 0, first_found = 0;    // into texts_, found_
    Id id = kNone;
  };

  explicit ValueMemo(size_t fields)
      : credits_(fields, kMostCredit), entries_(kSets * kWays), texts_(std::make_unique_for_overwrite<char[]>(kTextBytes)), found_(std::make_unique_for_overwrite<Range[]>(kFound)), outcomes_(std::make_unique_for_overwrite<Outcomes[]>(kSets * kWays)) {}

  // Is remembering values of that field worth it by now? Ask once a value.
  bool Pays(content::FieldId field) {
    int32_t& credit = credits_[field.value()];
    if (credit >= 0) return true;
    if (++credit == 0) credit = kMostCredit;
    return false;
  }

  // REQUIRES: a text of at most kLongestText bytes.
  static Key KeyOf(const void* dispatch, const event::Value& value) {
    const uint64_t seed = reinterpret_cast<uintptr_t>(dispatch) * kMultipliers[0] + (uint64_t{value.field.value()} << 8 | static_cast<uint64_t>(value.kind)) * kMultipliers[1];
    return {Hash(value.text, seed), dispatch, &value};
  }

  // Null: not known. Counts what finding it was worth.
  const Entry* Find(const Key& key) {
    int32_t& credit = credits_[key.value->field.value()];
    const Entry* const set = &entries_[SetOf(key)];
    for (size_t way = 0; way < kWays; way++) {
      if (!Is(set[way], key)) continue;
      credit = std::min(credit + 1, kMostCredit);
      return &set[way];
    }
    if (--credit < 0) credit = -kPause;
    return nullptr;
  }

  std::span<const Range> found(const Entry& entry) const { return {found_.get() + entry.first_found, entry.found}; }

  // Remembers what was found in it. REQUIRES: at most kMostFound.
  Id Insert(const Key& key, std::span<const Range> found) {
    const std::string_view text = key.value->text;
    if (text_end_ + text.size() > kTextBytes || found_end_ + found.size() > kFound) Clear();
    const size_t place = SetOf(key) + inserted_++ % kWays;
    const Id id = inserted_ * (kSets * kWays) + place;
    entries_[place] = {key.hash, key.dispatch, key.value->field, key.value->kind, static_cast<uint16_t>(text.size()), static_cast<uint16_t>(found.size()), text_end_, found_end_, id};
    outcomes_[place] = {.of = id, .slots = {}};
    if (!text.empty()) memcpy(texts_.get() + text_end_, text.data(), text.size());
    std::copy(found.begin(), found.end(), found_.get() + found_end_);
    text_end_ += static_cast<uint32_t>(text.size());
    found_end_ += static_cast<uint32_t>(found.size());
    return id;
  }

  // What a predicate said of an entry's text: nothing known, or whether it holds.
  enum class Outcome : uint8_t { kUnknown, kFalse, kTrue };
  Outcome OutcomeOf(uint32_t predicate, Id entry) const {
    const Outcomes& outcomes = outcomes_[entry % (kSets * kWays)];
    if (outcomes.of != entry) return Outcome::kUnknown;   // another took its place
    const uint32_t* const slots = &outcomes.slots[SlotOf(predicate)];
    const uint32_t known = slots[0] >> 1 == predicate + 1 ? slots[0] : slots[1] >> 1 == predicate + 1 ? slots[1] : 0;
    return known == 0 ? Outcome::kUnknown : known & 1 ? Outcome::kTrue : Outcome::kFalse;
  }
  void SetOutcome(uint32_t predicate, Id entry, bool holds) {
    Outcomes& outcomes = outcomes_[entry % (kSets * kWays)];
    if (outcomes.of != entry) return;
    uint32_t* const slots = &outcomes.slots[SlotOf(predicate)];
    slots[1] = slots[0];
    slots[0] = (predicate + 1) << 1 | static_cast<uint32_t>(holds);
  }

 private:
  static constexpr size_t kSets = 1024, kWays = 2, kTextBytes = 256u << 10, kFound = 16u << 10;
  // Of one entry; side by side, because the predicates of an event ask about few of them.
  static constexpr uint32_t kOutcomePairs = 31;
  struct alignas(64) Outcomes {
    Id of;
    uint32_t slots[2 * kOutcomePairs];     // predicate + 1, and a bit; in pairs, the newer first
  };
  static_assert(sizeof(Outcomes) == 256, "four lines of the cache");
  // A value that comes again earns one, a new one costs one; without credit a field is left alone for so many values.
  static constexpr int32_t kMostCredit = 1024, kPause = 8192;
  static constexpr uint64_t kMultipliers[] = {0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93};

  // Of at most forty of the bytes: the text itself is compared anyway.
  static uint64_t Hash(std::string_view text, uint64_t seed) {
    const char* const p = text.data();
    const size_t n = text.size();
    uint64_t hash = seed + n * kMultipliers[2];
    if (n >= 8) {
      hash += (Load8(p) ^ kMultipliers[1]) * kMultipliers[0] + (Load8(p + n - 8) ^ kMultipliers[2]) * kMultipliers[3];
      if (n > 16) {
        hash ^= hash >> 29;
        hash += (Load8(p + n / 4) ^ kMultipliers[3]) * kMultipliers[1] + (Load8(p + n / 2) ^ kMultipliers[0]) * kMultipliers[2] + (Load8(p + n / 2 + n / 4 - 4) ^ kMultipliers[1]) * kMultipliers[3];
      }
    } else if (n >= 4) {
      hash += ((Load4(p) | uint64_t{Load4(p + n - 4)} << 32) ^ kMultipliers[1]) * kMultipliers[0];
    } else {
      for (size_t i = 0; i < n; i++) hash = (hash ^ static_cast<unsigned char>(p[i])) * kMultipliers[0];
    }
    hash ^= hash >> 32;
    hash *= kMultipliers[0];
    return hash ^ hash >> 32;
  }
  static size_t SlotOf(uint32_t predicate) { return (uint64_t{predicate * 0x9E3779B1u} * kOutcomePairs >> 32) * 2; }
  static size_t SetOf(const Key& key) { return key.hash % kSets * kWays; }
  bool Is(const Entry& entry, const Key& key) const {
    const event::Value& value = *key.value;
    return entry.hash == key.hash && entry.dispatch == key.dispatch && entry.field == value.field && entry.kind == value.kind &&
           std::string_view(texts_.get() + entry.text, entry.size) == value.text;
  }
  void Clear() {
    std::fill(entries_.begin(), entries_.end(), Entry{});
    text_end_ = found_end_ = 0;
  }

  std::vector<int32_t> credits_;           // by FieldId; negative: so many values are left alone
  std::vector<Entry> entries_;
  std::unique_ptr<char[]> texts_;
  std::unique_ptr<Range[]> found_;
  std::unique_ptr<Outcomes[]> outcomes_;   // by entry
  uint32_t text_end_ = 0, found_end_ = 0;
  uint64_t inserted_ = 0;
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_VALUE_MEMO_H_
