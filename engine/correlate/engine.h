// Hits to firings to alerts. Start here.
//
//   Engine engine(content, options);
//   engine.AddLink(link) / engine.AddHit(hit) ...   in any order: the result is a function of the set, not of the order
//   engine.Evaluate(clock);                         after a batch (live) or once (bounded)
//   engine.firings() / engine.TakeAlertChanges()
//
// One evaluator for both kinds of run. Hits are kept per (rule, group), sorted by total order; a group that got a hit is
// dirty and Evaluate judges it again from its hits, then the groups of the rules that reference it. Bounded runs evaluate
// once, with everything known; live runs evaluate after every batch with the watermarks of the clock, publish what already
// holds as provisional, confirm when the rule's watermark passes the first firing, and drop hits that no window can reach.
//
// Late keys: a hit whose group field is an entity key it does not carry (entity.job of a network flow) is looked up in the
// link table at its own time, in every Evaluate until its rule's watermark has passed it; what stays without is counted.
//
// Ownership: hits are copied; payloads too (into the engine's arena). Not thread-safe. Deterministic: no clock, no
// randomness, no iteration over hash tables reaches the output.
#ifndef TOCSIN_ENGINE_CORRELATE_ENGINE_H_
#define TOCSIN_ENGINE_CORRELATE_ENGINE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/correlate/alert.h"
#include "engine/event/source_clock.h"
#include "engine/match/hit.h"

namespace tocsin::correlate {

struct EngineOptions {
  bool bounded = true;             // false: live, with watermarks
  bool closed_world = false;       // `match`, `rules test`: every source counts as covered
  bool keep_firings = false;       // `match`: firings() is wanted
  bool drop_duplicates = true;     // `match` keeps them
};

// A correlation's condition held at a hit.
struct Firing {
  content::RuleId rule;
  event::EventTime time;           // of the last positive hit
  event::EventTime decided_at;     // known() only when an absence after it decided it
  uint64_t number = 0;             // Hit::number of that hit
  std::vector<std::pair<std::string, std::string>> group;
  std::string value;               // JSON
};

struct AlertChange {
  enum class Kind : uint8_t { kNew, kRevised, kWithdrawn };
  Kind kind = Kind::kNew;
  Alert alert;                     // kWithdrawn: the last known form, state kWithdrawn
  std::string reason;              // kWithdrawn: "superseded by <id>", "condition no longer holds after late event"
};

struct EngineCounters {
  uint64_t hits = 0, duplicates = 0, late = 0, no_time = 0, unresolved_keys = 0, links = 0;
  uint64_t group_fanout_limit = 0;      // hits whose multi-valued group fields gave more than kMaxGroupsPerHit
  uint64_t id_conflicts = 0;
};
inline constexpr size_t kMaxGroupsPerHit = 64;

class Engine {
 public:
  Engine(std::shared_ptr<const content::ContentSet> content, const EngineOptions& options);
  ~Engine();

  void AddLink(const event::Link& link, event::EventTime seen);
  void AddHit(const match::Hit& hit);
  // Judges what changed. `clock` gives coverage, and in live runs the watermarks.
  void Evaluate(const event::SourceClock& clock);

  // All firings in the order (time, number, rule). Only with keep_firings; valid until the next Evaluate.
  const std::vector<Firing>& firings() const;
  // Changes since the last call, in the order of AlertBefore.
  std::vector<AlertChange> TakeAlertChanges();
  // Keys that `kind:key` stood for at `time`, of `wanted` kind; appends, sorted. For pivots and tests.
  void Resolve(content::EntityKind kind, std::string_view key, event::EventTime time, content::EntityKind wanted,
               std::vector<std::string>& out) const;
  const EngineCounters& counters() const;
  // Longest reach into the past that any rule needs: how far a restart must rewind before lateness.
  int64_t longest_timespan_ns() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::correlate

#endif  // TOCSIN_ENGINE_CORRELATE_ENGINE_H_
