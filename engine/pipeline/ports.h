// The seams of the assembly line: what connectors implement. Handed in from outside so that tests can replace them
// (LevelDB's Env is the model). Virtual calls here are per batch, never per event.
#ifndef TOCSIN_ENGINE_PIPELINE_PORTS_H_
#define TOCSIN_ENGINE_PIPELINE_PORTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/event/batch.h"

namespace tocsin::pipeline {

// Documents that are read once, to their end: files, standard input.
class BoundedInput {
 public:
  virtual ~BoundedInput() = default;
  // Fills `batch` (cleared first) with the next documents of one input, and extends `inputs` when a new one begins. False at
  // the end. What cannot be read is appended to `bad` (a truncated gzip, a document above max_document) or to `unreadable`
  // (a path that cannot be opened), and the rest goes on.
  virtual bool Next(event::Batch& batch, event::InputTable& inputs, std::vector<event::BadRecord>& bad,
                    std::vector<std::string>& unreadable) = 0;
  virtual uint64_t bytes_total() const = 0;      // on disk; 0 = unknown (a pipe)
  virtual uint64_t bytes_done() const = 0;
  // A line an input: path, size, modification time, hash of the first and last 64 KiB. For RunKey.
  virtual std::string Fingerprint() const = 0;
};

// Documents that keep coming: topic partitions.
struct LiveBatchInfo {
  event::InputId input;              // !valid(): nothing came
  int64_t next_offset = 0;           // behind the batch's last message
  bool caught_up = false;            // that was the end of the partition when it was fetched
  bool more = false;                 // other inputs' news are at hand too: who was caught up may be behind already
};

// Where an input is to be taken up again: at the first record from `time` on, and at `next_offset` at the latest.
struct LiveStart {
  event::EventTime time;             // !known(): from the beginning
  int64_t next_offset = 0;
};

class LiveInput {
 public:
  virtual ~LiveInput() = default;
  // Assigns every partition of the configured topics, each from where `from` says for its name ("topic/partition"), else from
  // its beginning. `inputs` gets one entry a partition. Called once, before Poll.
  virtual absl::Status Start(const std::map<std::string, LiveStart>& from, event::InputTable& inputs) = 0;
  // Waits at most `timeout_ms` for messages of one partition, and may extend `inputs`. With an input and an empty batch, only
  // `caught_up` is news: false = it has grown meanwhile. An error that waiting may cure is Unavailable; what was caught up before it need not be any more,
  // and the input says so once the error has passed.
  virtual absl::Status Poll(int timeout_ms, event::Batch& batch, event::InputTable& inputs, LiveBatchInfo& info) = 0;
  // Nobody has polled for a while, and what was caught up need not be any more: before Poll brings anything new, it says of each
  // input that has grown that it is behind.
  virtual void CheckEnds() = 0;
  // Records that are still to be read, by topic, as far as is known without asking anybody.
  virtual std::map<std::string, int64_t> Behind() const = 0;
  // For lag monitors only: never read back.
  virtual absl::Status CommitForMonitors(const std::map<std::string, int64_t>& next_offsets) = 0;
};

// Where published incident revisions go. Each (id, revision) exactly once across restarts.
class IncidentSink {
 public:
  struct Message {
    int64_t sequence = 0;
    std::string key, json;
  };
  virtual ~IncidentSink() = default;
  virtual absl::Status Start(int64_t* last_published) = 0;       // reads its high-water mark
  virtual absl::Status Publish(const std::vector<Message>& messages) = 0;   // atomic, with the mark of the last
};

// "path:12", or "path at offset 8812" where lines mean nothing.
std::string BadRecordPlace(const event::BadRecord& record, const event::InputTable& inputs);

class Clock {
 public:
  virtual ~Clock() = default;
  virtual event::EventTime Now() = 0;
  virtual void Sleep(int ms) = 0;
};

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_PORTS_H_
