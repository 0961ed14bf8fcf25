#include "engine/pipeline/rule_profile.h"

#include <time.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/event/plan.h"
#include "engine/event/reader.h"
#include "engine/match/program.h"
#include "engine/pipeline/internal/source_option.h"

namespace tocsin::pipeline {
namespace {

// Of this thread: what others do on the machine is not in it.
int64_t CpuNs() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

class ProfileRun {
 public:
  ProfileRun(std::shared_ptr<const event::Plan> plan, std::shared_ptr<const match::Program> program, content::SourceId source)
      : program_(std::move(program)), source_(source), profile_(*program_), ordinary_(plan, *program_, out_.inputs), counted_(plan, *program_, out_.inputs) {}

  RuleProfile Run(BoundedInput& input) {
    event::Batch batch;
    for (bool counted_first = false;; counted_first = !counted_first) {
      std::vector<event::BadRecord> bad;
      const bool more = input.Next(batch, out_.inputs, bad, out_.unreadable);
      TakeBad(std::move(bad));
      if (!more) break;
      for (event::Input& each : out_.inputs) each.source = source_;
      // Who comes second finds the batch in the caches.
      if (counted_first) Count(batch);
      Time(batch);
      if (!counted_first) Count(batch);
    }
    out_.events = ordinary_.reader.counters().events;
    out_.bytes = ordinary_.reader.counters().bytes;
    out_.cost = profile_.Report();
    out_.reading_ns = std::max(0.0, static_cast<double>(cpu_ns_) - out_.cost.ordinary_ns - out_.cost.classes_ns);
    return std::move(out_);
  }

 private:
  struct Pass {
    Pass(const std::shared_ptr<const event::Plan>& plan, const match::Program& program, const event::InputTable& inputs) : reader(plan, inputs), scratch(program) {}
    event::Reader reader;
    match::Scratch scratch;
  };

  void Time(const event::Batch& batch) {
    const int64_t begin = CpuNs();
    ordinary_.reader.Start(batch);
    while (ordinary_.reader.Next()) {
      if (!ordinary_.reader.event().flags.skip_match) program_->MatchTimed(ordinary_.reader.event(), ordinary_.scratch, profile_);
      else out_.skipped++;
    }
    cpu_ns_ += CpuNs() - begin;
    TakeBad(ordinary_.reader.TakeBad());
  }

  void Count(const event::Batch& batch) {
    counted_.reader.Start(batch);
    while (counted_.reader.Next()) {
      if (!counted_.reader.event().flags.skip_match) out_.hits += program_->MatchCounted(counted_.reader.event(), counted_.scratch, profile_).size();
    }
    counted_.reader.TakeBad();   // told by the other pass
  }

  void TakeBad(std::vector<event::BadRecord> bad) {
    out_.bad += bad.size();
    const size_t kept = std::min(bad.size(), kProfileBadRecords - out_.bad_records.size());
    std::move(bad.begin(), bad.begin() + static_cast<ptrdiff_t>(kept), std::back_inserter(out_.bad_records));
  }

  RuleProfile out_;
  const std::shared_ptr<const match::Program> program_;
  const content::SourceId source_;
  match::Profile profile_;
  Pass ordinary_, counted_;
  int64_t cpu_ns_ = 0;
};

}  // namespace

RuleProfile ProfileRules(std::shared_ptr<const content::ContentSet> content, const RuleProfileOptions& options,
                         content::Diagnostics& diagnostics, BoundedInput& input) {
  RuleProfile out;
  content::SourceId source;
  out.usage_error = ParseSourceOption(*content, options.source, source);
  if (!out.usage_error.empty()) return out;
  const event::PlanOptions plan_options{.logsource_from_event = options.logsource_from_event, .recognise = true, .keeps = event::Keeps::kNothing, .time_field = options.time_field};
  const auto plan = event::Plan::Compile(std::move(content), plan_options, diagnostics);
  const match::ProgramOptions program_options{.logsource_from_event = options.logsource_from_event, .keep_origins = true};
  return ProfileRun(plan, match::Program::Compile(plan, program_options, diagnostics), source).Run(input);
}

}  // namespace tocsin::pipeline
