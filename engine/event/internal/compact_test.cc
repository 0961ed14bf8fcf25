// Every way of compacting against a byte at a time.
#include "engine/event/internal/compact.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace tocsin::event {
namespace {

template <class Compact>
void AgreesWithByteByByte(Compact compact) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20'000; round++) {
    char bytes[64];
    for (char& byte : bytes) byte = static_cast<char>(random());
    const uint64_t sparse = random() & random() & random(), dense = random() | random() | random();
    const uint64_t masks[] = {0, ~uint64_t{0}, uint64_t{1} << (round % 64), ~(uint64_t{1} << (round % 64)), random(), sparse, dense};
    const uint64_t kept = masks[round % std::size(masks)];
    std::string expected;
    for (size_t i = 0; i < 64; i++) {
      if (kept >> i & 1) expected += bytes[i];
    }
    char out[64 + 8];
    memset(out, '~', sizeof out);
    compact(bytes, kept, out);
    ASSERT_EQ(std::string(out, expected.size()), expected) << "kept " << kept;
    ASSERT_EQ(std::string(out + 64, 8), "~~~~~~~~") << "wrote behind 64 bytes, kept " << kept;
  }
}

TEST(Compact, ByBytes) { AgreesWithByteByByte(CompactByBytes()); }

TEST(Compact, AsBuilt) { AgreesWithByteByByte(CompactAsBuilt()); }

#ifdef __x86_64__
TEST(Compact, AtOnce) {
  if (!CompactAtOnce::Works()) GTEST_SKIP() << "this processor has no AVX-512 VBMI2";
  AgreesWithByteByByte(CompactAtOnce());
}
#endif

}  // namespace
}  // namespace tocsin::event
