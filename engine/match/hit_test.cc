#include "engine/match/hit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tocsin::match {
namespace {

using content::EntityKind;
using content::FieldId;
using event::ValueKind;

// An event put together by hand: values by field, chained as the reader chains them.
class EventBuilder {
 public:
  explicit EventBuilder(size_t fields) : slots_(fields) {}

  EventBuilder& Add(FieldId field, ValueKind kind, std::string_view text) {
    const uint32_t place = static_cast<uint32_t>(values_.size());
    values_.push_back({text, kind, event::kNoValue});
    event::Slot& slot = slots_[field.value()];
    if (slot.epoch == 1) {
      values_[slot.last].next = place;
    } else {
      slot.first = place;
    }
    slot.epoch = 1;
    slot.last = place;
    return *this;
  }
  EventBuilder& Entity(EntityKind kind, std::string_view text, uint64_t hash) {
    entities_.push_back({kind, text, hash});
    return *this;
  }
  event::EventView View() {
    event::EventView view;
    view.time = {1000};
    view.identity = {7, 8};
    view.precision_ns = 1'000'000;
    view.number = 42;
    view.source = content::SourceId(3);
    view.flags.time_inferred = true;
    view.value_base = values_.data();
    view.slots = slots_.data();
    view.epoch = 1;
    view.entity_base = entities_.data();
    view.entity_count = static_cast<uint32_t>(entities_.size());
    return view;
  }

 private:
  std::vector<event::Value> values_;
  std::vector<event::Slot> slots_;
  std::vector<event::EntityKey> entities_;
};

struct World {
  content::ContentSet content;
  FieldId action, actor, repo, ip;
  RuleId rule{0};
  World() {
    action = content.fields.Intern("action");
    repo = content.fields.Intern("entity.repo");
    actor = content.fields.Intern("entity.actor");
    ip = content.fields.Intern("actor_ip");
    content.rules.resize(2);
    content.rules[0].hit_fields = {action, repo, actor, ip};
  }
};

using Texts = std::vector<std::pair<ValueKind, std::string>>;

Texts ValuesOf(const Hit& hit, FieldId field) {
  std::vector<HitPayload::FieldValue> values;
  HitPayload(hit).Values(field, values);
  Texts texts;
  for (const auto& value : values) {
    EXPECT_EQ(value.field, field);
    texts.emplace_back(value.kind, value.text);
  }
  return texts;
}

TEST(HitWriter, CarriesWhatCorrelationReads) {
  World w;
  EventBuilder event(w.content.fields.size());
  event.Add(w.action, ValueKind::kString, "push").Add(w.action, ValueKind::kNumber, "9007199254740993");
  event.Add(w.action, ValueKind::kNull, "").Add(w.action, ValueKind::kBool, "true").Add(w.action, ValueKind::kEmptyArray, "");
  event.Add(w.repo, ValueKind::kString, "derived text is not asked");
  event.Entity(EntityKind::kRepo, "github.com/o/r", 11).Entity(EntityKind::kIp, "10.0.0.1", 12).Entity(EntityKind::kRepo, "x", 13);
  HitWriter writer(w.content, 5);
  HitArena arena;
  const Hit hit = writer.Write(event.View(), w.rule, arena);

  EXPECT_EQ(hit.time.ns, 1000);
  EXPECT_EQ(hit.identity, (event::Identity{7, 8}));
  EXPECT_EQ(hit.precision_ns, 1'000'000);
  EXPECT_EQ(hit.number, 42u);
  EXPECT_EQ(hit.rule, w.rule);
  EXPECT_EQ(hit.generation, 5u);
  EXPECT_EQ(hit.source, content::SourceId(3));
  EXPECT_TRUE(hit.flags.time_inferred);
  EXPECT_FALSE(hit.flags.no_time);

  EXPECT_EQ(ValuesOf(hit, w.action), (Texts{{ValueKind::kString, "push"}, {ValueKind::kNumber, "9007199254740993"},
                                            {ValueKind::kNull, ""}, {ValueKind::kBool, "true"}, {ValueKind::kEmptyArray, ""}}));
  EXPECT_EQ(ValuesOf(hit, w.repo), (Texts{{ValueKind::kString, "github.com/o/r"}, {ValueKind::kString, "x"}}));
  EXPECT_EQ(ValuesOf(hit, w.actor), Texts{});
  EXPECT_EQ(ValuesOf(hit, w.ip), Texts{});
  EXPECT_EQ(ValuesOf(hit, FieldId(99)), Texts{});

  std::vector<event::EntityKey> keys;
  HitPayload(hit).Entities(keys);
  ASSERT_EQ(keys.size(), 3u);
  EXPECT_EQ(keys[0].kind, EntityKind::kRepo);
  EXPECT_EQ(keys[0].text, "github.com/o/r");
  EXPECT_EQ(keys[0].hash, 11u);
  EXPECT_EQ(keys[1].kind, EntityKind::kIp);
  EXPECT_EQ(keys[2].hash, 13u);
}

TEST(HitWriter, ARuleWithoutFieldsKeepsItsEntities) {
  World w;
  EventBuilder event(w.content.fields.size());
  event.Entity(EntityKind::kActor, "bob", 1);
  HitWriter writer(w.content);
  HitArena arena;
  const Hit hit = writer.Write(event.View(), RuleId(1), arena);
  std::vector<event::EntityKey> keys;
  HitPayload(hit).Entities(keys);
  EXPECT_EQ(keys.size(), 1u);
  EXPECT_EQ(ValuesOf(hit, w.actor), Texts{});
}

TEST(HitWriter, AnEntityFieldOfAnUnknownSourceIsAnOrdinaryField) {
  World w;
  EventBuilder event(w.content.fields.size());
  event.Add(w.repo, ValueKind::kString, "o/r").Entity(EntityKind::kActor, "bob", 1);
  HitWriter writer(w.content);
  HitArena arena;
  const Hit hit = writer.Write(event.View(), w.rule, arena);
  EXPECT_EQ(ValuesOf(hit, w.repo), (Texts{{ValueKind::kString, "o/r"}}));
  EXPECT_EQ(ValuesOf(hit, w.actor), (Texts{{ValueKind::kString, "bob"}}));
}

TEST(HitWriter, LongValuesStayDifferent) {
  World w;
  std::string a(10'000, 'x'), b = a, at_limit(kMaxHitValueBytes, 'y'), wide;
  b.back() = 'z';
  while (wide.size() < 5000) wide += "\xe2\x82\xac";
  wide.insert(0, 1, 'w');
  EventBuilder event(w.content.fields.size());
  for (const std::string* text : {&a, &b, &at_limit, &wide}) event.Add(w.ip, ValueKind::kString, *text);
  HitWriter writer(w.content);
  HitArena arena;
  const Hit hit = writer.Write(event.View(), w.rule, arena);
  const Texts texts = ValuesOf(hit, w.ip);
  ASSERT_EQ(texts.size(), 4u);
  EXPECT_EQ(texts[0].second.size(), kMaxHitValueBytes);
  EXPECT_EQ(texts[0].second.substr(0, kMaxHitValueBytes - 32), a.substr(0, kMaxHitValueBytes - 32));
  EXPECT_NE(texts[0].second, texts[1].second);
  EXPECT_EQ(texts[2].second, at_limit);
  const std::string& cut = texts[3].second;
  EXPECT_EQ((cut.size() - 32 - 1) % 3, 0u) << "cut inside a character";
  EXPECT_LE(cut.size(), kMaxHitValueBytes);
  EXPECT_EQ(writer.counters().cut_values, 3u);
  EXPECT_EQ(writer.counters().dropped_values, 0u);
}

TEST(HitWriter, LimitsAreCounted) {
  World w;
  const std::string big(kMaxHitValueBytes, 'x');
  EventBuilder event(w.content.fields.size());
  for (size_t i = 0; i < kMaxHitFieldValues + 3; ++i) event.Add(w.action, ValueKind::kNumber, "1");
  for (size_t i = 0; i < 2000; ++i) event.Add(w.ip, ValueKind::kString, big);
  for (size_t i = 0; i < kMaxHitEntities + 5; ++i) event.Entity(EntityKind::kIp, "10.0.0.1", i);
  HitWriter writer(w.content);
  HitArena arena;
  const Hit hit = writer.Write(event.View(), w.rule, arena);
  EXPECT_LE(hit.payload_size, kMaxHitPayloadBytes + kMaxHitValueBytes + 100);
  EXPECT_EQ(ValuesOf(hit, w.action).size(), kMaxHitFieldValues);
  const size_t kept = ValuesOf(hit, w.ip).size();
  EXPECT_EQ(writer.counters().dropped_entities, 5u);
  EXPECT_EQ(writer.counters().dropped_values, 3 + 2000 - kept);
  EXPECT_GT(kept, 900u);
}

TEST(HitBefore, IsTheTotalOrder) {
  std::vector<Hit> sorted;
  for (int64_t time : {1, 2}) {
    for (uint16_t source : {0, 1}) {
      for (uint64_t high : {5, 6}) {
        for (uint64_t low : {1, 9}) {
          for (uint32_t rule : {0, 1}) {
            Hit hit;
            hit.time = {time};
            hit.source = content::SourceId(source);
            hit.identity = {high, low};
            hit.rule = RuleId(rule);
            hit.number = 100 - sorted.size();  // plays no part
            sorted.push_back(hit);
          }
        }
      }
    }
  }
  for (size_t i = 0; i < sorted.size(); ++i) {
    for (size_t j = 0; j < sorted.size(); ++j) EXPECT_EQ(HitBefore(sorted[i], sorted[j]), i < j);
  }
}

TEST(HitArena, AddressesStay) {
  HitArena arena;
  std::vector<std::pair<const char*, std::string>> kept;
  std::mt19937 random(1);
  for (int round = 0; round < 2; ++round) {
    size_t bytes = 0;
    for (int i = 0; i < 3000; ++i) {
      std::string text(i % 500 == 0 ? 1'500'000 : random() % 3000, static_cast<char>('a' + i % 26));
      bytes += text.size();
      kept.emplace_back(arena.Copy(text), text);
    }
    EXPECT_EQ(arena.bytes(), bytes);
    for (const auto& [place, text] : kept) {
      if (!text.empty()) {
        ASSERT_EQ(std::string_view(place, text.size()), text);
      }
    }
    kept.clear();
    arena.Clear();
    EXPECT_EQ(arena.bytes(), 0u);
  }
}

TEST(FieldBinding, FindsFieldsByNameInAnotherContentSet) {
  World w;
  EventBuilder event(w.content.fields.size());
  event.Add(w.action, ValueKind::kString, "push").Add(w.ip, ValueKind::kString, "10.0.0.1");
  event.Entity(EntityKind::kRepo, "o/r", 1);
  HitWriter writer(w.content);
  HitArena arena;
  Hit hit = writer.Write(event.View(), w.rule, arena);
  char* copy = arena.CopyMutable({hit.payload, hit.payload_size});
  hit.payload = copy;
  FieldBinding({"a", "b", "c", "d", "e", "entity.repo", "action"}).Apply(copy, hit.payload_size);
  EXPECT_EQ(ValuesOf(hit, FieldId(6)), (Texts{{ValueKind::kString, "push"}}));
  EXPECT_EQ(ValuesOf(hit, FieldId(5)), (Texts{{ValueKind::kString, "o/r"}}));
  for (uint32_t other : {0u, 1u, 2u, 3u, 4u}) EXPECT_EQ(ValuesOf(hit, FieldId(other)), Texts{});
}

// A payload cut short or with any byte changed reads as something, within its bounds (the sanitizers watch).
TEST(HitPayload, DamageStaysInside) {
  World w;
  EventBuilder event(w.content.fields.size());
  event.Add(w.action, ValueKind::kString, "push").Add(w.action, ValueKind::kString, std::string_view("x\0y", 3));
  event.Add(w.ip, ValueKind::kString, "10.0.0.1").Entity(EntityKind::kRepo, "o/r", 1).Entity(EntityKind::kActor, "bob", 2);
  HitWriter writer(w.content);
  HitArena arena;
  const Hit good = writer.Write(event.View(), w.rule, arena);
  std::mt19937 random(5);
  const FieldBinding binding({"action"});
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(good.payload, good.payload_size);
    for (int edits = random() % 4; edits > 0; --edits) bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(random() % (bytes.size() + 1));
    std::unique_ptr<char[]> exact(new char[bytes.size()]);
    std::copy(bytes.begin(), bytes.end(), exact.get());
    Hit hit = good;
    hit.payload = exact.get();
    hit.payload_size = static_cast<uint32_t>(bytes.size());
    std::vector<event::EntityKey> keys;
    HitPayload(hit).Entities(keys);
    for (FieldId field : {w.action, w.repo, w.actor, w.ip}) {
      std::vector<HitPayload::FieldValue> values;
      HitPayload(hit).Values(field, values);
      for (const auto& value : values) ASSERT_LE(value.text.size(), bytes.size());
    }
    binding.Apply(exact.get(), hit.payload_size);
  }
}

}  // namespace
}  // namespace tocsin::match
