// Bytes as numbers, wherever they stand. REQUIRES: so many readable bytes.
#ifndef TOCSIN_ENGINE_CONTENT_LOAD_BYTES_H_
#define TOCSIN_ENGINE_CONTENT_LOAD_BYTES_H_

#include <cstdint>
#include <cstring>

namespace tocsin::content {

inline uint64_t Load8(const char* p) {
  uint64_t word;
  memcpy(&word, p, 8);
  return word;
}

inline uint32_t Load4(const char* p) {
  uint32_t word;
  memcpy(&word, p, 4);
  return word;
}

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_LOAD_BYTES_H_
