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

// Owns payloads. Grows by blocks of 1 MiB; addresses stay; freed as a whole.
class HitArena {
 public:
  const char* Copy(std::string_view bytes);
  size_t bytes() const { return bytes_; }
  void Clear();

 private:
  std::deque<std::unique_ptr<char[]>> blocks_;
  size_t used_ = 0, capacity_ = 0, bytes_ = 0;
};

// Makes hits from events. One a worker; Encode does not allocate after warm-up.
class HitWriter {
 public:
  explicit HitWriter(const content::ContentSet& content, Generation generation = 0);
  Hit Write(const event::EventView& event, RuleId rule, HitArena& arena);

 private:
  const content::ContentSet& content_;
  Generation generation_;
  std::string scratch_;
};

// Reads a payload. Views are into the hit's payload.
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

// A range of past hits, in total order. Implemented by evidence, used by correlate.
class HitReader {
 public:
  virtual ~HitReader() = default;
  // Calls for each hit of `rule` with from <= time <= until are appended to `out`; payloads go to `arena`.
  virtual void Read(RuleId rule, event::EventTime from, event::EventTime until, HitArena& arena, std::vector<Hit>& out) = 0;
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_HIT_H_
