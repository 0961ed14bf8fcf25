// Everything the engine remembers between two evaluations.
#ifndef TOCSIN_ENGINE_CORRELATE_INTERNAL_STATE_H_
#define TOCSIN_ENGINE_CORRELATE_INTERNAL_STATE_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/correlate/engine.h"
#include "engine/correlate/internal/group.h"

namespace tocsin::correlate {

struct UnitState {
  absl::flat_hash_map<std::string, std::unique_ptr<Group>> groups;  // never iterated into output
  std::vector<Group*> dirty, judge;
  int64_t watermark_ns = kNever;       // W(rule); bounded: kForever
  int64_t settled_before_ns = kNever;  // firings before it can no longer change
  bool active = true;
  int64_t floor_ns = kNever;       // emit_from of groups that are made anew
  int64_t item_floor_ns = kNever;  // items before it are not needed by any group
};

// A hit of a live run whose group came, or may still come, from a link: it is placed again when a link of one of its
// keys arrives.
struct Placement {
  uint32_t unit = 0;
  uint16_t ref = 0;
  HitIndex hit = kNoHit;
  std::vector<std::string> keys;  // of the groups that hold it; empty: parked
  bool expired = false;           // the watermark passed it without a group
};

struct State {
  State(std::shared_ptr<const content::ContentSet> content_set, const EngineOptions& engine_options)
      : content(std::move(content_set)),
        options(engine_options),
        plan(CompilePlan(*content, !options.keep_firings)),
        pool(options.drop_duplicates, options.keep_firings),
        reader(plan, pool, links),
        units(plan.units.size()) {}

  // Precision of times plus clock slack: how far behind in time a hit may stand and still count as earlier.
  int64_t fuzz_ns() const { return Plus(pool.precision_ns_max(), content->site.clock_slack_ns); }

  std::shared_ptr<const content::ContentSet> content;
  EngineOptions options;
  Plan plan;
  HitPool pool;
  LinkTable links;
  ItemReader reader;
  std::vector<UnitState> units;
  std::vector<Placement> placements;
  std::vector<uint32_t> parked;                                            // placements without a group
  absl::flat_hash_map<std::string, std::vector<uint32_t>> hit_dependents;  // by LinkKey
  absl::flat_hash_map<std::string, std::set<std::pair<uint32_t, std::string>>> firing_dependents;  // (unit, group key)
  EngineCounters counters;
};

inline std::string LinkKey(content::EntityKind kind, std::string_view key) {
  std::string link_key(1, static_cast<char>(kind));
  link_key.append(key);
  return link_key;
}

// What has changed of the group are at most items at or after `from_ns`.
void MarkDirty(State& state, Group& group, int64_t from_ns = kNever);

// Live: drops what no window, absence, open episode or outer rule can reach any more. Groups that lost items are dirty.
void Retain(State& state);

}  // namespace tocsin::correlate

#endif  // TOCSIN_ENGINE_CORRELATE_INTERNAL_STATE_H_
