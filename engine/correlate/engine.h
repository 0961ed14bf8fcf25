// Hits to firings to alerts. Start here.
//
//   Engine engine(content, options);
//   engine.AddLink(link) / engine.AddHit(hit) ...   in any order: the result is a function of the set, not of the order
//   engine.Evaluate(clock);                         after a batch (live) or once (bounded)
//   engine.firings() / engine.TakeAlertChanges()
//
// One evaluator for both kinds of run. Hits are kept per (rule, group), sorted by total order; a group that got a hit
// is dirty and Evaluate judges it again from its hits, then the groups of the rules that reference it. Bounded runs
// evaluate once, with everything known; live runs evaluate after every batch with the watermarks of the clock, publish
// what already holds as provisional, confirm when the rule's watermark passes the first firing, and drop hits that no
// window can reach.
//
// Late keys: a hit whose group field is an entity key it does not carry (entity.job of a network flow) is looked up in
// the link table at its own time, whenever a link of one of its keys arrives, until its rule's watermark has passed it
// (by as much as a link may say that it held before its event: `valid_from` with a negative shift); what stays without
// is counted.
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
  bool bounded = true;          // false: live, with watermarks
  bool closed_world = false;    // `match`, `rules test`: every source counts as covered
  bool keep_firings = false;    // `match`: firings() is wanted, of correlations, and no alerts; ties by Hit::number
  bool drop_duplicates = true;  // `match` keeps them
};

// A correlation's condition held at a hit.
struct Firing {
  content::RuleId rule;
  event::EventTime time;        // of the last positive hit
  event::EventTime decided_at;  // known() only when an absence after it decided it
  uint64_t number = 0;          // Hit::number of that hit
  std::vector<std::pair<std::string, std::string>> group;
  std::string value;  // JSON
};

struct AlertChange {
  enum class Kind : uint8_t { kNew, kRevised, kWithdrawn };
  Kind kind = Kind::kNew;
  Alert alert;         // kWithdrawn: the last known form, state kWithdrawn
  std::string reason;  // kWithdrawn: "superseded by <id>", "condition no longer holds after late event"
};

struct EngineCounters {
  uint64_t hits = 0, duplicates = 0, late = 0, no_time = 0, unresolved_keys = 0, links = 0;
  uint64_t group_fanout_limit = 0;  // hits whose multi-valued group fields gave more than kMaxGroupsPerHit
  uint64_t id_conflicts = 0;        // hits with identity and rule of another, and other bytes: counted as another event
  uint64_t late_unjudged = 0;       // of `late`: so old that memory no longer holds what judges them
  uint64_t numbers_out_of_range = 0;  // numbers of 10^20 and more: no numbers to value_sum and its kin
  uint64_t hits_held = 0;             // now in memory
  uint64_t tuple_limit = 0;           // hits with more than 64 tuples of a value_count over several fields
};
inline constexpr size_t kMaxGroupsPerHit = 64;

class Engine {
 public:
  Engine(std::shared_ptr<const content::ContentSet> content, const EngineOptions& options);
  ~Engine();

  // Live, before anything else: goes on where another process stopped, whose alerts (none withdrawn) are `published`. Hits
  // and links from `judged_until` - longest_timespan_ns() on will come again; the caller evaluates once they are all there.
  // Firings so old that their alerts were closed at `judged_until` are not made again; alerts that were open then are
  // revised or withdrawn as if this engine had published them. What is confirmed stays so.
  void Resume(const std::vector<Alert>& published, event::EventTime judged_until);
  void AddLink(const event::Link& link, event::EventTime seen);
  void AddHit(const match::Hit& hit);
  // Judges what changed. `clock` gives coverage, and in live runs the watermarks. Bounded runs: every link must be
  // known.
  void Evaluate(const event::SourceClock& clock);

  // All firings in the order (time, number, rule). Only with keep_firings; valid until the next Evaluate.
  const std::vector<Firing>& firings() const;
  // Changes since the last call, in the order of AlertBefore.
  std::vector<AlertChange> TakeAlertChanges();
  // Keys that `kind:key` stood for at `time`, of `wanted` kind; appends, sorted. For pivots and tests.
  void Resolve(content::EntityKind kind, std::string_view key, event::EventTime time, content::EntityKind wanted,
               std::vector<std::string>& out) const;
  const EngineCounters& counters() const;
  // Rules that cannot fire in this run: nothing is connected that could answer their `not`, or they expand past a limit
  // of this room. As of the last Evaluate, by RuleId.
  const std::vector<content::RuleId>& inactive_rules() const;
  // Longest reach into the past that any rule needs, open episodes and outer rules included: how far a restart must
  // rewind before lateness.
  int64_t longest_timespan_ns() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::correlate

#endif  // TOCSIN_ENGINE_CORRELATE_ENGINE_H_
