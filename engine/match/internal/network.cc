#include "engine/match/internal/network.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace tocsin::match {
namespace {

uint64_t BigEndian(const unsigned char* bytes, int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; i++) value = value << 8 | bytes[i];
  return value;
}

// The top `bits` of a word of `width` bits; `bits` may lie outside 0..width.
uint64_t TopBits(int bits, int width) {
  if (bits <= 0) return 0;
  const uint64_t all = width == 64 ? ~0ull : (1ull << width) - 1;
  return bits >= width ? all : all & ~((1ull << (width - bits)) - 1);
}

}  // namespace

std::optional<Address> ParseAddress(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN];
  // inet_pton reads up to a NUL: one inside the text must not hide what follows it.
  if (text.empty() || text.size() >= sizeof(buffer) || memchr(text.data(), '\0', text.size()) != nullptr) return std::nullopt;
  memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  unsigned char bytes[16];
  Address address;
  if (memchr(buffer, ':', text.size()) != nullptr) {
    if (inet_pton(AF_INET6, buffer, bytes) != 1) return std::nullopt;
    address.v6 = true;
    address.high = BigEndian(bytes, 8);
    address.low = BigEndian(bytes + 8, 8);
  } else {
    if (inet_pton(AF_INET, buffer, bytes) != 1) return std::nullopt;
    address.low = BigEndian(bytes, 4);
  }
  return address;
}

std::optional<Network> ParseNetwork(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<Address> address = ParseAddress(text.substr(0, slash));
  if (!address) return std::nullopt;
  const int width = address->v6 ? 128 : 32;
  int bits = width;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (digits.empty() || digits[0] == '-' || error != std::errc() || end != digits.data() + digits.size() || bits < 0 || bits > width) return std::nullopt;
  }
  Network network{*address};
  network.high_mask = address->v6 ? TopBits(bits, 64) : 0;
  network.low_mask = address->v6 ? TopBits(bits - 64, 64) : TopBits(bits, 32);
  network.host_bits = (address->high & ~network.high_mask) != 0 || (address->low & ~network.low_mask) != 0;
  network.base.high &= network.high_mask;
  network.base.low &= network.low_mask;
  return network;
}

}  // namespace tocsin::match
