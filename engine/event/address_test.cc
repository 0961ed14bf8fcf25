#include "engine/event/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

namespace tocsin::event {
namespace {

bool SystemReads(const std::string& text, Address& out) {
  if (text.find('\0') != std::string::npos) return false;
  if (inet_pton(AF_INET, text.c_str(), out.bytes.data() + 12) == 1) {
    std::memset(out.bytes.data(), 0, 10);
    out.bytes[10] = out.bytes[11] = 0xFF;
    return true;
  }
  return inet_pton(AF_INET6, text.c_str(), out.bytes.data()) == 1;
}

// What the system's own reader takes, and nothing else, over texts that are nearly addresses.
TEST(AddressTest, ReadsWhatTheSystemReads) {
  const char* const seed_text = std::getenv("TOCSIN_SEED");
  const uint64_t seed = seed_text ? std::strtoull(seed_text, nullptr, 10) : 1;
  SCOPED_TRACE("TOCSIN_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string seeds[] = {"192.0.2.20", "10.0.0.1", "255.255.255.255", "0.0.0.0", "2001:db8::1", "::ffff:10.0.0.1", "fe80::1", "1.2.3"};
  const std::string alphabet("0123456789.:af\0 ", 16);
  int taken = 0;
  for (int i = 0; i < 200'000; i++) {
    std::string text = seeds[random() % std::size(seeds)];
    for (uint64_t edits = random() % 3; edits > 0 && !text.empty(); edits--) {
      const size_t at = random() % text.size();
      const char c = alphabet[random() % alphabet.size()];
      if (random() % 3 == 0) text.erase(at, 1);
      else if (random() % 2 == 0) text[at] = c;
      else text.insert(at, 1, c);
    }
    Address ours, theirs;
    const bool read = ParseAddress(text, ours);
    ASSERT_EQ(read, SystemReads(text, theirs)) << text;
    if (!read) continue;
    taken++;
    ASSERT_EQ(ours.bytes, theirs.bytes) << text;
  }
  EXPECT_GT(taken, 50'000);
}

TEST(AddressTest, FindsTheAddressInAHostAndPort) {
  const auto in = [](std::string_view text) {
    Address parsed;
    return std::string(AddressIn(text, &parsed));
  };
  EXPECT_EQ(in("192.0.2.20"), "192.0.2.20");
  EXPECT_EQ(in("192.0.2.20:443"), "192.0.2.20");
  EXPECT_EQ(in("[2001:db8::1]:443"), "2001:db8::1");
  EXPECT_EQ(in("2001:db8::1"), "2001:db8::1");
  for (const char* none : {"", "ec2.amazonaws.com", "host:443", "[2001:db8::1", "192.0.2", "192.0.2.020", "192.0.2.256"}) EXPECT_EQ(in(none), "") << none;
}

TEST(AddressTest, AV4AddressInV6IsTheSameMachine) {
  Address plain, mapped;
  ASSERT_TRUE(ParseAddress("10.0.0.1", plain) && ParseAddress("::ffff:10.0.0.1", mapped));
  EXPECT_EQ(plain.bytes, mapped.bytes);
  EXPECT_TRUE(plain.v4 && mapped.v4);
}

}  // namespace
}  // namespace tocsin::event
