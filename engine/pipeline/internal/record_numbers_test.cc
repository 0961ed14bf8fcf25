#include "engine/pipeline/internal/record_numbers.h"

#include <gtest/gtest.h>

#include <set>

namespace tocsin::pipeline {
namespace {

event::EventView Event(uint64_t low, int64_t transport, bool by_record = true) {
  event::EventView event;
  event.identity = {7, low};
  event.flags.record_identity = by_record;
  event.transport = {transport};
  return event;
}

TEST(RecordNumbers, EqualRecordsAreDifferentEvents) {
  RecordNumbers numbers;
  std::set<event::Identity> seen;
  for (int i = 0; i < 1000; i++) {
    event::EventView event = Event(1, i);
    numbers.Number(event);
    EXPECT_TRUE(seen.insert(event.identity).second);
  }
  EXPECT_TRUE(seen.contains({7, 1}));  // the first of equals keeps the plain hash
}

TEST(RecordNumbers, TheSameRecordsGetTheSameNamesInAnyOrder) {
  const auto names = [](const std::vector<uint64_t>& records) {
    RecordNumbers numbers;
    std::multiset<event::Identity> out;
    for (const uint64_t record : records) {
      event::EventView event = Event(record, 0);
      numbers.Number(event);
      out.insert(event.identity);
    }
    return out;
  };
  EXPECT_EQ(names({1, 1, 2, 1, 3}), names({3, 1, 2, 1, 1}));
}

TEST(RecordNumbers, EventsWithAnIdOfTheirOwnKeepIt) {
  RecordNumbers numbers;
  for (int i = 0; i < 3; i++) {
    event::EventView event = Event(1, 0, /*by_record=*/false);
    numbers.Number(event);
    EXPECT_EQ(event.identity, (event::Identity{7, 1}));
  }
  EXPECT_EQ(numbers.size(), 0u);
}

TEST(RecordNumbers, ALiveRunForgetsWhatIsOldAndNothingElse) {
  RecordNumbers numbers;
  constexpr int64_t kRecords = 100'000, kKept = 500;
  size_t most = 0;
  for (int64_t t = 0; t < kRecords; t++) {
    event::EventView event = Event(1000 + static_cast<uint64_t>(t), t);
    numbers.Number(event);
    numbers.Forget({t - kKept});
    most = std::max(most, numbers.size());
  }
  EXPECT_LE(most, 4096u);
  event::EventView again = Event(1000 + kRecords - 1, kRecords);
  const event::Identity plain = again.identity;
  numbers.Number(again);
  EXPECT_NE(again.identity, plain);
}

}  // namespace
}  // namespace tocsin::pipeline
