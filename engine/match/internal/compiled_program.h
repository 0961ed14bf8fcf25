// The layout of a Program: flat vectors, ids not pointers, immutable after Compile.
//
// A condition is what a rule's detection says; rules that say the same share one. Conditions are numbered, and everything that
// leads to one is a list of numbers (postings):
//   the event's logsource -> EventClass -> Dispatch: what leads to the conditions that may apply, and those that must always be tried
//   value -> its field's FieldDispatch -> literals and numbers found in it -> conditions whose witness that is.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_COMPILED_PROGRAM_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_COMPILED_PROGRAM_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "engine/event/plan.h"
#include "engine/match/internal/folded_texts.h"
#include "engine/match/internal/literal_index.h"
#include "engine/match/internal/predicate.h"
#include "engine/match/internal/value_memo.h"
#include "engine/match/internal/witness.h"
#include "engine/match/program.h"

namespace tocsin::match {

// One question of a condition and where to go on. A condition is a chain of them; kHit and kMiss end it.
struct Step {
  uint32_t predicate = 0;
  uint32_t if_true = 0, if_false = 0;    // into CompiledProgram::steps
  content::FieldId field;                // the predicate's, where its answer depends on that field's text alone
};
inline constexpr uint32_t kHit = UINT32_MAX, kMiss = UINT32_MAX - 1;

struct Condition {
  uint32_t first_step = 0;
  uint32_t logsource = 0;                // into CompiledProgram::logsources
  Range rules;                           // into CompiledProgram::rules: who says this
};

// A witness, and the conditions that it leads to.
struct Clue {
  Witness witness;
  Range conditions;                      // into CompiledProgram::led_to
};

// What the values of one field lead to.
struct FieldDispatch {
  LiteralIndex literals;                 // id = into Dispatch::literal_postings
  absl::flat_hash_map<uint64_t, Range> numbers;   // NumberKey -> postings
  Range present;                         // postings
};

// What leads to the conditions that may apply to some events.
struct Dispatch {
  std::vector<FieldDispatch> fields;
  std::vector<uint32_t> by_field;        // by FieldId: into `fields`, or kNone
  LiteralIndex keywords;                 // sought in all of an event; ids as in FieldDispatch
  std::vector<Range> literal_postings;   // by literal id
  std::vector<uint32_t> postings;        // condition numbers
  std::vector<uint32_t> links;           // with options.keep_origins: by posting, into CompiledProgram::led_to
  std::vector<uint32_t> always;          // conditions that no witness leads to

  static constexpr uint32_t kNone = UINT32_MAX;
  size_t bytes() const;                  // of memory, nearly
};

// The attributes of a logsource as numbers, in the order of CompiledProgram::attributes. Of a rule: 0 = not stated, fits
// everything.
using LogsourceKey = absl::InlinedVector<uint32_t, 4>;
inline constexpr uint32_t kUnstated = 0;
// Of an event: a value that no rule names, or (of a recognised source) none at all.
inline constexpr uint32_t kForeign = UINT32_MAX;

// product, category, service, and the rules' own attributes.
struct LogsourceAttributeTable {
  std::string name;
  content::FieldId field;                // of the event, where it may state it
  absl::flat_hash_map<std::string, uint32_t> values;   // folded, as rules name them -> from 1 on
};

// Events that are alike in their logsource. Most classes have a dispatch of their own: what other events need is not there, so
// that tables are small and nothing is found in vain. Where classes are many, the last share one for all rules.
struct EventClass {
  std::shared_ptr<const Dispatch> dispatch;
  bool shared = false;                   // it leads to conditions that do not apply as well
  std::vector<uint64_t> applies;         // a bit for each of CompiledProgram::logsources
  bool Applies(uint32_t logsource) const { return applies[logsource / 64] >> (logsource % 64) & 1; }
};

struct CompiledProgram {
  std::shared_ptr<const event::Plan> plan;
  ProgramOptions options;
  std::vector<Predicate> predicates;
  std::vector<Step> steps;
  std::vector<Condition> conditions;
  std::vector<RuleId> rules;             // by condition
  std::vector<Clue> clues;
  std::vector<uint32_t> led_to;          // condition numbers, by clue
  std::vector<uint32_t> always;          // conditions without a witness
  GramCounts grams;                      // of the rules' literals
  std::vector<LogsourceKey> logsources;
  std::vector<LogsourceAttributeTable> attributes;
  std::vector<EventClass> by_source;     // by SourceId, then one for events of no known source; empty with logsource_from_event
  std::vector<const content::Item*> items;   // with options.keep_origins, by predicate; in the plan's content

  // What an attribute of the key does not state excludes nothing; kForeign excludes every rule that states it. With a dispatch of
  // its own, which costs making it, or with one for all rules.
  EventClass MakeClass(const LogsourceKey& key) const;
  EventClass MakeClass(const LogsourceKey& key, std::shared_ptr<const Dispatch> for_all) const;
  std::shared_ptr<const Dispatch> DispatchForAll() const;

 private:
  EventClass ClassWithout(const LogsourceKey& key) const;   // a dispatch
};

struct ScratchState {
  explicit ScratchState(size_t fields) : memo(fields) {}

  FoldedTexts texts;
  ValueMemo memo;
  std::vector<ValueMemo::Id> remembered;   // by value of the event: its entry in the memo, or kNone
  std::vector<uint32_t> outcomes;        // by predicate: epoch * 2 + outcome
  std::vector<uint32_t> seen;            // by condition: the epoch it became a candidate in
  std::vector<uint32_t> candidates;
  std::vector<RuleId> hits;
  uint32_t epoch = 0;

  // --logsource-from-event: what texts of an attribute meant, a few of each; and the classes met so far.
  struct AttributeMemo {
    static constexpr size_t kTexts = 8, kLongestText = 256;
    struct Known {
      std::string text;
      uint32_t value = kUnstated;
    };
    std::array<Known, kTexts> known;
    // Where a text is kept. REQUIRES: not empty.
    Known& Of(std::string_view text) { return known[(text.size() + static_cast<unsigned char>(text.back())) % kTexts]; }
  };
  std::vector<AttributeMemo> attributes;
  absl::flat_hash_map<LogsourceKey, std::unique_ptr<EventClass>> classes;   // with a dispatch of their own
  absl::flat_hash_map<LogsourceKey, std::unique_ptr<EventClass>> more_classes;
  std::shared_ptr<const Dispatch> for_all;   // theirs
  size_t dispatch_bytes = 0;             // of the dispatches that are a class's own
  uint64_t classes_made = 0;             // with tables
  LogsourceKey key;                      // of the event at hand
  struct ClassMemo {
    LogsourceKey key;
    const EventClass* of = nullptr;
  };
  std::array<ClassMemo, 8> recent;       // by a hash of the key
  std::string folded;
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_COMPILED_PROGRAM_H_
