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

// Rules that can match only if a field has one of some texts are found by that text (their witness); the others always run.
struct Dispatch {
  std::vector<uint32_t> always;                       // places in CompiledProgram::rules
  struct ByText {
    content::FieldId field;
    absl::flat_hash_map<std::string, std::vector<uint32_t>> rules;   // lower-case ASCII text -> rules
    std::vector<uint32_t> any;                        // all of them, for values outside ASCII
  };
  std::vector<ByText> by_text;
};

struct CompiledProgram {
  std::shared_ptr<const event::Plan> plan;
  ProgramOptions options;
  std::vector<Predicate> predicates;
  std::vector<ConditionNode> nodes;
  std::vector<CompiledRule> rules;                    // ascending by id
  std::vector<Dispatch> by_source;                    // by SourceId, then one for unknown events
  // logsource_from_event: dispatches of every combination that was met are made on demand by each Scratch.
  content::FieldId product, category, service;

  // One necessary (field, text) choice a rule, or none; by place in `rules`.
  struct Witness {
    content::FieldId field;
    std::string text;
  };
  std::vector<std::vector<Witness>> witnesses;

  Dispatch MakeDispatch(const std::vector<uint32_t>& rule_places) const;
};

struct ScratchState {
  std::vector<uint32_t> outcome_epoch;                // by predicate: the event its outcome is of
  std::vector<uint8_t> outcome;
  std::vector<uint32_t> candidate_epoch;              // by rule place
  std::vector<uint32_t> candidates;
  std::vector<RuleId> hits;
  std::string buffer, key;
  uint32_t epoch = 0;
  absl::flat_hash_map<std::string, Dispatch> by_logsource;   // bounded by kMaxLogsources
};

inline constexpr size_t kMaxLogsources = 4096;        // combinations remembered a worker; then the memory starts anew

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_COMPILED_PROGRAM_H_
