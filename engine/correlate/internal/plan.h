// Correlation rules compiled for evaluation: immutable plain data, inner rules before the rules that reference them.
//
// A Unit is what is evaluated per group: a correlation, the lone hits of a detection rule that alerts by itself, or the
// parents that a value_first_seen compares with while its groups learn.
// Hits and inner firings reach units through `feeds`.
#ifndef TOCSIN_ENGINE_CORRELATE_INTERNAL_PLAN_H_
#define TOCSIN_ENGINE_CORRELATE_INTERNAL_PLAN_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/match/value_list.h"

namespace tocsin::correlate {

// Times that stand for "always" and "never"; arithmetic on times saturates so that they stay what they are.
inline constexpr int64_t kForever = std::numeric_limits<int64_t>::max();
inline constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

inline int64_t Plus(int64_t a, int64_t b) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) return b > 0 ? kForever : kNever;
  return sum;
}
inline int64_t Minus(int64_t a, int64_t b) {
  int64_t difference;
  if (a == kForever || a == kNever) return a;
  if (__builtin_sub_overflow(a, b, &difference)) return b > 0 ? kNever : kForever;
  return difference;
}

// References of one correlation are kept as bits.
inline constexpr size_t kMaxRefs = 64;
// Alternatives that an ordered expression may expand to. A rule above it is inactive and named by
// Engine::inactive_rules().
inline constexpr size_t kMaxTerms = 1024;

using RefSet = uint64_t;
using KindSet = uint32_t;
static_assert(content::kEntityKinds <= 32);
inline KindSet KindBit(content::EntityKind kind) { return KindSet{1} << static_cast<int>(kind); }

// Where a value is read from a hit or an inner firing.
struct FieldSource {
  content::FieldId field;                   // !valid(): this reference has no such field, so no group
  std::optional<content::EntityKind> kind;  // it is entity.<kind>
  std::string name;                         // of the field
};

// One alternative of an ordered expression: positives in the order of `rules`, absences between them.
struct Term {
  struct Absence {
    uint16_t ref = 0;
    uint16_t gap = 0;       // how many positives stand before it: 0 = first, positives.size() = last
    int64_t before_ns = 0;  // span of a first absence
    int64_t after_ns = 0;   // span of a last absence
  };
  std::vector<uint16_t> positives;
  std::vector<Absence> absences;
};

struct Unit {
  content::RuleId rule_id;
  const content::Rule* rule = nullptr;
  const content::Correlation* correlation = nullptr;  // null: lone hits
  std::vector<std::vector<FieldSource>> group;        // [ref][group field]
  std::vector<FieldSource> fields;                    // condition.field
  match::ValueList values, learning_fallback;         // value_first_seen: what may fire; what is known to a group that learns
  bool is_parents = false;                            // the groups are parents; what "fires" in them is read by the next unit alone
  bool has_parents = false;                           // the unit before it holds the parents of its groups
  RefSet positive = 0;                                // refs whose hits make it fire
  RefSet negative = 0;                                // refs whose absence it asks for
  std::vector<int64_t> before_ns;                     // [ref]: absence span of temporal
  std::vector<Term> terms;                            // temporal_ordered
  std::vector<uint32_t> outers;                       // units that reference it
  KindSet handed = 0;                                 // kinds of member keys that outer units read from its firings
  KindSet link_kinds = 0;                             // entity kinds it groups by
  int64_t link_delay_ns = 0;                          // how long behind the watermark a hit waits for its link
  int64_t span_ns = 0;                                // how far before a firing its condition looks, without precision
  int64_t settle_ns = 0;                              // how long after its time a firing may still be decided, likewise
  int64_t coverage_delay_ns = 0;                      // how long a silence may take to show that it was one
  int precision_steps = 0;                            // how many (precision + slack) settling takes on top
  std::vector<content::SourceId> sources;             // hold its watermark
  std::vector<std::vector<content::SourceId>> answering;  // [ref]: sources that its leaf rules can match
  std::vector<std::vector<content::RuleId>> leaves;       // [ref]: detection rules below it
  bool usable = true;

  bool lone() const { return correlation == nullptr; }
  bool alerts() const { return rule->alerts && !is_parents; }
  content::CorrelationType type() const { return correlation->type; }
};

struct Feed {
  uint32_t unit;
  uint16_t ref;
};

struct Plan {
  std::vector<Unit> units;                                   // inner before outer
  std::vector<std::vector<Feed>> feeds;                      // [RuleId]: who takes its hits or firings
  std::vector<std::vector<content::SourceId>> rule_sources;  // [RuleId]: sources that a detection rule can match
};

// `lone_hits`: detection rules that alert get a unit of their own.
Plan CompilePlan(const content::ContentSet& content, bool lone_hits);

}  // namespace tocsin::correlate

#endif  // TOCSIN_ENGINE_CORRELATE_INTERNAL_PLAN_H_
