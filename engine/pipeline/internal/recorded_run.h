// A bounded run kept in memory: its hits and links, which correlation may then judge more than once. For explanations
// and golden cases, over a few events; `match` and `replay` stream.
//
// Events and hits are those of `match` (nothing that the source's `skip:` leaves out; hits without a time of their own
// take no part in correlation), and closed-world: every source counts as covered.
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_RECORDED_RUN_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_RECORDED_RUN_H_

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/correlate/engine.h"
#include "engine/pipeline/internal/record_numbers.h"
#include "engine/pipeline/internal/worker.h"
#include "engine/pipeline/ports.h"

namespace tocsin::pipeline {

class RecordedRun {
 public:
  struct DetectionHit {
    uint64_t number = 0;    // of the event
    event::EventTime time;  // not known(): none of its own
    content::RuleId rule;
  };
  // `hits` of the event; both are valid during the call.
  using Observer = std::function<void(const event::EventView& event, std::span<const content::RuleId> hits)>;

  // `source`: of every event; !valid() = each is recognised.
  RecordedRun(Compiled compiled, content::SourceId source) : compiled_(std::move(compiled)), source_(source) {}

  void Read(BoundedInput& input, const Observer& observer);

  const std::vector<DetectionHit>& hits() const { return hits_; }
  uint64_t records() const { return records_; }              // bad ones included
  event::EventTime last_time() const { return last_time_; }  // the latest of an event's own
  const event::InputTable& inputs() const { return inputs_; }
  const std::vector<event::BadRecord>& bad() const { return bad_; }
  const std::vector<std::string>& unreadable() const { return unreadable_; }

  // Firings of the correlations of `content`: the run's own set, or one with the same rules, sources and fields in
  // front.
  std::vector<correlate::Firing> Firings(std::shared_ptr<const content::ContentSet> content) const;
  // Alerts as a replay of these events gives them: duplicates count once. In the order of AlertBefore.
  std::vector<correlate::Alert> Alerts() const;

 private:
  void Feed(correlate::Engine& engine) const;

  const Compiled compiled_;
  const content::SourceId source_;
  event::InputTable inputs_;
  std::vector<event::BadRecord> bad_;
  std::vector<std::string> unreadable_;
  std::vector<DetectionHit> hits_;
  std::vector<match::Hit> timed_hits_;
  match::HitArena arena_;
  std::vector<event::Link> links_;  // views into link_text_
  std::vector<event::EventTime> link_seen_;
  std::deque<std::string> link_text_;
  RecordNumbers record_numbers_;
  uint64_t records_ = 0;
  event::EventTime last_time_;
};

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_RECORDED_RUN_H_
