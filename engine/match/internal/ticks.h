// The cheapest clock there is: ticks of unknown length that only ever grow on one core. For measuring, never for results.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_TICKS_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_TICKS_H_

#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include <chrono>
#include <cstdint>

namespace tocsin::match {

inline int64_t SteadyNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline uint64_t Ticks() {
#ifdef __x86_64__
  return __rdtsc();   // a third of what steady_clock costs, and a predicate takes no longer than that
#else
  return static_cast<uint64_t>(SteadyNs());
#endif
}

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_TICKS_H_
