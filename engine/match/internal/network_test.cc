#include "engine/match/internal/network.h"

#include <gtest/gtest.h>

namespace tocsin::match {
namespace {

bool In(std::string_view network, std::string_view address) {
  const std::optional<Network> net = ParseNetwork(network);
  EXPECT_TRUE(net) << network;
  const std::optional<Address> parsed = ParseAddress(address);
  return net && parsed && net->Contains(*parsed);
}

TEST(Network, V4) {
  EXPECT_TRUE(In("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(In("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(In("192.168.1.128/25", "192.168.1.200"));
  EXPECT_FALSE(In("192.168.1.128/25", "192.168.1.127"));
  EXPECT_TRUE(In("0.0.0.0/0", "255.255.255.255"));
  EXPECT_TRUE(In("10.1.2.3/32", "10.1.2.3"));
  EXPECT_TRUE(In("10.1.2.3", "10.1.2.3"));
  EXPECT_FALSE(In("10.1.2.3", "10.1.2.4"));
}

TEST(Network, V6) {
  EXPECT_TRUE(In("fd00::/8", "fdab::1"));
  EXPECT_FALSE(In("fd00::/8", "fe80::1"));
  EXPECT_TRUE(In("2001:db8::/65", "2001:db8:0:0:7fff::1"));
  EXPECT_FALSE(In("2001:db8::/65", "2001:db8:0:0:8000::1"));
  EXPECT_TRUE(In("::1/128", "::1"));
  EXPECT_TRUE(In("::/0", "2001:DB8::1"));
}

TEST(Network, FamiliesMustAgree) {
  EXPECT_FALSE(In("::/0", "10.0.0.1"));
  EXPECT_FALSE(In("0.0.0.0/0", "::1"));
  EXPECT_FALSE(In("10.0.0.0/8", "::ffff:10.0.0.1"));
  EXPECT_TRUE(In("::ffff:0:0/96", "::ffff:10.0.0.1"));
}

TEST(Network, HostBitsAreMasked) {
  EXPECT_TRUE(In("10.1.2.3/8", "10.9.9.9"));
  EXPECT_TRUE(In("fd00::1/64", "fd00::2"));
  EXPECT_TRUE(ParseNetwork("10.1.2.3/8")->host_bits);
  EXPECT_TRUE(ParseNetwork("fd00::1/64")->host_bits);
  EXPECT_FALSE(ParseNetwork("10.0.0.0/8")->host_bits);
  EXPECT_FALSE(ParseNetwork("fd00::1")->host_bits);
}

TEST(Network, WhatIsNone) {
  for (const char* text : {"", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0/8", "010.0.0.0/8", "fd00::/129", "host/8", "10.0.0.0/255.0.0.0"}) {
    EXPECT_FALSE(ParseNetwork(text)) << text;
  }
  for (const std::string text : {"", "10.0.0.1 ", "10.0.0.1:80", "fe80::1%eth0", "10.0.0.1/32", "1.2.3", "a", "1234567890123456789012345678901234567890123456789"}) {
    EXPECT_FALSE(ParseAddress(text)) << text;
  }
  EXPECT_FALSE(ParseAddress(std::string_view("10.0.0.1\0x", 10)));
}

}  // namespace
}  // namespace tocsin::match
