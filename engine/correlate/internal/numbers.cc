// value_sum, value_avg, value_median, value_percentile: exact decimals, so the result is a function of the window's
// set.

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/correlate/internal/decimal.h"
#include "engine/correlate/internal/evaluate.h"

namespace tocsin::correlate {
namespace {

using content::CorrelationType;

// Counts by rank with "the k-th smallest" in O(log n): a Fenwick tree over the group's distinct numbers.
class RankedCounts {
 public:
  explicit RankedCounts(size_t ranks) : tree_(std::bit_ceil(ranks + 1) + 1, 0), size_(std::bit_ceil(ranks + 1)) {}
  void Add(size_t rank, int delta) {
    for (size_t i = rank + 1; i <= size_; i += i & (~i + 1)) tree_[i] += delta;
  }
  // REQUIRES: k < the number of counted values.
  size_t Kth(int64_t k) const {
    size_t at = 0;
    for (size_t step = size_; step > 0; step /= 2) {
      if (at + step <= size_ && tree_[at + step] <= k) {
        at += step;
        k -= tree_[at];
      }
    }
    return at;
  }

 private:
  std::vector<int64_t> tree_;
  size_t size_;
};

bool SumHolds(const content::Correlation& correlation, Decimal sum, int64_t divisor) {
  for (const auto& threshold : correlation.thresholds) {
    // sum / divisor against the number, without dividing: exact unless the number is astronomic.
    Decimal scaled;
    if (__builtin_mul_overflow(DecimalOf(threshold.number), Decimal{divisor}, &scaled)) {
      if (!Holds(ToDouble(sum) / static_cast<double>(divisor), threshold.compare, threshold.number)) return false;
    } else if (!Holds(sum, threshold.compare, scaled)) {
      return false;
    }
  }
  return !correlation.thresholds.empty();
}

std::string QuotientText(Decimal sum, int64_t divisor) {
  if (sum % divisor == 0) return FormatDecimal(sum / divisor);
  return FormatDouble(ToDouble(sum) / static_cast<double>(divisor));
}

}  // namespace

void EvaluateNumbers(const Evaluation& evaluation, Group& group) {
  const content::Correlation& correlation = *evaluation.unit.correlation;
  std::vector<Decimal> numbers;
  std::vector<uint32_t> begin;
  std::vector<std::string_view> texts;
  for (const Item& item : group.items) {
    begin.push_back(static_cast<uint32_t>(numbers.size()));
    evaluation.reader.Texts(item, evaluation.unit.fields[0], texts);
    for (std::string_view text : texts) {
      Decimal number;
      if (ParseDecimal(text, number) == DecimalParse::kOk) numbers.push_back(number);
    }
  }
  begin.push_back(static_cast<uint32_t>(numbers.size()));

  bool ranked =
      correlation.type == CorrelationType::kValueMedian || correlation.type == CorrelationType::kValuePercentile;
  std::vector<Decimal> distinct;
  std::vector<uint32_t> rank;
  if (ranked) {
    distinct = numbers;
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    for (Decimal number : numbers) {
      rank.push_back(
          static_cast<uint32_t>(std::lower_bound(distinct.begin(), distinct.end(), number) - distinct.begin()));
    }
  }
  RankedCounts counts(distinct.size());
  Decimal sum = 0;
  int64_t n = 0;
  auto change = [&](uint32_t item, int sign) {
    for (uint32_t k = begin[item]; k < begin[item + 1]; ++k) {
      sum += sign * numbers[k];
      n += sign;
      if (ranked) counts.Add(rank[k], sign);
    }
  };
  double share = correlation.type == CorrelationType::kValueMedian ? 0.5 : correlation.percentile / 100;
  uint32_t first = 0;
  for (uint32_t i = 0; i < group.items.size(); ++i) {
    int64_t now = group.items[i].time_ns;
    change(i, 1);
    for (; group.items[first].time_ns < Minus(now, correlation.timespan_ns); ++first) change(first, -1);
    if (now < group.emit_from_ns) continue;
    bool holds;
    std::string value;
    if (!ranked) {
      int64_t divisor = correlation.type == CorrelationType::kValueAvg ? n : 1;
      holds = SumHolds(correlation, sum, divisor);
      if (holds) value = QuotientText(sum, divisor);
    } else {
      // Linear interpolation at rank p * (n - 1).
      long double place = static_cast<long double>(share) * static_cast<long double>(n - 1);
      int64_t below = std::clamp<int64_t>(static_cast<int64_t>(std::floor(place)), 0, n - 1);
      Decimal low = distinct[counts.Kth(below)];
      Decimal high = distinct[counts.Kth(std::min(below + 1, n - 1))];
      long double part = place - static_cast<long double>(below);
      if (part == 0 || low == high) {
        holds = SumHolds(correlation, low, 1);
        value = FormatDecimal(low);
      } else if (part == 0.5L) {
        holds = SumHolds(correlation, low + high, 2);
        value = QuotientText(low + high, 2);
      } else {
        double interpolated = static_cast<double>(ToDouble(low) + part * (ToDouble(high) - ToDouble(low)));
        holds = ThresholdsHold(correlation, interpolated);
        value = FormatDouble(interpolated);
      }
    }
    if (!holds) continue;
    FiringRecord& firing = group.firings.emplace_back();
    firing.at = i;
    firing.first = first;
    firing.value = std::move(value);
  }
}

}  // namespace tocsin::correlate
