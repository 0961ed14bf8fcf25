// Of sixty-four bytes those that are kept, side by side. Three ways, which write the same: the last that the processor has is the
// fastest.
//
// Each is called with the bytes, a bit for each that is kept, and where they go; more bytes may be overwritten there, 64 in all.
#ifndef TOCSIN_ENGINE_EVENT_INTERNAL_COMPACT_H_
#define TOCSIN_ENGINE_EVENT_INTERNAL_COMPACT_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "engine/content/load_bytes.h"

namespace tocsin::event {

struct CompactByBytes {
  void operator()(const char* bytes, uint64_t kept, char* out) const {
    for (size_t i = 0; i < 64; i++) {
      *out = bytes[i];
      out += kept >> i & 1;
    }
  }
};

#ifdef __BMI2__
struct CompactByWords {
  void operator()(const char* bytes, uint64_t kept, char* out) const {
    for (size_t at = 0; at < 64; at += 8, kept >>= 8) {
      const uint64_t word = _pext_u64(content::Load8(bytes + at), _pdep_u64(kept, 0x0101010101010101) * 0xFF);
      memcpy(out, &word, 8);
      out += std::popcount(kept & 0xFF);
    }
  }
};
using CompactAsBuilt = CompactByWords;
#else
using CompactAsBuilt = CompactByBytes;
#endif

#ifdef __x86_64__
// In one instruction. REQUIRES: Works().
struct CompactAtOnce {
  [[gnu::target("avx512vbmi2,avx512bw")]] void operator()(const char* bytes, uint64_t kept, char* out) const {
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(kept, _mm512_loadu_si512(bytes)));
  }
  static bool Works() { return __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512bw"); }
};
#endif

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_INTERNAL_COMPACT_H_
