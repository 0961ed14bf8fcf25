// Sigma rules after checking: plain data, every modifier applied, every reference resolved. This is what the runtime rooms
// compile; YAML and source text stay behind it. SIGMA.md (numbers in brackets) decides every reading.
//
// Built by sigma/load.cc, immutable afterwards, owned by the ContentSet.
#ifndef TOCSIN_ENGINE_CONTENT_SIGMA_RULE_H_
#define TOCSIN_ENGINE_CONTENT_SIGMA_RULE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "engine/content/diagnostics.h"
#include "engine/content/field_table.h"
#include "engine/content/ids.h"

namespace tocsin::content {

// A Sigma string: literal runs and wildcards in order (11, 12). `contains` has become any + text + any already.
// No two kAny follow each other; no literal piece is empty (but kFieldRef's). Zero pieces = the empty string.
struct Pattern {
  enum class Kind : uint8_t { kLiteral, kAny /* '*' */, kOne /* '?', one code point */ };
  struct Piece {
    Kind kind;
    std::string text;  // kLiteral only; UTF-8, escapes undone
  };
  std::vector<Piece> pieces;

  bool IsLiteral() const { return pieces.empty() || (pieces.size() == 1 && pieces[0].kind == Kind::kLiteral); }
};

enum class Compare : uint8_t { kLt, kLte, kGt, kGte, kEq, kNeq };
enum class TimePart : uint8_t { kMinute, kHour, kDay, kWeek, kMonth, kYear };

struct ElementTest;

// One test of one field value. Which members mean something depends on `kind`.
struct ValueTest {
  enum class Kind : uint8_t {
    kPattern,    // pattern, cased, windash; number too when the scalar is a JSON number (18)
    kBool,       // boolean: JSON bool, or the text true/false
    kNull,       // a missing field or JSON null (19)
    kRegex,      // text = RE2 syntax with flags folded in as (?ims); unanchored search
    kCidr,       // text = network, host bits masked
    kCompare,    // compare, number
    kExists,     // boolean
    kFieldRef,   // other_field, cased, and how in pattern: an empty literal for the other value, kAny before and after it
                 //   as endswith, contains, startswith say; no pieces = equal
    kTimePart,   // time_part, compare, number
    kElements,   // elements: the event's JSON is looked at anew, the values of the item's field are not (17)
  };
  Kind kind = Kind::kPattern;
  bool cased = false;
  bool windash = false;      // each flag dash of the pattern's text matches any of - / en, em, horizontal bar (windash row)
  bool boolean = false;
  Compare compare = Compare::kEq;
  TimePart time_part = TimePart::kMinute;
  FieldId other_field;
  Place place;               // of the value as written
  Pattern pattern;
  std::string text;
  std::string number;        // decimal text of a number (exact comparison, no double); empty when there is none
  int64_t until_ns = INT64_MAX;   // from a list entry with an expiry: no longer holds for events after this time
  std::shared_ptr<const ElementTest> elements;   // immutable; shared by the copies of a filter
};

using ValueTests = absl::InlinedVector<ValueTest, 1>;   // nearly always one

// `field|modifiers: values`. An item holds iff (all ? every : some) entry of `values` holds, an entry being an OR of
// tests (the forms of base64offset, the members of an expanded list); `negated` turns that round (neq).
struct Item {
  FieldId field;             // not valid() = keywords: every leaf value and the raw `message` are tested (21)
  bool all = false;
  bool negated = false;
  std::vector<ValueTests> values;
  std::vector<std::string> lists;   // that `expand` read, in order; no part of the meaning
  Place place;
};

// A condition. kSelection names its only child, for `explain`; it has no meaning of its own.
struct Expr {
  enum class Kind : uint8_t { kAnd, kOr, kNot, kSelection, kItem };
  Kind kind = Kind::kAnd;
  std::string name;            // kSelection
  uint32_t item = 0;           // kItem: index into Detection::items
  std::vector<Expr> children;
};

// Where to look in an event or in an element of an array: keys and places by turns, `connections[0].ip`.
struct ElementPath {
  struct Step {
    std::string key;             // dotted, the longest literal key wins (15); empty when the step is a place
    int64_t index = 0;           // from 0; negative counts from the end
  };
  std::vector<Step> steps;       // none = the value itself, `.`
};

inline constexpr int kMaxElementDepth = 8;   // of tests inside tests

// A test inside arrays (SEP #212, `sigma-version: 3`). Every element is an event of its own to `condition`: its fields are
// numbered in `fields`, and everything that a rule may say of an event may be said of it.
struct ElementTest {
  enum class Of : uint8_t {
    kAny,          // some element; false when there is none
    kAll,          // every element, and there is one
    kAllOrEmpty,   // every element
    kNone,         // no element
    kValue,        // the value at `path` itself, not what is in it (`args[0]`); several values: some one of them
  };
  Of of = Of::kAny;
  ElementPath path;                      // of the arrays; their elements together are judged. A value that is no array is
                                         //   an array of one, null and a missing value are an empty one
  FieldTable fields;
  std::vector<ElementPath> field_paths;  // by FieldId of `fields`, from the element
  std::vector<Item> items;
  Expr condition;                        // over `items`
};

struct Logsource {               // empty = not stated (25); compared without case
  std::string product, category, service;
  std::vector<std::pair<std::string, std::string>> custom;   // the author's own attributes, sorted by name
};

struct Detection {
  Logsource logsource;
  std::vector<Item> items;
  Expr condition;              // rule condition AND each filter's condition (36)
};

enum class CorrelationType : uint8_t {
  kEventCount, kValueCount, kValueSum, kValueAvg, kValueMedian, kValuePercentile, kTemporal, kTemporalOrdered,
  kValueFirstSeen, kValueChange,
};

// An extended condition over references (28) of temporal and temporal_ordered. Without one, every reference must fire.
struct CorrelationExpr {
  enum class Kind : uint8_t { kAnd, kOr, kNot, kRef };
  Kind kind = Kind::kAnd;
  uint32_t ref = 0;            // kRef: index into Correlation::refs
  std::vector<CorrelationExpr> children;
};

struct Correlation {
  struct Ref {
    RuleId rule;
    int64_t before_ns = -1;    // absence span overrides; -1 = the timespan
    int64_t after_ns = -1;
  };
  struct GroupField {
    std::string name;                 // as written under group-by: a field or an alias
    std::vector<FieldId> per_ref;     // the field to read for each ref (aliases resolved); !valid() = no group (31)
  };
  struct Threshold {
    Compare compare;
    double number;
  };
  CorrelationType type = CorrelationType::kEventCount;
  std::vector<Ref> refs;
  std::vector<GroupField> group_by;
  int64_t timespan_ns = 0;
  std::vector<Threshold> thresholds;  // all must hold; empty where an expression or a type needs none
  std::vector<FieldId> fields;        // condition.field: one, or several for value_count's tuples
  double percentile = 50;
  std::optional<CorrelationExpr> expression;
  bool generate = false;
  // value_first_seen alone: the silent time of a new group; which new values may fire (empty = all; every value is learned);
  // and what a value is compared with while its group learns: a list of what is known, or a parent (read as a group field
  // is), in which other groups may have shown it.
  int64_t learning_ns = 0;
  std::vector<Pattern> values;
  std::optional<std::vector<Pattern>> learning_fallback;
  std::optional<GroupField> learning_parent;
};

// How soon an alert of a rule may be believed (DESIGN section 4); a rule over an inner rule takes the weaker.
enum class AlertClass : uint8_t { kNeverRetracted, kMayBeRetracted, kOnlyConfirmed };

struct Rule {
  std::string id, name, title, description, status;  // id and name empty when absent
  Level level = Level::kNone;
  std::vector<std::string> tags, falsepositives;
  Place place;                        // of the document
  std::string semantic_hash;          // 64 hex digits over detection or correlation, not over title or level
  std::string playbook;               // from tags `tocsin.playbook.<id>` or bindings; empty = none
  bool alerts = true;                 // false: referenced by correlations none of which generates, or alert: false
  bool early = false, page_early = false;
  int64_t episode_gap_ns = 0, episode_max_ns = 0;     // resolved defaults
  AlertClass alert_class = AlertClass::kNeverRetracted;
  bool is_correlation = false;
  Detection detection;                // !is_correlation
  Correlation correlation;            // is_correlation
  // Fields that correlations read from this rule's hits (group-by and condition fields, through aliases), sorted. Each hit
  // keeps their values: a hit must be judged again without its event.
  std::vector<FieldId> hit_fields;
};

// What a reader of output calls the rule: name, else id, else title.
const std::string& RuleLabel(const Rule& rule);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_SIGMA_RULE_H_
