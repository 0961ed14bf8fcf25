#include "engine/correlate/internal/evaluate.h"

#include <algorithm>
#include <span>

#include "absl/container/flat_hash_map.h"
#include "engine/correlate/internal/decimal.h"
#include "engine/correlate/internal/json_text.h"

namespace tocsin::correlate {
namespace {

using content::CorrelationType;

bool IsNumeric(CorrelationType type) {
  return type == CorrelationType::kValueSum || type == CorrelationType::kValueAvg ||
         type == CorrelationType::kValueMedian || type == CorrelationType::kValuePercentile;
}

// Tuples of the condition's fields, by item, interned: equal tuples have one number.
class TupleIds {
 public:
  TupleIds(const Unit& unit, ItemReader& reader, const std::vector<Item>& items) {
    begin_.reserve(items.size() + 1);
    std::vector<std::vector<std::string_view>> lists(unit.fields.size());
    for (const Item& item : items) {
      begin_.push_back(static_cast<uint32_t>(ids_.size()));
      for (size_t f = 0; f < lists.size(); ++f) reader.Texts(item, unit.fields[f], lists[f]);
      if (lists.size() == 1) {
        for (std::string_view text : lists[0]) Add(std::string(text), {text});
        continue;
      }
      bool cut;
      for (auto& tuple : Product(lists, kMaxTuplesPerHit, cut)) {
        std::string key = EncodeKey(tuple);
        Add(std::move(key), std::move(tuple));
      }
    }
    begin_.push_back(static_cast<uint32_t>(ids_.size()));
  }
  std::span<const uint32_t> Of(size_t item) const {
    return std::span(ids_).subspan(begin_[item], begin_[item + 1] - begin_[item]);
  }
  size_t distinct() const { return tuples_.size(); }
  std::string_view Text(uint32_t id) const { return tuples_[id][0]; }   // of one field
  std::string Json(uint32_t id) const { return JsonTexts(tuples_[id]); }

 private:
  void Add(std::string key, std::vector<std::string_view> tuple) {
    auto [it, added] = by_key_.try_emplace(std::move(key), static_cast<uint32_t>(tuples_.size()));
    if (added) tuples_.push_back(std::move(tuple));
    ids_.push_back(it->second);
  }
  std::vector<uint32_t> ids_, begin_;
  std::vector<std::vector<std::string_view>> tuples_;
  absl::flat_hash_map<std::string, uint32_t> by_key_;
};

void EvaluateEventCount(const Evaluation& evaluation, Group& group) {
  const content::Correlation& correlation = *evaluation.unit.correlation;
  uint32_t first = 0;
  for (uint32_t i = 0; i < group.items.size(); ++i) {
    int64_t now = group.items[i].time_ns;
    while (group.items[first].time_ns < Minus(now, correlation.timespan_ns)) ++first;
    if (now < group.emit_from_ns) continue;
    uint32_t count = i - first + 1;
    if (!ThresholdsHold(correlation, count)) continue;
    FiringRecord& firing = group.firings.emplace_back();
    firing.at = i;
    firing.first = first;
    firing.value = std::to_string(count);
  }
}

void EvaluateValueCount(const Evaluation& evaluation, Group& group) {
  const content::Correlation& correlation = *evaluation.unit.correlation;
  TupleIds tuples(evaluation.unit, evaluation.reader, group.items);
  std::vector<uint32_t> in_window(tuples.distinct(), 0);
  uint32_t first = 0, distinct = 0;
  for (uint32_t i = 0; i < group.items.size(); ++i) {
    int64_t now = group.items[i].time_ns;
    for (uint32_t id : tuples.Of(i)) distinct += in_window[id]++ == 0;
    for (; group.items[first].time_ns < Minus(now, correlation.timespan_ns); ++first) {
      for (uint32_t id : tuples.Of(first)) distinct -= --in_window[id] == 0;
    }
    if (now < group.emit_from_ns || !ThresholdsHold(correlation, distinct)) continue;
    FiringRecord& firing = group.firings.emplace_back();
    firing.at = i;
    firing.first = first;
    firing.value = std::to_string(distinct);
  }
}

// start(g) at an item: among items that are context only, those in between may have been dropped, and then the start of that
// stretch was kept instead.
int64_t StartAt(const Group& group, int64_t now, int64_t previous, int64_t since, int64_t start) {
  if (now < group.emit_from_ns && group.start_ns != kNever) return group.start_ns;
  return previous == kNever || previous < since ? now : start;
}

// Does a value fire although its group learns? Only what it is compared with can say so.
bool Strange(const Evaluation& evaluation, const Item& item, std::string_view text, const std::string& value) {
  if (evaluation.new_to_parent) return evaluation.new_to_parent(item, value);
  return evaluation.unit.correlation->learning_fallback && !evaluation.unit.learning_fallback.Contains(text);
}

void EvaluateFirstSeen(const Evaluation& evaluation, Group& group) {
  const content::Correlation& correlation = *evaluation.unit.correlation;
  TupleIds tuples(evaluation.unit, evaluation.reader, group.items);
  std::vector<int64_t> last_seen(tuples.distinct(), kNever);
  int64_t start = kNever, previous = kNever;
  for (uint32_t i = 0; i < group.items.size(); ++i) {
    int64_t now = group.items[i].time_ns, since = Minus(now, correlation.timespan_ns);
    start = StartAt(group, now, previous, since, start);
    previous = now;
    for (uint32_t id : tuples.Of(i)) {
      bool known = last_seen[id] != kNever && last_seen[id] >= since;
      last_seen[id] = now;
      if (known || now < group.emit_from_ns) continue;
      if (!correlation.values.empty() && !evaluation.unit.values.Contains(tuples.Text(id))) continue;
      const bool learning = now < Plus(start, correlation.learning_ns);
      if (learning && !Strange(evaluation, group.items[i], tuples.Text(id), tuples.Json(id))) continue;
      FiringRecord& firing = group.firings.emplace_back();
      firing.at = firing.first = i;
      firing.value = tuples.Json(id);
    }
  }
}

// A parent that has learned fires at what it does not know: a value that is new to it, and for a timespan every sighting of
// one that was, because what fired is reported, not known. While it learns it knows everything. What was new before
// emit_from is forgotten, which reads as known; nobody asks so far back: the unit behind it reaches further than a timespan.
void EvaluateParent(const Evaluation& evaluation, Group& group) {
  const content::Correlation& correlation = *evaluation.unit.correlation;
  TupleIds tuples(evaluation.unit, evaluation.reader, group.items);
  std::vector<int64_t> last_seen(tuples.distinct(), kNever), reported(tuples.distinct(), kNever);
  int64_t start = kNever, previous = kNever;
  for (uint32_t i = 0; i < group.items.size(); ++i) {
    int64_t now = group.items[i].time_ns, since = Minus(now, correlation.timespan_ns);
    start = StartAt(group, now, previous, since, start);
    previous = now;
    const bool thinned = now < group.emit_from_ns && group.start_ns != kNever;
    for (uint32_t id : tuples.Of(i)) {
      bool known = last_seen[id] != kNever && last_seen[id] >= since;
      last_seen[id] = now;
      if (thinned || now < Plus(start, correlation.learning_ns)) continue;
      if (!known) reported[id] = now;
      if (now < group.emit_from_ns || reported[id] == kNever || reported[id] < since) continue;
      FiringRecord& firing = group.firings.emplace_back();
      firing.at = firing.first = i;
      firing.value = tuples.Json(id);
    }
  }
}

void EvaluateChange(const Evaluation& evaluation, Group& group) {
  TupleIds tuples(evaluation.unit, evaluation.reader, group.items);
  // A hit's value is its set of values: several at once (a field that is an array) are one state.
  auto value_of = [&](uint32_t item) {
    std::vector<uint32_t> ids(tuples.Of(item).begin(), tuples.Of(item).end());
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
  };
  auto json_of = [&](const std::vector<uint32_t>& ids) {
    if (ids.size() == 1) return tuples.Json(ids[0]);
    std::vector<std::string> texts;
    for (uint32_t id : ids) texts.push_back(tuples.Json(id));
    std::sort(texts.begin(), texts.end());
    std::string out = "[";
    for (size_t i = 0; i < texts.size(); ++i) out += (i > 0 ? "," : "") + texts[i];
    return out + "]";
  };
  std::vector<uint32_t> previous;
  for (uint32_t i = 0; i < group.items.size(); ++i) {
    std::vector<uint32_t> value = value_of(i);
    if (i > 0 && value != previous && group.items[i].time_ns >= group.emit_from_ns) {
      FiringRecord& firing = group.firings.emplace_back();
      firing.at = i;
      firing.first = i - 1;
      firing.value = "{\"from\":" + json_of(previous) + ",\"to\":" + json_of(value) + "}";
    }
    previous = std::move(value);
  }
}

void EvaluateLoneHits(Group& group) {
  for (uint32_t i = 0; i < group.items.size(); ++i) {
    if (group.items[i].time_ns < group.emit_from_ns) continue;
    FiringRecord& firing = group.firings.emplace_back();
    firing.at = firing.first = i;
  }
}

}  // namespace

bool ThresholdsHold(const content::Correlation& correlation, double count) {
  for (const content::Correlation::Threshold& threshold : correlation.thresholds) {
    if (!Holds(count, threshold.compare, threshold.number)) return false;
  }
  return !correlation.thresholds.empty();
}

bool Counts(const Unit& unit, ItemReader& reader, const Item& item, EngineCounters& counters) {
  if (unit.lone() || unit.fields.empty()) return true;
  std::vector<std::string_view> texts;
  if (IsNumeric(unit.type())) {
    reader.Texts(item, unit.fields[0], texts);
    bool any = false;
    for (std::string_view text : texts) {
      Decimal number;
      DecimalParse parse = ParseDecimal(text, number);
      any |= parse == DecimalParse::kOk;
      counters.numbers_out_of_range += parse == DecimalParse::kOutOfRange;
    }
    return any;
  }
  size_t product = 1;
  for (const FieldSource& field : unit.fields) {
    reader.Texts(item, field, texts);
    if (texts.empty()) return false;
    product = std::min(product * texts.size(), kMaxTuplesPerHit + 1);
  }
  if (unit.fields.size() > 1) counters.tuple_limit += product > kMaxTuplesPerHit;
  return true;
}

void EvaluateGroup(const Evaluation& evaluation, Group& group) {
  group.firings.clear();
  if (!evaluation.unit.usable || group.items.empty()) return;
  if (evaluation.unit.lone()) return EvaluateLoneHits(group);
  switch (evaluation.unit.type()) {
    case CorrelationType::kEventCount:
      return EvaluateEventCount(evaluation, group);
    case CorrelationType::kValueCount:
      return EvaluateValueCount(evaluation, group);
    case CorrelationType::kValueSum:
    case CorrelationType::kValueAvg:
    case CorrelationType::kValueMedian:
    case CorrelationType::kValuePercentile:
      return EvaluateNumbers(evaluation, group);
    case CorrelationType::kTemporal:
      return EvaluateTemporal(evaluation, group);
    case CorrelationType::kTemporalOrdered:
      return EvaluateOrdered(evaluation, group);
    case CorrelationType::kValueFirstSeen:
      return evaluation.unit.is_parents ? EvaluateParent(evaluation, group) : EvaluateFirstSeen(evaluation, group);
    case CorrelationType::kValueChange:
      return EvaluateChange(evaluation, group);
  }
}

std::vector<std::string> SightedValues(const Unit& unit, ItemReader& reader, const Item& item) {
  std::vector<std::vector<std::string_view>> lists(unit.fields.size());
  for (size_t f = 0; f < lists.size(); ++f) reader.Texts(item, unit.fields[f], lists[f]);
  std::vector<std::string> values;
  bool cut;
  for (const auto& tuple : Product(lists, lists.size() == 1 ? lists[0].size() : kMaxTuplesPerHit, cut)) {
    values.push_back(JsonTexts(tuple));
  }
  return values;
}

}  // namespace tocsin::correlate
