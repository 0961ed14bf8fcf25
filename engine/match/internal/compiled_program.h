// The layout of a Program: flat vectors, ids not pointers, immutable after Compile.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_COMPILED_PROGRAM_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_COMPILED_PROGRAM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/event/plan.h"
#include "engine/match/internal/predicate.h"
#include "engine/match/program.h"

namespace tocsin::match {

// A condition as a tree in one vector: children of a node stand in a row.
struct ConditionNode {
  enum class Kind : uint8_t { kAnd, kOr, kNot, kPredicate };
  Kind kind = Kind::kAnd;
  uint32_t first = 0;       // kPredicate: index of the predicate; else of the first child
  uint32_t count = 0;
};

struct CompiledRule {
  RuleId id;
  uint32_t root = 0;        // into CompiledProgram::nodes
};

// A set of rules: a bit for each place in CompiledProgram::rules, so that walking it is walking rules in order.
using RuleSet = std::vector<uint64_t>;
inline void AddTo(RuleSet& set, uint32_t place) { set[place / 64] |= uint64_t{1} << (place % 64); }

// Rules that can match only if a field has one of some texts are found by that text (their witness); the others always run.
struct Dispatch {
  RuleSet always;
  struct ByText {
    content::FieldId field;
    absl::flat_hash_map<std::string, std::vector<uint32_t>> rules;   // folded text -> places
  };
  std::vector<ByText> by_text;
};

// --logsource-from-event: which rules the event's own product (category, service) leaves. Values that no rule names are alike,
// so hostile ones cost nothing.
struct Attribute {
  content::FieldId field;
  absl::flat_hash_map<std::string, RuleSet> named;      // folded value -> rules that state it, or nothing
  RuleSet unnamed;                                      // rules that do not state the attribute
};

struct CompiledProgram {
  std::shared_ptr<const event::Plan> plan;
  ProgramOptions options;
  std::vector<Predicate> predicates;
  std::vector<ConditionNode> nodes;
  std::vector<CompiledRule> rules;                    // ascending by id
  std::vector<Dispatch> by_source;                    // by SourceId, then one for unknown events
  std::vector<Attribute> attributes;                  // product, category, service, rules' own; for logsource_from_event

  // One necessary (field, text) choice a rule, or none; by place in `rules`.
  struct Witness {
    content::FieldId field;
    std::string text;                                 // folded
  };
  std::vector<std::vector<Witness>> witnesses;

  size_t words() const { return (rules.size() + 63) / 64; }   // of a RuleSet
  Dispatch MakeDispatch(const std::vector<uint32_t>& rule_places) const;
};

struct ScratchState {
  std::vector<uint32_t> outcome_epoch;                // by predicate: the event its outcome is of
  std::vector<uint8_t> outcome;
  RuleSet candidates;
  std::vector<RuleId> hits;
  std::string buffer;                                 // a folded text
  uint32_t epoch = 0;
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_COMPILED_PROGRAM_H_
