// Detection rules compiled for running: an immutable Program shared by all workers, and one Scratch a worker. Start here.
//
//   auto program = Program::Compile(plan, options, diagnostics);
//   Scratch scratch(*program);
//   for each event: for (RuleId rule : program->Match(event, scratch)) ...
//
// Phases (as in re2/set.h): Compile, then const Match for ever. Match: rules by logsource, each distinct predicate evaluated
// at most once an event and only when a rule asks for it, conditions over the outcomes, hits in rule order. It allocates
// nothing after warm-up. Thread-safe with one Scratch a thread.
#ifndef TOCSIN_ENGINE_MATCH_PROGRAM_H_
#define TOCSIN_ENGINE_MATCH_PROGRAM_H_

#include <memory>
#include <span>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/plan.h"

namespace tocsin::match {

using content::RuleId;

struct ProgramOptions {
  bool logsource_from_event = false;
  bool keep_origins = false;           // what a Profile's report names: witnesses of rules, items of predicates
};

struct CompiledProgram;                // internal/compiled_program.h
struct ScratchState;

// All mutable match state. Sized from the Program.
class Program;
class Profile;                         // profile.h
class Scratch {
 public:
  explicit Scratch(const Program& program);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

 private:
  friend class Program;
  std::unique_ptr<ScratchState> state_;
};

class Program {
 public:
  // Rules that cannot be compiled (a regex RE2 refuses, a bad network) are reported and left out.
  static std::shared_ptr<const Program> Compile(std::shared_ptr<const event::Plan> plan, const ProgramOptions& options,
                                                content::Diagnostics& diagnostics);
  explicit Program(std::unique_ptr<const CompiledProgram> compiled);
  ~Program();

  // Ids of the detection rules that match, ascending; valid until the next Match with the same scratch.
  std::span<const RuleId> Match(const event::EventView& event, Scratch& scratch) const;
  // The same, and what it took goes into the profile: of each piece of work, or of the whole.
  std::span<const RuleId> MatchCounted(const event::EventView& event, Scratch& scratch, Profile& profile) const;
  std::span<const RuleId> MatchTimed(const event::EventView& event, Scratch& scratch, Profile& profile) const;
  size_t predicates() const;      // distinct ones
  size_t rules() const;

 private:
  friend class Scratch;
  friend class Profile;
  std::unique_ptr<const CompiledProgram> compiled_;
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_PROGRAM_H_
