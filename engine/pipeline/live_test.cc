// A live run over a few records: what is counted and said. The demo with stops, deaths and waits is tests/live's.
#include "engine/pipeline/live.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>

#include "engine/content/testing/inline_content.h"
#include "engine/incident/store.h"
#include "engine/pipeline/testing/feed.h"

namespace tocsin::pipeline {
namespace {

using event::EventTime;

constexpr char kSources[] = R"yaml(
name: ci
logsource: {category: ci}
recognise: {kind: ci}
time: [at]
identity: ['id id', record]
lateness: 1m
silence_after: 30m
samples: ['{"kind":"ci"}']
)yaml";
constexpr char kRules[] = R"yaml(
title: A step failed
name: failed
logsource: {category: ci}
detection: {s: {what: failed}, condition: s}
level: low
)yaml";
constexpr EventTime kNoon{1'772'366'400'000'000'000};  // 2026-03-01T12:00:00Z

class LiveRunTest : public testing::Test {
 protected:
  LiveRunTest() {
    content::Diagnostics diagnostics;
    content_ = content::ContentFromText({.rules = kRules, .sources = kSources}, diagnostics);
    EXPECT_EQ(diagnostics.Text(), "");
    std::string pattern = testing::TempDir() + "live-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    options_.store_path = folder_ + "/store.db";
    options_.commit_interval_ms = 5;
    options_.log = [this](const std::string& line) { said_.push_back(line); };
  }
  ~LiveRunTest() override { std::filesystem::remove_all(folder_); }

  void Add(const std::string& partition, EventTime transport, const std::string& json) {
    logs_[partition].push_back({transport, json});
  }
  absl::Status Run() {
    stop_ = false;
    content::Diagnostics diagnostics;
    FakeFeed feed(logs_, 1, stop_);
    feed.fail_after_polls = fail_after_polls_;
    return RunLive(content_, options_, diagnostics, feed, nullptr, clock_, stop_);
  }
  std::vector<std::string> Counts() const {
    std::vector<std::string> out;
    for (const std::string& line : said_) {
      if (line.starts_with("read:")) out.push_back(line);
    }
    return out;
  }

  std::shared_ptr<const content::ContentSet> content_;
  std::string folder_;
  LiveOptions options_;
  std::atomic<bool> stop_{false};
  Logs logs_;
  int fail_after_polls_ = -1;
  FakeClock clock_{EventTime{kNoon.ns + 600'000'000'000}};
  std::vector<std::string> said_;
};

std::string Failed(const std::string& id, const std::string& time) {
  return R"({"kind":"ci","id":")" + id + R"(","at":)" + (time.empty() ? "null" : "\"" + time + "\"") + R"(,"what":"failed"})";
}

// A missing time and one in 2099 are not malformed: counted, marked and matched.
TEST_F(LiveRunTest, WhatIsOddIsCountedAndMatched) {
  Add("ci/0", kNoon, Failed("1", "2026-03-01T11:59:59Z"));
  Add("ci/0", kNoon, Failed("2", ""));             // the transport's time stands in
  Add("ci/0", {}, Failed("3", ""));                // none at all
  Add("ci/0", kNoon, Failed("4", "2099-01-01T00:00:00Z"));
  Add("ci/0", kNoon, R"({"what":"failed","at":"2026-03-01T11:59:59Z"})");
  Add("ci/0", kNoon, R"({"kind":)");
  ASSERT_TRUE(Run().ok());
  ASSERT_EQ(Counts().size(), 1u);
  EXPECT_EQ(Counts()[0],
            "read: events 5, bytes 281, ci 4, of no known source 1, bad 1, without a time 1, time inferred 2, time in the future 1; "
            "found: hits 5, alerts 2, incidents 0; behind: ci/0 0");
  const auto alerts = (*incident::Store::OpenReadOnly(options_.store_path))->ListAlerts();
  ASSERT_TRUE(alerts.ok());
  EXPECT_EQ(alerts->size(), 2u);  // an episode of now, one of 2099; without any time there is nothing to alert on
}

TEST_F(LiveRunTest, CountsAreSaidWhenTheRunCannotGoOn) {
  Add("ci/0", kNoon, Failed("1", "2026-03-01T11:59:59Z"));
  fail_after_polls_ = 1;
  EXPECT_FALSE(Run().ok());
  ASSERT_EQ(Counts().size(), 1u);
  EXPECT_EQ(said_.back(), Counts()[0]);
}

TEST_F(LiveRunTest, CountsAreSaidWhenAskedForEveryMinuteAndAtTheEnd) {
  for (int i = 0; i < 500; i++) Add("ci/0", {kNoon.ns + i}, Failed(std::to_string(i), "2026-03-01T11:59:59Z"));
  std::atomic<bool> wanted{true};
  options_.counts_wanted = &wanted;
  ASSERT_TRUE(Run().ok());
  EXPECT_FALSE(wanted);
  ASSERT_EQ(Counts().size(), 2u);
  EXPECT_TRUE(Counts()[0].starts_with("read: events 0, bytes 0, bad 0; found: hits 0, ")) << Counts()[0];
  EXPECT_NE(Counts()[0].find("behind: ci/0 500"), std::string::npos) << Counts()[0];
  EXPECT_TRUE(Counts()[1].starts_with("read: events 500, ")) << Counts()[1];
  // Of the first 500 events one was looked at closely.
  const auto took = std::find_if(said_.begin(), said_.end(), [](const std::string& line) { return line.starts_with("matching took "); });
  ASSERT_NE(took, said_.end());
  EXPECT_TRUE(took->ends_with(" (1 event counted, 1 of 251)")) << *took;

  // Another process: it reads them again, keeps them once, and says so. Its clock is slow to look at.
  said_.clear();
  options_.counts_wanted = nullptr;
  clock_.SetTick(1'000'000'000);
  ASSERT_TRUE(Run().ok());
  EXPECT_GT(Counts().size(), 1u);
  EXPECT_NE(Counts().back().find("read again 500"), std::string::npos) << Counts().back();
  // After a restart, hits that had been found before looked like new ones.
  EXPECT_NE(Counts().back().find("found: hits 500, of events read again 500, "), std::string::npos) << Counts().back();
}

}  // namespace
}  // namespace tocsin::pipeline
