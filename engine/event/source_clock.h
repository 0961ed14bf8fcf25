// The source clock: what is known of each source's liveness in event time. Plain data that `pipeline` advances and
// correlate, evidence and incident read. Not thread-safe.
//
// Coverage (DESIGN section 4): the stretch between two neighbouring events of a source is covered iff they are at most
// `silence_after` apart; a longer gap is uncovered whole. Kept as a set of disjoint covered intervals, so the answer does not
// depend on the order in which events arrived. Cost of Observe: O(1) for times near the last one, else O(log intervals).
#ifndef TOCSIN_ENGINE_EVENT_SOURCE_CLOCK_H_
#define TOCSIN_ENGINE_EVENT_SOURCE_CLOCK_H_

#include <cstdint>
#include <map>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/time.h"

namespace tocsin::event {

class Coverage {
 public:
  explicit Coverage(int64_t silence_after_ns = 0) : silence_after_ns_(silence_after_ns) {}
  void Observe(EventTime time);
  // A stretch of intervals() as another process knew it. Events in it may be observed again.
  void Restore(EventTime first, EventTime last);
  // Is [from, until] inside one covered stretch?
  bool Covers(EventTime from, EventTime until) const;
  // Disjoint covered intervals, in order: first event -> last event.
  const std::map<int64_t, int64_t>& intervals() const { return intervals_; }
  uint64_t events() const { return events_; }
  bool empty() const { return events_ == 0; }
  EventTime first() const;
  EventTime last() const;

 private:
  int64_t silence_after_ns_;
  std::map<int64_t, int64_t> intervals_;
  uint64_t events_ = 0;
};

struct SourceState {
  Coverage coverage;
  EventTime last_event;        // latest event time that was not in the future
  EventTime last_transport;
  EventTime watermark;         // live: no event older than this is expected; bounded: unknown while reading, +inf after
  uint64_t late = 0;
};

// By SourceId. `health_from` is resolved by CoverageOf.
//
// A source that extends another is a part of its feed: an event of aws.ecr shows that aws.cloudtrail is alive. So Observe
// counts it for both, and `health_from: aws.cloudtrail` means the whole feed.
class SourceClock {
 public:
  explicit SourceClock(const content::ContentSet& content);
  SourceState& state(content::SourceId source) { return states_[source.value()]; }
  const SourceState& state(content::SourceId source) const { return states_[source.value()]; }
  const Coverage& CoverageOf(content::SourceId source) const;
  // An event of the source was seen: coverage of the source and of those it extends.
  void Observe(content::SourceId source, EventTime time);
  size_t size() const { return states_.size(); }
  // Live: of events of no known source, and of what only sources that are not connected could say: how far every input has
  // been read.
  EventTime inputs_watermark;

 private:
  std::vector<SourceState> states_;
  std::vector<content::SourceId> health_from_;
  std::vector<content::SourceId> extends_;     // !valid() = none
};

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_SOURCE_CLOCK_H_
