// Event flags in one byte of a block's record or of a hit's row; the bits' places are part of the format (BLOCK_FORMAT.md).
#ifndef TOCSIN_ENGINE_EVIDENCE_INTERNAL_FLAGS_H_
#define TOCSIN_ENGINE_EVIDENCE_INTERNAL_FLAGS_H_

#include <cstdint>

#include "engine/event/event.h"

namespace tocsin::evidence {

inline uint8_t PackFlags(const event::EventFlags& flags) {
  return static_cast<uint8_t>(flags.time_inferred | flags.no_time << 1 | flags.future << 2 | flags.duplicate_key << 3 |
                              flags.ambiguous_source << 4 | flags.skip_match << 5);
}

inline event::EventFlags UnpackFlags(uint8_t bits) {
  event::EventFlags flags;
  flags.time_inferred = bits & 1;
  flags.no_time = bits >> 1 & 1;
  flags.future = bits >> 2 & 1;
  flags.duplicate_key = bits >> 3 & 1;
  flags.ambiguous_source = bits >> 4 & 1;
  flags.skip_match = bits >> 5 & 1;
  return flags;
}

}  // namespace tocsin::evidence

#endif  // TOCSIN_ENGINE_EVIDENCE_INTERNAL_FLAGS_H_
