// What matching costs: by part of the way, by rule, by predicate. Counts are exact, times measured.
//
//   Profile profile(*program);
//   for each event: for (RuleId rule : program->MatchCounted(event, scratch, profile)) ...
//   const Cost cost = profile.Report();
//
// MatchCounted is Match with a probe (internal/profile_probe.h): the same code and the same hits in a tenth to a fifth more time
// (profile_bench.cc). A reading of the clock closes an interval, and all of an event's time is in one; what a reading itself takes
// is measured and taken off. Intervals in which the kernel ran somebody else are left out and named.
//
// A predicate is evaluated once an event, whoever asks. Its time is split among the conditions that asked it, by how often they
// did over the whole run, and a condition's time among the rules that say it: what rules cost adds up to what confirming cost, and
// a rule that were not there would save its share at most.
//
// One Profile a thread, as with Scratch; no allocation after the constructor but in Report.
#ifndef TOCSIN_ENGINE_MATCH_PROFILE_H_
#define TOCSIN_ENGINE_MATCH_PROFILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/match/program.h"

namespace tocsin::match {

struct ProfileCounts;                  // internal/profile_probe.h

// What leads to a rule.
struct Lead {
  enum class Kind : uint8_t {
    kLiteral,    // `test` holds of a value of the field, as far as its text goes
    kNumber,     // a value of the field is one number
    kPresent,    // the field is there
    kKeyword,    // `test`'s text stands somewhere in the event
  };
  Kind kind = Kind::kPresent;
  content::FieldId field;
  content::ValueTest test;             // kLiteral, kKeyword: a pattern, its text folded
  uint64_t events = 0;                 // of the rule's logsource, in which it stood
};

// Why a rule, or the field that it goes by, has no literal to be found by.
struct Obstacle {
  enum class Why : uint8_t {
    kNot,          // it is a `not`: no item, no test
    kNegated,      // `neq`
    kNull,         // a missing field satisfies it
    kMissing,      // `exists: false`
    kElements,     // an array selector
    kKeyword,      // a keyword too short to be sought
    kRegex,        // a regex without a literal that must stand in what it matches
    kText,         // a pattern without a literal worth seeking
    kExists,       // `exists: true`
    kNetwork, kCompare, kFieldRef, kTimePart,
  };
  Why why = Why::kNot;
  const content::Item* item = nullptr;        // in the content set
  const content::ValueTest* test = nullptr;   // likewise; null for kNot and kNegated
};

struct RuleCost {
  RuleId rule;
  uint64_t candidates = 0;             // events in which its condition was tried
  uint64_t asked = 0;                  // questions to predicates
  uint64_t hits = 0;
  double ns = 0;
  uint32_t alike = 1;                  // rules that say the same, itself included: matched as one, each has its counts and a part of its time
  bool always = false;                 // nothing leads to it: tried on every event of its logsource
  uint32_t dearest = 0;                // into Cost::predicates: where most of its time went, and how much
  double dearest_ns = 0;
  // With ProgramOptions::keep_origins:
  std::vector<Lead> leads;             // those that stood, the most frequent first
  std::vector<Obstacle> obstacles;     // of rules that nothing leads to, or only a field's presence; the first kObstacles
};
inline constexpr size_t kObstacles = 8;

struct PredicateCost {
  const content::Item* item = nullptr; // with ProgramOptions::keep_origins; in the content set
  uint64_t asked = 0, evaluated = 0, held = 0;
  double ns = 0;
  std::vector<RuleId> rules;           // that ask it
};

struct Cost {
  uint64_t events = 0;                 // counted ones
  // The time of those; everything is in one of these.
  double start_ns = 0;                 // the event's logsource, and getting ready
  double fields_ns = 0;                // candidates: literals, numbers, presence, by field
  double keywords_ns = 0;              // candidates: keywords, sought in all of the event
  double led_ns = 0, always_ns = 0;    // confirming candidates: those that something led to, and those always tried
  double order_ns = 0;                 // hits into the order of rules
  double counted_ns() const { return start_ns + fields_ns + keywords_ns + led_ns + always_ns + order_ns; }
  double clock_ns = 0;                 // taken off them: reading the clock
  double interrupted_ns = 0;           // left out of them
  uint64_t interruptions = 0;
  double predicates_ns = 0;            // the part of led and always that is evaluating predicates

  uint64_t ordinary_events = 0;        // matched by MatchTimed
  double ordinary_ns = 0;
  uint64_t classes = 0;                // those, besides, for which tables were made: the first of their logsource
  double classes_ns = 0;

  std::vector<RuleCost> rules;            // every detection of the program, the dearest first
  std::vector<PredicateCost> predicates;  // the dearest first
};

class Profile {
 public:
  // REQUIRES: `program` outlives the profile.
  explicit Profile(const Program& program);
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  // Takes up what another thread counted. REQUIRES: the same program.
  void Add(const Profile& other);
  uint64_t counted() const;            // events
  Cost Report() const;

 private:
  friend class Program;
  std::unique_ptr<ProfileCounts> counts_;
  uint64_t clock_ticks_;               // one reading of the clock
  uint64_t started_ticks_;             // at one moment, to learn how long a tick is
  int64_t started_ns_;
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_PROFILE_H_
