// temporal: references seen in the window, in any order.

#include <algorithm>

#include "engine/correlate/internal/evaluate.h"

namespace tocsin::correlate {
namespace {

using content::CorrelationExpr;

// The window at one item: which references were seen in it, and which absences hold.
class Window {
 public:
  Window(const Evaluation& evaluation, const Group& group)
      : unit_(evaluation.unit), seen_(unit_.correlation->refs.size()), negative_times_(unit_.correlation->refs.size()) {
    for (const Item& item : group.items) {
      if (unit_.negative >> item.ref & 1) negative_times_[item.ref].push_back(item.time_ns);
    }
  }
  void See(const Item& item) { seen_.See(item.ref, item.time_ns); }
  // `excuse_end_ns`: what is earlier counts as before the item, by the precision of its time.
  void MoveTo(int64_t now, int64_t excuse_end_ns) {
    since_ns_ = Minus(now, unit_.correlation->timespan_ns);
    absent_ = 0;
    for (uint16_t ref = 0; ref < negative_times_.size(); ++ref) {
      if (!(unit_.negative >> ref & 1)) continue;
      const std::vector<int64_t>& times = negative_times_[ref];
      auto excuse = std::lower_bound(times.begin(), times.end(), Minus(now, unit_.before_ns[ref]));
      if (excuse == times.end() || *excuse >= excuse_end_ns) absent_ |= RefSet{1} << ref;
    }
  }
  bool Holds(const CorrelationExpr& expr, bool negated, RefSet absent) const {
    switch (expr.kind) {
      case CorrelationExpr::Kind::kRef:
        return negated ? (absent >> expr.ref & 1) != 0 : seen_.Seen(static_cast<uint16_t>(expr.ref), since_ns_);
      case CorrelationExpr::Kind::kNot:
        return Holds(expr.children[0], !negated, absent);
      case CorrelationExpr::Kind::kAnd:
      case CorrelationExpr::Kind::kOr:
        break;
    }
    bool all = (expr.kind == CorrelationExpr::Kind::kAnd) != negated;
    for (const CorrelationExpr& child : expr.children) {
      if (Holds(child, negated, absent) != all) return !all;
    }
    return all;
  }
  RefSet absent() const { return absent_; }
  size_t Distinct() const { return seen_.Count(unit_.positive, since_ns_); }

 private:
  const Unit& unit_;
  DistinctRefs seen_;
  std::vector<std::vector<int64_t>> negative_times_;  // [ref]
  int64_t since_ns_ = 0;
  RefSet absent_ = 0;
};

}  // namespace

void EvaluateTemporal(const Evaluation& evaluation, Group& group) {
  const Unit& unit = evaluation.unit;
  const content::Correlation& correlation = *unit.correlation;
  Window window(evaluation, group);
  uint32_t first = 0;
  for (uint32_t i = 0; i < group.items.size(); ++i) {
    const Item& item = group.items[i];
    if (!(unit.positive >> item.ref & 1)) continue;
    int64_t now = item.time_ns;
    window.See(item);
    while (group.items[first].time_ns < Minus(now, correlation.timespan_ns)) ++first;
    if (now < group.emit_from_ns) continue;
    int64_t precision = evaluation.reader.hit(item).precision_ns;
    window.MoveTo(now, Plus(now, Plus(precision, evaluation.clock_slack_ns)));
    RefSet rests_on = 0;
    if (correlation.expression) {
      // It rests on absences only if it would not hold without them.
      if (!window.Holds(*correlation.expression, false, 0)) {
        rests_on = window.absent();
        if (rests_on == 0 || !window.Holds(*correlation.expression, false, rests_on)) continue;
      }
    } else if (!correlation.thresholds.empty()) {
      if (!ThresholdsHold(correlation, static_cast<double>(window.Distinct()))) continue;
    } else if (window.Distinct() != correlation.refs.size()) {
      continue;
    }
    FiringRecord& firing = group.firings.emplace_back();
    firing.at = i;
    firing.first = first;
    firing.chosen_from_ns = now;
    firing.absent = rests_on;
    firing.value = std::to_string(window.Distinct());
  }
}

}  // namespace tocsin::correlate
