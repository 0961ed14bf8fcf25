// Network addresses in event text: reading them, networks, and which are public.
#ifndef TOCSIN_ENGINE_EVENT_ADDRESS_H_
#define TOCSIN_ENGINE_EVENT_ADDRESS_H_

#include <array>
#include <cstdint>
#include <string_view>

namespace tocsin::event {

struct Address {
  std::array<uint8_t, 16> bytes{};   // IPv4 as ::ffff:a.b.c.d
  bool v4 = false;
};
bool ParseAddress(std::string_view text, Address& out);
// The address in "a", "a:port", "[v6]:port", "v6", also parsed; empty when there is none.
std::string_view AddressIn(std::string_view text, Address* parsed);

struct Network {
  Address base;
  int bits = 128;                    // over the 16 bytes
};
// "10.0.0.0/8", or an address alone.
bool ParseNetwork(std::string_view text, Network& out);
bool Contains(const Network& network, const Address& address);

// Outside every range that is not routed in the internet. The documentation ranges count as public: examples, and our
// scenarios, live there.
bool IsPublic(const Address& address);

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_ADDRESS_H_
