#include "engine/evidence/internal/block.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "engine/evidence/internal/testing.h"

namespace tocsin::evidence {
namespace {

using content::EntityKind;

TestEvent RandomEvent(std::mt19937& random, int i) {
  TestEvent event;
  event.source = (const char*[]){"aws.cloudtrail", "github.audit", ""}[random() % 3];
  event.input = "input" + std::to_string(random() % 4);
  event.folder = random() % 2 ? "push" : "";
  for (int n = random() % 5; n > 0; --n) event.entities.emplace_back(EntityKind::kIp, "10.0.0." + std::to_string(random() % 40));
  for (int n = random() % 3; n > 0; --n) event.headers.emplace_back("X-Header", std::string(random() % 20, 'h'));
  event.raw.assign(random() % 2000, static_cast<char>('a' + i % 26));
  if (i % 7 == 0) event.raw += std::string("\0\xff\n", 3);
  event.view.offset = random();
  event.view.index = random() % 3;
  event.view.line = random() % 100000;
  event.view.time = {static_cast<int64_t>(random() % 1000)};
  if (i % 50 == 49) event.view.time = {};
  if (i % 3) event.view.transport = {static_cast<int64_t>(random())};
  event.view.precision_ns = 1'000'000'000;
  event.view.identity = {random(), static_cast<uint64_t>(i)};
  event.view.content_hash = random();
  event.view.classes = static_cast<uint8_t>(random());
  event.view.flags.time_inferred = random() % 2;
  event.view.flags.no_time = random() % 2;
  event.view.flags.future = random() % 2;
  event.view.flags.duplicate_key = random() % 2;
  event.view.flags.ambiguous_source = random() % 2;
  event.view.flags.skip_match = random() % 2;
  return event;
}

void ExpectSame(const StoredEvent& stored, TestEvent& event) {
  EXPECT_EQ(stored.source, event.source);
  EXPECT_EQ(stored.input, event.input);
  EXPECT_EQ(stored.folder, event.folder);
  EXPECT_EQ(stored.raw, event.raw);
  EXPECT_EQ(stored.headers, event.headers);
  EXPECT_EQ(stored.offset, event.view.offset);
  EXPECT_EQ(stored.index, event.view.index);
  EXPECT_EQ(stored.line, event.view.line);
  EXPECT_EQ(stored.time, event.view.time);
  EXPECT_EQ(stored.transport, event.view.transport);
  EXPECT_EQ(stored.precision_ns, event.view.precision_ns);
  EXPECT_EQ(stored.identity, event.view.identity);
  EXPECT_EQ(stored.content_hash, event.view.content_hash);
  EXPECT_EQ(stored.classes, event.view.classes);
  EXPECT_EQ(stored.flags.time_inferred, event.view.flags.time_inferred);
  EXPECT_EQ(stored.flags.no_time, event.view.flags.no_time);
  EXPECT_EQ(stored.flags.future, event.view.flags.future);
  EXPECT_EQ(stored.flags.duplicate_key, event.view.flags.duplicate_key);
  EXPECT_EQ(stored.flags.ambiguous_source, event.view.flags.ambiguous_source);
  EXPECT_EQ(stored.flags.skip_match, event.view.flags.skip_match);
}

TEST(Block, RoundTripWithPostings) {
  std::mt19937 random(17);
  BlockBuilder builder;
  for (int round = 0; round < 20; ++round) {  // the same builder, so that Clear is tested too
    std::vector<TestEvent> events;
    const int count = round == 0 ? 1 : 1 + random() % 300;
    for (int i = 0; i < count; ++i) {
      events.push_back(RandomEvent(random, i));
      builder.Add(events.back().View(), events.back().source, events.back().input);
      // A block may be finished, and go on.
      if (i == count / 2) builder.Finish();
    }
    ASSERT_EQ(builder.events(), events.size());
    absl::StatusOr<Block> block = Block::Decode(builder.Finish());
    ASSERT_TRUE(block.ok()) << block.status();
    ASSERT_EQ(block->events(), events.size());

    std::map<uint64_t, std::set<uint32_t>> expected;
    for (uint32_t i = 0; i < events.size(); ++i) {
      ASSERT_EQ(block->time(i), events[i].view.time);
      ASSERT_EQ(block->identity(i), events[i].view.identity);
      absl::StatusOr<StoredEvent> stored = block->Read(i);
      ASSERT_TRUE(stored.ok()) << stored.status();
      ExpectSame(*stored, events[i]);
      EXPECT_TRUE(BloomMayContain(builder.bloom(), events[i].view.identity));
      expected[SourceHash(events[i].source)].insert(i);
      for (const event::EntityKey& key : events[i].View().entities()) expected[key.hash].insert(i);
    }
    ASSERT_EQ(builder.postings(), expected.size());
    auto it = expected.begin();
    for (size_t p = 0; p < builder.postings(); ++p, ++it) {
      const BlockBuilder::Posting posting = builder.posting(p);
      ASSERT_EQ(posting.hash, it->first);
      ASSERT_EQ(std::vector<uint32_t>(posting.ordinals.begin(), posting.ordinals.end()),
                std::vector<uint32_t>(it->second.begin(), it->second.end()));
      int64_t min = INT64_MAX, max = INT64_MIN;
      const uint32_t entity = block->FindEntity(posting.hash);
      ASSERT_NE(entity, Block::kNoEntity);
      for (uint32_t i = 0; i < events.size(); ++i) {
        ASSERT_EQ(block->HasEntity(i, entity), it->second.contains(i));
        if (!it->second.contains(i)) continue;
        min = std::min(min, events[i].view.time.ns);
        max = std::max(max, events[i].view.time.ns);
      }
      EXPECT_EQ(posting.min_time, min);
      EXPECT_EQ(posting.max_time, max);
    }
    EXPECT_EQ(block->FindEntity(12345), Block::kNoEntity);
    builder.Clear();
  }
}

TEST(Block, ManyKeys) {
  BlockBuilder builder;
  TestEvent event;
  for (int i = 0; i < 20'000; ++i) event.entities.emplace_back(EntityKind::kIp, std::to_string(i));
  builder.Add(event.View(), "s", "i");
  EXPECT_EQ(builder.postings(), 20'001u);
  absl::StatusOr<Block> block = Block::Decode(builder.Finish());
  ASSERT_TRUE(block.ok());
  for (const event::EntityKey& key : event.View().entities()) {
    ASSERT_TRUE(block->HasEntity(0, block->FindEntity(key.hash)));
  }
}

TEST(Block, BloomIsRarelyWrong) {
  std::mt19937_64 random(3);
  BlockBuilder builder;
  TestEvent event;
  for (int i = 0; i < 1000; ++i) {
    event.view.identity = {random(), random()};
    builder.Add(event.View(), "s", "i");
  }
  builder.Finish();
  int wrong = 0;
  for (int i = 0; i < 10'000; ++i) wrong += BloomMayContain(builder.bloom(), {random(), random()});
  EXPECT_LT(wrong, 300);
  EXPECT_TRUE(BloomMayContain("", {1, 2}));  // no filter says nothing
}

TEST(Block, EveryDamageIsSeen) {
  std::mt19937 random(23);
  BlockBuilder builder;
  for (int i = 0; i < 20; ++i) {
    TestEvent event = RandomEvent(random, i);
    builder.Add(event.View(), event.source, event.input);
  }
  const std::string good(builder.Finish());
  ASSERT_TRUE(Block::Decode(good).ok());
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= static_cast<char>(1 << random() % 8);
    const absl::StatusOr<Block> block = Block::Decode(bad);
    ASSERT_EQ(block.status().code(), absl::StatusCode::kDataLoss) << "byte " << i;
  }
  for (size_t size = 0; size < good.size(); size += 7) {
    ASSERT_FALSE(Block::Decode(std::string_view(good).substr(0, size)).ok()) << size;
  }
  ASSERT_FALSE(Block::Decode(good + "x").ok());
}

}  // namespace
}  // namespace tocsin::evidence
