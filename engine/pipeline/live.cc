#include "engine/pipeline/live.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "engine/correlate/engine.h"
#include "engine/evidence/store.h"
#include "engine/incident/builder.h"
#include "engine/incident/render.h"
#include "engine/incident/store.h"
#include "engine/pipeline/internal/alert_rows.h"
#include "engine/pipeline/internal/bad_events.h"
#include "engine/pipeline/internal/record_numbers.h"
#include "engine/pipeline/internal/watermarks.h"
#include "engine/pipeline/internal/worker.h"

namespace tocsin::pipeline {
namespace {

using event::EventTime;
using incident::Applied;

constexpr int kPollMs = 100;
constexpr int kRetryMs = 1000;
constexpr size_t kOutboxBatch = 100;
// An open incident's timeline is read again this often while events still come into its range.
constexpr int64_t kRefreshNs = 10'000'000'000;
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
        bad_file_(options.store_path + ".bad.ndjson", /*append=*/true) {}

  absl::Status Run() {
    absl::Status status = Start();
    if (!status.ok()) return status;
    EventTime last_commit = wall_.Now();
    while (!stop_) {
      LiveBatchInfo info;
      status = input_.Poll(kPollMs, batch_, inputs_, info);
      if (!status.ok()) {
        if (!CanPass(status)) return status;
        Log("waiting: " + std::string(status.message()));
        wall_.Sleep(kRetryMs);
        continue;
      }
      status = TakeBatch(info);
      if (!status.ok()) return status;
      const EventTime now = wall_.Now();
      if (now.ns - last_commit.ns >= options_.commit_interval_ms * kMsNs || now < last_commit) {
        status = CommitUntilDone();
        if (!status.ok()) return status;
        last_commit = now;
      }
    }
    status = CommitUntilDone();
    Log(status.ok() ? "stopped; everything that was read is durable" : "stopped: " + std::string(status.message()));
    return status;
  }

 private:
  absl::Status Start() {
    bool finished = false;
    absl::Status status = store_.Bind({"live", "", ""}, &finished);
    if (!status.ok()) return status;
    absl::StatusOr<std::map<std::string, Applied>> applied = store_.ReadApplied();
    if (!applied.ok()) return applied.status();
    applied_ = *std::move(applied);
    status = LoadKnown();
    if (!status.ok()) return status;
    if (sink_ != nullptr) {
      status = sink_->Start(&published_);
      if (!status.ok()) return status;
    }
    // What correlation needs of the past is read again; ids are deterministic, so the repeat is invisible.
    int64_t lateness = 0;
    for (const content::SourceDef& source : compiled_.content->sources) lateness = std::max(lateness, source.lateness_ns);
    const int64_t reach = engine_.longest_timespan_ns() + lateness;
    std::map<std::string, EventTime> rewind_to;
    for (const auto& [name, at] : applied_) {
      rewind_to[name] = at.transport.known() ? EventTime{at.transport.ns - reach} : EventTime{};
    }
    status = input_.Start(rewind_to, inputs_);
    if (status.ok()) Log("reading " + std::to_string(inputs_.size()) + " inputs");
    return status;
  }

  // Alerts and incidents of earlier runs: grouping is a function of all of them.
  absl::Status LoadKnown() {
    absl::StatusOr<std::vector<incident::AlertRow>> rows = store_.ListAlerts();
    if (!rows.ok()) return rows.status();
    for (const incident::AlertRow& row : *rows) {
      if (row.state == "withdrawn") continue;
      absl::StatusOr<correlate::Alert> alert = incident::AlertFromJson(row.json, *compiled_.content);
      // A rule that is gone takes its alerts out of grouping; they stay listed in the store.
      if (alert.ok()) alerts_[alert->id] = *std::move(alert);
    }
    absl::StatusOr<std::vector<std::string>> ids = store_.IncidentIds();
    if (!ids.ok()) return ids.status();
    known_incidents_.insert(ids->begin(), ids->end());
    return absl::OkStatus();
  }

  absl::Status TakeBatch(const LiveBatchInfo& info) {
    if (info.input.empty()) return absl::OkStatus();
    Progress& progress = progress_[info.input];
    worker_.reader.Start(batch_);
    while (worker_.reader.Next()) {
      absl::Status status = TakeEvent(info.input, worker_.reader.event());
      if (!status.ok()) return status;
    }
    hit_arena_.Clear();
    std::vector<event::BadRecord> bad = worker_.reader.TakeBad();
    const auto applied = applied_.find(info.input);
    if (applied != applied_.end()) {  // kept when they were first read
      bad.erase(std::remove_if(bad.begin(), bad.end(),
                               [&](const event::BadRecord& record) {
                                 return static_cast<int64_t>(record.offset) < applied->second.next_offset;
                               }),
                bad.end());
    }
    for (const event::Document& document : batch_.documents) progress.transport = std::max(progress.transport, document.transport);
    progress.next_offset = std::max(progress.next_offset, info.next_offset);
    watermarks_.Advance(info.input, progress.transport, info.caught_up);
    return bad_file_.Write(bad, inputs_);
  }

  absl::Status TakeEvent(const std::string& input, const event::EventView& read) {
    event::EventView event = read;
    record_numbers_.Number(event);
    if (event.source.valid()) watermarks_.Carries(input, event.source);
    if (!event.time.known()) return absl::OkStatus();
    const std::string_view source = event.source.valid() ? std::string_view(compiled_.content->sources[event.source.value()].name) : "";
    if (event.source.valid() && !event.flags.future) clock_.Observe(event.source, event.time);
    const auto applied = applied_.find(input);
    const bool kept = applied != applied_.end() && static_cast<int64_t>(event.offset) < applied->second.next_offset;
    if (!kept) {
      new_events_ = true;
      absl::Status status = evidence_.Append(event, source, input);
      if (!status.ok()) return status;
    }
    for (const event::Link& link : event.links()) {
      engine_.AddLink(link, event.time);
      if (kept) continue;
      absl::Status status = evidence_.AppendLink(link, event.time);
      if (!status.ok()) return status;
    }
    if (event.flags.skip_match) return absl::OkStatus();
    for (const content::RuleId rule : compiled_.program->Match(event, worker_.scratch)) {
      const match::Hit hit = worker_.writer.Write(event, rule, hit_arena_);
      engine_.AddHit(hit);
      if (kept) continue;
      absl::Status status = evidence_.AppendHit(hit, compiled_.content->rules[rule.value()].semantic_hash, source);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // Back-pressure: nothing more is read until what was read is durable and published.
  absl::Status CommitUntilDone() {
    for (;;) {
      absl::Status status = Commit();
      if (status.ok() || !CanPass(status) || stop_) return status;
      Log("waiting: " + std::string(status.message()));
      wall_.Sleep(kRetryMs);
    }
  }

  absl::Status Commit() {
    watermarks_.Apply(wall_.Now(), clock_);
    engine_.Evaluate(clock_);
    for (correlate::AlertChange& change : engine_.TakeAlertChanges()) {
      changed_alerts_.insert(change.alert.id);
      alerts_[change.alert.id] = std::move(change.alert);
    }
    if (!PassedApplied()) return absl::OkStatus();  // still reading again what an earlier run had seen
    if (!caught_up_said_ && watermarks_.AllCaughtUp()) {
      caught_up_said_ = true;
      Log("caught up with every input");
    }

    // (1) evidence, links and hits are durable,
    absl::Status status = evidence_.Sync();
    if (!status.ok()) return status;
    // (2) then one transaction: incidents, outbox rows, and the offsets they reflect.
    absl::StatusOr<incident::StoreChange> change = MakeChange();
    if (!change.ok()) return change.status();
    status = store_.Apply(*change, event::FormatTime(wall_.Now()));
    if (!status.ok()) return status;
    for (const incident::Incident& each : change->incidents) known_incidents_.insert(each.id);
    for (const auto& [id, reason] : change->removed) known_incidents_.erase(id);
    applied_ = change->applied;
    changed_alerts_.clear();
    // (3) then publication, and offsets for whoever watches the lag.
    status = Publish();
    if (!status.ok()) return status;
    std::map<std::string, int64_t> offsets;
    for (const auto& [name, progress] : progress_) offsets[name] = progress.next_offset;
    return offsets.empty() ? absl::OkStatus() : input_.CommitForMonitors(offsets);
  }

  bool PassedApplied() const {
    return std::all_of(applied_.begin(), applied_.end(), [&](const auto& entry) {
      const auto progress = progress_.find(entry.first);
      if (progress != progress_.end() && progress->second.next_offset >= entry.second.next_offset) return true;
      // A partition that is no longer there, or whose log was cut behind `applied`, holds nothing back once it is read.
      return watermarks_.CaughtUp(entry.first);
    });
  }

  absl::StatusOr<incident::StoreChange> MakeChange() {
    incident::StoreChange change;
    change.publish = true;
    change.applied = applied_;
    for (const auto& [name, progress] : progress_) {
      Applied& applied = change.applied[name];
      if (progress.next_offset < applied.next_offset) continue;
      applied.next_offset = progress.next_offset;
      applied.transport = std::max(applied.transport, progress.transport);
    }
    std::vector<correlate::Alert> alive;
    for (const auto& [id, alert] : alerts_) {
      if (alert.state != correlate::AlertState::kWithdrawn) alive.push_back(alert);
    }
    std::sort(alive.begin(), alive.end(), correlate::AlertBefore);
    const EventTime now = wall_.Now();
    incident::IncidentBuilder builder(compiled_.plan, evidence_, clock_, now);
    std::map<std::string, std::string> incident_of;
    std::set<std::string> current;
    for (const std::vector<correlate::Alert>& group : incident::GroupAlerts(alive, *compiled_.content)) {
      const std::string group_id = incident::IncidentId(group, *compiled_.content);
      current.insert(group_id);
      for (const correlate::Alert& alert : group) incident_of[alert.id] = group_id;
      Built& built = built_[group_id];
      const bool due = new_events_ && now.ns - built.at.ns >= kRefreshNs && now.ns <= group.back().last_event.ns + incident::kTimelinePostNs;
      if (built.alerts == group && !due && !stop_) continue;
      absl::StatusOr<incident::Incident> incident = builder.Build(group);
      if (!incident.ok()) return incident.status();
      change.incidents.push_back(*std::move(incident));
      built = {group, now};
    }
    new_events_ = false;
    for (const std::string& id : known_incidents_) {
      if (!current.contains(id)) change.removed.emplace_back(id, ReasonFor(id, incident_of));
    }
    for (const auto& [id, alert] : alerts_) {
      const auto owner = incident_of.find(id);
      const std::string incident_id = owner == incident_of.end() ? "" : owner->second;
      std::string& stored_owner = stored_owner_[id];
      if (!changed_alerts_.contains(id) && stored_owner == incident_id) continue;
      stored_owner = incident_id;
      change.alerts.push_back(MakeAlertRow(alert, incident_id, *compiled_.content));
    }
    return change;
  }

  // Where an incident's alerts went.
  std::string ReasonFor(const std::string& id, const std::map<std::string, std::string>& incident_of) const {
    for (const auto& [alert_id, owner] : stored_owner_) {
      const auto now = incident_of.find(alert_id);
      if (owner == id && now != incident_of.end()) return "merged_into " + now->second;
    }
    return "withdrawn: its alerts no longer hold";
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

  void Log(const std::string& line) const {
    if (options_.log) options_.log(line);
  }

  struct Progress {
    int64_t next_offset = 0;
    EventTime transport;
  };
  struct Built {
    std::vector<correlate::Alert> alerts;
    EventTime at;
  };

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

  std::map<std::string, Applied> applied_;
  std::map<std::string, Progress> progress_;
  std::map<std::string, correlate::Alert> alerts_;        // by id, withdrawn ones too
  std::set<std::string> changed_alerts_;
  std::map<std::string, std::string> stored_owner_;       // alert id -> incident id as last stored
  std::set<std::string> known_incidents_;
  std::map<std::string, Built> built_;
  int64_t published_ = 0;
  bool new_events_ = false;
  bool caught_up_said_ = false;
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
