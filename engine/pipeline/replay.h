// `tocsin replay`: historical logs to incidents. A bounded run (DESIGN section 4): inputs in any order, only hits are sorted.
#ifndef TOCSIN_ENGINE_PIPELINE_REPLAY_H_
#define TOCSIN_ENGINE_PIPELINE_REPLAY_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/content/content_set.h"
#include "engine/incident/store.h"
#include "engine/pipeline/matching_cost.h"
#include "engine/pipeline/ports.h"
#include "engine/pipeline/run_counts.h"

namespace tocsin::pipeline {

struct ReplayOptions {
  std::string store_path;            // SQLite file; evidence goes to store_path + ".evidence/", bad records to ".bad.ndjson"
  event::EventTime from, until, now; // !known() = open
  std::function<void(uint64_t done, uint64_t total, uint64_t events)> progress;  // a few times a second; may be empty
};

inline constexpr size_t kInputsNamed = 20;

struct ReplaySummary : RunCounts {
  // Inputs with events of no known source, and those without a single record: the first kInputsNamed of each, and how many there
  // are.
  std::vector<std::string> unknown_inputs, empty_inputs;
  uint64_t unknown_input_count = 0, empty_input_count = 0;
  std::vector<std::string> bad_samples;           // the first 5: "path:12: not JSON: ..."
  std::vector<std::string> unreadable;
  std::vector<std::string> alert_notes;           // "3 alerts of playbook token: no such playbook is loaded, listed only"
  double load_seconds = 0, run_seconds = 0;
  MatchingCost matching;
  std::string stored_json;                     // already_done: the closing object of the run that the store holds
  bool already_done = false;                      // the very same run had ended: nothing was read again
  std::string Json() const;                       // DESIGN section 7's closing object
};

// FailedPrecondition: the store belongs to another run (exit 2). Others: exit 3.
absl::StatusOr<ReplaySummary> RunReplay(std::shared_ptr<const content::ContentSet> content, const ReplayOptions& options,
                                        content::Diagnostics& diagnostics, BoundedInput& input, Clock& clock);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_REPLAY_H_
