#include "engine/event/event.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tocsin::event {

uint64_t EntityHash(EntityKind kind, std::string_view text) {
  return XXH3_64bits_withSeed(text.data(), text.size(), static_cast<uint64_t>(kind));
}

std::string IdentityText(const Identity& identity) {
  static const char kHex[] = "0123456789abcdef";
  std::string out(32, '0');
  for (size_t i = 0; i < 16; i++) {
    out[i] = kHex[identity.high >> (60 - 4 * i) & 15];
    out[16 + i] = kHex[identity.low >> (60 - 4 * i) & 15];
  }
  return out;
}

}  // namespace tocsin::event
