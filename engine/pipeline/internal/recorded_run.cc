#include "engine/pipeline/internal/recorded_run.h"

#include <algorithm>
#include <utility>

#include "engine/event/source_clock.h"

namespace tocsin::pipeline {

void RecordedRun::Read(BoundedInput& input, const Observer& observer) {
  Worker worker(compiled_, inputs_);
  event::Batch batch;
  while (input.Next(batch, inputs_, bad_, unreadable_)) {
    for (event::Input& each : inputs_) each.source = source_;
    worker.reader.Start(batch);
    while (worker.reader.Next()) {
      event::EventView event = worker.reader.event();
      record_numbers_.Number(event);
      const bool timed = event.time.known() && !event.flags.time_inferred && !event.flags.no_time;
      if (timed && (!last_time_.known() || event.time > last_time_)) last_time_ = event.time;
      std::span<const content::RuleId> hits;
      if (!event.flags.skip_match) hits = compiled_.program->Match(event, worker.scratch);
      for (const content::RuleId rule : hits) {
        hits_.push_back({event.number, timed ? event.time : event::EventTime{}, rule});
        if (timed) timed_hits_.push_back(worker.writer.Write(event, rule, arena_));
      }
      if (timed) {
        for (event::Link link : event.links()) {
          link.from = link_text_.emplace_back(link.from);
          link.to = link_text_.emplace_back(link.to);
          links_.push_back(link);
          link_seen_.push_back(event.time);
        }
      }
      if (observer) observer(event, hits);
    }
    std::vector<event::BadRecord> bad = worker.reader.TakeBad();
    std::move(bad.begin(), bad.end(), std::back_inserter(bad_));
  }
  records_ = worker.reader.next_number();
}

void RecordedRun::Feed(correlate::Engine& engine) const {
  for (const match::Hit& hit : timed_hits_) engine.AddHit(hit);
  for (size_t i = 0; i < links_.size(); i++) engine.AddLink(links_[i], link_seen_[i]);
}

std::vector<correlate::Firing> RecordedRun::Firings(std::shared_ptr<const content::ContentSet> content) const {
  event::SourceClock clock(*content);
  correlate::Engine engine(std::move(content),
                           {.bounded = true, .closed_world = true, .keep_firings = true, .drop_duplicates = false});
  Feed(engine);
  engine.Evaluate(clock);
  return engine.firings();
}

std::vector<correlate::Alert> RecordedRun::Alerts() const {
  event::SourceClock clock(*compiled_.content);
  correlate::Engine engine(compiled_.content,
                           {.bounded = true, .closed_world = true, .keep_firings = false, .drop_duplicates = true});
  Feed(engine);
  engine.Evaluate(clock);
  std::vector<correlate::Alert> out;
  for (correlate::AlertChange& change : engine.TakeAlertChanges()) {
    if (change.kind != correlate::AlertChange::Kind::kWithdrawn) out.push_back(std::move(change.alert));
  }
  std::sort(out.begin(), out.end(), correlate::AlertBefore);
  return out;
}

}  // namespace tocsin::pipeline
