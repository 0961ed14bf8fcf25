#include "engine/pipeline/internal/watermarks.h"

#include <gtest/gtest.h>

namespace tocsin::pipeline {
namespace {

using content::SourceId;
using event::EventTime;
using event::InputId;

constexpr int64_t kSecond = 1'000'000'000;
const SourceId kAudit(0), kAuditPart(1), kFlows(2), kRare(3);
const InputId kFirst(0), kSecondInput(1);

EventTime At(int64_t second) { return {second * kSecond}; }

class WatermarksTest : public testing::Test {
 protected:
  WatermarksTest() {
    for (const auto& [name, lateness] : {std::pair("audit", 100), {"audit.part", 100}, {"flows", 10}, {"rare", 1}}) {
      content::SourceDef source;
      source.name = name;
      source.lateness_ns = lateness * kSecond;
      content_.sources.push_back(source);
    }
    content_.sources[kAuditPart.value()].extends = "audit";
  }
  void Start(std::vector<SourceId> named) {
    for (const SourceId source : named) inputs_.push_back({.name = "t/" + std::to_string(inputs_.size()), .folder = "", .source = source});
    marks_.AddInputs(inputs_);
    clock_ = std::make_unique<event::SourceClock>(content_);
  }
  // In seconds; -1 = unknown.
  int64_t W(SourceId source, int64_t now) {
    marks_.Apply(At(now), *clock_);
    const EventTime watermark = clock_->state(source).watermark;
    return watermark.known() ? watermark.ns / kSecond : -1;
  }
  content::ContentSet content_;
  event::InputTable inputs_;
  Watermarks marks_{content_};
  std::unique_ptr<event::SourceClock> clock_;
};

TEST_F(WatermarksTest, NothingMovesBeforeEveryInputWasHeardOf) {
  Start({SourceId(), SourceId()});
  marks_.Carries(kFirst, kFlows);
  marks_.Advance(kFirst, At(1000), true);
  EXPECT_EQ(W(kFlows, 5000), -1);
  EXPECT_EQ(W(kAudit, 5000), -1);
  EXPECT_FALSE(marks_.JudgedUntil().known());
  EXPECT_FALSE(marks_.AllCaughtUp());
}

// The symptom: a topic that was read quickly was judged for good while another one, which had the links to it, was still
// being read.
TEST_F(WatermarksTest, AnInputThatWasNeverCaughtUpHoldsWhateverItMayCarry) {
  Start({SourceId(), SourceId()});
  marks_.Carries(kFirst, kFlows);
  marks_.Advance(kFirst, At(1000), true);
  marks_.Carries(kSecondInput, kAudit);
  marks_.Advance(kSecondInput, At(400), false);
  EXPECT_EQ(W(kFlows, 5000), 390);
  EXPECT_EQ(W(kAudit, 5000), 300);
  EXPECT_EQ(W(kRare, 5000), 399);  // it may still turn out to carry it
  EXPECT_EQ(marks_.JudgedUntil(), At(400));
  marks_.Advance(kSecondInput, At(450), true);
  EXPECT_EQ(W(kFlows, 5000), 4990);
  EXPECT_EQ(W(kAudit, 5000), 4900);
  EXPECT_EQ(W(kRare, 5000), -1);   // nothing carries it: it is not connected and holds nothing
  EXPECT_TRUE(marks_.AllCaughtUp());
}

TEST_F(WatermarksTest, OneThatWasCaughtUpHoldsOnlyWhatItCarries) {
  Start({SourceId(), SourceId()});
  marks_.Carries(kFirst, kFlows);
  marks_.Advance(kFirst, At(1000), true);
  marks_.Carries(kSecondInput, kAudit);
  marks_.Advance(kSecondInput, At(900), true);
  marks_.Advance(kSecondInput, At(1000), false);  // behind again: a day of backlog came at once
  EXPECT_EQ(W(kFlows, 5000), 4990);
  EXPECT_EQ(W(kAudit, 5000), 900);
  EXPECT_EQ(marks_.JudgedUntil(), At(1000));
}

// The symptom: while nobody polled, a partition got its first records; those of the same source in others were read sooner.
TEST_F(WatermarksTest, OneThatGrewUnseenMayCarryAnythingAgain) {
  Start({SourceId(), SourceId()});
  marks_.Carries(kFirst, kFlows);
  marks_.Advance(kFirst, At(1000), true);
  marks_.Advance(kSecondInput, {}, true);  // an empty partition
  EXPECT_EQ(W(kFlows, 1100), 1090);
  marks_.FellBehind(kSecondInput);
  EXPECT_FALSE(marks_.AllCaughtUp());
  EXPECT_EQ(W(kFlows, 5000), 1090);
  marks_.Advance(kSecondInput, At(1200), false);
  EXPECT_EQ(W(kFlows, 5000), 1190);
  marks_.Advance(kSecondInput, At(1200), true);
  EXPECT_EQ(W(kFlows, 5000), 4990);
}

TEST_F(WatermarksTest, ANamedInputHoldsItsSourceAndItsPartsAlone) {
  Start({kAudit, SourceId()});
  marks_.Advance(kFirst, At(100), false);
  marks_.Carries(kSecondInput, kFlows);
  marks_.Advance(kSecondInput, At(1000), true);
  EXPECT_EQ(W(kFlows, 5000), 4990);
  EXPECT_EQ(W(kAudit, 5000), 0);
  EXPECT_EQ(W(kAuditPart, 5000), 0);
}

TEST_F(WatermarksTest, TheSlowestOfTheInputsThatCarryASourceCounts) {
  Start({SourceId(), SourceId()});
  for (const InputId input : {kFirst, kSecondInput}) {
    marks_.Carries(input, kFlows);
    marks_.Advance(input, At(100), true);
  }
  marks_.Advance(kFirst, At(700), false);
  EXPECT_EQ(W(kFlows, 5000), 690);
}

TEST_F(WatermarksTest, AQuietInputStandsAtNowAndNothingGoesBack) {
  Start({SourceId()});
  marks_.Carries(kFirst, kFlows);
  marks_.Advance(kFirst, {}, true);  // an empty partition
  EXPECT_EQ(W(kFlows, 5000), 4990);
  EXPECT_EQ(W(kFlows, 6000), 5990);
  marks_.Advance(kFirst, At(5500), false);
  EXPECT_EQ(W(kFlows, 6001), 5990);
  marks_.Advance(kFirst, At(5000), false);  // a record with an earlier time than the last one
  EXPECT_EQ(marks_.JudgedUntil(), At(5500));
}

TEST_F(WatermarksTest, EventsOfNoKnownSourceGoByAllInputs) {
  Start({SourceId(), SourceId()});
  marks_.Advance(kFirst, At(1000), true);
  marks_.Apply(At(5000), *clock_);
  EXPECT_FALSE(clock_->inputs_watermark.known());
  marks_.Advance(kSecondInput, At(400), false);
  marks_.Apply(At(5000), *clock_);
  EXPECT_EQ(clock_->inputs_watermark, At(400));
  marks_.Advance(kSecondInput, At(400), true);
  marks_.Apply(At(5000), *clock_);
  EXPECT_EQ(clock_->inputs_watermark, At(5000));
}

TEST_F(WatermarksTest, APartitionThatIsFoundLaterHoldsBackToo) {
  Start({SourceId()});
  marks_.Carries(kFirst, kFlows);
  marks_.Advance(kFirst, At(100), true);
  EXPECT_EQ(W(kFlows, 200), 190);
  inputs_.push_back({.name = "t/9", .folder = "", .source = {}});
  marks_.AddInputs(inputs_);
  EXPECT_EQ(W(kFlows, 300), 190);
  marks_.Advance(kSecondInput, At(250), false);
  EXPECT_EQ(W(kFlows, 400), 240);
}

}  // namespace
}  // namespace tocsin::pipeline
