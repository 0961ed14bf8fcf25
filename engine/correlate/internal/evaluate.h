// The condition of each correlation type, judged over one group's items in total order (SIGMA 26-35, DESIGN section 4).
//
// A condition is evaluated at each counted item, over the items up to it in total order whose time is in
// [t - timespan, t]. Absences look at times alone: what excuses may stand behind in total order, up to the precision of
// the time it is compared with. Each type takes O(log n) an item, amortized; none rescans its window.
#ifndef TOCSIN_ENGINE_CORRELATE_INTERNAL_EVALUATE_H_
#define TOCSIN_ENGINE_CORRELATE_INTERNAL_EVALUATE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/correlate/engine.h"
#include "engine/correlate/internal/group.h"

namespace tocsin::correlate {

// Tuples that one hit adds to a value_count over several multi-valued fields.
inline constexpr size_t kMaxTuplesPerHit = 64;

struct Evaluation {
  const Unit& unit;
  ItemReader& reader;
  int64_t clock_slack_ns = 0;
  // Of a unit with parents: is the value (as firings carry it) new or only reported to a parent of the item that has learned?
  std::function<bool(const Item&, const std::string&)> new_to_parent;
};

// Does the item take part at all? A hit without the field (or without a number) is ignored. Counts what passed a limit.
bool Counts(const Unit& unit, ItemReader& reader, const Item& item, EngineCounters& counters);

// Fills group.firings from group.items, which are sorted: firings at or after group.emit_from_ns, in order.
void EvaluateGroup(const Evaluation& evaluation, Group& group);

// JSON of the values of an item, as firings of value_first_seen carry them.
std::vector<std::string> SightedValues(const Unit& unit, ItemReader& reader, const Item& item);

// Parts of EvaluateGroup.
void EvaluateTemporal(const Evaluation& evaluation, Group& group);
void EvaluateOrdered(const Evaluation& evaluation, Group& group);
void EvaluateNumbers(const Evaluation& evaluation, Group& group);

// The number of a temporal firing: distinct positive references in the window.
class DistinctRefs {
 public:
  explicit DistinctRefs(size_t refs) : last_ns_(refs, kNever) {}
  void See(uint16_t ref, int64_t time_ns) { last_ns_[ref] = time_ns; }
  bool Seen(uint16_t ref, int64_t since_ns) const { return last_ns_[ref] != kNever && last_ns_[ref] >= since_ns; }
  size_t Count(RefSet of, int64_t since_ns) const {
    size_t count = 0;
    for (uint16_t ref = 0; ref < last_ns_.size(); ++ref) count += (of >> ref & 1) && Seen(ref, since_ns);
    return count;
  }

 private:
  std::vector<int64_t> last_ns_;
};

// Holds every threshold? None: never.
bool ThresholdsHold(const content::Correlation& correlation, double count);

}  // namespace tocsin::correlate

#endif  // TOCSIN_ENGINE_CORRELATE_INTERNAL_EVALUATE_H_
