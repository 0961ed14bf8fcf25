// The live run over the demo: whatever the batches, the order among partitions, the stops and the deaths, the store ends with
// the alerts and incidents of one quiet run, and each revision is published once.
//
// Fault model: a process dies between two polls, after evidence was appended or not, or between the store's transaction and
// publication. What it wrote is on the disk (the machine itself does not die). A failing case prints its seed:
// TOCSIN_LIVE_SEED=N repeats it alone, TOCSIN_LIVE_ROUNDS=N draws more.
#include "engine/pipeline/live.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <set>

#include "connectors/files/file_input.h"
#include "engine/event/reader.h"
#include "engine/evidence/store.h"
#include "engine/incident/store.h"
#include "engine/pipeline/testing/feed.h"

namespace tocsin::pipeline {
namespace {

using event::EventTime;

constexpr int64_t kMinuteNs = 60'000'000'000;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = getenv(name);
  return text == nullptr ? otherwise : strtoull(text, nullptr, 10);
}

const std::shared_ptr<const content::ContentSet>& Content() {
  static const auto& content = *new std::shared_ptr<const content::ContentSet>([] {
    content::Diagnostics diagnostics;
    return content::LoadContent({.content_dir = TOCSIN_SOURCE_DIR "/rules"}, diagnostics);
  }());
  return content;
}

// The demo's events as records of four partitions, in event-time order, with the event's time as the record's.
const Logs& Demo() {
  static const Logs& logs = *new Logs([] {
    content::Diagnostics diagnostics;
    const auto plan = event::Plan::Compile(Content(), {}, diagnostics);
    files::FileInput input({TOCSIN_SOURCE_DIR "/rules/demo/ci_runner_before_release/events"});
    event::InputTable inputs;
    event::Batch batch;
    event::Reader reader(plan, inputs);
    std::vector<event::BadRecord> bad;
    std::vector<std::string> unreadable;
    Logs out;
    while (input.Next(batch, inputs, bad, unreadable)) {
      reader.Start(batch);
      while (reader.Next()) {
        const event::EventView& event = reader.event();
        const std::string& source = Content()->sources[event.source.value()].name;
        const std::string partition = source.rfind("aws", 0) == 0      ? "aws/" + std::to_string(event.identity.low % 2)
                                      : source.rfind("github", 0) == 0 ? "ci/0"
                                                                       : "cluster/0";
        out[partition].push_back({event.time, std::string(event.raw)});
      }
    }
    for (auto& [name, records] : out) {
      std::stable_sort(records.begin(), records.end(), [](const Record& a, const Record& b) { return a.time < b.time; });
    }
    return out;
  }());
  return logs;
}

// What promise 1 is about, as text.
std::string WithoutObserved(std::string json) {
  json.erase(json.find(",\"observed\":"));
  for (const std::string key : {"\"revision\":", "\"opened\":"}) {
    const size_t begin = json.find(key);
    if (begin != std::string::npos) json.erase(begin, json.find(',', begin) + 1 - begin);
  }
  return json;
}

class LiveTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_FALSE(Content()->rules.empty());
    ASSERT_EQ(Demo().size(), 4u);
    std::string pattern = testing::TempDir() + "live-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    store_ = folder_ + "/live.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // One process, from start to its stop or death. Without deaths it ends when everything has been read.
  absl::Status RunOnce(FakeFeed& feed, FakeSink& sink) {
    content::Diagnostics diagnostics;
    LiveOptions options;
    options.store_path = store_;
    options.commit_interval_ms = 5;  // of a clock that moves a millisecond a look: a commit every few polls
    options.log = [&](const std::string& line) { said_.push_back(line); };
    stop_ = false;
    return RunLive(Content(), options, diagnostics, feed, &sink, clock_, stop_);
  }
  absl::Status RunQuietly(const Logs& logs, uint64_t seed) {
    FakeFeed feed(logs, seed, stop_);
    FakeSink sink(published_);
    return RunOnce(feed, sink);
  }

  std::string Outcome() {
    auto store = incident::Store::OpenReadOnly(store_);
    EXPECT_TRUE(store.ok()) << store.status();
    std::string out;
    const std::vector<incident::AlertRow> rows = (*store)->ListAlerts().value();
    for (const incident::AlertRow& row : rows) {
      if (row.state != "withdrawn") out += row.id + " " + row.rule_name + " " + row.state + " " + row.incident_id + "\n";
    }
    const std::vector<std::string> incidents = (*store)->ListIncidentsJson().value();
    for (const std::string& json : incidents) out += WithoutObserved(json) + "\n";
    return out;
  }
  std::string AlertStates() {
    std::string out;
    const std::vector<incident::AlertRow> rows = (*incident::Store::OpenReadOnly(store_))->ListAlerts().value();
    for (const incident::AlertRow& row : rows) out += row.id + " " + row.state + "\n";
    return out;
  }
  size_t Revisions() {
    size_t sum = 0;
    auto store = incident::Store::OpenReadOnly(store_);
    const std::vector<std::string> incidents = (*store)->ListIncidentsJson().value();
    for (const std::string& json : incidents) {
      const std::string_view key = "\"revision\":";
      const size_t found = json.find(key);
      if (found != std::string::npos) sum += strtoull(json.c_str() + found + key.size(), nullptr, 10);
    }
    return sum;
  }
  void ExpectPublishedOnce() {
    std::set<int64_t> sequences;
    std::set<std::string> documents;
    for (const IncidentSink::Message& message : published_) {
      EXPECT_TRUE(sequences.insert(message.sequence).second) << "sequence " << message.sequence << " twice";
      EXPECT_TRUE(documents.insert(message.json).second) << message.key << " twice";
    }
    EXPECT_TRUE(std::is_sorted(published_.begin(), published_.end(), [](const auto& a, const auto& b) { return a.sequence < b.sequence; }));
  }
  // What one run without any trouble comes to.
  static const std::string& Expected() {
    static const std::string& expected = *new std::string([] {
      LiveTest quiet;
      quiet.SetUp();
      EXPECT_TRUE(quiet.RunQuietly(Demo(), 1).ok());
      std::string outcome = quiet.Outcome();
      quiet.TearDown();
      return outcome;
    }());
    return expected;
  }
  void TestBody() override {}

  std::string folder_, store_;
  FakeClock clock_{EventTime{1'773'446'400'000'000'000}};  // 2026-03-14: the demo is over
  std::atomic<bool> stop_{false};
  Published published_;
  std::vector<std::string> said_;
};

TEST_F(LiveTest, AQuietRunFindsTheStory) {
  ASSERT_TRUE(RunQuietly(Demo(), 7).ok());
  const std::string outcome = Outcome();
  for (const char* rule : {"egress_privileged_job confirmed", "runner_release_contaminated confirmed", "chain_runner_before_release confirmed"}) {
    EXPECT_NE(outcome.find(rule), std::string::npos) << rule;
  }
  EXPECT_EQ(outcome, Expected());
  ExpectPublishedOnce();
}

TEST_F(LiveTest, BatchesAndTheOrderOfPartitionsChangeNothing) {
  const std::string expected = Expected();
  for (const size_t records : {1, 7, 5000}) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    published_.clear();
    FakeFeed feed(Demo(), 11 * records, stop_);
    feed.batch_records = records;
    FakeSink sink(published_);
    ASSERT_TRUE(RunOnce(feed, sink).ok());
    EXPECT_EQ(Outcome(), expected) << "at most " << records << " records a batch";
    ExpectPublishedOnce();
  }
}

TEST_F(LiveTest, StartingAgainAddsNothing) {
  ASSERT_TRUE(RunQuietly(Demo(), 1).ok());
  const std::string outcome = Outcome();
  const size_t published = published_.size(), revisions = Revisions();
  for (const uint64_t seed : {2, 3}) {
    FakeFeed feed(Demo(), seed, stop_);
    FakeSink sink(published_);
    ASSERT_TRUE(RunOnce(feed, sink).ok());
    EXPECT_EQ(Outcome(), outcome);
    EXPECT_EQ(published_.size(), published);
    EXPECT_EQ(Revisions(), revisions);
  }
}

TEST_F(LiveTest, StopsInTheMiddleChangeNothing) {
  // Each process sees a little more of the log than the one before, as if the rest had not been written yet.
  const int steps = 6;
  for (int step = 1; step <= steps; step++) {
    Logs so_far;
    const auto until = EventTime{1'773'136'000'000'000'000 + step * 10 * 60 * kMinuteNs};
    for (const auto& [name, records] : Demo()) {
      for (const Record& record : records) {
        if (step == steps || record.time <= until) so_far[name].push_back(record);
      }
      so_far[name];
    }
    ASSERT_TRUE(RunQuietly(so_far, static_cast<uint64_t>(step)).ok());
  }
  EXPECT_EQ(Outcome(), Expected());
  ExpectPublishedOnce();
}

TEST_F(LiveTest, DeathsChangeNothing) {
  const std::string expected = Expected();
  const uint64_t only = FromEnvironment("TOCSIN_LIVE_SEED", 0), rounds = FromEnvironment("TOCSIN_LIVE_ROUNDS", 6);
  for (uint64_t seed = only > 0 ? only : 1; seed <= (only > 0 ? only : rounds); seed++) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    published_.clear();
    std::mt19937_64 random(seed);
    absl::Status status = absl::InternalError("not started");
    for (int lives = 0; !status.ok() && lives < 40; lives++) {
      FakeFeed feed(Demo(), random(), stop_);
      FakeSink sink(published_);
      feed.batch_records = 1 + random() % 200;
      // Later lives grow longer, so that the story ends.
      if (random() % 3 == 0) sink.fail_after_batches = static_cast<int>(random() % 3);
      else feed.fail_after_polls = static_cast<int>(random() % (40 + 40 * lives));
      status = RunOnce(feed, sink);
    }
    ASSERT_TRUE(status.ok()) << "TOCSIN_LIVE_SEED=" << seed << ": " << status;
    ASSERT_EQ(Outcome(), expected) << "TOCSIN_LIVE_SEED=" << seed;
    ExpectPublishedOnce();
  }
}

// (1) evidence, (2) store, (3) publication and the monitors' offsets: what comes later never runs ahead.
TEST_F(LiveTest, WhatIsPublishedOrCommittedIsInTheStore) {
  FakeFeed feed(Demo(), 5, stop_);
  FakeSink sink(published_);
  int publications = 0, commits = 0;
  sink.on_publish = [&](const std::vector<IncidentSink::Message>& messages) {
    publications++;
    auto store = incident::Store::OpenReadOnly(store_);
    ASSERT_TRUE(store.ok());
    const auto rows = (*store)->OutboxAfter(messages.front().sequence - 1, messages.size());
    ASSERT_TRUE(rows.ok());
    ASSERT_EQ(rows->size(), messages.size());
    for (size_t i = 0; i < messages.size(); i++) EXPECT_EQ((*rows)[i].json, messages[i].json);
  };
  feed.on_monitors = [&] {
    commits++;
    const auto applied = (*incident::Store::OpenReadOnly(store_))->ReadApplied();
    ASSERT_TRUE(applied.ok());
    for (const auto& [name, offset] : feed.monitored) EXPECT_GE(applied->at(name).next_offset, offset) << name;
  };
  ASSERT_TRUE(RunOnce(feed, sink).ok());
  EXPECT_GT(publications, 1);
  EXPECT_GT(commits, 3);
  for (const auto& [name, records] : Demo()) EXPECT_EQ(feed.monitored.at(name), static_cast<int64_t>(records.size())) << name;
}

TEST_F(LiveTest, AnInputThatWasAheadIsReadAgainFromWhereTheOthersWere) {
  // The cluster's partition is read to its end, the others hardly: then the process dies.
  Logs logs = Demo();
  Logs first;
  for (const auto& [name, records] : logs) {
    first[name] = name == "cluster/0" ? records : std::vector<Record>(records.begin(), records.begin() + 1);
  }
  FakeFeed feed(first, 3, stop_);
  FakeSink sink(published_);
  ASSERT_TRUE(RunOnce(feed, sink).ok());
  ASSERT_TRUE(RunQuietly(logs, 4).ok());
  // All inputs had been caught up then, so what the flows said was settled; nothing may be lost or doubled all the same.
  ExpectPublishedOnce();

  // The same, but the others were behind: nothing was settled, and the outcome is that of a quiet run.
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directory(folder_);
  published_.clear();
  for (int lives = 0; lives < 3; lives++) {
    FakeFeed half(logs, 9, stop_);
    FakeSink again(published_);
    half.fail_after_polls = 60 + 30 * lives;
    half.batch_records = 20;
    EXPECT_FALSE(RunOnce(half, again).ok());
  }
  ASSERT_TRUE(RunQuietly(logs, 10).ok());
  EXPECT_EQ(Outcome(), Expected());
}

// A feed that says when it has nothing more, and when it is saying who has grown.
class WatchedFeed : public FakeFeed {
 public:
  using FakeFeed::FakeFeed;
  std::function<void()> on_quiet, on_telling;
  absl::Status Poll(int timeout, event::Batch& batch, event::InputTable& inputs, LiveBatchInfo& info) override {
    if (telling()) on_telling();
    absl::Status status = FakeFeed::Poll(timeout, batch, inputs, info);
    if (on_quiet && !info.input.valid()) on_quiet();
    return status;
  }
};

// While nothing can be published nothing is read, or the whole process stands still, for two days: what came meanwhile is no
// late event, and no input that had been caught up counts as such until what it gained is there.
TEST_F(LiveTest, WhatCameWhileTheRunHadToWaitIsJudgedAsIfItHadNot) {
  const std::string expected = Expected();
  const EventTime before{1'773'237'990'000'000'000};  // 2026-03-11T14:06:30Z: the incident is open, the chain has not ended
  for (const size_t records : {40, 5000}) {
    for (const bool asleep : {false, true}) {
      SCOPED_TRACE(testing::Message() << "at most " << records << " records a batch, asleep " << asleep);
      std::filesystem::remove_all(folder_);
      std::filesystem::create_directory(folder_);
      published_.clear();
      clock_ = FakeClock(before);
      WatchedFeed feed(Demo(), 31 * records, stop_);
      FakeSink sink(published_);
      feed.batch_records = records;
      feed.written_until = before;
      sink.away = !asleep;
      int hours = 0;
      const auto an_hour = [&] {
        clock_.Advance(60 * kMinuteNs);
        feed.written_until.ns += 60 * kMinuteNs;
        if (++hours < 48) return;
        feed.written_until = {INT64_MAX};
        sink.away = false;
      };
      clock_.on_sleep = an_hour;
      feed.on_quiet = [&] {
        while (asleep && hours < 48) an_hour();
      };
      // Not even between two inputs that both have grown is anything settled.
      std::set<std::string> told;
      feed.on_telling = [&] { told.insert(AlertStates()); };
      ASSERT_TRUE(RunOnce(feed, sink).ok());
      EXPECT_EQ(hours, 48);
      ASSERT_EQ(told.size(), 1u);
      EXPECT_NE(told.begin()->find("provisional"), std::string::npos) << *told.begin();
      EXPECT_EQ(Outcome(), expected);
      ExpectPublishedOnce();
    }
  }
}

TEST_F(LiveTest, AStoreOfAReplayIsRefused) {
  bool finished = false;
  ASSERT_TRUE((*incident::Store::Open(store_))->Bind({"replay", "hash", "inputs"}, &finished).ok());
  const absl::Status status = RunQuietly(Demo(), 1);
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

// Clean stop: what was polled is durable, whatever is still unread.
TEST_F(LiveTest, AStopLosesNothingThatWasRead) {
  std::atomic<bool>& stop = stop_;
  class StoppingFeed : public FakeFeed {
   public:
    StoppingFeed(const Logs& logs, std::atomic<bool>& stop_flag) : FakeFeed(logs, 21, stop_flag), stop_flag_(stop_flag) {}
    absl::Status Poll(int timeout, event::Batch& batch, event::InputTable& inputs, LiveBatchInfo& info) override {
      if (polls == 30) stop_flag_ = true;
      return FakeFeed::Poll(timeout, batch, inputs, info);
    }
    std::atomic<bool>& stop_flag_;
  } feed(Demo(), stop);
  FakeSink sink(published_);
  ASSERT_TRUE(RunOnce(feed, sink).ok());
  const auto applied = *(*incident::Store::OpenReadOnly(store_))->ReadApplied();
  for (const auto& [name, at] : applied) EXPECT_EQ(feed.monitored.at(name), at.next_offset);
  EXPECT_EQ(said_.back(), "stopped; everything that was read is durable");
  ASSERT_TRUE(RunQuietly(Demo(), 22).ok());
  EXPECT_EQ(Outcome(), Expected());
}

}  // namespace
}  // namespace tocsin::pipeline
