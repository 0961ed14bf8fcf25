// Numbers compared by exact decimal value, as text: ids above 2^53 differ (SIGMA.md 18).
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_DECIMAL_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_DECIMAL_H_

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::match {

// Sign, significant digits without leading and trailing zeros, and the power of ten of the first one. Views into the text.
struct Decimal {
  bool negative = false;
  std::string_view whole, fraction;   // digits before and behind the point
  int64_t exponent = 0;
};

// The text as a JSON number whole; false for anything else. Exponents beyond 10^15 are all the same.
bool ParseDecimal(std::string_view text, Decimal& out);

std::strong_ordering CompareDecimals(const Decimal& a, const Decimal& b);

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_DECIMAL_H_
