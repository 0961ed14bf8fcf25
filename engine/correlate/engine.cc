#include "engine/correlate/engine.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/string_view.h"
#include "engine/correlate/internal/absence.h"
#include "engine/correlate/internal/episodes.h"
#include "engine/correlate/internal/evaluate.h"
#include "engine/correlate/internal/state.h"

namespace tocsin::correlate {
namespace {

// Retention walks every group, so it runs when the hits have grown by half: constant cost a hit.
constexpr size_t kRetainAfterHits = 64;

}  // namespace

bool AlertBefore(const Alert& a, const Alert& b) {
  return std::tie(a.first_event, a.id) < std::tie(b.first_event, b.id);
}

void MarkDirty(State& state, Group& group, int64_t from_ns) {
  group.changed_from_ns = std::min(group.changed_from_ns, from_ns);
  if (group.dirty) return;
  group.dirty = true;
  state.units[group.unit].dirty.push_back(&group);
}

class Engine::Impl {
 public:
  Impl(std::shared_ptr<const content::ContentSet> content, const EngineOptions& options)
      : state_(std::move(content), options),
        rule_watermark_ns_(state_.content->rules.size(), kNever),
        rule_has_hits_(state_.content->rules.size(), false) {}

  void AddLink(const event::Link& link, event::EventTime seen) {
    ++state_.counters.links;
    state_.links.Add(link, seen);
    if (!state_.options.bounded) changed_links_.push_back(LinkKey(link.from_kind, link.from));
  }

  void AddHit(const match::Hit& hit) {
    EngineCounters& counters = state_.counters;
    ++counters.hits;
    if (!hit.time.known() || hit.flags.no_time) {
      ++counters.no_time;
      return;
    }
    rule_has_hits_[hit.rule.value()] = true;
    if (state_.plan.feeds[hit.rule.value()].empty()) return;
    if (std::optional<HitIndex> index = state_.pool.Add(hit)) {
      if (hit.time.ns < rule_watermark_ns_[hit.rule.value()]) ++counters.late;
      fresh_.push_back(*index);
    }
  }

  void Evaluate(const event::SourceClock& clock) {
    AbsenceJudge absences(*state_.content, clock, !state_.options.bounded, state_.options.closed_world);
    MoveWatermarks(clock);
    Activate(absences);
    PlaceAgain();
    PlaceFresh();
    ExpireParked();
    for (uint32_t u = 0; u < state_.units.size(); ++u) EvaluateUnit(u);
    if (state_.options.keep_firings) {
      CollectFirings();
    } else {
      for (uint32_t u = 0; u < state_.units.size(); ++u) JudgeAlerts(u, absences);
    }
    state_.counters.duplicates = state_.pool.duplicates();
    state_.counters.id_conflicts = state_.pool.id_conflicts();
    if (!state_.options.bounded && hits_since_retain_ >= kRetainAfterHits + state_.pool.size() / 2) {
      Retain(state_);
      hits_since_retain_ = 0;
    }
    state_.counters.hits_held = state_.pool.size();
  }

  const std::vector<Firing>& firings() const { return firings_; }

  std::vector<AlertChange> TakeAlertChanges() {
    // Stable: changes of one alert stay in the order in which they happened.
    std::stable_sort(changes_.begin(), changes_.end(),
                     [](const AlertChange& a, const AlertChange& b) { return AlertBefore(a.alert, b.alert); });
    return std::exchange(changes_, {});
  }

  const State& state() const { return state_; }
  const std::vector<content::RuleId>& inactive_rules() const { return inactive_rules_; }

  void Resume(const std::vector<Alert>& published, event::EventTime judged_until) {
    if (!judged_until.known()) return;  // everything comes again
    const std::vector<int64_t> onward = OnwardReach();
    for (size_t u = 0; u < state_.units.size(); ++u) state_.units[u].floor_ns = Minus(judged_until.ns, onward[u]);
    for (const Alert& alert : published) {
      for (uint32_t u = 0; u < state_.units.size(); ++u) {
        if (state_.plan.units[u].rule_id == alert.rule && state_.plan.units[u].alerts()) Restore(u, alert);
      }
    }
  }

  int64_t LongestReach() const {
    const std::vector<int64_t> onward = OnwardReach();
    int64_t longest = 0;
    for (size_t u = 0; u < onward.size(); ++u) longest = std::max(longest, ReachOf(u, onward[u]));
    return longest;
  }

 private:
  int64_t ReachOf(size_t u, int64_t onward_ns) const {
    const Unit& unit = state_.plan.units[u];
    return Plus(Plus(unit.span_ns, unit.settle_ns), onward_ns);
  }

  // By unit: how far back a firing may still matter, to an open episode of its rule or to an outer rule.
  std::vector<int64_t> OnwardReach() const {
    std::vector<int64_t> onward(state_.plan.units.size(), 0);
    for (size_t u = onward.size(); u-- > 0;) {
      const Unit& unit = state_.plan.units[u];
      if (unit.alerts()) onward[u] = unit.rule->episode_max_ns;
      for (uint32_t outer : unit.outers) onward[u] = std::max(onward[u], ReachOf(outer, onward[outer]));
    }
    return onward;
  }

  // Puts an alert of another process into its group. One that began before the floor was closed: what is left of its
  // firings must not begin another. (Where each value is an alert of its own, firings of other values may stand between.)
  void Restore(uint32_t u, const Alert& alert) {
    const Unit& unit = state_.plan.units[u];
    const bool unbound = std::find(alert.notes.begin(), alert.notes.end(), "unbound") != alert.notes.end();
    std::vector<std::string_view> values;
    if (unit.lone()) values.push_back(unbound ? "unbound" : "bound");
    for (const auto& [name, value] : alert.group) {
      if (unit.lone()) values.push_back(name);
      values.push_back(value);
    }
    const std::string key = values.empty() ? std::string() : EncodeKey(values);
    if (unit.lone()) values.erase(values.begin());
    Group& group = FindOrAddGroup(u, key, values);
    group.unbound = unit.lone() && unbound;
    if (alert.first_firing.ns >= state_.units[u].floor_ns) {
      group.published.push_back(alert);
    } else if (!AlertsByValue(unit)) {
      group.emit_from_ns = std::max(group.emit_from_ns, Plus(alert.last_firing.ns, 1));
    }
  }

  // W of a set of sources: the least watermark of those that take part in this run. Where none does, its hits are of no known
  // source, or one of them may still turn up, as late as it is allowed to be: what stands as settled stays so, so this must
  // run ahead neither of the inputs nor of that.
  int64_t WatermarkOf(const std::vector<content::SourceId>& sources, const event::SourceClock& clock) const {
    int64_t watermark = kForever, lateness = 0;
    bool anybody = false;
    for (content::SourceId source : sources) {
      const event::SourceState& state = clock.state(source);
      lateness = std::max(lateness, state_.content->sources[source.value()].lateness_ns);
      if (!state.watermark.known() && state.coverage.empty()) continue;
      watermark = std::min(watermark, state.watermark.ns);
      anybody = true;
    }
    return anybody ? watermark : Minus(clock.inputs_watermark.ns, lateness);
  }

  void MoveWatermarks(const event::SourceClock& clock) {
    for (size_t u = 0; u < state_.units.size(); ++u) {
      UnitState& of_unit = state_.units[u];
      const Unit& unit = state_.plan.units[u];
      int64_t watermark = state_.options.bounded ? kForever : WatermarkOf(unit.sources, clock);
      of_unit.watermark_ns = watermark;
      // Never back: neither a source that joins late nor a hit of coarser time unsettles what stood.
      int64_t settled_before = Minus(watermark, Plus(unit.settle_ns, unit.precision_steps * state_.fuzz_ns()));
      of_unit.settled_before_ns = std::max(of_unit.settled_before_ns, settled_before);
    }
    if (state_.options.bounded) return;
    for (size_t r = 0; r < rule_watermark_ns_.size(); ++r) {
      rule_watermark_ns_[r] = WatermarkOf(state_.plan.rule_sources[r], clock);
    }
  }

  // A rule whose negated side nobody could answer for says nothing.
  void Activate(const AbsenceJudge& absences) {
    inactive_rules_.clear();
    for (size_t u = 0; u < state_.units.size(); ++u) {
      const Unit& unit = state_.plan.units[u];
      bool active = unit.usable;
      for (size_t ref = 0; ref < unit.answering.size() && !state_.options.closed_world; ++ref) {
        if (!(unit.negative >> ref & 1)) continue;
        const auto& answering = unit.answering[ref];
        const auto& leaves = unit.leaves[ref];
        active &=
            std::any_of(answering.begin(), answering.end(), [&](auto source) { return absences.Connected(source); }) ||
            std::any_of(leaves.begin(), leaves.end(), [&](auto rule) { return rule_has_hits_[rule.value()]; });
      }
      if (!active && !unit.is_parents) inactive_rules_.push_back(unit.rule_id);
      if (active == state_.units[u].active) continue;
      state_.units[u].active = active;
      for (auto& [key, group] : state_.units[u].groups) MarkDirty(state_, *group);
    }
    std::sort(inactive_rules_.begin(), inactive_rules_.end());
  }

  Group& FindOrAddGroup(uint32_t u, std::string_view key, const std::vector<std::string_view>& values) {
    UnitState& of_unit = state_.units[u];
    auto it = of_unit.groups.find(absl::string_view(key.data(), key.size()));
    if (it == of_unit.groups.end()) {
      it = of_unit.groups.emplace(std::string(key), std::make_unique<Group>()).first;
      Group& group = *it->second;
      group.unit = u;
      group.key = it->first;
      group.values.assign(values.begin(), values.end());
      group.emit_from_ns = of_unit.floor_ns;
    }
    return *it->second;
  }

  void AddItem(Group& group, const Item& item) {
    if (group.sorted && !group.items.empty() && state_.reader.Before(item, group.items.back())) group.sorted = false;
    group.items.push_back(item);
    MarkDirty(state_, group, item.time_ns);
  }

  // Calls fn(key, values) for each group of the item. False if a group field is an entity key that nobody knows (yet).
  template <class Fn>
  bool ForEachGroup(const Unit& unit, const Item& item, std::vector<AskedKey>* asked, Fn fn) {
    if (unit.lone()) return ForLoneGroup(item, fn);
    const std::vector<FieldSource>& fields = unit.group[item.ref];
    if (fields.empty()) {
      fn(std::string_view(), std::vector<std::string_view>());
      return true;
    }
    std::vector<std::vector<std::string_view>>& lists = group_texts_;
    lists.resize(fields.size());
    bool known = true;
    for (size_t f = 0; f < fields.size(); ++f) {
      state_.reader.GroupTexts(item, fields[f], asked, lists[f]);
      if (!lists[f].empty()) continue;
      if (!fields[f].kind) return true;  // SIGMA 31: the hit is ignored
      known = false;
    }
    if (!known) return false;
    if (lists.size() == 1 && lists[0].size() == 1) {
      fn(lists[0][0], lists[0]);
      return true;
    }
    bool cut = false;
    for (const std::vector<std::string_view>& values : Product(lists, kMaxGroupsPerHit, cut)) {
      fn(values.size() == 1 ? values[0] : std::string_view(EncodeKey(values)), values);
    }
    state_.counters.group_fanout_limit += cut;
    return true;
  }

  // Lone hits group by the principals of their event, else by their source's fallback entity.
  template <class Fn>
  bool ForLoneGroup(const Item& item, Fn fn) {
    const match::Hit& hit = state_.pool[item.hit];
    std::vector<event::EntityKey> keys;
    state_.reader.Entities(item.hit, keys);
    std::vector<std::pair<content::EntityKind, std::string_view>> chosen;
    for (const event::EntityKey& key : keys) {
      if (content::IsPrincipal(key.kind)) chosen.emplace_back(key.kind, key.text);
    }
    lone_unbound_ = chosen.empty();
    if (lone_unbound_ && hit.source.valid()) {
      content::EntityKind fallback = state_.content->sources[hit.source.value()].fallback_entity;
      for (const event::EntityKey& key : keys) {
        if (key.kind == fallback) chosen.emplace_back(key.kind, key.text);
      }
    }
    std::sort(chosen.begin(), chosen.end());
    chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
    // Whether it is bound is part of the key: a fallback kind may be a principal elsewhere.
    std::vector<std::string_view> values{lone_unbound_ ? "unbound" : "bound"};
    for (const auto& [kind, text] : chosen) {
      values.push_back(content::EntityKindName(kind));
      values.push_back(text);
    }
    std::string key = EncodeKey(values);
    values.erase(values.begin());
    fn(std::string_view(key), values);
    return true;
  }

  // Puts an item into its groups. `into`, when not null, gets their keys.
  bool Place(uint32_t u, const Item& item, std::vector<AskedKey>* asked, std::vector<std::string>* into) {
    return ForEachGroup(state_.plan.units[u], item, asked,
                        [&](std::string_view key, const std::vector<std::string_view>& values) {
                          Group& group = FindOrAddGroup(u, key, values);
                          if (state_.plan.units[u].lone()) group.unbound = lone_unbound_;
                          too_late_ |= item.time_ns < group.emit_from_ns;
                          AddItem(group, item);
                          if (into != nullptr) into->emplace_back(key);
                        });
  }

  // A hit without a parent has merely nothing to be compared with.
  void CountUnresolved(uint32_t u, bool known) {
    state_.counters.unresolved_keys += !known && !state_.plan.units[u].is_parents;
  }

  void PlaceFresh() {
    bool live = !state_.options.bounded;
    hits_since_retain_ += fresh_.size();
    for (HitIndex hit : fresh_) {
      for (const Feed& feed : state_.plan.feeds[state_.pool[hit].rule.value()]) {
        Item item;
        item.time_ns = state_.pool[hit].time.ns;
        item.hit = hit;
        item.ref = feed.ref;
        if (!Counts(state_.plan.units[feed.unit], state_.reader, item, state_.counters)) continue;
        std::vector<AskedKey> asked;
        std::vector<std::string> keys;
        too_late_ = false;
        bool known = Place(feed.unit, item, live ? &asked : nullptr, live ? &keys : nullptr);
        state_.counters.late_unjudged += too_late_;
        if (!live) {
          CountUnresolved(feed.unit, known);
          continue;
        }
        if (known && asked.empty()) continue;
        uint32_t placement = static_cast<uint32_t>(state_.placements.size());
        state_.placements.push_back({feed.unit, feed.ref, hit, std::move(keys), false});
        if (!known) state_.parked.push_back(placement);
        for (const AskedKey& key : asked) state_.hit_dependents[LinkKey(key.first, key.second)].push_back(placement);
      }
    }
    fresh_.clear();
  }

  // New links may give hits another group than they had, or one at last.
  void PlaceAgain() {
    std::sort(changed_links_.begin(), changed_links_.end());
    changed_links_.erase(std::unique(changed_links_.begin(), changed_links_.end()), changed_links_.end());
    std::vector<uint32_t> affected;
    for (const std::string& key : changed_links_) {
      if (auto it = state_.hit_dependents.find(key); it != state_.hit_dependents.end()) {
        affected.insert(affected.end(), it->second.begin(), it->second.end());
      }
      if (auto it = state_.firing_dependents.find(key); it != state_.firing_dependents.end()) {
        for (const auto& [u, group_key] : it->second) {
          auto group = state_.units[u].groups.find(group_key);
          if (group != state_.units[u].groups.end()) MarkDirty(state_, *group->second);
        }
      }
    }
    changed_links_.clear();
    std::sort(affected.begin(), affected.end());
    affected.erase(std::unique(affected.begin(), affected.end()), affected.end());
    for (uint32_t p : affected) {
      Placement& placement = state_.placements[p];
      if (placement.expired) continue;
      for (const std::string& key : placement.keys) {
        auto it = state_.units[placement.unit].groups.find(key);
        if (it == state_.units[placement.unit].groups.end()) continue;
        std::erase_if(it->second->items, [&](const Item& item) {
          return item.producer == nullptr && item.hit == placement.hit && item.ref == placement.ref;
        });
        MarkDirty(state_, *it->second);
      }
      bool was_parked = placement.keys.empty();
      placement.keys.clear();
      Item item;
      item.time_ns = state_.pool[placement.hit].time.ns;
      item.hit = placement.hit;
      item.ref = placement.ref;
      bool known = Place(placement.unit, item, nullptr, &placement.keys);
      if (state_.plan.units[placement.unit].is_parents) MarkChildren(placement.unit, item);
      if (!known && !was_parked) state_.parked.push_back(p);
    }
  }

  void ExpireParked() {
    std::erase_if(state_.parked, [&](uint32_t p) {
      Placement& placement = state_.placements[p];
      if (!placement.keys.empty()) return true;
      int64_t waits_until = Plus(state_.pool[placement.hit].time.ns, state_.plan.units[placement.unit].link_delay_ns);
      if (state_.units[placement.unit].watermark_ns <= waits_until) return false;
      placement.expired = true;
      CountUnresolved(placement.unit, /*known=*/false);
      return true;
    });
  }

  void EvaluateUnit(uint32_t u) {
    const Unit& unit = state_.plan.units[u];
    UnitState& of_unit = state_.units[u];
    Evaluation evaluation{unit, state_.reader, state_.content->site.clock_slack_ns, {}};
    if (unit.has_parents) {
      evaluation.new_to_parent = [&](const Item& item, const std::string& value) { return NewToParent(u - 1, item, value); };
    }
    for (Group* group : std::exchange(of_unit.dirty, {})) {
      group->dirty = false;
      if (!group->sorted) {
        std::sort(group->items.begin(), group->items.end(),
                  [&](const Item& a, const Item& b) { return state_.reader.Before(a, b); });
        group->sorted = true;
      }
      if (of_unit.active) {
        EvaluateGroup(evaluation, *group);
        HandKeys(unit, state_.reader, *group);
      } else {
        group->firings.clear();
      }
      const int64_t changed_from_ns = std::exchange(group->changed_from_ns, kForever);
      if (unit.is_parents) {
        // What a parent knows at an item comes from those before it.
        const auto changed = std::lower_bound(group->items.begin(), group->items.end(), changed_from_ns,
                                              [](const Item& item, int64_t t) { return item.time_ns < t; });
        for (auto item = changed; item != group->items.end(); ++item) MarkChildren(u, *item);
      } else {
        HandOn(unit, *group);
      }
      if (unit.alerts() && !state_.options.keep_firings && !group->judge) {
        group->judge = true;
        of_unit.judge.push_back(group);
      }
    }
  }

  // Calls fn(group) for the groups that an item was put into when it was placed: nothing is counted again.
  template <class Fn>
  void ForEachGroupOf(uint32_t u, const Item& item, Fn fn) {
    const uint64_t counted = state_.counters.group_fanout_limit;
    ForEachGroup(state_.plan.units[u], item, nullptr, [&](std::string_view key, const std::vector<std::string_view>&) {
      auto it = state_.units[u].groups.find(absl::string_view(key.data(), key.size()));
      if (it != state_.units[u].groups.end()) fn(*it->second);
    });
    state_.counters.group_fanout_limit = counted;
  }

  // Is a value new, or only reported, to a parent of the item that has learned? An item of several parents: to any of them.
  bool NewToParent(uint32_t parents, const Item& item, const std::string& value) {
    bool is_new = false;
    ForEachGroupOf(parents, item, [&](const Group& parent) { is_new |= FiresAt(parent, item, value); });
    return is_new;
  }

  bool FiresAt(const Group& group, const Item& item, const std::string& value) const {
    auto at = std::lower_bound(group.items.begin(), group.items.end(), item,
                               [&](const Item& a, const Item& b) { return state_.reader.Before(a, b); });
    if (at == group.items.end() || state_.reader.Before(item, *at)) return false;
    const uint32_t index = static_cast<uint32_t>(at - group.items.begin());
    auto firing = std::lower_bound(group.firings.begin(), group.firings.end(), index,
                                   [](const FiringRecord& record, uint32_t i) { return record.at < i; });
    for (; firing != group.firings.end() && firing->at == index; ++firing) {
      if (firing->value == value) return true;
    }
    return false;
  }

  // What a parent knows has changed: the groups of its items are compared with it again.
  void MarkChildren(uint32_t parents, const Item& item) {
    ForEachGroupOf(parents + 1, item, [&](Group& group) { MarkDirty(state_, group); });
  }

  // Hands the firings of a group to the units that reference its rule, in place of those it had handed before.
  void HandOn(const Unit& unit, Group& group) {
    const std::vector<Feed>& feeds = state_.plan.feeds[unit.rule_id.value()];
    if (feeds.empty() || unit.lone()) return;
    for (Group* outer : std::exchange(group.outer_groups, {})) {
      std::erase_if(outer->items, [&](const Item& item) { return item.producer == &group; });
      MarkDirty(state_, *outer);
    }
    for (uint32_t f = 0; f < group.firings.size(); ++f) {
      const Item& trigger = group.items[group.firings[f].at];
      for (const Feed& feed : feeds) {
        Item item{trigger.time_ns, &group, trigger.hit, f, feed.ref};
        if (!Counts(state_.plan.units[feed.unit], state_.reader, item, state_.counters)) continue;
        std::vector<AskedKey> asked;
        bool known = ForEachGroup(state_.plan.units[feed.unit], item, state_.options.bounded ? nullptr : &asked,
                                  [&](std::string_view key, const std::vector<std::string_view>& values) {
                                    Group& outer = FindOrAddGroup(feed.unit, key, values);
                                    AddItem(outer, item);
                                    group.outer_groups.push_back(&outer);
                                  });
        if (state_.options.bounded) CountUnresolved(feed.unit, known);
        for (const AskedKey& key : asked) {
          state_.firing_dependents[LinkKey(key.first, key.second)].emplace(group.unit, group.key);
        }
      }
    }
    std::sort(group.outer_groups.begin(), group.outer_groups.end());
    group.outer_groups.erase(std::unique(group.outer_groups.begin(), group.outer_groups.end()),
                             group.outer_groups.end());
  }

  void JudgeAlerts(uint32_t u, const AbsenceJudge& absences) {
    const Unit& unit = state_.plan.units[u];
    UnitState& of_unit = state_.units[u];
    EpisodeContext context{state_.plan, state_.pool, state_.reader, absences, of_unit.settled_before_ns};
    std::vector<Group*> again;
    for (Group* group : of_unit.judge) {
      Publish(unit, *group, MakeAlerts(context, *group), changes_);
      group->judge = !state_.options.bounded && StillMoves(unit, of_unit, *group);
      if (group->judge) again.push_back(group);
    }
    of_unit.judge = std::move(again);
  }

  // May its alerts change without another hit: by the watermark, or by what becomes known of a source's coverage?
  static bool StillMoves(const Unit& unit, const UnitState& of_unit, const Group& group) {
    if (group.firings.empty()) return false;
    if (unit.negative != 0) return true;
    return group.items[group.firings.back().at].time_ns >= of_unit.settled_before_ns;
  }

  void CollectFirings() {
    struct Place {
      int64_t time_ns;
      uint64_t number;
      const Group* group;
      uint32_t firing;
    };
    std::vector<Place> places;
    for (size_t u = 0; u < state_.units.size(); ++u) {
      if (state_.plan.units[u].is_parents) continue;
      for (const auto& [key, group] : state_.units[u].groups) {
        for (uint32_t f = 0; f < group->firings.size(); ++f) {
          const Item& trigger = group->items[group->firings[f].at];
          places.push_back({trigger.time_ns, state_.pool[trigger.hit].number, group.get(), f});
        }
      }
    }
    std::sort(places.begin(), places.end(), [&](const Place& a, const Place& b) {
      if (a.time_ns != b.time_ns) return a.time_ns < b.time_ns;
      if (a.number != b.number) return a.number < b.number;
      content::RuleId x = state_.plan.units[a.group->unit].rule_id, y = state_.plan.units[b.group->unit].rule_id;
      if (x != y) return x < y;
      if (a.group != b.group) return a.group->key < b.group->key;
      return a.firing < b.firing;
    });
    firings_.clear();
    firings_.reserve(places.size());
    for (const Place& place : places) {
      const FiringRecord& record = place.group->firings[place.firing];
      const Unit& unit = state_.plan.units[place.group->unit];
      Firing& firing = firings_.emplace_back();
      firing.rule = unit.rule_id;
      firing.time.ns = place.time_ns;
      firing.decided_at.ns = record.decided_ns;
      firing.number = place.number;
      for (size_t i = 0; i < place.group->values.size(); ++i) {
        firing.group.emplace_back(unit.correlation->group_by[i].name, place.group->values[i]);
      }
      firing.value = record.value;
    }
  }

  State state_;
  std::vector<int64_t> rule_watermark_ns_;  // [RuleId]
  std::vector<bool> rule_has_hits_;         // [RuleId]
  std::vector<HitIndex> fresh_;             // not placed yet
  std::vector<std::string> changed_links_;  // LinkKeys; live
  std::vector<std::vector<std::string_view>> group_texts_;
  bool lone_unbound_ = false;  // of the last ForLoneGroup
  bool too_late_ = false;      // of the last Place: a group no longer makes firings of that time
  size_t hits_since_retain_ = 0;
  std::vector<Firing> firings_;
  std::vector<AlertChange> changes_;
  std::vector<content::RuleId> inactive_rules_;
};

Engine::Engine(std::shared_ptr<const content::ContentSet> content, const EngineOptions& options)
    : impl_(std::make_unique<Impl>(std::move(content), options)) {}
Engine::~Engine() = default;

void Engine::Resume(const std::vector<Alert>& published, event::EventTime judged_until) {
  impl_->Resume(published, judged_until);
}
void Engine::AddLink(const event::Link& link, event::EventTime seen) { impl_->AddLink(link, seen); }
void Engine::AddHit(const match::Hit& hit) { impl_->AddHit(hit); }
void Engine::Evaluate(const event::SourceClock& clock) { impl_->Evaluate(clock); }
const std::vector<Firing>& Engine::firings() const { return impl_->firings(); }
std::vector<AlertChange> Engine::TakeAlertChanges() { return impl_->TakeAlertChanges(); }
void Engine::Resolve(content::EntityKind kind, std::string_view key, event::EventTime time, content::EntityKind wanted,
                     std::vector<std::string>& out) const {
  std::vector<std::string_view> keys;
  impl_->state().links.Resolve(kind, key, time.ns, wanted, keys);
  out.insert(out.end(), keys.begin(), keys.end());
}
const EngineCounters& Engine::counters() const { return impl_->state().counters; }
const std::vector<content::RuleId>& Engine::inactive_rules() const { return impl_->inactive_rules(); }
int64_t Engine::longest_timespan_ns() const { return impl_->LongestReach(); }

}  // namespace tocsin::correlate
