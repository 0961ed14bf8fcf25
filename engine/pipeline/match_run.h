// `tocsin match`: every rule hit and correlation firing, nothing stored. DESIGN section 7 fixes its output.
#ifndef TOCSIN_ENGINE_PIPELINE_MATCH_RUN_H_
#define TOCSIN_ENGINE_PIPELINE_MATCH_RUN_H_

#include <cstdio>
#include <memory>
#include <string>

#include "engine/content/content_set.h"
#include "engine/event/reader.h"
#include "engine/pipeline/matching_cost.h"
#include "engine/pipeline/ports.h"

namespace tocsin::pipeline {

struct MatchRunOptions {
  std::string source;                // --source NAME: it or one that extends it
  bool logsource_from_event = false;
  std::string time_field;
  bool count = false;                // per-rule totals instead of hits
  int threads = 1;
};

struct MatchRunResult {
  uint64_t events = 0, bytes = 0, bad = 0, hits = 0;
  double compile_seconds = 0, run_seconds = 0;
  MatchingCost matching;
  std::vector<event::BadRecord> bad_records;   // the first 1,000
  event::InputTable inputs;                    // names for BadRecord::input
  std::vector<std::string> unreadable;
  bool usage_error = false;          // an unknown --source: `error` says which names there are
  std::string error;
};

// Writes NDJSON to `out`.
MatchRunResult RunMatch(std::shared_ptr<const content::ContentSet> content, const MatchRunOptions& options,
                        content::Diagnostics& diagnostics, BoundedInput& input, FILE* out);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_MATCH_RUN_H_
