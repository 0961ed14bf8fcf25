// One event in ten minutes: a network flow of the demo, from bytes on disk to a line in an incident. Read it from top to
// bottom; each stop names the header that is its contract. Every other event of the scenario travels along, because one flow
// alone is no incident: it becomes one beside the job that ran on the same machine.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <optional>

#include "connectors/files/file_input.h"
#include "engine/correlate/engine.h"
#include "engine/event/reader.h"
#include "engine/evidence/store.h"
#include "engine/incident/builder.h"
#include "engine/incident/render.h"
#include "engine/incident/store.h"
#include "engine/match/hit.h"
#include "engine/match/program.h"
#include "engine/pipeline/live.h"
#include "engine/pipeline/testing/feed.h"

namespace tocsin {
namespace {

using content::EntityKind;
using event::EventTime;

// Minute 6 of the demo: the runner's machine opens a connection to an address that is on nobody's list.
constexpr std::string_view kWhen = "2026-03-11T14:06:00.844775526Z";
constexpr char kDemo[] = TOCSIN_SOURCE_DIR "/rules/demo/ci_runner_before_release/events";

// What a stop hands to the next one, as far as it outlives the event.
struct Traced {
  std::string raw;
  std::string input;
  uint64_t offset = 0;
  EventTime time;
  event::Identity identity;
  std::vector<std::string> rules;    // names of those that matched
};

class TraceOneEvent : public testing::Test {
 protected:
  TraceOneEvent() {
    std::string pattern = testing::TempDir() + "trace-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~TraceOneEvent() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(TraceOneEvent, FromBytesToIncident) {
  // Before anything runs, content is compiled: engine/content/content_set.h reads what people wrote into one checked set;
  // each room makes its own immutable plan of it and adds to the diagnostics.
  content::Diagnostics diagnostics;
  const auto content = content::LoadContent({.content_dir = TOCSIN_SOURCE_DIR "/rules"}, diagnostics);
  const auto plan = event::Plan::Compile(content, {}, diagnostics);
  const auto program = match::Program::Compile(plan, {}, diagnostics);
  ASSERT_EQ(diagnostics.errors(), 0u) << diagnostics.Text();

  files::FileInput input({kDemo});
  event::InputTable inputs;
  event::Batch batch;
  event::Reader reader(plan, inputs);
  match::Scratch scratch(*program);
  match::HitWriter writer(*content);
  match::HitArena arena;
  event::SourceClock clock(*content);
  correlate::Engine engine(content, {.bounded = true});
  auto evidence = evidence::Store::Open(folder_ + "/evidence", {.sync = false});
  ASSERT_TRUE(evidence.ok()) << evidence.status();
  std::optional<Traced> traced;
  std::vector<event::BadRecord> bad;
  std::vector<std::string> unreadable;

  while (input.Next(batch, inputs, bad, unreadable)) {
    // Stop 1, connectors/files/file_input.h and engine/event/batch.h: bytes. The file was packed; a batch owns the unpacked
    // bytes until it is cleared, with zeroes behind them that the JSON parser may read. A document is one line.
    const std::string& name = inputs[batch.input.value()].name;
    if (name.ends_with("hubble.ndjson.gz")) {
      ASSERT_FALSE(batch.documents.empty());
      EXPECT_EQ(batch.text(batch.documents[0]).front(), '{');
      EXPECT_EQ(batch.bytes().data()[batch.bytes().size()], '\0');
      EXPECT_TRUE(batch.documents[0].transport.known());  // the file's time; a pipe has none
    }

    reader.Start(batch);
    while (reader.Next()) {
      const event::EventView& event = reader.event();
      const std::string& source = content->sources[event.source.value()].name;
      const bool is_ours = source == "hubble" && event::FormatTime(event.time) == kWhen;
      if (is_ours && !traced) {
        traced.emplace();
        // Stop 2, engine/event/reader.h: an event. It is a view into the batch: its source was recognised by the tests in
        // rules/sources/hubble.yaml, and only what some rule, source or playbook asks for was decoded.
        EXPECT_GE(event.raw.data(), batch.bytes().data());
        EXPECT_LE(event.raw.data() + event.raw.size(), batch.bytes().data() + batch.bytes().size());
        EXPECT_EQ(event.precision_ns, 1);
        EXPECT_FALSE(event.flags.time_inferred);
        const auto port = content->fields.Find("net.dst_port");
        ASSERT_TRUE(port.has_value());
        EXPECT_EQ(event.values(*port).front().text, "443");
        EXPECT_FALSE(content->fields.Find("flow.l4.TCP.source_port").has_value()) << "nobody asks for it, so it has no slot";
        // Entity keys come out of the slots. The flow names a machine; which job ran on it, another event must tell.
        std::vector<std::string> kinds;
        for (const event::EntityKey& key : event.entities()) kinds.emplace_back(content::EntityKindName(key.kind));
        EXPECT_NE(std::find(kinds.begin(), kinds.end(), "host"), kinds.end());
        EXPECT_EQ(std::find(kinds.begin(), kinds.end(), "job"), kinds.end());
        traced->raw = std::string(event.raw);
        traced->input = name;
        traced->offset = event.offset;
        traced->time = event.time;
        traced->identity = event.identity;
      }

      // Stop 3, engine/match/program.h: candidates by logsource and literals, each predicate once, conditions over the
      // outcomes. The program is shared and const; the scratch is this thread's and starts every event as good as new.
      const std::span<const content::RuleId> rules = program->Match(event, scratch);
      // Stop 4, engine/evidence/store.h: the raw event goes to the look-back, found again by any of its entity keys.
      if (event.source.valid()) clock.Observe(event.source, event.time);
      ASSERT_TRUE((*evidence)->Append(event, source, name).ok());
      for (const event::Link& link : event.links()) {
        engine.AddLink(link, event.time);
        ASSERT_TRUE((*evidence)->AppendLink(link, event.time).ok());
      }
      for (const content::RuleId rule : rules) {
        // engine/match/hit.h: the one copy of what must outlive the event.
        const match::Hit hit = writer.Write(event, rule, arena);
        engine.AddHit(hit);
        ASSERT_TRUE((*evidence)->AppendHit(hit, content->rules[rule.value()].semantic_hash, source).ok());
        if (is_ours && event.identity == traced->identity) {
          traced->rules.push_back(content->rules[rule.value()].name);
          EXPECT_EQ(hit.time, event.time);
          EXPECT_EQ(hit.identity, event.identity);
          EXPECT_TRUE(hit.payload + hit.payload_size <= event.raw.data() || hit.payload >= event.raw.data() + event.raw.size());
        }
      }
    }
  }
  ASSERT_TRUE(traced.has_value());
  EXPECT_TRUE(bad.empty());
  EXPECT_NE(std::find(traced->rules.begin(), traced->rules.end(), "egress_not_allowed"), traced->rules.end());

  ASSERT_TRUE((*evidence)->Sync().ok());
  std::vector<evidence::StoredEvent> kept = *(*evidence)->FindByIdentity(traced->time, traced->identity);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].raw, traced->raw);
  EXPECT_EQ(kept[0].input, traced->input);
  EXPECT_EQ(kept[0].offset, traced->offset);

  // Stop 5, engine/correlate/engine.h: hits by rule and group, in event time. The rule groups by entity.job, which the flow
  // does not have: the job's webhook gave a link from its machine, and the flow's own time says which job it was.
  std::vector<std::string> jobs;
  engine.Resolve(EntityKind::kHost, "runner-x9f2", traced->time, EntityKind::kJob, jobs);
  ASSERT_EQ(jobs.size(), 1u);
  engine.Evaluate(clock);
  std::vector<correlate::Alert> alerts;
  for (correlate::AlertChange& change : engine.TakeAlertChanges()) alerts.push_back(std::move(change.alert));
  std::sort(alerts.begin(), alerts.end(), correlate::AlertBefore);
  const auto holds_event = [&](const correlate::Alert& alert, const char* rule) {
    return content->rules[alert.rule.value()].name == rule &&
           std::any_of(alert.events.begin(), alert.events.end(), [&](const correlate::EventRef& ref) { return ref.identity == traced->identity; });
  };
  const auto alert = std::find_if(alerts.begin(), alerts.end(), [&](const auto& each) { return holds_event(each, "egress_privileged_job"); });
  ASSERT_NE(alert, alerts.end());
  EXPECT_EQ(alert->state, correlate::AlertState::kConfirmed);
  ASSERT_EQ(alert->group.size(), 1u);
  EXPECT_EQ(alert->group[0], (std::pair<std::string, std::string>("entity.job", jobs[0])));

  // Stop 6, engine/incident/builder.h: alerts that share a principal are one incident. Its timeline is read from the
  // evidence by pivots; our flow stands in it with the reason why.
  incident::IncidentBuilder builder(plan, **evidence, clock, EventTime{});
  incident::StoreChange change;
  for (const auto& group : incident::GroupAlerts(alerts, *content)) {
    auto built = builder.Build(group);
    ASSERT_TRUE(built.ok()) << built.status();
    change.incidents.push_back(*std::move(built));
  }
  const auto incident = std::find_if(change.incidents.begin(), change.incidents.end(), [&](const incident::Incident& each) {
    return std::any_of(each.alerts.begin(), each.alerts.end(), [&](const auto& member) { return member.id == alert->id; });
  });
  ASSERT_NE(incident, change.incidents.end());
  EXPECT_EQ(incident->playbook, "runner");
  EXPECT_EQ(incident->severity, content::Level::kCritical);
  const auto row = std::find_if(incident->timeline.begin(), incident->timeline.end(), [&](const incident::TimelineRow& each) {
    return each.event_id == event::IdentityText(traced->identity);
  });
  ASSERT_NE(row, incident->timeline.end());
  EXPECT_EQ(row->source, "hubble");
  EXPECT_NE(row->why.find("egress"), std::string::npos) << row->why;

  // Stop 7, engine/incident/store.h: one transaction, or nothing of it.
  auto store = incident::Store::Open(folder_ + "/store.db");
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE((*store)->Apply(change, "2026-03-11T14:20:00Z").ok());
  const auto json = (*store)->IncidentJson(incident->id);
  ASSERT_TRUE(json.ok());
  const auto text = incident::IncidentText(*json, {.width = 120});
  ASSERT_TRUE(text.ok());
  EXPECT_NE(text->find("14:06:00"), std::string::npos);
}

// The last stop, engine/pipeline/live.h: who runs when, and what is durable before what. The same flow through a live run: when
// the monitors are told that its record was read, the store had the incident already.
TEST_F(TraceOneEvent, DurableFirstThenCommitted) {
  content::Diagnostics diagnostics;
  const auto content = content::LoadContent({.content_dir = TOCSIN_SOURCE_DIR "/rules"}, diagnostics);
  const auto plan = event::Plan::Compile(content, {}, diagnostics);
  pipeline::Logs logs;
  files::FileInput input({kDemo});
  event::InputTable inputs;
  event::Batch batch;
  event::Reader reader(plan, inputs);
  std::vector<event::BadRecord> bad;
  std::vector<std::string> unreadable;
  while (input.Next(batch, inputs, bad, unreadable)) {
    reader.Start(batch);
    while (reader.Next()) logs["feed/0"].push_back({reader.event().time, std::string(reader.event().raw)});
  }
  std::stable_sort(logs["feed/0"].begin(), logs["feed/0"].end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  int64_t ours = -1;
  for (size_t i = 0; i < logs["feed/0"].size(); i++) {
    if (event::FormatTime(logs["feed/0"][i].time) == kWhen) ours = static_cast<int64_t>(i);
  }
  ASSERT_GE(ours, 0);

  std::atomic<bool> stop{false};
  pipeline::FakeFeed feed(logs, 1, stop);
  pipeline::FakeClock clock(EventTime{1'773'446'400'000'000'000});
  bool told = false;
  feed.on_monitors = [&] {
    if (told || feed.monitored["feed/0"] <= ours) return;
    told = true;
    const auto store = incident::Store::OpenReadOnly(folder_ + "/live.db");
    ASSERT_TRUE(store.ok());
    EXPECT_GT((*store)->ReadApplied()->at("feed/0").next_offset, ours);
    const std::vector<incident::AlertRow> rows = (*store)->ListAlerts().value();
    EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.rule_name == "egress_privileged_job" && !row.incident_id.empty(); }));
  };
  pipeline::LiveOptions options;
  options.store_path = folder_ + "/live.db";
  options.commit_interval_ms = 5;
  ASSERT_TRUE(pipeline::RunLive(content, options, diagnostics, feed, nullptr, clock, stop).ok());
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace tocsin
