#include "engine/pipeline/replay.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "engine/correlate/engine.h"
#include "engine/evidence/store.h"
#include "engine/incident/builder.h"
#include "engine/incident/render.h"
#include "engine/pipeline/internal/alert_rows.h"
#include "engine/pipeline/internal/bad_events.h"
#include "engine/pipeline/internal/json.h"
#include "engine/pipeline/internal/record_numbers.h"
#include "engine/pipeline/internal/worker.h"

namespace tocsin::pipeline {
namespace {

using event::EventTime;

constexpr size_t kBadSamples = 5;
constexpr auto kProgressInterval = std::chrono::milliseconds(200);

// A bounded run over one store: read everything, then judge, then write incidents in one transaction.
class Replay {
 public:
  Replay(const Compiled& compiled, const ReplayOptions& options, evidence::Store& evidence)
      : compiled_(compiled),
        options_(options),
        evidence_(evidence),
        clock_(*compiled_.content),
        engine_(compiled_.content, {.bounded = true, .closed_world = false, .keep_firings = false, .drop_duplicates = true}),
        worker_(compiled_, inputs_),
        bad_file_(options.store_path + ".bad.ndjson", /*append=*/false) {}

  // Stops: 1-5 of the life of an event (ARCHITECTURE.md).
  absl::Status ReadAll(BoundedInput& input) {
    auto next_progress = std::chrono::steady_clock::now();
    for (;;) {
      std::vector<event::BadRecord> bad;
      const bool more = input.Next(batch_, inputs_, bad, summary_.unreadable);
      if (more) {
        worker_.reader.Start(batch_);
        while (worker_.reader.Next()) {
          absl::Status status = TakeEvent(worker_.reader.event());
          if (!status.ok()) return status;
        }
        hit_arena_.Clear();
        std::vector<event::BadRecord> unread = worker_.reader.TakeBad();
        std::move(unread.begin(), unread.end(), std::back_inserter(bad));
      }
      absl::Status status = TakeBad(bad);
      if (!status.ok()) return status;
      if (options_.progress && std::chrono::steady_clock::now() >= next_progress) {
        options_.progress(input.bytes_done(), input.bytes_total(), worker_.reader.counters().events);
        next_progress = std::chrono::steady_clock::now() + kProgressInterval;
      }
      if (!more) break;
    }
    if (options_.progress) options_.progress(input.bytes_total(), input.bytes_total(), worker_.reader.counters().events);
    return evidence_.Sync();
  }

  // Hits to alerts to incidents.
  absl::StatusOr<incident::StoreChange> Judge() {
    engine_.Evaluate(clock_);
    std::vector<correlate::Alert> alerts;
    for (correlate::AlertChange& change : engine_.TakeAlertChanges()) {
      if (change.kind != correlate::AlertChange::Kind::kWithdrawn) alerts.push_back(std::move(change.alert));
    }
    std::sort(alerts.begin(), alerts.end(), correlate::AlertBefore);
    incident::StoreChange change;
    std::map<std::string, std::string> incident_of;
    incident::IncidentBuilder builder(compiled_.plan, evidence_, clock_, options_.now);
    for (const auto& group : incident::GroupAlerts(alerts, *compiled_.content)) {
      absl::StatusOr<incident::Incident> built = builder.Build(group);
      if (!built.ok()) return built.status();
      for (const correlate::Alert& alert : built->alerts) incident_of[alert.id] = built->id;
      change.incidents.push_back(*std::move(built));
    }
    for (const correlate::Alert& alert : alerts) {
      change.alerts.push_back(MakeAlertRow(alert, incident_of[alert.id], *compiled_.content));
    }
    summary_.alerts = alerts.size();
    summary_.incidents = change.incidents.size();
    summary_.alert_notes = NotesOnUnloadedPlaybooks(alerts, *compiled_.content);
    return change;
  }

  ReplaySummary Summary() {
    summary_.Take(worker_.reader.counters(), engine_.counters(), *compiled_.content);
    summary_.matching = MatchingCostOf(worker_.profile, *compiled_.content);
    for (size_t i = 0; i < inputs_.size(); i++) {
      const bool touched = i < records_of_input_.size() && records_of_input_[i] > 0;
      if (!touched) Name(inputs_[i].name, summary_.empty_inputs, summary_.empty_input_count);
    }
    return std::move(summary_);
  }

 private:
  absl::Status TakeEvent(const event::EventView& read) {
    event::EventView event = read;
    CountRecord(event.input);
    if (!event.source.valid()) NameUnknown(event.input);
    if (OutsideRange(event.time)) {
      summary_.outside_range++;
      return absl::OkStatus();
    }
    record_numbers_.Number(event);
    const bool timed = event.time.known();
    if (timed) {
      if (event.source.valid()) clock_.Observe(event.source, event.time);
      const std::string_view source = event.source.valid() ? std::string_view(compiled_.content->sources[event.source.value()].name) : "";
      absl::Status status = evidence_.Append(event, source, inputs_[event.input.value()].name);
      if (!status.ok()) return status;
      for (const event::Link& link : event.links()) {
        engine_.AddLink(link, event.time);
        status = evidence_.AppendLink(link, event.time);
        if (!status.ok()) return status;
      }
    }
    if (event.flags.skip_match) return absl::OkStatus();
    for (const content::RuleId rule : worker_.Match(event)) {
      summary_.hits++;
      if (!timed) continue;
      const match::Hit hit = worker_.writer.Write(event, rule, hit_arena_);
      engine_.AddHit(hit);
      const std::string_view source = event.source.valid() ? std::string_view(compiled_.content->sources[event.source.value()].name) : "";
      absl::Status status = evidence_.AppendHit(hit, compiled_.content->rules[rule.value()].semantic_hash, source);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  bool OutsideRange(EventTime time) const {
    if (!time.known()) return false;
    return (options_.from.known() && time < options_.from) || (options_.until.known() && time > options_.until);
  }

  absl::Status TakeBad(const std::vector<event::BadRecord>& bad) {
    summary_.bad += bad.size();
    for (const event::BadRecord& record : bad) {
      CountRecord(record.input);
      if (summary_.bad_samples.size() < kBadSamples) summary_.bad_samples.push_back(BadRecordPlace(record, inputs_) + ": " + record.reason);
    }
    return bad_file_.Write(bad, inputs_);
  }

  void CountRecord(event::InputId input) {
    if (!input.valid()) return;
    if (records_of_input_.size() <= input.value()) records_of_input_.resize(input.value() + 1);
    records_of_input_[input.value()]++;
  }

  void NameUnknown(event::InputId input) {
    if (unknown_named_.size() <= input.value()) unknown_named_.resize(input.value() + 1);
    if (unknown_named_[input.value()]) return;
    unknown_named_[input.value()] = true;
    Name(inputs_[input.value()].name, summary_.unknown_inputs, summary_.unknown_input_count);
  }

  static void Name(const std::string& input, std::vector<std::string>& named, uint64_t& count) {
    if (count++ < kInputsNamed) named.push_back(input);
  }

  const Compiled& compiled_;
  const ReplayOptions& options_;
  evidence::Store& evidence_;
  event::SourceClock clock_;
  correlate::Engine engine_;
  event::InputTable inputs_;
  Worker worker_;
  event::Batch batch_;
  match::HitArena hit_arena_;
  RecordNumbers record_numbers_;
  BadEventsFile bad_file_;
  std::vector<uint64_t> records_of_input_;
  std::vector<bool> unknown_named_;   // by InputId
  ReplaySummary summary_;
};

std::string RunKind(const ReplayOptions& options) {
  std::string out = "replay";
  if (options.from.known()) out += " from " + event::FormatTime(options.from);
  if (options.until.known()) out += " until " + event::FormatTime(options.until);
  if (options.now.known()) out += " now " + event::FormatTime(options.now);
  return out;
}

}  // namespace

absl::StatusOr<ReplaySummary> RunReplay(std::shared_ptr<const content::ContentSet> content, const ReplayOptions& options,
                                        content::Diagnostics& diagnostics, BoundedInput& input, Clock& clock) {
  const auto start = std::chrono::steady_clock::now();
  const Compiled compiled = CompileAll(std::move(content), {}, diagnostics);
  absl::StatusOr<std::unique_ptr<incident::Store>> store = incident::Store::Open(options.store_path);
  if (!store.ok()) return store.status();
  bool finished = false;
  absl::Status status = (*store)->Bind({RunKind(options), compiled.content->hash, input.Fingerprint()}, &finished);
  if (!status.ok()) return status;
  if (finished) {
    ReplaySummary summary;
    summary.already_done = true;
    absl::StatusOr<std::string> stored = (*store)->SummaryJson();
    if (!stored.ok()) return stored.status();
    summary.stored_json = *std::move(stored);
    return summary;
  }
  // A run that was killed half way has left evidence that stands for part of its inputs: it is read again from the start.
  const std::string evidence_path = options.store_path + ".evidence";
  std::error_code error;
  std::filesystem::remove_all(evidence_path, error);
  if (error) return absl::UnavailableError(evidence_path + ": " + error.message());
  absl::StatusOr<std::unique_ptr<evidence::Store>> evidence = evidence::Store::Open(evidence_path, {.sync = false});
  if (!evidence.ok()) return evidence.status();

  Replay replay(compiled, options, **evidence);
  status = replay.ReadAll(input);
  if (!status.ok()) return status;
  absl::StatusOr<incident::StoreChange> change = replay.Judge();
  if (!change.ok()) return change.status();
  ReplaySummary summary = replay.Summary();
  summary.run_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  change->summary_json = summary.Json();
  status = (*store)->Apply(*change, event::FormatTime(clock.Now()));
  if (status.ok()) status = (*store)->MarkFinished();
  if (!status.ok()) return status;
  return summary;
}

std::string ReplaySummary::Json() const {
  std::string out = "{";
  const auto number = [&](const char* key, uint64_t value) { out += "\"" + std::string(key) + "\":" + std::to_string(value) + ","; };
  number("events", events);
  number("bytes", bytes);
  number("bad", bad);
  number("late", late);
  number("duplicates", duplicates);
  number("unknown_source", unknown_source);
  number("depth_limit", depth_limit);
  number("value_limit", value_limit);
  out += "\"sources\":{";
  bool first = true;
  for (const auto& [name, count] : sources) {
    if (!first) out += ",";
    first = false;
    AppendJsonString(name, out);
    out += ":" + std::to_string(count);
  }
  out += "},";
  number("hits", hits);
  number("alerts", alerts);
  number("incidents", incidents);
  number("no_time", no_time);
  number("time_inferred", time_inferred);
  number("future_time", future_time);
  number("duplicate_key", duplicate_key);
  number("ambiguous_source", ambiguous_source);
  number("unresolved_keys", unresolved_keys);
  number("id_conflicts", id_conflicts);
  number("group_fanout_limit", group_fanout_limit);
  number("tuple_limit", tuple_limit);
  number("numbers_out_of_range", numbers_out_of_range);
  number("outside_range", outside_range);
  char seconds[64];
  snprintf(seconds, sizeof seconds, "\"load_seconds\":%.3f,\"run_seconds\":%.3f", load_seconds, run_seconds);
  return out + seconds + ",\"matching\":" + matching.Json() + "}";
}

}  // namespace tocsin::pipeline
