// What a Matcher tells of its way through one event, and who listens: NoProbe nobody, so that ordinary matching is compiled as if
// the calls were not there; CountingProbe a Profile.
//
// Each call that ends a piece of work closes an interval: all that passed since the last one belongs to that piece.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_PROFILE_PROBE_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_PROFILE_PROBE_H_

#include <sys/resource.h>

#include <cstdint>
#include <vector>

#include "engine/match/internal/compiled_program.h"
#include "engine/match/internal/ticks.h"

namespace tocsin::match {

struct NoProbe {
  static constexpr bool kCounts = false;
  static void Begin() {}
  static void ClassMade() {}
  static void Classified() {}
  static void Stands(const Dispatch&, uint32_t) {}
  static void FieldsSought() {}
  static void KeywordsSought() {}
  static void CandidatesFound(const EventClass&) {}
  static void Asks(uint32_t) {}
  static void Evaluated(uint32_t, bool) {}
  static void Confirmed(uint32_t, bool) {}
  static void End() {}
};

struct ProfileCounts {
  // Time, and of how many intervals, because each holds one reading of the clock.
  struct Spent {
    uint64_t ticks = 0, intervals = 0;
    void operator+=(const Spent& other) {
      ticks += other.ticks;
      intervals += other.intervals;
    }
  };
  struct OfPredicate {
    Spent spent;                       // an interval an evaluation
    uint64_t held = 0;
  };
  struct OfCondition {
    Spent spent;                       // without its predicates; an interval each time it was a candidate
    uint64_t hits = 0;
  };

  explicit ProfileCounts(const CompiledProgram& compiled)
      : program(compiled),
        predicates(compiled.predicates.size()),
        conditions(compiled.conditions.size()),
        asked(compiled.steps.size()),
        stood(compiled.options.keep_origins ? compiled.led_to.size() : 0),
        stands(stood.size()) {
    standing.reserve(stood.size());
  }
  void Add(const ProfileCounts& other);

  const CompiledProgram& program;
  uint64_t events = 0;
  Spent start, fields, keywords, order;
  std::vector<OfPredicate> predicates;
  std::vector<OfCondition> conditions;
  std::vector<uint64_t> asked;         // by step
  // With options.keep_origins, by place in CompiledProgram::led_to:
  std::vector<uint64_t> stood;         // events of the condition's logsource in which its witness stood
  Spent interrupted;
  Spent classes;                       // whole events, matched without counting, for which a class was made
  Spent ordinary;                      // whole events, matched without counting

  std::vector<uint8_t> stands;         // it stands in the event at hand
  std::vector<uint32_t> standing;      // those places
  int64_t switches = 0;                // how often the kernel had taken the core from this thread, when last asked
};

class CountingProbe {
 public:
  static constexpr bool kCounts = true;
  explicit CountingProbe(ProfileCounts& counts) : counts_(counts) {}

  void Begin() { since_ = Ticks(); }
  void ClassMade() { since_ = Ticks(); }   // once for all its events: nothing of this one's
  void Classified() { Close(counts_.start); }
  void Stands(const Dispatch& dispatch, uint32_t posting) {
    if (dispatch.links.empty()) return;
    const uint32_t link = dispatch.links[posting];
    if (counts_.stands[link] != 0) return;
    counts_.stands[link] = 1;
    counts_.standing.push_back(link);
  }
  void FieldsSought() { Close(counts_.fields); }
  void KeywordsSought() { Close(counts_.keywords); }
  void CandidatesFound(const EventClass& events_class) {
    for (const uint32_t link : counts_.standing) {
      counts_.stands[link] = 0;
      counts_.stood[link] += events_class.Applies(counts_.program.conditions[counts_.program.led_to[link]].logsource);
    }
    counts_.standing.clear();
    since_ = Ticks();   // that was nobody's work but ours
  }
  void Asks(uint32_t step) { counts_.asked[step]++; }
  void Evaluated(uint32_t predicate, bool held) {
    ProfileCounts::OfPredicate& of = counts_.predicates[predicate];
    of.held += held;
    Close(of.spent);
  }
  void Confirmed(uint32_t condition, bool hit) {
    ProfileCounts::OfCondition& of = counts_.conditions[condition];
    of.hits += hit;
    Close(of.spent);
  }
  void End() {
    Close(counts_.order);
    counts_.events++;
  }
  // All since Begin was one piece of ordinary matching.
  void EndOrdinary() { Close(counts_.ordinary); }
  void EndClass() { Close(counts_.classes); }

 private:
  // Some tens of microseconds: longer than nearly all work between two readings, shorter than any slice that the kernel gives to
  // another. An interval this long is left out when the core was taken away since one was last this long.
  static constexpr uint64_t kLong = 100'000;

  void Close(ProfileCounts::Spent& spent) {
    const uint64_t now = Ticks();
    const uint64_t took = now - since_;
    since_ = now;
    spent.intervals++;
    if (took < kLong || !WasInterrupted(took)) spent.ticks += took;
  }

  [[gnu::noinline]] bool WasInterrupted(uint64_t took) {
    rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    const bool backwards = static_cast<int64_t>(took) < 0;   // another core, whose ticks are behind
    const bool interrupted = usage.ru_nivcsw != counts_.switches || backwards;
    counts_.switches = usage.ru_nivcsw;
    if (interrupted) counts_.interrupted += {backwards ? 0 : took, 1};
    since_ = Ticks();
    return interrupted;
  }

  ProfileCounts& counts_;
  uint64_t since_ = 0;
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_PROFILE_PROBE_H_
