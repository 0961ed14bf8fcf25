// A small world for tests of the builder: content from text, events read by the real reader into a real look-back
// store.
#ifndef TOCSIN_ENGINE_INCIDENT_TESTING_WORLD_H_
#define TOCSIN_ENGINE_INCIDENT_TESTING_WORLD_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/content/testing/inline_content.h"
#include "engine/correlate/alert.h"
#include "engine/event/plan.h"
#include "engine/event/reader.h"
#include "engine/event/source_clock.h"
#include "engine/evidence/store.h"
#include "engine/incident/builder.h"

namespace tocsin::incident {

class World {
 public:
  explicit World(const content::InlineContent& texts) {
    content::Diagnostics diagnostics;
    content_ = content::ContentFromText(texts, diagnostics);
    plan_ = event::Plan::Compile(content_, {}, diagnostics);
    EXPECT_EQ(diagnostics.errors(), 0u) << diagnostics.Text();
    clock_ = std::make_unique<event::SourceClock>(*content_);
    std::string name = (std::filesystem::temp_directory_path() / "tocsin_world_XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    auto store = evidence::Store::Open(folder_, {.sync = false});
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  ~World() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  // One event a line, as lines of a file called `input`. Each must carry "id" to be referred to by.
  void Feed(const std::vector<std::string>& lines, const std::string& input = "log.ndjson") {
    event::InputTable inputs(1);
    inputs[0].name = input;
    std::string text;
    for (const std::string& line : lines) text += line;
    event::Batch batch;
    batch.input = event::InputId(0);
    std::memcpy(batch.Resize(text.size()), text.data(), text.size());
    uint64_t at = 0;
    for (size_t i = 0; i < lines.size(); ++i) {
      event::Document document;
      document.begin = document.offset = at;
      document.size = lines[i].size();
      document.line = static_cast<uint32_t>(i + 1);
      document.transport = {1773500000ll * 1'000'000'000};
      batch.documents.push_back(document);
      at += lines[i].size();
    }
    event::Reader reader(plan_, inputs);
    reader.Start(batch);
    size_t read = 0;
    while (reader.Next()) Take(reader.event(), input), ++read;
    EXPECT_EQ(read, lines.size());
    EXPECT_TRUE(store_->Flush().ok());
  }

  // The source's feed was alive the whole time.
  void Healthy(const std::string& source, event::EventTime from, event::EventTime until) {
    for (size_t i = 0; i < content_->sources.size(); ++i) {
      if (content_->sources[i].name != source) continue;
      event::Coverage& coverage = clock_->state(content::SourceId(static_cast<uint16_t>(i))).coverage;
      for (event::EventTime t = from; t < until; t.ns += 60'000'000'000) coverage.Observe(t);
      coverage.Observe(until);
    }
  }

  correlate::Alert Alert(const std::string& rule, const std::vector<std::string>& ids,
                         const std::vector<std::pair<content::EntityKind, std::string>>& keys) const {
    correlate::Alert alert;
    for (size_t i = 0; i < content_->rules.size(); ++i) {
      if (content_->rules[i].name == rule) alert.rule = content::RuleId(static_cast<uint32_t>(i));
    }
    EXPECT_TRUE(alert.rule.valid()) << rule;
    alert.id = "a-" + rule;
    alert.level = content_->rules[alert.rule.value()].level;
    alert.state = correlate::AlertState::kConfirmed;
    for (const std::string& id : ids) alert.events.push_back(refs_.at(id));
    std::sort(alert.events.begin(), alert.events.end(),
              [](const auto& a, const auto& b) { return std::tie(a.time, a.source) < std::tie(b.time, b.source); });
    alert.first_event = alert.events.front().time;
    alert.last_event = alert.first_firing = alert.last_firing = alert.events.back().time;
    alert.event_count = alert.events.size();
    for (const auto& [kind, key] : keys) alert.entities[kind].push_back(key);
    return alert;
  }

  absl::StatusOr<Incident> TryBuild(std::vector<correlate::Alert> alerts, event::EventTime now = {}) {
    std::sort(alerts.begin(), alerts.end(), correlate::AlertBefore);
    return IncidentBuilder(plan_, *store_, *clock_, now).Build(alerts);
  }

  Incident Build(const std::vector<correlate::Alert>& alerts, event::EventTime now = {}) {
    absl::StatusOr<Incident> incident = TryBuild(alerts, now);
    EXPECT_TRUE(incident.ok()) << incident.status();
    return incident.ok() ? *std::move(incident) : Incident();
  }

  const content::ContentSet& content() const { return *content_; }

 private:
  void Take(const event::EventView& event, const std::string& input) {
    ASSERT_TRUE(event.source.valid()) << event.raw;
    const std::string& source = content_->sources[event.source.value()].name;
    EXPECT_TRUE(store_->Append(event, source, input).ok());
    for (const event::Link& link : event.links()) EXPECT_TRUE(store_->AppendLink(link, event.time).ok());
    clock_->state(event.source).coverage.Observe(event.time);
    const std::string raw(event.raw);
    const size_t at = raw.find("\"id\":\"") + 6;
    refs_[raw.substr(at, raw.find('"', at) - at)] = {event.time, event.source, event.identity, {}};
  }

  std::shared_ptr<const content::ContentSet> content_;
  std::shared_ptr<const event::Plan> plan_;
  std::unique_ptr<event::SourceClock> clock_;
  std::filesystem::path folder_;
  std::unique_ptr<evidence::Store> store_;
  std::map<std::string, correlate::EventRef> refs_;
};

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_TESTING_WORLD_H_
