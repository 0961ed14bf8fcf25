// What a live run may forget.
//
// Each group has a moment `emit_from`: everything before it is settled, published and closed. Items before it stay only
// as far as they are context for later firings. An inner group never forgets a firing that an outer group still holds.

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "engine/correlate/internal/evaluate.h"
#include "engine/correlate/internal/state.h"

namespace tocsin::correlate {
namespace {

using content::CorrelationType;

int64_t LastMember(const Alert& alert) { return std::max(alert.last_firing.ns, alert.last_event.ns); }

// The earliest firing that must still be made, so that no open or unconfirmed episode loses its beginning and none is
// cut.
int64_t EmitFrom(const Unit& unit, const Group& group, int64_t settled_before_ns, int64_t limit_ns) {
  int64_t from = std::min(settled_before_ns, limit_ns);
  if (unit.alerts()) {
    for (const Alert& alert : group.published) {
      bool ended = Plus(LastMember(alert), unit.rule->episode_gap_ns) < settled_before_ns ||
                   Plus(alert.first_firing.ns, unit.rule->episode_max_ns) < settled_before_ns;
      if (alert.state != AlertState::kConfirmed || !ended) from = std::min(from, alert.first_firing.ns);
    }
    for (bool moved = true; moved;) {
      moved = false;
      for (const Alert& alert : group.published) {
        if (alert.first_firing.ns < from && LastMember(alert) >= from) {
          from = alert.first_firing.ns;
          moved = true;
        }
      }
    }
  }
  return std::max(from, group.emit_from_ns);
}

// value_first_seen: the last sighting of each value is all that later ones need, and when the group began.
void PruneSightings(const Unit& unit, ItemReader& reader, Group& group, int64_t from) {
  int64_t timespan = unit.correlation->timespan_ns, previous = kNever, start = group.start_ns;
  size_t context = 0;
  for (; context < group.items.size() && group.items[context].time_ns < from; ++context) {
    int64_t now = group.items[context].time_ns;
    const bool dropped_before = now < group.emit_from_ns && group.start_ns != kNever;
    if (!dropped_before && (previous == kNever || previous < Minus(now, timespan))) start = now;
    previous = now;
  }
  group.start_ns = start;
  std::set<std::string> later;
  std::vector<Item> kept;
  for (size_t i = context; i-- > 0;) {
    if (group.items[i].time_ns < Minus(from, timespan)) break;
    bool last_of_any = false;
    for (std::string& value : SightedValues(unit, reader, group.items[i]))
      last_of_any |= later.insert(std::move(value)).second;
    if (last_of_any) kept.push_back(group.items[i]);
  }
  std::reverse(kept.begin(), kept.end());
  kept.insert(kept.end(), group.items.begin() + context, group.items.end());
  group.items = std::move(kept);
}

void Prune(State& state, const Unit& unit, Group& group, int64_t from, int64_t reach) {
  if (from <= group.emit_from_ns) return;
  size_t before = group.items.size();
  if (!unit.lone() && unit.type() == CorrelationType::kValueFirstSeen) {
    PruneSightings(unit, state.reader, group, from);
  } else {
    int64_t keep_from = unit.lone() ? from : Minus(from, reach);
    auto first = std::lower_bound(group.items.begin(), group.items.end(), keep_from,
                                  [](const Item& item, int64_t t) { return item.time_ns < t; });
    if (!unit.lone() && unit.type() == CorrelationType::kValueChange) {
      first = std::lower_bound(group.items.begin(), group.items.end(), from,
                               [](const Item& item, int64_t t) { return item.time_ns < t; });
      if (first != group.items.begin()) --first;  // the value to compare with, however old
    }
    group.items.erase(group.items.begin(), first);
  }
  group.emit_from_ns = from;
  std::erase_if(group.published, [&](const Alert& alert) { return alert.first_firing.ns < from; });
  // Firings name items by place and those before `from` are history: all are made anew before anything reads them.
  if (group.items.size() != before || !group.firings.empty()) MarkDirty(state, group);
}

// The previous value of a value_change may be of any age; if it came with a firing, that one lives in the inner group.
bool KeepsAllFirings(const State& state, const Unit& unit) {
  if (unit.lone() || unit.type() != CorrelationType::kValueChange) return false;
  return std::any_of(unit.correlation->refs.begin(), unit.correlation->refs.end(),
                     [&](const auto& ref) { return state.content->rules[ref.rule.value()].is_correlation; });
}

void DropEmptyGroups(State& state) {
  auto dead = [](const Group& group) {
    return group.items.empty() && group.firings.empty() && group.published.empty() && !group.dirty && !group.judge;
  };
  for (UnitState& unit : state.units) {
    for (auto& [key, group] : unit.groups)
      std::erase_if(group->outer_groups, [&](Group* outer) { return dead(*outer); });
  }
  for (UnitState& unit : state.units) {
    absl::erase_if(unit.groups, [&](const auto& entry) { return dead(*entry.second); });
    for (auto& [key, group] : unit.groups) group->items.shrink_to_fit();
  }
}

// Placements whose hit left its groups, and firings whose group is gone, have nothing left to move.
void DropDependents(State& state) {
  std::vector<uint32_t> moved(state.placements.size(), UINT32_MAX);
  std::vector<Placement> kept;
  for (uint32_t p = 0; p < state.placements.size(); ++p) {
    Placement& placement = state.placements[p];
    if (placement.expired || state.pool[placement.hit].time.ns < state.units[placement.unit].item_floor_ns) continue;
    moved[p] = static_cast<uint32_t>(kept.size());
    kept.push_back(std::move(placement));
  }
  state.placements = std::move(kept);
  auto renumber = [&](std::vector<uint32_t>& list) {
    for (uint32_t& p : list) p = moved[p];
    std::erase(list, UINT32_MAX);
  };
  renumber(state.parked);
  for (auto& [key, list] : state.hit_dependents) renumber(list);
  absl::erase_if(state.hit_dependents, [](const auto& entry) { return entry.second.empty(); });
  for (auto& [key, groups] : state.firing_dependents) {
    std::erase_if(groups, [&](const auto& group) { return !state.units[group.first].groups.contains(group.second); });
  }
  absl::erase_if(state.firing_dependents, [](const auto& entry) { return entry.second.empty(); });
}

void CompactHits(State& state) {
  std::vector<bool> keep(state.pool.size(), false);
  size_t kept = 0;
  auto mark = [&](HitIndex hit) {
    kept += !keep[hit];
    keep[hit] = true;
  };
  for (const UnitState& unit : state.units) {
    for (const auto& [key, group] : unit.groups) {
      for (const Item& item : group->items) mark(item.hit);
    }
  }
  for (const Placement& placement : state.placements) mark(placement.hit);
  if (kept > state.pool.size() / 2) return;
  std::vector<HitIndex> moved = state.pool.Compact(keep);
  for (UnitState& unit : state.units) {
    for (auto& [key, group] : unit.groups) {
      for (Item& item : group->items) item.hit = moved[item.hit];
    }
  }
  for (Placement& placement : state.placements) placement.hit = moved[placement.hit];
}

}  // namespace

void Retain(State& state) {
  int64_t links_needed_from = kForever;
  for (size_t u = state.units.size(); u-- > 0;) {
    const Unit& unit = state.plan.units[u];
    UnitState& of_unit = state.units[u];
    int64_t limit = kForever;
    for (uint32_t outer : unit.outers) limit = std::min(limit, state.units[outer].item_floor_ns);
    // Every position of an ordered rule may reach back by the precision of its times.
    int64_t refs = unit.lone() ? 0 : static_cast<int64_t>(unit.correlation->refs.size()) + 1;
    int64_t reach = Plus(unit.span_ns, refs * state.fuzz_ns());
    // An absence is judged again until it is known whether its source fell silent.
    int64_t settled_before = Minus(of_unit.settled_before_ns, unit.coverage_delay_ns);
    of_unit.floor_ns = std::max(of_unit.floor_ns, std::min(settled_before, limit));
    int64_t lowest = of_unit.floor_ns;
    for (auto& [key, group] : of_unit.groups) {
      int64_t from = EmitFrom(unit, *group, settled_before, limit);
      Prune(state, unit, *group, from, reach);
      lowest = std::min(lowest, group->emit_from_ns);
    }
    of_unit.item_floor_ns = KeepsAllFirings(state, unit) ? kNever : Minus(lowest, reach);
    links_needed_from = std::min({links_needed_from, of_unit.item_floor_ns, of_unit.watermark_ns});
  }
  DropEmptyGroups(state);
  DropDependents(state);
  CompactHits(state);
  if (!state.plan.units.empty()) state.links.Prune(links_needed_from);
}

}  // namespace tocsin::correlate
