// Addresses and networks for `cidr`. A test holds for an address of the network's own family: ::ffff:10.0.0.1 is IPv6.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_NETWORK_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_NETWORK_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin::match {

struct Address {
  bool v6 = false;
  uint64_t high = 0, low = 0;   // network order as numbers; IPv4 stands in the low 32 bits of `low`
};

struct Network {
  Address base;                 // host bits are 0
  uint64_t high_mask = 0, low_mask = 0;
  bool host_bits = false;       // the text had some

  bool Contains(const Address& address) const {
    return address.v6 == base.v6 && (address.high & high_mask) == base.high && (address.low & low_mask) == base.low;
  }
};

// The address that `text` is as a whole; no zone, no port, no leading zeros.
std::optional<Address> ParseAddress(std::string_view text);

// ADDRESS/BITS, or an address alone: a network of one. Host bits are masked off.
std::optional<Network> ParseNetwork(std::string_view text);

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_NETWORK_H_
