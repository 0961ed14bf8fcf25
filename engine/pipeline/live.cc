#include "engine/pipeline/live.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "engine/correlate/engine.h"
#include "engine/evidence/store.h"
#include "engine/incident/store.h"
#include "engine/pipeline/internal/bad_events.h"
#include "engine/pipeline/internal/coverage_text.h"
#include "engine/pipeline/internal/incident_book.h"
#include "engine/pipeline/internal/record_numbers.h"
#include "engine/pipeline/internal/watermarks.h"
#include "engine/pipeline/internal/worker.h"
#include "engine/pipeline/run_counts.h"

namespace tocsin::pipeline {
namespace {

using event::EventTime;
using incident::Applied;

constexpr int kPollMs = 100;
constexpr int kRetryMs = 1000;
constexpr int64_t kPauseNs = 5'000'000'000;   // without polling: well below the lateness of any source
constexpr int64_t kCountsNs = 60'000'000'000;
constexpr size_t kOutboxBatch = 100;
constexpr int64_t kMsNs = 1'000'000;

bool CanPass(const absl::Status& status) {  // by waiting: a full disk, a locked store, a broker that is away
  return absl::IsResourceExhausted(status) || absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

class Live {
 public:
  Live(const Compiled& compiled, const LiveOptions& options, LiveInput& input, IncidentSink* sink, Clock& clock,
       const std::atomic<bool>& stop, incident::Store& store, evidence::Store& evidence)
      : compiled_(compiled),
        options_(options),
        input_(input),
        sink_(sink),
        wall_(clock),
        stop_(stop),
        store_(store),
        evidence_(evidence),
        clock_(*compiled.content),
        engine_(compiled.content, {.bounded = false, .closed_world = false, .keep_firings = false, .drop_duplicates = true}),
        worker_(compiled_, inputs_),
        watermarks_(*compiled.content),
        bad_file_(options.store_path + ".bad.ndjson", /*append=*/true),
        book_(compiled_, evidence, clock_) {}

  absl::Status Run() {
    absl::Status status = Start();
    if (!status.ok()) return status;
    status = ReadUntilStopped();
    if (status.ok()) status = UntilDone([&] { return Commit(); });
    SayCounts();
    if (status.ok()) Log("stopped; everything that was read is durable");
    return status;
  }

 private:
  // How far an input has been read, and how far an earlier run had.
  struct Progress {
    Applied applied;
    int64_t next_offset = 0;
    EventTime transport;             // of the last record

    bool Kept(uint64_t offset) const { return static_cast<int64_t>(offset) < applied.next_offset; }
  };

  absl::Status ReadUntilStopped() {
    EventTime last_commit = counts_said_at_ = wall_.Now();
    while (!stop_) {
      SayCountsIfDue();
      LiveBatchInfo info;
      absl::Status status = Poll(info);
      if (!status.ok()) {
        if (!CanPass(status)) return status;
        Log("waiting: " + std::string(status.message()));
        wall_.Sleep(kRetryMs);
        continue;
      }
      status = TakeBatch(info);
      if (!status.ok()) return status;
      if (!info.more) complete_until_ = asked_at_;
      const EventTime now = wall_.Now();
      if (now.ns - last_commit.ns >= options_.commit_interval_ms * kMsNs || now < last_commit) {
        status = UntilDone([&] { return Commit(); });
        if (!status.ok()) return status;
        last_commit = now;
      }
    }
    return absl::OkStatus();
  }

  absl::Status Start() {
    bool finished = false;
    absl::Status status = store_.Bind({"live", "", ""}, &finished);
    if (!status.ok()) return status;
    absl::StatusOr<std::map<std::string, Applied>> applied = store_.ReadApplied();
    if (!applied.ok()) return applied.status();
    applied_ = *std::move(applied);
    status = LoadCoverage();
    if (status.ok()) status = book_.Load(store_, wall_.Now());
    if (status.ok() && sink_ != nullptr) status = sink_->Start(&published_);
    if (!status.ok()) return status;

    // What correlation needs of the past is read again; ids are deterministic, so the repeat is invisible.
    for (const content::SourceDef& source : compiled_.content->sources) lateness_ns_ = std::max(lateness_ns_, source.lateness_ns);
    reach_ns_ = engine_.longest_timespan_ns() + lateness_ns_;
    std::map<std::string, LiveStart> from;
    EventTime judged_until;
    for (const auto& [name, at] : applied_) {
      const bool timed = at.transport.known();
      from[name] = {timed ? EventTime{at.transport.ns - reach_ns_} : EventTime{}, at.next_offset};
      if (timed) judged_until = std::max(judged_until, EventTime{at.transport.ns - lateness_ns_});
    }
    engine_.Resume(book_.Alerts(), judged_until);
    status = input_.Start(from, inputs_);
    if (!status.ok()) return status;
    TakeUpInputs();
    Log("reading " + std::to_string(inputs_.size()) + " inputs");
    return absl::OkStatus();
  }

  absl::Status LoadCoverage() {
    absl::StatusOr<std::map<std::string, std::string>> stored = store_.ReadCoverage();
    if (!stored.ok()) return stored.status();
    stored_coverage_ = *std::move(stored);
    for (size_t i = 0; i < compiled_.content->sources.size(); i++) {
      const auto text = stored_coverage_.find(compiled_.content->sources[i].name);
      if (text == stored_coverage_.end()) continue;
      if (!RestoreCoverage(text->second, clock_.state(content::SourceId(static_cast<uint16_t>(i))).coverage)) {
        return absl::DataLossError(options_.store_path + ": the coverage of source " + text->first + " is not readable");
      }
    }
    return absl::OkStatus();
  }

  void TakeUpInputs() {
    watermarks_.AddInputs(inputs_);
    while (progress_.size() < inputs_.size()) {
      const event::InputId input(static_cast<uint32_t>(progress_.size()));
      Progress& progress = progress_.emplace_back();
      const auto applied = applied_.find(inputs_[input.value()].name);
      if (applied == applied_.end()) continue;
      progress.applied = applied->second;
      progress.transport = applied->second.transport;
      if (!progress.transport.known()) continue;
      watermarks_.Advance(input, {progress.transport.ns - reach_ns_}, /*caught_up=*/false);
    }
  }

  // Whatever keeps this process from polling (a full disk, a broker that is away, a machine that was asleep), what was caught
  // up before it need not be any more.
  absl::Status Poll(LiveBatchInfo& info) {
    const EventTime now = wall_.Now();
    if (polled_at_.known() && now.ns - polled_at_.ns > kPauseNs) input_.CheckEnds();
    if (!more_) asked_at_ = now;
    absl::Status status = input_.Poll(kPollMs, batch_, inputs_, info);
    TakeUpInputs();
    if (!status.ok()) return status;
    more_ = info.more;
    polled_at_ = now;  // its beginning: the pause may be in it
    return absl::OkStatus();
  }

  absl::Status TakeBatch(const LiveBatchInfo& info) {
    if (!info.input.valid()) return absl::OkStatus();
    Progress& progress = progress_[info.input.value()];
    worker_.reader.Start(batch_);
    while (worker_.reader.Next()) {
      absl::Status status = TakeEvent(progress, worker_.reader.event());
      if (!status.ok()) return status;
    }
    hit_arena_.Clear();
    std::vector<event::BadRecord> bad = worker_.reader.TakeBad();
    // Those of an earlier run were kept when they were first read.
    std::erase_if(bad, [&](const event::BadRecord& record) { return progress.Kept(record.offset); });
    absl::Status status = UntilDone([&] { return bad_file_.Write(bad, inputs_); });
    if (!status.ok()) return status;
    counts_.bad += bad.size();
    for (const event::Document& document : batch_.documents) progress.transport = std::max(progress.transport, document.transport);
    progress.next_offset = std::max(progress.next_offset, info.next_offset);
    watermarks_.Advance(info.input, progress.transport, info.caught_up);
    if (batch_.documents.empty() && !info.caught_up) watermarks_.FellBehind(info.input);
    if (progress.transport.known()) record_numbers_.Forget({progress.transport.ns - reach_ns_});
    return absl::OkStatus();
  }

  absl::Status TakeEvent(const Progress& progress, const event::EventView& read) {
    event::EventView event = read;
    record_numbers_.Number(event);
    if (event.source.valid()) watermarks_.Carries(event.input, event.source);
    const std::string_view source = event.source.valid() ? std::string_view(compiled_.content->sources[event.source.value()].name) : "";
    const bool kept = progress.Kept(event.offset);
    counts_.read_again += kept;
    const bool timed = event.time.known();
    if (timed) {
      absl::Status status = KeepEvent(event, source, kept);
      if (!status.ok()) return status;
    }
    if (event.flags.skip_match) return absl::OkStatus();
    for (const content::RuleId rule : worker_.Match(event)) {
      counts_.hits++;
      counts_.hits_again += kept;
      if (!timed) continue;
      const match::Hit hit = worker_.writer.Write(event, rule, hit_arena_);
      engine_.AddHit(hit);
      if (kept) continue;
      const std::string& hash = compiled_.content->rules[rule.value()].semantic_hash;
      absl::Status status = UntilDone([&] { return evidence_.AppendHit(hit, hash, source); });
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // The event itself and its links, as evidence unless an earlier run has done so.
  absl::Status KeepEvent(const event::EventView& event, std::string_view source, bool kept) {
    if (event.source.valid() && !event.flags.future) clock_.Observe(event.source, event.time);
    if (!kept) {
      book_.TookEvent(event.time);
      absl::Status status = UntilDone([&] { return evidence_.Append(event, source, inputs_[event.input.value()].name); });
      if (!status.ok()) return status;
    }
    for (const event::Link& link : event.links()) {
      engine_.AddLink(link, event.time);
      if (kept) continue;
      absl::Status status = UntilDone([&] { return evidence_.AppendLink(link, event.time); });
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // Back-pressure: nothing more is read until this is done.
  template <class Step>
  absl::Status UntilDone(Step step) {
    for (;;) {
      absl::Status status = step();
      if (status.ok() || !CanPass(status) || stop_) return status;
      Log("waiting: " + std::string(status.message()));
      SayCountsIfDue();
      wall_.Sleep(kRetryMs);
    }
  }

  absl::Status Commit() {
    // What an earlier run had seen is judged when it is there again, whole: on half of it, alerts would come and go.
    if (!PassedApplied()) return absl::OkStatus();
    const EventTime now = wall_.Now();
    // Inputs that are caught up stand at the moment up to which that is known, however long ago it was.
    watermarks_.Apply(complete_until_, clock_);
    engine_.Evaluate(clock_);
    book_.Take(engine_.TakeAlertChanges());
    if (!caught_up_said_ && !more_ && watermarks_.AllCaughtUp()) {
      caught_up_said_ = true;
      Log("caught up with every input");
    }
    incident::StoreChange change;
    change.publish = true;
    change.applied = NewlyApplied();
    if (change.applied.empty() && !book_.Due(now, stop_)) return Publish();

    // (1) evidence, links, hits and bad records are durable,
    absl::Status status = evidence_.Sync();
    if (status.ok()) status = bad_file_.Sync();
    // (2) then one transaction: incidents, outbox rows, and the offsets they reflect.
    if (status.ok()) status = book_.Collect(now, stop_, change);
    if (!status.ok()) return status;
    CollectCoverage(change);
    status = store_.Apply(change, event::FormatTime(now));
    if (!status.ok()) return status;
    book_.Stored();
    for (const auto& [name, at] : change.applied) applied_[name] = at;
    for (auto& [source, text] : change.coverage) stored_coverage_[source] = std::move(text);
    // (3) then publication, and offsets for whoever watches the lag.
    status = Publish();
    if (!status.ok() || change.applied.empty()) return status;
    std::map<std::string, int64_t> offsets;
    for (const auto& [name, at] : change.applied) offsets[name] = at.next_offset;
    return input_.CommitForMonitors(offsets);
  }

  bool PassedApplied() const {
    for (uint32_t i = 0; i < progress_.size(); i++) {
      // An input whose log was cut behind `applied` holds nothing back once it has been read.
      if (progress_[i].next_offset < progress_[i].applied.next_offset && !watermarks_.CaughtUp(event::InputId(i))) return false;
    }
    return true;
  }

  // Offsets that the store does not have yet.
  std::map<std::string, Applied> NewlyApplied() const {
    std::map<std::string, Applied> out;
    const EventTime judged_until = watermarks_.JudgedUntil();
    for (size_t i = 0; i < progress_.size(); i++) {
      const auto stored = applied_.find(inputs_[i].name);
      const Applied before = stored == applied_.end() ? Applied{} : stored->second;
      const Applied now{std::max(before.next_offset, progress_[i].next_offset),
                        std::max(before.transport, std::min(progress_[i].transport, judged_until))};
      if (now.next_offset != before.next_offset || now.transport != before.transport) out[inputs_[i].name] = now;
    }
    return out;
  }

  void CollectCoverage(incident::StoreChange& change) const {
    for (size_t i = 0; i < clock_.size(); i++) {
      const event::Coverage& coverage = clock_.state(content::SourceId(static_cast<uint16_t>(i))).coverage;
      if (coverage.empty()) continue;
      std::string text = CoverageText(coverage);
      const std::string& name = compiled_.content->sources[i].name;
      const auto stored = stored_coverage_.find(name);
      if (stored == stored_coverage_.end() || stored->second != text) change.coverage[name] = std::move(text);
    }
  }

  absl::Status Publish() {
    while (sink_ != nullptr) {
      absl::StatusOr<std::vector<incident::OutboxRow>> rows = store_.OutboxAfter(published_, kOutboxBatch);
      if (!rows.ok()) return rows.status();
      if (rows->empty()) break;
      std::vector<IncidentSink::Message> messages;
      for (incident::OutboxRow& row : *rows) messages.push_back({row.sequence, row.incident_id, std::move(row.json)});
      absl::Status status = sink_->Publish(messages);
      if (!status.ok()) return status;
      published_ = messages.back().sequence;
    }
    return absl::OkStatus();
  }

  void SayCountsIfDue() {
    const EventTime now = wall_.Now();
    const bool wanted = options_.counts_wanted != nullptr && options_.counts_wanted->exchange(false);
    if (!wanted && now.ns - counts_said_at_.ns < kCountsNs) return;
    counts_said_at_ = now;
    SayCounts();
  }

  void SayCounts() {
    counts_.Take(worker_.reader.counters(), engine_.counters(), *compiled_.content);
    counts_.alerts = book_.Alerts().size();
    counts_.incidents = book_.incidents();
    const MatchingCost matching = MatchingCostOf(worker_.profile, *compiled_.content);
    if (matching.counted > 0) Log("matching took " + matching.Words());
    Log(CountsLine(counts_, input_.Behind()));
  }

  void Log(const std::string& line) const {
    if (options_.log) options_.log(line);
  }

  const Compiled& compiled_;
  const LiveOptions& options_;
  LiveInput& input_;
  IncidentSink* const sink_;
  Clock& wall_;
  const std::atomic<bool>& stop_;
  incident::Store& store_;
  evidence::Store& evidence_;
  event::SourceClock clock_;
  correlate::Engine engine_;
  event::InputTable inputs_;
  Worker worker_;
  event::Batch batch_;
  match::HitArena hit_arena_;
  RecordNumbers record_numbers_;
  Watermarks watermarks_;
  BadEventsFile bad_file_;

  IncidentBook book_;

  EventTime asked_at_, polled_at_;                      // when the news at hand were asked for; when the last Poll that succeeded began
  EventTime complete_until_;                            // what had come by then has been taken up
  bool more_ = false;                                   // more of the news at hand
  int64_t lateness_ns_ = 0, reach_ns_ = 0;              // the longest of any source; how far a restart reads back
  std::map<std::string, Applied> applied_;              // as stored
  std::map<std::string, std::string> stored_coverage_;  // by source
  std::vector<Progress> progress_;                      // by InputId
  int64_t published_ = 0;
  bool caught_up_said_ = false;
  RunCounts counts_;
  EventTime counts_said_at_;
};

}  // namespace

absl::Status RunLive(std::shared_ptr<const content::ContentSet> content, const LiveOptions& options,
                     content::Diagnostics& diagnostics, LiveInput& input, IncidentSink* sink, Clock& clock,
                     const std::atomic<bool>& stop) {
  const Compiled compiled = CompileAll(std::move(content), {}, diagnostics);
  absl::StatusOr<std::unique_ptr<incident::Store>> store = incident::Store::Open(options.store_path);
  if (!store.ok()) return store.status();
  absl::StatusOr<std::unique_ptr<evidence::Store>> evidence = evidence::Store::Open(options.store_path + ".evidence", {.sync = true});
  if (!evidence.ok()) return evidence.status();
  Live live(compiled, options, input, sink, clock, stop, **store, **evidence);
  return live.Run();
}

}  // namespace tocsin::pipeline
