#include "engine/correlate/internal/decimal.h"

#include <algorithm>
#include <charconv>

namespace tocsin::correlate {
namespace {

constexpr int kFractionDigits = 12, kIntegerDigits = 20;

constexpr Decimal PowerOfTen(int n) {
  Decimal power = 1;
  while (n-- > 0) power *= 10;
  return power;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

DecimalParse ParseDecimal(std::string_view text, Decimal& out) {
  size_t at = 0;
  auto digits = [&] {
    size_t begin = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    return text.substr(begin, at - begin);
  };
  bool negative = !text.empty() && text[0] == '-';
  if (negative) ++at;
  std::string_view integer = digits(), fraction;
  if (integer.empty() || (integer.size() > 1 && integer[0] == '0')) return DecimalParse::kNotANumber;
  if (at < text.size() && text[at] == '.') {
    ++at;
    fraction = digits();
    if (fraction.empty()) return DecimalParse::kNotANumber;
  }
  int64_t exponent = 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    bool down = at < text.size() && text[at] == '-';
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    std::string_view power = digits();
    if (power.empty()) return DecimalParse::kNotANumber;
    for (char c : power) exponent = std::min<int64_t>(exponent * 10 + (c - '0'), 1'000'000'000);
    if (down) exponent = -exponent;
  }
  if (at != text.size()) return DecimalParse::kNotANumber;

  // Digit i of integer+fraction stands for 10^(integer.size() - 1 - i + exponent).
  Decimal value = 0;
  bool round_up = false, significant = false;
  int64_t power = static_cast<int64_t>(integer.size()) - 1 + exponent;
  for (std::string_view part : {integer, fraction}) {
    for (char c : part) {
      int digit = c - '0';
      if (digit != 0 || significant) {
        significant = true;
        if (power >= kIntegerDigits) return DecimalParse::kOutOfRange;
        if (power >= -kFractionDigits) {
          value += digit * PowerOfTen(static_cast<int>(power) + kFractionDigits);
        } else if (power == -kFractionDigits - 1) {
          round_up = digit >= 5;
        }
      }
      --power;
    }
  }
  if (round_up) ++value;
  out = negative ? -value : value;
  return DecimalParse::kOk;
}

std::string FormatDecimal(Decimal value) {
  bool negative = value < 0;
  if (negative) value = -value;
  std::string text;  // backwards
  bool point = false, any = false;
  for (int i = 0; i < kFractionDigits; ++i, value /= 10) {
    int digit = static_cast<int>(value % 10);
    if (digit == 0 && !any) continue;
    any = point = true;
    text.push_back(static_cast<char>('0' + digit));
  }
  if (point) text.push_back('.');
  do {
    text.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  if (negative) text.push_back('-');
  std::reverse(text.begin(), text.end());
  return text;
}

std::string FormatDouble(double value) {
  char buffer[40];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

Decimal DecimalOf(double value) {
  Decimal decimal = 0;
  // The shortest text may have a sign in its exponent ("1e+20"), which ParseDecimal reads.
  if (ParseDecimal(FormatDouble(value), decimal) == DecimalParse::kOk) return decimal;
  Decimal limit = PowerOfTen(kFractionDigits + kIntegerDigits);
  return value < 0 ? -limit : limit;
}

double ToDouble(Decimal value) {
  return static_cast<double>(static_cast<long double>(value) / static_cast<long double>(PowerOfTen(kFractionDigits)));
}

}  // namespace tocsin::correlate
