// A hit: a detection rule matched an event. The unit that correlation works on and that the hit log keeps.
//
// A Hit is judged again without its event (late data, restart, warm-up), so it carries its entity keys and the values of
// every field that a correlation reads from its rule's hits. The fixed part and the payload's encoding are a format on
// disk: engine/match/HIT_FORMAT.md, kHitFormat; changing either needs a new number and a migration.
#ifndef TOCSIN_ENGINE_MATCH_HIT_H_
#define TOCSIN_ENGINE_MATCH_HIT_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/content/content_set.h"
#include "engine/event/event.h"

namespace tocsin::match {

using content::RuleId;

inline constexpr uint8_t kHitFormat = 1;

// Which compiled plan made a hit; a reload leaves batches of the old one in flight.
using Generation = uint32_t;

struct Hit {
  event::EventTime time;
  event::Identity identity;       // of the event
  int64_t precision_ns = 1;
  uint64_t number = 0;            // EventView::number; bounded runs only, not kept on disk
  const char* payload = nullptr;  // entity keys, then field values; owned by a HitArena or a store's block
  uint32_t payload_size = 0;
  RuleId rule;
  Generation generation = 0;
  content::SourceId source;
  event::EventFlags flags;
  uint8_t reserved = 0;
};
static_assert(sizeof(Hit) == 64, "one cache line: hits are sorted by the million");

// (event time, source, identity, rule): the order of evaluation. Equal elements are duplicates.
bool HitBefore(const Hit& a, const Hit& b);

// Owns payloads. Grows by blocks of 1 MiB (a larger payload has a block of its own); addresses stay; freed as a whole.
class HitArena {
 public:
  const char* Copy(std::string_view bytes) { return CopyMutable(bytes); }
  char* CopyMutable(std::string_view bytes);   // for a reader that binds the field ids (FieldBinding)
  size_t bytes() const { return bytes_; }      // copied since the last Clear
  // Keeps one block: filling up to 1 MiB again does not allocate.
  void Clear();

 private:
  std::deque<std::unique_ptr<char[]>> blocks_;
  size_t used_ = 0, capacity_ = 0, bytes_ = 0;   // of the last block
};

// Bounds of a payload. A value is never dropped for its length: beyond kMaxHitValueBytes its first bytes are kept and the
// hash of the whole takes the rest's place, so that different values stay different. What does not fit is counted.
inline constexpr size_t kMaxHitValueBytes = 4096;
inline constexpr size_t kMaxHitFieldValues = 4096;         // of one field
inline constexpr size_t kMaxHitEntities = 1024;
inline constexpr size_t kMaxHitPayloadBytes = 4u << 20;

struct HitCounters {
  uint64_t cut_values = 0;          // too long: kept by beginning and hash
  uint64_t dropped_values = 0;      // beyond kMaxHitFieldValues or kMaxHitPayloadBytes
  uint64_t dropped_entities = 0;    // beyond kMaxHitEntities or kMaxHitPayloadBytes
};

// Makes hits from events. One a worker; Write does not allocate after warm-up but for the arena's blocks.
class HitWriter {
 public:
  // REQUIRES: `content` outlives the writer.
  explicit HitWriter(const content::ContentSet& content, Generation generation = 0);
  Hit Write(const event::EventView& event, RuleId rule, HitArena& arena);
  const HitCounters& counters() const { return counters_; }

 private:
  void WriteEntities(const event::EventView& event);
  void WriteField(const event::EventView& event, content::FieldId field);

  struct Field {
    uint64_t name_hash;
    int16_t entity_kind;   // of `entity.<kind>`; -1 for others
  };
  const content::ContentSet& content_;
  Generation generation_;
  std::vector<Field> fields_;       // by FieldId
  std::string scratch_;
  HitCounters counters_;
};

// Reads a payload. Views are into the hit's payload. A damaged payload reads as far as it is whole; never out of bounds.
class HitPayload {
 public:
  explicit HitPayload(const Hit& hit);
  struct FieldValue {
    content::FieldId field;
    event::ValueKind kind;
    std::string_view text;
  };
  // Appends; entity hashes are filled in.
  void Entities(std::vector<event::EntityKey>& out) const;
  // Values of one field; entity.<kind> fields are served from the entity keys. Appends.
  void Values(content::FieldId field, std::vector<FieldValue>& out) const;

 private:
  std::string_view entities_, fields_;
};

// A payload names its fields by the ids of the content set that made it and by the hashes of their names. A reader of hits
// that another run kept replaces the ids by those of its own set; a field that this set does not have gets no valid id.
class FieldBinding {
 public:
  FieldBinding() = default;
  explicit FieldBinding(const std::vector<std::string>& names);   // by FieldId
  void Apply(char* payload, uint32_t size) const;

 private:
  absl::flat_hash_map<uint64_t, uint32_t> by_name_hash_;
};

// A range of past hits, in total order. Implemented by evidence, used by correlate.
class HitReader {
 public:
  virtual ~HitReader() = default;
  // Hits of `rule` with from <= time <= until are appended to `out`; payloads go to `arena`.
  virtual void Read(RuleId rule, event::EventTime from, event::EventTime until, HitArena& arena, std::vector<Hit>& out) = 0;
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_HIT_H_
