#include "engine/event/internal/expand.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace tocsin::event {
namespace {

using content::Template;

constexpr size_t kLongestAddress = INET6_ADDRSTRLEN;

const Network* UnroutedNetworks(size_t* count) {
  static const std::array<Network, 20> kNetworks = [] {
    constexpr std::string_view kTexts[] = {"0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
                                           "192.168.0.0/16", "198.18.0.0/15",  "224.0.0.0/4",   "240.0.0.0/4", "::/128",         "::1/128",       "64:ff9b:1::/48",
                                           "100::/64",       "fc00::/7",       "fe80::/10",     "fec0::/10",   "ff00::/8",       "2002:a00::/24"};
    std::array<Network, 20> out;
    for (size_t i = 0; i < out.size(); i++) ParseNetwork(kTexts[i], out[i]);
    return out;
  }();
  *count = kNetworks.size();
  return kNetworks.data();
}

// "a.b.c.d", each at most 255 and without leading zeros.
bool ParseV4(std::string_view text, uint8_t* out) {
  size_t at = 0;
  for (int i = 0; i < 4; i++) {
    if (i > 0 && (at == text.size() || text[at++] != '.')) return false;
    const size_t begin = at;
    unsigned number = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && at - begin < 3) number = number * 10 + static_cast<unsigned>(text[at++] - '0');
    if (at == begin || number > 255 || (at - begin > 1 && text[begin] == '0')) return false;
    out[i] = static_cast<uint8_t>(number);
  }
  return at == text.size();
}

}  // namespace

bool ApplyFilters(const std::vector<Template::Step>& steps, std::string_view& text, TextArena& arena) {
  for (const Template::Step& step : steps) {
    const std::string_view argument = step.argument;
    switch (step.filter) {
      case Template::Filter::kLower: {
        if (std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) break;
        char* out = arena.Reserve(text.size());
        std::transform(text.begin(), text.end(), out, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        text = {out, text.size()};
        break;
      }
      case Template::Filter::kAfter:
      case Template::Filter::kAfterLast: {
        const size_t at = step.filter == Template::Filter::kAfter ? text.find(argument) : text.rfind(argument);
        if (at == std::string_view::npos) return false;
        text.remove_prefix(at + argument.size());
        break;
      }
      case Template::Filter::kBefore:
      case Template::Filter::kBeforeLast: {
        const size_t at = step.filter == Template::Filter::kBefore ? text.find(argument) : text.rfind(argument);
        if (at != std::string_view::npos) text = text.substr(0, at);
        break;
      }
      case Template::Filter::kRequirePrefix:
        if (text.substr(0, argument.size()) != argument) return false;
        break;
      case Template::Filter::kRequireSuffix:
        if (text.size() < argument.size() || text.substr(text.size() - argument.size()) != argument) return false;
        break;
      case Template::Filter::kRequireText:
        if (text.find(argument) == std::string_view::npos) return false;
        break;
      case Template::Filter::kRejectText:
        if (text.find(argument) != std::string_view::npos) return false;
        break;
      case Template::Filter::kNonZero:
        if (text.empty() || text == "0" || text == "-" || text == "null") return false;
        break;
      case Template::Filter::kStripPadding:
        while (!text.empty() && text.back() == '=') text.remove_suffix(1);
        break;
      case Template::Filter::kIp: {
        Address ignored;
        text = AddressIn(text, &ignored);
        if (text.empty()) return false;
        break;
      }
    }
  }
  return true;
}

std::string_view AddressIn(std::string_view text, Address* parsed) {
  if (ParseAddress(text, *parsed)) return text;
  if (!text.empty() && text[0] == '[') {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return {};
    text = text.substr(1, end - 1);
  } else {
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return {};
    text = text.substr(0, colon);
  }
  return ParseAddress(text, *parsed) ? text : std::string_view();
}

bool ParseAddress(std::string_view text, Address& out) {
  if (ParseV4(text, out.bytes.data() + 12)) {
    std::fill_n(out.bytes.begin(), 10, uint8_t{0});
    out.bytes[10] = out.bytes[11] = 0xFF;
    out.v4 = true;
    return true;
  }
  if (text.size() >= kLongestAddress || text.find(':') == std::string_view::npos || text.find('\0') != std::string_view::npos) return false;
  char buffer[kLongestAddress];
  memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  if (inet_pton(AF_INET6, buffer, out.bytes.data()) != 1) return false;
  // ::ffff:a.b.c.d is the same machine as a.b.c.d.
  static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  out.v4 = memcmp(out.bytes.data(), kMapped, sizeof kMapped) == 0;
  return true;
}

bool ParseNetwork(std::string_view text, Network& out) {
  const size_t slash = text.find('/');
  if (!ParseAddress(text.substr(0, slash), out.base)) return false;
  const int whole = out.base.v4 ? 32 : 128;
  int bits = whole;
  if (slash != std::string_view::npos) {
    const std::string_view number = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), bits);
    if (error != std::errc() || end != number.data() + number.size() || bits < 0 || bits > whole) return false;
  }
  out.bits = bits + (128 - whole);
  return true;
}

bool Contains(const Network& network, const Address& address) {
  if (network.base.v4 != address.v4) return false;
  const size_t bytes = static_cast<size_t>(network.bits) / 8;
  if (memcmp(network.base.bytes.data(), address.bytes.data(), bytes) != 0) return false;
  const int rest = network.bits % 8;
  return rest == 0 || ((network.base.bytes[bytes] ^ address.bytes[bytes]) >> (8 - rest)) == 0;
}

bool IsPublic(const Address& address) {
  size_t count = 0;
  const Network* networks = UnroutedNetworks(&count);
  return std::none_of(networks, networks + count, [&](const Network& network) { return Contains(network, address); });
}

std::string_view NetworkText(const Address& address, TextArena& arena) {
  char buffer[kLongestAddress + 4];
  char* end = buffer;
  if (address.v4) {
    for (size_t i = 12; i < 15; i++) {
      end = std::to_chars(end, buffer + sizeof buffer, address.bytes[i]).ptr;
      *end++ = '.';
    }
    constexpr std::string_view kRest = "0/24";
    end = std::copy(kRest.begin(), kRest.end(), end);
  } else {
    Address masked = address;
    std::fill(masked.bytes.begin() + 6, masked.bytes.end(), uint8_t{0});
    inet_ntop(AF_INET6, masked.bytes.data(), buffer, kLongestAddress);
    constexpr std::string_view kBits = "/48";
    end = std::copy(kBits.begin(), kBits.end(), buffer + strlen(buffer));
  }
  return arena.Copy({buffer, static_cast<size_t>(end - buffer)});
}

}  // namespace tocsin::event
