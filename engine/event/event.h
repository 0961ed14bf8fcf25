// One event as the engine sees it: the wanted fields of its JSON, what its source definition makes of it, and its raw bytes.
//
// Lifetime: an EventView belongs to the Reader that filled it and everything in it is valid until the Reader's next Next().
// What must outlive that is copied by name: match's HitWriter, evidence's Append. No call allocates.
#ifndef TOCSIN_ENGINE_EVENT_EVENT_H_
#define TOCSIN_ENGINE_EVENT_EVENT_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/base/attributes.h"
#include "engine/content/ids.h"
#include "engine/event/batch.h"
#include "engine/event/time.h"

namespace tocsin::event {

using content::EntityKind;
using content::FieldId;
using content::SourceId;

enum class ValueKind : uint8_t {
  kNull,
  kString,   // text: escapes undone
  kNumber,   // text: the digits as they stand in the event (ids above 2^53 stay exact)
  kBool,     // text: "true" or "false"
  kObject,   // an object was there; matches `exists` only. No text
  kEmptyArray,
};

inline constexpr uint32_t kNoValue = UINT32_MAX;

struct Value {
  std::string_view text;
  ValueKind kind = ValueKind::kNull;
  uint32_t next = kNoValue;  // further values of the same field (arrays, keys that stand twice), in event order
  FieldId field;             // !valid() = nobody asks for its field; it is a leaf alone
  bool leaf = false;         // a scalar of the event's JSON (not null), for keyword rules; one that is several fields is one leaf
};

// Forward range over the values of one field. Empty = the field is missing.
class Values {
 public:
  class iterator {
   public:
    iterator(const Value* base, uint32_t at) : base_(base), at_(at) {}
    const Value& operator*() const { return base_[at_]; }
    const Value* operator->() const { return base_ + at_; }
    iterator& operator++() {
      at_ = base_[at_].next;
      return *this;
    }
    bool operator==(const iterator& other) const { return at_ == other.at_; }

   private:
    const Value* base_;
    uint32_t at_;
  };
  Values(const Value* base, uint32_t first) : base_(base), first_(first) {}
  iterator begin() const { return {base_, first_}; }
  iterator end() const { return {base_, kNoValue}; }
  bool empty() const { return first_ == kNoValue; }
  const Value& front() const { return base_[first_]; }

 private:
  const Value* base_;
  uint32_t first_;
};

// Forward range over the leaves among an event's values.
class Leaves {
 public:
  class iterator {
   public:
    iterator(const Value* at, const Value* end) : at_(at), end_(end) { Settle(); }
    const Value& operator*() const { return *at_; }
    iterator& operator++() {
      ++at_;
      Settle();
      return *this;
    }
    bool operator==(const iterator& other) const { return at_ == other.at_; }

   private:
    void Settle() {
      while (at_ != end_ && !at_->leaf) ++at_;
    }
    const Value* at_;
    const Value* end_;
  };
  Leaves(const Value* begin, const Value* end) : begin_(begin), end_(end) {}
  iterator begin() const { return {begin_, end_}; }
  iterator end() const { return {end_, end_}; }

 private:
  const Value* begin_;
  const Value* end_;
};

// Names one event for ever: two records with the same identity are the same event delivered twice.
// XXH3-128 over source name and what the source's `identity:` says. Stable across versions and machines.
struct Identity {
  uint64_t high = 0, low = 0;
  friend constexpr auto operator<=>(const Identity&, const Identity&) = default;
  template <class H>
  friend H AbslHashValue(H h, const Identity& i) {
    return H::combine(std::move(h), i.high, i.low);
  }
};
std::string IdentityText(const Identity& identity);  // 32 hex digits

struct EntityKey {
  EntityKind kind;
  std::string_view text;     // canonical (DETECTIONS section 2)
  uint64_t hash = 0;         // EntityHash(kind, text): XXH3-64, the evidence index's key
};
uint64_t EntityHash(EntityKind kind, std::string_view text);

// A late key: during [from, until] the key `source` stood for the key `target`.
struct Link {
  EntityKind from_kind, to_kind;
  std::string_view from, to;
  EventTime valid_from, valid_until;   // !known() until = open
  int64_t max_open_ns = 0;             // bound of an open one
  bool replaces = false;               // a later link from the same key ends this one
};

struct EventFlags {
  bool time_inferred : 1 = false;      // the time is the transport's
  bool no_time : 1 = false;            // neither: matched, but takes no part in correlations, alerts or timelines
  bool future : 1 = false;             // more than max_future ahead of the transport time
  bool duplicate_key : 1 = false;
  bool ambiguous_source : 1 = false;
  bool skip_match : 1 = false;         // evidence only (the source's `skip:`)
  bool record_identity : 1 = false;    // identity is the hash of the bytes alone (`record`): pipeline numbers equals
};

// Slot of one field: the first of its values if `epoch` is the event's, else nothing.
struct Slot {
  uint32_t epoch = 0;
  uint32_t first = kNoValue;
  uint32_t last = kNoValue;
};

struct EventView {
  SourceId source;                     // !valid() = of no known source
  InputId input;
  uint64_t number = 0;                 // 0-based position among all records of the run's input, bad ones included
  uint64_t offset = 0;                 // of this event in its (decompressed) input, or the Kafka message offset
  uint32_t index = 0;                  // which event of that message or line, from 0
  uint32_t line = 0;
  EventTime time;                      // event time, or the transport's when flags.time_inferred; may be unknown
  EventTime transport;
  int64_t precision_ns = 1;
  // From here on what is marked (*) is made by Reader::Finish alone, or never, where the plan does not keep all events (Keeps).
  Identity identity;                   // (*)
  uint64_t content_hash = 0;           // of the bytes outside `volatile:` fields: same id, other bytes = id_conflict
  EventFlags flags;
  content::EvidenceClasses classes = 0;   // (*)
  std::string_view body;               // the JSON object that the fields are read from: raw, or what a webhook envelope holds
  std::string_view raw;                // the record's bytes, webhook envelope included (an element of an array: its own)
  std::string_view plain;              // the same with the escapes of its strings undone: values' texts are stretches of it, but those of derived
                                       //   and transport fields
  std::span<const Header> headers;     // of the message it came in; not those of an envelope
  std::string_view folder;             // name of the folder that held its file

  Values values(FieldId field) const ABSL_ATTRIBUTE_LIFETIME_BOUND {
    const Slot& slot = slots[field.value()];
    return {value_base, slot.epoch == epoch ? slot.first : kNoValue};
  }
  // Both (*).
  std::span<const EntityKey> entities() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return {entity_base, entity_count}; }
  std::span<const Link> links() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return {link_base, link_count}; }

  // Every value, in the order they were met: what is there is visited without asking for each of the fields that might be. A
  // value is superseded when its field was given other values later (derived fields).
  std::span<const Value> all_values() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return {value_base, value_count}; }
  bool superseded(const Value& value) const {
    const Slot& slot = slots[value.field.value()];
    return slot.epoch != epoch || &value < value_base + slot.first;
  }
  // Every leaf, wanted or not; where keyword rules may apply to the event's source, else perhaps none.
  Leaves leaves() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return {value_base, value_base + value_count}; }

  // Filled by the Reader; not for others.
  const Value* value_base = nullptr;
  uint32_t value_count = 0;
  const Slot* slots = nullptr;         // one a field of the plan, by FieldId
  uint32_t epoch = 0;
  const EntityKey* entity_base = nullptr;
  const Link* link_base = nullptr;
  uint32_t entity_count = 0, link_count = 0;
};

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_EVENT_H_
