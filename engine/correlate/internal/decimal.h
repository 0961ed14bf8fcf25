// Numbers of events as exact decimals, so that a sum does not depend on the order in which it was taken.
//
// A Decimal is an integer of units of 10^-12. Text with more fraction digits is rounded half up in magnitude;
// magnitudes from 10^20 on do not fit and are no numbers here (counted by the caller). 10^6 of the largest fit into a
// sum.
#ifndef TOCSIN_ENGINE_CORRELATE_INTERNAL_DECIMAL_H_
#define TOCSIN_ENGINE_CORRELATE_INTERNAL_DECIMAL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/content/sigma/rule.h"

namespace tocsin::correlate {

__extension__ typedef __int128 Decimal;

enum class DecimalParse : uint8_t { kOk, kNotANumber, kOutOfRange };

// A JSON number, whole: no blanks, no leading zero, no plus sign, no hexadecimal.
DecimalParse ParseDecimal(std::string_view text, Decimal& out);
// "4", "0.25", "-1.5": no trailing zeros.
std::string FormatDecimal(Decimal value);
// Shortest text that reads back as the same double; integers without a point.
std::string FormatDouble(double value);
// A threshold as written: its shortest text, as a Decimal. Out of range: the nearest end.
Decimal DecimalOf(double value);
double ToDouble(Decimal value);

template <class T>
bool Holds(const T& value, content::Compare compare, const T& number) {
  switch (compare) {
    case content::Compare::kLt:
      return value < number;
    case content::Compare::kLte:
      return value <= number;
    case content::Compare::kGt:
      return value > number;
    case content::Compare::kGte:
      return value >= number;
    case content::Compare::kEq:
      return value == number;
    case content::Compare::kNeq:
      return value != number;
  }
  return false;
}

}  // namespace tocsin::correlate

#endif  // TOCSIN_ENGINE_CORRELATE_INTERNAL_DECIMAL_H_
