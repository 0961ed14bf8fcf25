// The hits that the engine holds: copies of hits and payloads by index, duplicates refused, memory given back by
// compaction.
//
// A duplicate has the identity, the rule and the bytes of a hit that is already there. The same identity with other
// bytes is another event (DESIGN section 3) and stays. Indexes are valid until Compact; payload views likewise.
#ifndef TOCSIN_ENGINE_CORRELATE_INTERNAL_HIT_POOL_H_
#define TOCSIN_ENGINE_CORRELATE_INTERNAL_HIT_POOL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "engine/match/hit.h"

namespace tocsin::correlate {

using HitIndex = uint32_t;
inline constexpr HitIndex kNoHit = UINT32_MAX;

class HitPool {
 public:
  // `by_number`: hits of one time are ordered by their number in the input (`match`), else by source and identity.
  HitPool(bool drop_duplicates, bool by_number)
      : drop_duplicates_(drop_duplicates), by_number_(by_number), arena_(std::make_unique<match::HitArena>()) {}

  // nullopt: a duplicate. Amortized O(1).
  std::optional<HitIndex> Add(const match::Hit& hit);
  const match::Hit& operator[](HitIndex index) const { return hits_[index]; }
  size_t size() const { return hits_.size(); }
  // The total order of evaluation. Distinct hits are never equal, but for copies that `match` keeps.
  bool Before(HitIndex a, HitIndex b) const;
  // Keeps the hits that are marked and returns the new index of each (kNoHit = gone).
  std::vector<HitIndex> Compact(const std::vector<bool>& keep);

  int64_t precision_ns_max() const { return precision_ns_max_; }
  uint64_t duplicates() const { return duplicates_; }
  uint64_t id_conflicts() const { return id_conflicts_; }

 private:
  struct Key {
    event::Identity identity;
    content::RuleId rule;
    friend bool operator==(const Key&, const Key&) = default;
    template <class H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.identity, key.rule);
    }
  };
  void Index(HitIndex index);

  bool drop_duplicates_, by_number_;
  std::vector<match::Hit> hits_;
  std::unique_ptr<match::HitArena> arena_;
  absl::flat_hash_map<Key, absl::InlinedVector<HitIndex, 1>> by_identity_;
  int64_t precision_ns_max_ = 1;
  uint64_t duplicates_ = 0, id_conflicts_ = 0;
};

}  // namespace tocsin::correlate

#endif  // TOCSIN_ENGINE_CORRELATE_INTERNAL_HIT_POOL_H_
