// Bytes to events. A Reader walks the documents of a batch and yields their events one by one.
//
//   Reader reader(plan, inputs);
//   reader.Start(batch);
//   while (reader.Next()) Use(reader.event());
//   for (BadRecord& bad : reader.TakeBad()) ...
//
// Each document's tokens are found once (simdjson's first stage) and walked once along the trie of its source; the guess is that an
// event has the source of the one before it, and a wrong guess costs a second walk. One Reader a worker; not thread-safe.
// After warm-up Next() does not allocate. A bad record is set aside and the rest goes on: a bad line costs one event, a
// broken envelope costs the elements that cannot be delimited.
//
// Wrappings inside a document: one event, an array of events, an envelope that a source names (`unwrap`), a webhook envelope
// with headers and body, several values one after the other.
#ifndef TOCSIN_ENGINE_EVENT_READER_H_
#define TOCSIN_ENGINE_EVENT_READER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/event/batch.h"
#include "engine/event/event.h"
#include "engine/event/plan.h"

namespace tocsin::event {

struct ReaderCounters {
  uint64_t events = 0, bad = 0, bytes = 0;
  uint64_t no_time = 0, time_inferred = 0, future_time = 0, duplicate_key = 0, ambiguous_source = 0, second_walks = 0;
  uint64_t depth_limit = 0, value_limit = 0;    // events whose values beyond kMaxDepth / kMaxValues were not read
  std::vector<uint64_t> by_source;              // by SourceId
  uint64_t unknown_source = 0;
};

inline constexpr int kMaxDepth = 64;            // nesting that is walked; deeper than JsonTokens::kMaxNesting an event is bad
inline constexpr uint32_t kMaxValues = 65536;   // values of wanted fields in one event

class Reader {
 public:
  // `inputs` must outlive the Reader and may grow between batches.
  Reader(std::shared_ptr<const Plan> plan, const InputTable& inputs);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // REQUIRES: `batch` outlives the walk over it.
  void Start(const Batch& batch);
  // The next event of the batch. False at its end.
  bool Next();
  const EventView& event() const ABSL_ATTRIBUTE_LIFETIME_BOUND;
  // Makes of the event what its plan leaves for those with hits (Keeps::kHits); nothing where all is made. Its values may move.
  void Finish();

  // Bad records since the last TakeBad.
  std::vector<BadRecord> TakeBad();
  const ReaderCounters& counters() const;
  // Position of the next record among all of the run's; for runs that read inputs in parts.
  void set_next_number(uint64_t number);
  uint64_t next_number() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_READER_H_
