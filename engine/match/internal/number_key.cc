#include "engine/match/internal/number_key.h"

#include "engine/match/internal/decimal.h"

namespace tocsin::match {

std::optional<uint64_t> NumberKey(std::string_view text) {
  if (text.empty() || (text[0] != '-' && (text[0] < '0' || text[0] > '9'))) return std::nullopt;
  Decimal decimal;
  if (!ParseDecimal(text, decimal)) return std::nullopt;
  // Digits without the zeros at either end, and the power of ten of the last of them.
  uint64_t digits = 0;
  int64_t zeros = 0;
  bool any = false;
  for (const std::string_view part : {decimal.whole, decimal.fraction}) {
    for (const char c : part) {
      if (c == '0') {
        zeros += any;
        continue;
      }
      any = true;
      // More digits than fit make a hash of their own; it wraps the same way for equal numbers.
      for (; zeros > 0; zeros--) digits *= 10;
      digits = digits * 10 + static_cast<uint64_t>(c - '0');
    }
  }
  if (!any) return 0;
  const int64_t power = decimal.exponent - static_cast<int64_t>(decimal.fraction.size()) + zeros;
  return digits * 0x9E3779B97F4A7C15ull + static_cast<uint64_t>(power) * 0xD6E8FEB86659FD93ull + (decimal.negative ? 1 : 0);
}

}  // namespace tocsin::match
