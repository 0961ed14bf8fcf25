#include "engine/event/source_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tocsin::event {
namespace {

using Intervals = std::map<int64_t, int64_t>;

TEST(Coverage, NothingBeforeTheFirstEventOrAfterTheLast) {
  Coverage coverage(10);
  EXPECT_TRUE(coverage.empty());
  EXPECT_FALSE(coverage.first().known());
  EXPECT_FALSE(coverage.Covers({0}, {0}));
  coverage.Observe({});  // an event without a time says nothing
  EXPECT_TRUE(coverage.empty());
  coverage.Observe({100});
  coverage.Observe({110});
  EXPECT_EQ(coverage.intervals(), (Intervals{{100, 110}}));
  EXPECT_TRUE(coverage.Covers({100}, {110}));
  EXPECT_TRUE(coverage.Covers({105}, {105}));
  EXPECT_FALSE(coverage.Covers({99}, {105}));
  EXPECT_FALSE(coverage.Covers({105}, {111}));
  EXPECT_FALSE(coverage.Covers({110}, {100}));
  EXPECT_EQ(coverage.first().ns, 100);
  EXPECT_EQ(coverage.last().ns, 110);
}

TEST(Coverage, ALongerGapIsUncoveredWhole) {
  Coverage coverage(10);
  for (int64_t t : {0, 10, 21, 31}) coverage.Observe({t});
  EXPECT_EQ(coverage.intervals(), (Intervals{{0, 10}, {21, 31}}));
  EXPECT_FALSE(coverage.Covers({5}, {25}));
  EXPECT_FALSE(coverage.Covers({11}, {12}));
  EXPECT_FALSE(coverage.Covers({15}, {15}));
  EXPECT_TRUE(coverage.Covers({21}, {31}));
  coverage.Observe({15});  // a late event fills the gap
  EXPECT_EQ(coverage.intervals(), (Intervals{{0, 31}}));
  EXPECT_EQ(coverage.events(), 5u);
}

TEST(Coverage, DoesNotDependOnTheOrderOfArrival) {
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    const int64_t silence = random() % 20;
    std::vector<int64_t> times(1 + random() % 60);
    for (int64_t& t : times) t = random() % 400;
    // Plain model: sort, cut where the gap is too long.
    std::vector<int64_t> sorted = times;
    std::sort(sorted.begin(), sorted.end());
    Intervals model;
    int64_t start = sorted[0], end = sorted[0];
    for (int64_t t : sorted) {
      if (t - end > silence) {
        model[start] = end;
        start = t;
      }
      end = t;
    }
    model[start] = end;
    Coverage coverage(silence);
    for (int64_t t : times) coverage.Observe({t});
    ASSERT_EQ(coverage.intervals(), model) << "round " << round;
  }
}

TEST(Coverage, RestoredStretchesAreAsIfTheirEventsHadBeenSeen) {
  std::mt19937 random(4);
  for (int round = 0; round < 500; ++round) {
    const int64_t silence = random() % 20;
    std::vector<int64_t> times(2 + random() % 60);
    for (int64_t& t : times) t = random() % 400;
    Coverage whole(silence), first(silence), second(silence);
    for (int64_t t : times) whole.Observe({t});
    // The second process reads some of what the first one saw again, before and after it learns what that one knew.
    const size_t half = times.size() / 2, again = random() % (half + 1);
    for (size_t i = 0; i < half; ++i) first.Observe({times[i]});
    for (size_t i = again; i < half; i += 2) second.Observe({times[i]});
    for (const auto& [begin, end] : first.intervals()) second.Restore({begin}, {end});
    for (size_t i = again; i < times.size(); ++i) second.Observe({times[i]});
    ASSERT_EQ(second.intervals(), whole.intervals()) << "round " << round;
  }
}

TEST(SourceClock, HealthComesFromTheBusierFeed) {
  content::ContentSet content;
  content.sources.resize(3);
  content.sources[0].name = "aws.cloudtrail";
  content.sources[0].silence_after_ns = 100;
  content.sources[1].name = "aws.ecr";
  content.sources[1].health_from = "aws.cloudtrail";
  content.sources[2].name = "hubble";
  content.sources[2].silence_after_ns = 5;
  content.sources[2].health_from = "not.there";
  SourceClock clock(content);
  ASSERT_EQ(clock.size(), 3u);
  clock.state(content::SourceId(0)).coverage.Observe({1});
  clock.state(content::SourceId(0)).coverage.Observe({99});
  EXPECT_TRUE(clock.CoverageOf(content::SourceId(1)).Covers({1}, {99}));
  EXPECT_TRUE(clock.state(content::SourceId(1)).coverage.empty());
  clock.state(content::SourceId(2)).coverage.Observe({1});
  clock.state(content::SourceId(2)).coverage.Observe({7});
  EXPECT_FALSE(clock.CoverageOf(content::SourceId(2)).Covers({1}, {7}));
}

// The parts of a feed that are sources of their own keep the whole alive, not each other.
TEST(SourceClock, AnEventCountsForWhatItsSourceExtends) {
  content::ContentSet content;
  content.sources.resize(3);
  content.sources[0].name = "github.webhook";
  content.sources[0].silence_after_ns = 10;
  for (size_t i : {1, 2}) {
    content.sources[i].extends = "github.webhook";
    content.sources[i].silence_after_ns = 10;
  }
  content.sources[1].name = "github.webhook.review";
  content.sources[1].health_from = "github.webhook";
  content.sources[2].name = "github.webhook.workflow_job";
  SourceClock clock(content);
  for (int64_t t : {1, 8, 15}) clock.Observe(content::SourceId(2), {t});
  EXPECT_TRUE(clock.CoverageOf(content::SourceId(0)).Covers({1}, {15}));
  EXPECT_TRUE(clock.CoverageOf(content::SourceId(1)).Covers({1}, {15}));
  EXPECT_TRUE(clock.state(content::SourceId(1)).coverage.empty());
  clock.Observe(content::SourceId(0), {25});
  EXPECT_TRUE(clock.CoverageOf(content::SourceId(1)).Covers({1}, {25}));
  EXPECT_FALSE(clock.CoverageOf(content::SourceId(2)).Covers({1}, {25}));
}

}  // namespace
}  // namespace tocsin::event
