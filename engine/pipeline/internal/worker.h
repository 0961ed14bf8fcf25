// The compiled content and one worker's state over it: what `match`, `replay` and `run` have in common.
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_WORKER_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_WORKER_H_

#include <memory>
#include <span>
#include <utility>

#include "engine/content/content_set.h"
#include "engine/event/plan.h"
#include "engine/event/reader.h"
#include "engine/match/hit.h"
#include "engine/match/profile.h"
#include "engine/match/program.h"
#include "engine/pipeline/matching_cost.h"

namespace tocsin::pipeline {

// Every runtime plan of one content set. Immutable, shared.
struct Compiled {
  std::shared_ptr<const content::ContentSet> content;
  std::shared_ptr<const event::Plan> plan;
  std::shared_ptr<const match::Program> program;
};

inline Compiled CompileAll(std::shared_ptr<const content::ContentSet> content, const event::PlanOptions& options,
                           content::Diagnostics& diagnostics) {
  Compiled out;
  out.content = content;
  out.plan = event::Plan::Compile(std::move(content), options, diagnostics);
  out.program = match::Program::Compile(out.plan, {.logsource_from_event = options.logsource_from_event}, diagnostics);
  return out;
}

// One thread's reader, scratch, hit writer, and what matching cost it.
struct Worker {
  // REQUIRES: `compiled` outlives the worker.
  Worker(const Compiled& compiled, const event::InputTable& inputs)
      : reader(compiled.plan, inputs), scratch(*compiled.program), writer(*compiled.content), profile(*compiled.program), program(*compiled.program) {}

  // Program::Match; now and then with a look at what it costs.
  std::span<const content::RuleId> Match(const event::EventView& event) {
    if (--until_sample > 1) return program.Match(event, scratch);
    if (until_sample == 1) return program.MatchTimed(event, scratch, profile);
    until_sample = kSampledOneOf;
    return program.MatchCounted(event, scratch, profile);
  }

  event::Reader reader;
  match::Scratch scratch;
  match::HitWriter writer;
  match::Profile profile;
  const match::Program& program;
  uint32_t until_sample = kSampledOneOf;
};

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_WORKER_H_
