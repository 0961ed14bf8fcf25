// Running numbers among equal records (`identity: record`): every record is an event, so two with equal bytes are two events,
// named by their bytes' hash and their number. Which of the equals is first does not matter: their bytes are the same.
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_RECORD_NUMBERS_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_RECORD_NUMBERS_H_

#include <algorithm>
#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "engine/event/event.h"

namespace tocsin::pipeline {

// Memory: some 40 bytes a distinct record of such sources (those with ids of their own cost nothing). A live run forgets what
// is older than anything that still counts.
class RecordNumbers {
 public:
  void Number(event::EventView& event) {
    if (!event.flags.record_identity) return;
    Seen& seen = seen_[event.identity];
    seen.last = std::max(seen.last, event.transport);
    const uint32_t number = seen.count++;
    // The first of equals keeps the plain hash. Multiplying by an odd constant spreads the others over all bits.
    event.identity.low += number * 0x9E3779B97F4A7C15ull;
  }

  // Records whose last equal came before `time`. Walks them only when they have doubled since: constant cost a record.
  void Forget(event::EventTime time) {
    if (seen_.size() < forget_at_) return;
    absl::erase_if(seen_, [&](const auto& entry) { return entry.second.last < time; });
    forget_at_ = std::max(kForgetAt, 2 * seen_.size());
  }
  size_t size() const { return seen_.size(); }

 private:
  static constexpr size_t kForgetAt = 1024;
  struct Seen {
    event::EventTime last;   // transport time
    uint32_t count = 0;
  };
  absl::flat_hash_map<event::Identity, Seen> seen_;
  size_t forget_at_ = kForgetAt;
};

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_RECORD_NUMBERS_H_
