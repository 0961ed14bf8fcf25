#include "engine/evidence/store.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>
#include <random>

#include "engine/evidence/internal/block.h"
#include "engine/evidence/internal/testing.h"

// Allocations of this thread. RocksDB's own threads do not disturb the count.
static thread_local uint64_t allocations = 0;
// Kept out of line: seen through, they look to the compiler like free() of what new gave.
__attribute__((noinline)) void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
// std::stable_sort's buffer: the address sanitizer's own would meet the free() below.
__attribute__((noinline)) void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
__attribute__((noinline)) void operator delete(void* memory) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace tocsin::evidence {
namespace {

namespace fs = std::filesystem;
using content::EntityKind;
using content::RuleId;
using event::EventTime;

constexpr EventTime kFirst{INT64_MIN}, kLast{INT64_MAX};
constexpr size_t kAll = 1'000'000;

StoreOptions Options(bool sync, size_t block_bytes, rocksdb::Env* env = nullptr) {
  StoreOptions options;
  options.sync = sync;
  options.block_bytes = block_bytes;
  options.env = env;
  return options;
}

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    folder_ = fs::temp_directory_path() / ("tocsin_evidence_" + std::to_string(getpid()) + "_" +
                                           ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
  }
  ~StoreTest() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name = "store") { return (folder_ / name).string(); }
  std::unique_ptr<Store> Open(const StoreOptions& options, const std::string& name = "store") {
    fs::create_directories(folder_);
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(Path(name), options);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  std::unique_ptr<Store> Open() { return Open(Options(true, 4096)); }

  fs::path folder_;
};

TestEvent Event(int64_t time, uint64_t id, std::string ip, std::string source = "aws.cloudtrail") {
  TestEvent event;
  event.source = std::move(source);
  event.input = "a.json";
  event.raw = "{\"id\":" + std::to_string(id) + ",\"padding\":\"" + std::string(100, 'x') + "\"}";
  event.entities = {{EntityKind::kIp, std::move(ip)}, {EntityKind::kTenant, "123456789012"}};
  event.view.time = {time};
  event.view.identity = {id, ~id};
  event.view.offset = id * 1000;
  return event;
}

void Append(Store& store, TestEvent event) {
  const absl::Status status = store.Append(event.View(), event.source, event.input);
  ASSERT_TRUE(status.ok()) << status;
}

std::vector<uint64_t> Ids(const std::vector<StoredEvent>& events) {
  std::vector<uint64_t> ids;
  for (const StoredEvent& event : events) ids.push_back(event.identity.high);
  return ids;
}

std::vector<uint64_t> FindIds(Store& store, const std::string& ip, EventTime from = kFirst, EventTime until = kLast,
                              size_t limit = kAll, bool* truncated = nullptr) {
  std::vector<StoredEvent> events;
  const absl::Status status = store.Find(EntityKind::kIp, ip, from, until, limit, events, truncated);
  EXPECT_TRUE(status.ok()) << status;
  return Ids(events);
}

using Ids64 = std::vector<uint64_t>;

TEST_F(StoreTest, FindsByEntityAndTime) {
  auto store = Open();
  for (uint64_t i = 0; i < 10; ++i) Append(*store, Event(100 + i * 10, i, i % 2 ? "10.0.0.1" : "10.0.0.2"));
  EXPECT_EQ(FindIds(*store, "10.0.0.1"), Ids64{}) << "not readable before Flush";
  ASSERT_TRUE(store->Flush().ok());
  EXPECT_EQ(FindIds(*store, "10.0.0.1"), (Ids64{1, 3, 5, 7, 9}));
  EXPECT_EQ(FindIds(*store, "10.0.0.1", {130}, {170}), (Ids64{3, 5, 7}));
  EXPECT_EQ(FindIds(*store, "10.0.0.1", {131}, {149}), Ids64{});
  EXPECT_EQ(FindIds(*store, "10.0.0.3"), Ids64{});
  std::vector<StoredEvent> events;
  ASSERT_TRUE(store->Find(EntityKind::kActor, "10.0.0.1", kFirst, kLast, kAll, events, nullptr).ok());
  EXPECT_TRUE(events.empty()) << "the kind is part of the key";
  ASSERT_TRUE(store->Find(EntityKind::kIp, "10.0.0.1", {110}, {110}, kAll, events, nullptr).ok());
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].source, "aws.cloudtrail");
  EXPECT_EQ(events[0].input, "a.json");
  EXPECT_EQ(events[0].offset, 1000u);
  EXPECT_EQ(events[0].raw, Event(110, 1, "").raw);
}

// Blocks whose times overlap in every way, deliveries twice, many flushes: Find is what a sorted list would answer.
TEST_F(StoreTest, OutOfOrderIsRight) {
  std::mt19937 random(41);
  for (int round = 0; round < 4; ++round) {
    auto store = Open(Options(round % 2 == 0, 2000), "s" + std::to_string(round));
    std::vector<TestEvent> all;
    for (int i = 0; i < 600; ++i) {
      TestEvent event = Event(random() % 500, random() % 300, "10.0.0." + std::to_string(random() % 5),
                              (const char*[]){"aws.cloudtrail", "github.audit", ""}[random() % 3]);
      event.view.offset = i;
      all.push_back(event);
      Append(*store, event);
      if (random() % (round < 2 ? 10 : 200) == 0) {
        ASSERT_TRUE(store->Flush().ok());
      }
    }
    ASSERT_TRUE(store->Sync().ok());
    for (int query = 0; query < 200; ++query) {
      const std::string ip = "10.0.0." + std::to_string(random() % 5);
      const int64_t from = random() % 500, until = from + random() % 200;
      const size_t limit = random() % 3 ? 1 + random() % 30 : kAll;
      const bool by_source = query % 4 == 0;
      const std::string source = (const char*[]){"aws.cloudtrail", "github.audit", ""}[random() % 3];
      std::vector<TestEvent> expected;
      for (const TestEvent& event : all) {
        if (event.view.time.ns < from || event.view.time.ns > until) continue;
        if (by_source ? event.source == source : event.entities[0].second == ip) expected.push_back(event);
      }
      std::ranges::sort(expected, {}, [](const TestEvent& e) {
        return std::make_tuple(e.view.time, e.source.empty(), e.source, e.view.identity, e.view.offset);
      });
      std::vector<StoredEvent> found;
      bool truncated = false;
      ASSERT_TRUE((by_source ? store->FindBySource(source, {from}, {until}, limit, found, &truncated)
                             : store->Find(EntityKind::kIp, ip, {from}, {until}, limit, found, &truncated))
                      .ok());
      ASSERT_EQ(truncated, expected.size() > limit);
      if (expected.size() > limit) expected.resize(limit);
      ASSERT_EQ(found.size(), expected.size());
      for (size_t i = 0; i < found.size(); ++i) {
        ASSERT_EQ(found[i].offset, expected[i].view.offset);
        ASSERT_EQ(found[i].source, expected[i].source);
        ASSERT_EQ(found[i].raw, expected[i].raw);
      }
    }
    for (int query = 0; query < 100; ++query) {
      const TestEvent& one = all[random() % all.size()];
      size_t deliveries = 0;
      for (const TestEvent& event : all) {
        deliveries += event.view.identity == one.view.identity && event.view.time == one.view.time;
      }
      auto found = store->FindByIdentity(one.view.time, one.view.identity);
      ASSERT_TRUE(found.ok());
      ASSERT_EQ(found->size(), deliveries);
      ASSERT_TRUE(store->FindByIdentity({one.view.time.ns + 1000}, one.view.identity)->empty());
    }
  }
}

TEST_F(StoreTest, AppendsToWhatIsThere) {
  auto store = Open();
  Append(*store, Event(1, 1, "10.0.0.1"));
  ASSERT_TRUE(store->Flush().ok());
  std::vector<StoredEvent> events(1);
  events[0].input = "mine";
  ASSERT_TRUE(store->Find(EntityKind::kIp, "10.0.0.1", kFirst, kLast, kAll, events, nullptr).ok());
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].input, "mine");
}

TEST_F(StoreTest, LimitsTakeTheEarliest) {
  auto store = Open(Options(false, 1000));
  for (uint64_t i = 0; i < 100; ++i) Append(*store, Event(1000 - i * 10, i, "10.0.0.1"));
  ASSERT_TRUE(store->Sync().ok());
  bool truncated = false;
  EXPECT_EQ(FindIds(*store, "10.0.0.1", kFirst, kLast, 3, &truncated), (Ids64{99, 98, 97}));
  EXPECT_TRUE(truncated);
  EXPECT_EQ(FindIds(*store, "10.0.0.1", {900}, {920}, 3, &truncated), (Ids64{10, 9, 8}));
  EXPECT_FALSE(truncated);
  EXPECT_EQ(FindIds(*store, "10.0.0.1", kFirst, kLast, 0, &truncated), Ids64{});
  EXPECT_TRUE(truncated);
}

TEST_F(StoreTest, DuplicatesAppearOncePerDelivery) {
  auto store = Open();
  for (int i = 0; i < 3; ++i) {
    TestEvent event = Event(5, 7, "10.0.0.1");
    event.input = i == 0 ? "b.json" : "a.json";
    event.view.offset = 100 - i;
    Append(*store, event);
    ASSERT_TRUE(store->Flush().ok());
  }
  std::vector<StoredEvent> events;
  ASSERT_TRUE(store->Find(EntityKind::kIp, "10.0.0.1", kFirst, kLast, kAll, events, nullptr).ok());
  ASSERT_EQ(events.size(), 3u);
  // In an order that does not depend on which came first.
  EXPECT_EQ(events[0].offset, 98u);
  EXPECT_EQ(events[1].offset, 99u);
  EXPECT_EQ(events[2].input, "b.json");
}

TEST_F(StoreTest, EventsWithoutATimeAreKept) {
  auto store = Open();
  TestEvent event = Event(0, 1, "10.0.0.1");
  event.view.time = {};
  Append(*store, event);
  Append(*store, Event(10, 2, "10.0.0.1"));
  ASSERT_TRUE(store->Flush().ok());
  EXPECT_EQ(FindIds(*store, "10.0.0.1", {0}, kLast), (Ids64{2}));
  EXPECT_EQ(FindIds(*store, "10.0.0.1"), (Ids64{1, 2}));
}

TEST_F(StoreTest, FlushedPartsAreReplacedByTheWhole) {
  auto store = Open(Options(true, 20'000));
  for (uint64_t i = 0; i < 2000; ++i) {
    Append(*store, Event(static_cast<int64_t>(i), i, "10.0.0." + std::to_string(i % 7)));
    ASSERT_TRUE(store->Sync().ok());
    if (i % 100 == 0) {
      ASSERT_EQ(FindIds(*store, "10.0.0." + std::to_string(i % 7)).size(), i / 7 + 1);
    }
  }
  // 2000 events of some 200 bytes in blocks of 20 kB, and the parts of the last.
  EXPECT_LT(store->counters().blocks, 150u);
  EXPECT_GT(store->counters().blocks, 10u);
  const uint64_t blocks = store->counters().blocks;
  for (int reopened = 0; reopened < 2; ++reopened) {
    size_t found = 0;
    for (int ip = 0; ip < 7; ++ip) found += FindIds(*store, "10.0.0." + std::to_string(ip)).size();
    EXPECT_EQ(found, 2000u);
    std::vector<StoredEvent> events;
    ASSERT_TRUE(store->FindBySource("aws.cloudtrail", kFirst, kLast, kAll, events, nullptr).ok());
    EXPECT_EQ(events.size(), 2000u);
    if (reopened == 0) {
      store.reset();
      store = Open();
      EXPECT_EQ(store->counters().events, 0u);
    }
  }
  EXPECT_LT(blocks, 150u);
}

TEST_F(StoreTest, Reopens) {
  {
    auto store = Open();
    for (uint64_t i = 0; i < 100; ++i) Append(*store, Event(static_cast<int64_t>(i), i, "10.0.0.1"));
    ASSERT_TRUE(store->Sync().ok());
    EXPECT_EQ(fs::status(Path()).permissions(), fs::perms::owner_all);
  }
  auto store = Open();
  EXPECT_EQ(FindIds(*store, "10.0.0.1").size(), 100u);
  EXPECT_EQ(store->FindByIdentity({50}, {50, ~uint64_t{50}})->size(), 1u);
  for (uint64_t i = 100; i < 200; ++i) Append(*store, Event(static_cast<int64_t>(i), i, "10.0.0.1"));
  ASSERT_TRUE(store->Sync().ok());
  EXPECT_EQ(FindIds(*store, "10.0.0.1").size(), 200u) << "new blocks must not take the names of old ones";
}

// The folder as a crash would leave it: copied while the store is open, after a Sync and some more appends.
TEST_F(StoreTest, WhatWasSyncedSurvivesACrash) {
  auto store = Open();
  for (uint64_t i = 0; i < 100; ++i) Append(*store, Event(static_cast<int64_t>(i), i, "10.0.0.1"));
  ASSERT_TRUE(store->Sync().ok());
  Append(*store, Event(1000, 1000, "10.0.0.1"));
  fs::copy(Path(), Path("crashed"), fs::copy_options::recursive);
  auto crashed = Open(Options(true, 4096), "crashed");
  EXPECT_EQ(FindIds(*crashed, "10.0.0.1").size(), 100u);
  EXPECT_EQ(crashed->FindByIdentity({99}, {99, ~uint64_t{99}})->size(), 1u);
  Append(*crashed, Event(1000, 1000, "10.0.0.1"));
  ASSERT_TRUE(crashed->Sync().ok());
  EXPECT_EQ(FindIds(*crashed, "10.0.0.1").size(), 101u);
}

TEST_F(StoreTest, ABoundedRunIsThereAfterClosing) {
  {
    auto store = Open(Options(false, 1u << 20));
    for (uint64_t i = 0; i < 100; ++i) Append(*store, Event(static_cast<int64_t>(i), i, "10.0.0.1"));
    ASSERT_TRUE(store->Sync().ok());
  }
  EXPECT_EQ(FindIds(*Open(), "10.0.0.1").size(), 100u);
}

// A damaged block is named, and the others are read.
TEST_F(StoreTest, DamageIsNamedAndTheRestGoesOn) {
  {
    auto store = Open(Options(true, 1000));
    for (uint64_t i = 0; i < 30; ++i) Append(*store, Event(static_cast<int64_t>(i), i, "10.0.0.1"));
    ASSERT_TRUE(store->Sync().ok());
  }
  {  // Change one byte of block 2 and lose block 4, beneath the store.
    std::vector<std::string> names;
    const std::string database = Path() + "/db";
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, database, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    for (auto& family : families) {
      if (family.name == "postings") family.options.compaction_style = rocksdb::kCompactionStyleUniversal;
    }
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, database, families, &handles, &db).ok());
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      if (handle->GetName() == "blocks") {
        const std::string second("\0\0\0\0\0\0\0\2", 8), fourth("\0\0\0\0\0\0\0\4", 8);
        std::string value;
        ASSERT_TRUE(db->Get({}, handle, second, &value).ok());
        value[value.size() / 2] ^= 1;
        ASSERT_TRUE(db->Put({}, handle, second, value).ok());
        ASSERT_TRUE(db->Delete({}, handle, fourth).ok());
      }
    }
    for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
  }
  auto store = Open(Options(true, 1000));
  std::vector<StoredEvent> events;
  const absl::Status status = store->Find(EntityKind::kIp, "10.0.0.1", kFirst, kLast, kAll, events, nullptr);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(std::string(status.message()).find("block 2 is damaged"), std::string::npos) << status;
  EXPECT_GT(events.size(), 10u);
  EXPECT_LT(events.size(), 30u);
  EXPECT_EQ(store->counters().damaged_blocks, 2u);
  size_t readable = 0, lost = 0;
  for (uint64_t i = 0; i < 30; ++i) {
    auto found = store->FindByIdentity({static_cast<int64_t>(i)}, {i, ~i});
    readable += found.ok() && found->size() == 1;
    lost += found.status().code() == absl::StatusCode::kDataLoss;
  }
  EXPECT_EQ(readable, events.size());
  EXPECT_EQ(readable + lost, 30u);
}

TEST_F(StoreTest, AnotherFormatIsRefusedWithTheWayOut) {
  Open().reset();
  const auto message = [&](const std::string& format) {
    std::ofstream(Path() + "/FORMAT") << format;
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(Path(), {});
    EXPECT_EQ(store.status().code(), absl::StatusCode::kFailedPrecondition);
    return std::string(store.status().message());
  };
  const std::string newer = message("tocsin evidence 2\n");
  EXPECT_NE(newer.find(Path()), std::string::npos);
  EXPECT_NE(newer.find("format 2"), std::string::npos);
  EXPECT_NE(newer.find("format 1"), std::string::npos);
  EXPECT_NE(newer.find("`tocsin replay --store FILE PATH...`"), std::string::npos);
  EXPECT_NE(message("something else").find("tocsin replay"), std::string::npos);
  message("");
  fs::remove(Path() + "/FORMAT");
  EXPECT_EQ(Store::Open(Path(), {}).status().code(), absl::StatusCode::kFailedPrecondition);
  std::ofstream(Path() + "/FORMAT") << "tocsin evidence 1\n";
  EXPECT_TRUE(Store::Open(Path(), {}).ok());
}

TEST_F(StoreTest, OneProcessAtATime) {
  auto store = Open();
  EXPECT_EQ(Store::Open(Path(), {}).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(StoreTest, APathThatCannotBeAFolder) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "file") << "x";
  EXPECT_FALSE(Store::Open((folder_ / "file" / "store").string(), {}).ok());
  EXPECT_FALSE(Store::Open((folder_ / "file").string(), {}).ok());
}

TEST_F(StoreTest, Links) {
  auto store = Open();
  const auto append = [&](std::string from, std::string to, EventTime since, EventTime until, EventTime seen, int64_t max_open = 0) {
    event::Link link{EntityKind::kAccessKey, EntityKind::kCloudPrincipal, from, to, since, until, max_open, false};
    ASSERT_TRUE(store->AppendLink(link, seen).ok());
  };
  append("ASIA1", "role/ci", {100}, {200}, {150});
  append("ASIA1", "role/ci", {100}, {200}, {160});  // the same
  append("ASIA1", "role/deploy", {50}, {}, {160}, 100);
  append("ASIA1", "role/other", {}, {}, {500});
  append("ASIA2", "role/ci", {10}, {20}, {15});
  ASSERT_TRUE(store->Flush().ok());
  EXPECT_EQ(store->counters().links, 4u);
  const auto find = [&](EntityKind kind, const std::string& key, int64_t from, int64_t until) {
    std::vector<StoredLink> links;
    EXPECT_TRUE(store->FindLinks(kind, key, {from}, {until}, links).ok());
    std::vector<std::string> names;
    for (const StoredLink& found : links) names.push_back(found.from + ">" + found.to);
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(find(EntityKind::kAccessKey, "ASIA1", 0, 1000), (Names{"ASIA1>role/deploy", "ASIA1>role/ci", "ASIA1>role/other"}));
  EXPECT_EQ(find(EntityKind::kAccessKey, "ASIA1", 151, 1000), (Names{"ASIA1>role/ci", "ASIA1>role/other"}));
  EXPECT_EQ(find(EntityKind::kAccessKey, "ASIA1", 0, 60), (Names{"ASIA1>role/deploy"}));
  EXPECT_EQ(find(EntityKind::kCloudPrincipal, "role/ci", 0, 1000), (Names{"ASIA2>role/ci", "ASIA1>role/ci"}));
  EXPECT_EQ(find(EntityKind::kActor, "ASIA1", 0, 1000), Names{});
  std::vector<StoredLink> links;
  ASSERT_TRUE(store->FindLinks(EntityKind::kCloudPrincipal, "role/other", kFirst, kLast, links).ok());
  ASSERT_EQ(links.size(), 1u);
  EXPECT_EQ(links[0].valid_from.ns, 500) << "since when it was seen";
  EXPECT_FALSE(links[0].valid_until.known());
}

// A payload as HitWriter makes it for one field with one value and no entities.
std::string Payload(const std::string& field, const std::string& value) {
  content::ContentSet content;
  content.fields.Intern(field);
  content.rules.resize(1);
  content.rules[0].hit_fields = {content::FieldId(0)};
  event::Value text{value, event::ValueKind::kString, event::kNoValue};
  event::Slot slot{1, 0, 0};
  event::EventView view;
  view.value_base = &text;
  view.slots = &slot;
  view.epoch = 1;
  match::HitArena arena;
  const match::Hit hit = match::HitWriter(content).Write(view, RuleId(0), arena);
  return std::string(hit.payload, hit.payload_size);
}

TEST_F(StoreTest, TheHitLogIsReadUnderAnotherContentSet) {
  const std::string payload = Payload("actor", "bob");
  const auto hit = [&](int64_t time, uint64_t id) {
    match::Hit h;
    h.time = {time};
    h.identity = {id, id};
    h.precision_ns = 1000;
    h.flags.future = true;
    h.payload = payload.data();
    h.payload_size = static_cast<uint32_t>(payload.size());
    return h;
  };
  {
    auto store = Open();
    for (int64_t time : {50, 10, 30, 20, 40}) {
      ASSERT_TRUE(store->AppendHit(hit(time, 1), "hash of a", time == 30 ? "github.audit" : "aws.cloudtrail").ok());
      ASSERT_TRUE(store->AppendHit(hit(time, 2), "hash of b", "aws.cloudtrail").ok());
    }
    ASSERT_TRUE(store->AppendHit(hit(30, 0), "hash of a", "zeek").ok());
    ASSERT_TRUE(store->AppendHit(hit(30, 1), "hash of a", "github.audit").ok());  // again
    ASSERT_TRUE(store->Sync().ok());
    EXPECT_EQ(store->counters().hits, 12u);
  }
  auto store = Open();
  match::HitArena arena;
  std::vector<match::Hit> hits;
  store->Read(RuleId(1), kFirst, kLast, arena, hits);
  EXPECT_TRUE(hits.empty()) << "without names there is nothing to find";
  store->SetHitNames({{"unrelated", "hash of a"}, {"aws.cloudtrail", "github.audit"}, {"x", "y", "actor"}});
  store->Read(RuleId(1), {20}, {40}, arena, hits);
  ASSERT_EQ(hits.size(), 4u);
  EXPECT_EQ(hits[0].time.ns, 20);
  EXPECT_EQ(hits[0].source, content::SourceId(0));
  EXPECT_EQ(hits[0].rule, RuleId(1));
  EXPECT_EQ(hits[0].precision_ns, 1000);
  EXPECT_TRUE(hits[0].flags.future);
  // Of two at one time the one of the first source comes first, whatever their identities; an unknown source is last.
  EXPECT_EQ(hits[1].source, content::SourceId(1));
  EXPECT_FALSE(hits[2].source.valid());
  EXPECT_EQ(hits[3].time.ns, 40);
  std::vector<match::HitPayload::FieldValue> values;
  match::HitPayload(hits[3]).Values(content::FieldId(2), values);
  ASSERT_EQ(values.size(), 1u);
  EXPECT_EQ(values[0].text, "bob");
  hits.clear();
  store->Read(RuleId(0), kFirst, kLast, arena, hits);
  store->Read(RuleId(7), kFirst, kLast, arena, hits);
  store->Read(RuleId(), kFirst, kLast, arena, hits);
  EXPECT_TRUE(hits.empty());
}

// A disk with so many bytes left to write.
class SmallDisk : public rocksdb::FileSystemWrapper {
 public:
  SmallDisk() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "SmallDisk"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result, rocksdb::IODebugContext* context) override {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    const rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(name, options, &file, context);
    if (status.ok()) *result = std::make_unique<File>(std::move(file), left_);
    return status;
  }
  void Resize(int64_t bytes) { left_ = bytes; }

 private:
  class File : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(std::unique_ptr<rocksdb::FSWritableFile> file, std::atomic<int64_t>& left)
        : FSWritableFileOwnerWrapper(std::move(file)), left_(left) {}
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* context) override {
      left_ -= static_cast<int64_t>(data.size());
      return left_ < 0 ? rocksdb::IOStatus::NoSpace() : FSWritableFileOwnerWrapper::Append(data, options, context);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* context) override {
      return Append(data, options, context);
    }

   private:
    std::atomic<int64_t>& left_;
  };
  std::atomic<int64_t> left_{INT64_MAX};
};

// No event is lost, and none is doubled, however often and wherever the disk was full in between.
TEST_F(StoreTest, AFullDiskLosesNothing) {
  fs::create_directories(folder_);
  auto disk = std::make_shared<SmallDisk>();
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(disk);
  std::mt19937 random(9);
  uint64_t appended = 0, refused = 0;
  {
    auto store = Open(Options(true, 50'000, env.get()));
    ASSERT_NE(store, nullptr);
    for (int round = 0; round < 10; ++round) {
      disk->Resize(static_cast<int64_t>(random() % 300'000));
      for (int i = 0; i < 500; ++i) {
        TestEvent event = Event(static_cast<int64_t>(appended), appended, "10.0.0.1");
        for (int j = 0; j < 700; ++j) event.raw.push_back(static_cast<char>(random()));
        absl::Status status = store->Append(event.View(), event.source, event.input);
        if (status.ok() && i % 50 == 49) status = store->Sync();
        if (status.ok()) {
          ++appended;
          continue;
        }
        EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
        ++refused;
        // Tried again while there is still no room, as often as it takes.
        for (int again = 0; again < 3; ++again) EXPECT_TRUE(absl::IsResourceExhausted(store->Sync()));
        disk->Resize(INT64_MAX);
        // The event was taken iff it was the Sync that failed.
        if (i % 50 == 49 && store->counters().events > appended) ++appended;
      }
      disk->Resize(INT64_MAX);
      ASSERT_TRUE(store->Sync().ok());
      ASSERT_EQ(store->counters().events, appended);
      ASSERT_EQ(FindIds(*store, "10.0.0.1").size(), appended);
    }
    EXPECT_GE(refused, 5u);
  }
  EXPECT_EQ(FindIds(*Open(), "10.0.0.1").size(), appended);
}

TEST_F(StoreTest, AppendDoesNotAllocate) {
  auto store = Open(Options(true, 8u << 20));
  std::vector<TestEvent> events;
  for (uint64_t i = 0; i < 1000; ++i) events.push_back(Event(static_cast<int64_t>(i), i, std::to_string(i % 100)));
  std::vector<const event::EventView*> views;
  for (TestEvent& event : events) views.push_back(&event.View());
  const auto append = [&](int count) {
    bool ok = true;
    for (int i = 0; i < count; ++i) ok &= store->Append(*views[i % 1000], "aws.cloudtrail", "a.json").ok();
    return ok;
  };
  // Warm-up: a whole block, then parts of one, so that both builders have grown.
  const uint64_t blocks = store->counters().blocks;
  while (store->counters().blocks == blocks) ASSERT_TRUE(append(1000));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(append(12'000));
    ASSERT_TRUE(store->Flush().ok());
  }
  const uint64_t before_new = allocations;
  ::operator delete(::operator new(1));
  ASSERT_EQ(allocations, before_new + 1) << "the counter counts";
  const uint64_t before = allocations, blocks_before = store->counters().blocks;
  ASSERT_TRUE(append(10'000));
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(store->counters().blocks, blocks_before) << "within one block";
}

}  // namespace
}  // namespace tocsin::evidence
