// `tocsin run`: the always-on feed. One thread: poll, read, match, correlate, make durable, publish.
//
// Order of durability (DESIGN section 5): evidence synced, then one store transaction with incident changes, outbox rows and
// `applied`, then publication, then the group offsets for monitors. A start rewinds each partition to the offset for (time of
// `applied` - longest rule timespan - lateness) and runs silently until every partition has passed `applied`; ids are
// deterministic, so the repeat changes nothing.
#ifndef TOCSIN_ENGINE_PIPELINE_LIVE_H_
#define TOCSIN_ENGINE_PIPELINE_LIVE_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "engine/content/content_set.h"
#include "engine/pipeline/ports.h"

namespace tocsin::pipeline {

struct LiveOptions {
  std::string store_path;
  int64_t commit_interval_ms = 500;          // how long a batch of changes may wait for its transaction
  // Words for a person, one line each. What was read and found (run_counts.h) comes every minute and at the end, whatever
  // else there is to say.
  std::function<void(const std::string&)> log;
  std::atomic<bool>* counts_wanted = nullptr;    // set by anyone: also now. Cleared when it has been done.
};

// Returns when `stop` is set (clean: everything polled is durable) or on an error that consumption cannot pass.
absl::Status RunLive(std::shared_ptr<const content::ContentSet> content, const LiveOptions& options,
                     content::Diagnostics& diagnostics, LiveInput& input, IncidentSink* sink, Clock& clock,
                     const std::atomic<bool>& stop);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_LIVE_H_
