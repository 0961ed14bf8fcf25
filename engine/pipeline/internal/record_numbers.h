// Running numbers among equal records (`identity: record`): every record is an event, so two with equal bytes are two events,
// named by their bytes' hash and their number. Which of the equals is first does not matter: their bytes are the same.
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_RECORD_NUMBERS_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_RECORD_NUMBERS_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "engine/event/event.h"

namespace tocsin::pipeline {

// Memory: 32 bytes a distinct record of such sources (those with ids of their own cost nothing).
class RecordNumbers {
 public:
  void Number(event::EventView& event) {
    if (!event.flags.record_identity) return;
    const uint32_t number = seen_[event.identity]++;
    // The first of equals keeps the plain hash. Multiplying by an odd constant spreads the others over all bits.
    event.identity.low += number * 0x9E3779B97F4A7C15ull;
  }

 private:
  absl::flat_hash_map<event::Identity, uint32_t> seen_;
};

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_RECORD_NUMBERS_H_
