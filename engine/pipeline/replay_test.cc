#include "engine/pipeline/replay.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/content/testing/inline_content.h"
#include "engine/pipeline/testing/feed.h"
#include "engine/pipeline/testing/texts.h"

namespace tocsin::pipeline {
namespace {

using event::EventTime;

constexpr char kSources[] = R"yaml(
name: ci
logsource: {category: ci}
recognise: {kind: ci}
time: [at]
identity: [record]
lateness: 1m
silence_after: 30m
entities: {run: '{run}'}
samples: ['{"kind":"ci"}']
)yaml";
constexpr char kRules[] = R"yaml(
title: A job that failed
id: 6b0f7b8e-6f6c-4c0e-9d0e-0d7f1f0f1a01
name: failed
logsource: {category: ci}
detection: {selection: {what: failed}, condition: selection}
level: low
---
title: Three failures of one run
id: 6b0f7b8e-6f6c-4c0e-9d0e-0d7f1f0f1a02
name: failures
correlation: {type: event_count, rules: [failed], group-by: [entity.run], timespan: 1h, condition: {gte: 3}}
level: medium
)yaml";

std::string Line(const std::string& time, const std::string& run, const std::string& what = "failed") {
  return "{\"kind\":\"ci\",\"at\":\"" + time + "\",\"run\":\"" + run + "\",\"what\":\"" + what + "\"}\n";
}

class ReplayTest : public testing::Test {
 protected:
  ReplayTest() {
    content::Diagnostics diagnostics;
    content_ = content::ContentFromText({.rules = kRules, .sources = kSources}, diagnostics);
    EXPECT_EQ(diagnostics.Text(), "");
    std::string pattern = testing::TempDir() + "replay-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    options_.store_path = folder_ + "/store.db";
  }
  ~ReplayTest() override { std::filesystem::remove_all(folder_); }

  absl::StatusOr<ReplaySummary> Run(const std::vector<std::string>& texts) {
    content::Diagnostics diagnostics;
    TextInput input(texts);
    return RunReplay(content_, options_, diagnostics, input, clock_);
  }
  // Rules and groups of the alerts, in their order.
  std::string Alerts() {
    std::string out;
    const auto store = incident::Store::OpenReadOnly(options_.store_path);
    const std::vector<incident::AlertRow> rows = (*store)->ListAlerts().value();
    for (const incident::AlertRow& row : rows) {
      out += row.rule_name + " " + row.group_text + " " + std::to_string(row.events) + "\n";
    }
    return out;
  }
  std::string StoreBytes() const {
    std::ostringstream text;
    text << std::ifstream(options_.store_path, std::ios::binary).rdbuf();
    return text.str();
  }

  std::shared_ptr<const content::ContentSet> content_;
  std::string folder_;
  ReplayOptions options_;
  FakeClock clock_{EventTime{1'800'000'000'000'000'000}};
};

const std::string kThree = Line("2026-03-01T10:00:00Z", "r1") + Line("2026-03-01T10:10:00Z", "r1") + Line("2026-03-01T10:20:00Z", "r1") +
                           Line("2026-03-01T10:20:00Z", "r2", "passed");

TEST_F(ReplayTest, EventsToAlerts) {
  const auto summary = Run({kThree});
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->events, 4u);
  EXPECT_EQ(summary->hits, 3u);
  EXPECT_EQ(summary->alerts, 1u);
  EXPECT_EQ(summary->sources, (std::map<std::string, uint64_t>{{"ci", 4}}));
  EXPECT_EQ(Alerts(), "failures entity.run=r1 3\n");
}

// Every record of this source is an event, so equal ones count each; and it does not matter where they lie.
TEST_F(ReplayTest, EqualRecordsAreCountedEach) {
  const std::string line = Line("2026-03-01T10:00:00Z", "r1");
  const auto summary = Run({line + line, line});
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->duplicates, 0u);
  EXPECT_EQ(Alerts(), "failures entity.run=r1 3\n");
}

TEST_F(ReplayTest, TheSameRunAgainChangesNothing) {
  ASSERT_TRUE(Run({kThree}).ok());
  const std::string before = StoreBytes();
  const auto again = Run({kThree});
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->already_done);
  EXPECT_EQ(again->events, 0u);
  EXPECT_EQ(StoreBytes(), before);
}

TEST_F(ReplayTest, AnotherRunIsRefusedAndTheStoreStays) {
  ASSERT_TRUE(Run({kThree}).ok());
  const std::string before = StoreBytes();
  const auto refused = [&](const char* why) {
    const auto other = Run({kThree});
    EXPECT_TRUE(absl::IsFailedPrecondition(other.status())) << why << ": " << other.status();
    EXPECT_NE(std::string(other.status().message()).find(options_.store_path), std::string::npos);
    EXPECT_EQ(StoreBytes(), before) << why;
  };
  {
    const auto other = Run({kThree + kThree});
    EXPECT_TRUE(absl::IsFailedPrecondition(other.status())) << other.status();
    EXPECT_NE(std::string(other.status().message()).find("over other inputs"), std::string::npos);
  }
  const auto content = content_;
  content::Diagnostics diagnostics;
  content_ = content::ContentFromText({.rules = std::string(kRules) + "falsepositives: [none]\n", .sources = kSources}, diagnostics);
  refused("other rules");
  content_ = content;
  options_.until = EventTime{1'780'000'000'000'000'000};
  refused("another range");
  options_.until = {};
  EXPECT_TRUE(Run({kThree})->already_done);
}

// The symptom of a run that was killed: a store that is bound, with some evidence, and not finished.
TEST_F(ReplayTest, ARunThatDidNotEndIsDoneAgainFromTheStart) {
  bool finished = false;
  TextInput input({kThree});
  ASSERT_TRUE((*incident::Store::Open(options_.store_path))->Bind({"replay", content_->hash, input.Fingerprint()}, &finished).ok());
  std::filesystem::create_directory(options_.store_path + ".evidence");
  std::ofstream(options_.store_path + ".evidence/half") << "of something";
  const auto summary = Run({kThree});
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_FALSE(summary->already_done);
  EXPECT_EQ(Alerts(), "failures entity.run=r1 3\n");
}

TEST_F(ReplayTest, ARangeLeavesTheOthersOut) {
  options_.from = EventTime{1'772'359'800'000'000'000};  // 2026-03-01T10:10:00Z
  const auto summary = Run({kThree});
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->outside_range, 1u);
  EXPECT_EQ(summary->hits, 2u);
}

TEST_F(ReplayTest, BadRecordsAreKeptWithTheirPlace) {
  const auto summary = Run({Line("2026-03-01T10:00:00Z", "r1") + "{\"kind\":\n" + kThree});
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->bad, 1u);
  EXPECT_EQ(summary->events, 5u);
  ASSERT_EQ(summary->bad_samples.size(), 1u);
  EXPECT_EQ(summary->bad_samples[0].rfind("text0:2: ", 0), 0u) << summary->bad_samples[0];
  std::ifstream file(options_.store_path + ".bad.ndjson");
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_NE(line.find("\"input\":\"text0\",\"offset\":69,\"line\":2,"), std::string::npos) << line;
  EXPECT_NE(line.find("\"bytes\":\"eyJraW5kIjo=\",\"size\":8}"), std::string::npos) << line;
}

}  // namespace
}  // namespace tocsin::pipeline
