#include "engine/match/internal/decimal.h"

#include <algorithm>

namespace tocsin::match {
namespace {

// A longer exponent counts as the greatest of this length: no value has so many digits that it could weigh them up.
constexpr size_t kMaxExponentDigits = 15;
constexpr std::string_view kMaxExponent = "999999999999999";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Digits of whole and fraction in a row, leading zeros passed over.
class Digits {
 public:
  explicit Digits(const Decimal& decimal) : whole_(decimal.whole), fraction_(decimal.fraction) {
    const auto zeros = [](std::string_view& text) {
      size_t n = 0;
      while (n < text.size() && text[n] == '0') n++;
      text.remove_prefix(n);
      return static_cast<int64_t>(n);
    };
    zeros(whole_);
    magnitude_ = static_cast<int64_t>(whole_.size()) + decimal.exponent;
    if (whole_.empty()) magnitude_ = decimal.exponent - zeros(fraction_);
    while (!fraction_.empty() && fraction_.back() == '0') fraction_.remove_suffix(1);
  }
  bool zero() const { return whole_.empty() && fraction_.empty(); }
  // Power of ten above the first digit.
  int64_t magnitude() const { return magnitude_; }
  size_t size() const { return whole_.size() + fraction_.size(); }
  char at(size_t i) const { return i < whole_.size() ? whole_[i] : i < size() ? fraction_[i - whole_.size()] : '0'; }

 private:
  std::string_view whole_, fraction_;
  int64_t magnitude_ = 0;
};

}  // namespace

bool ParseDecimal(std::string_view text, Decimal& out) {
  out = {};
  size_t i = 0;
  const auto digits = [&] {
    const size_t from = i;
    while (i < text.size() && IsDigit(text[i])) i++;
    return text.substr(from, i - from);
  };
  if (i < text.size() && text[i] == '-') {
    out.negative = true;
    i++;
  }
  out.whole = digits();
  if (out.whole.empty() || (out.whole.size() > 1 && out.whole[0] == '0')) return false;
  if (i < text.size() && text[i] == '.') {
    i++;
    out.fraction = digits();
    if (out.fraction.empty()) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    i++;
    const bool negative = i < text.size() && text[i] == '-';
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) i++;
    std::string_view exponent = digits();
    if (exponent.empty()) return false;
    exponent.remove_prefix(std::min(exponent.find_first_not_of('0'), exponent.size()));
    if (exponent.size() > kMaxExponentDigits) exponent = kMaxExponent;
    for (const char c : exponent) out.exponent = out.exponent * 10 + (c - '0');
    if (negative) out.exponent = -out.exponent;
  }
  return i == text.size();
}

std::strong_ordering CompareDecimals(const Decimal& a, const Decimal& b) {
  const Digits x(a), y(b);
  if (x.zero() || y.zero()) {
    if (x.zero() && y.zero()) return std::strong_ordering::equal;
    const bool greater = x.zero() ? b.negative : !a.negative;
    return greater ? std::strong_ordering::greater : std::strong_ordering::less;
  }
  if (a.negative != b.negative) return a.negative ? std::strong_ordering::less : std::strong_ordering::greater;
  std::strong_ordering size = x.magnitude() <=> y.magnitude();
  for (size_t i = 0; size == 0 && i < std::max(x.size(), y.size()); i++) size = x.at(i) <=> y.at(i);
  if (!a.negative || size == 0) return size;
  return size < 0 ? std::strong_ordering::greater : std::strong_ordering::less;
}

}  // namespace tocsin::match
