// What is kept per (rule, group), and how values and group keys are read from its members.
//
// An Item is a member of a group: a hit, or a firing of an inner group. Its fields are those of its leaf: the hit
// itself, or the hit that triggered the firing (and so on inwards).
#ifndef TOCSIN_ENGINE_CORRELATE_INTERNAL_GROUP_H_
#define TOCSIN_ENGINE_CORRELATE_INTERNAL_GROUP_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/correlate/alert.h"
#include "engine/correlate/internal/hit_pool.h"
#include "engine/correlate/internal/link_table.h"
#include "engine/correlate/internal/plan.h"

namespace tocsin::correlate {

struct Group;

struct Item {
  int64_t time_ns = 0;
  const Group* producer = nullptr;  // null: a hit
  HitIndex hit = kNoHit;            // of the leaf
  uint32_t firing = 0;              // index into producer->firings
  uint16_t ref = 0;
};

// Keys that a firing hands on, sorted, per kind that an outer unit reads; at most kAlertKeysKept a kind.
using HandedKeys = std::map<content::EntityKind, std::vector<std::string>>;

// A condition held at an item.
struct FiringRecord {
  uint32_t at = 0;              // the item it fired at
  uint32_t first = 0;           // its members: the items [first, at] of positive references
  int64_t decided_ns = kNever;  // when an absence after it had passed
  int64_t chosen_from_ns = 0;   // beginning of the choice that satisfied it
  int16_t term = -1;            // which alternative of an ordered expression
  RefSet absent = 0;            // references whose absence it rests on
  std::string value;            // JSON
  std::shared_ptr<const HandedKeys> handed;
};

struct Group {
  uint32_t unit = 0;
  std::string key;                  // EncodeKey(values)
  std::vector<std::string> values;  // of the group-by fields; of lone hits: alternating kind name and key
  std::vector<Item> items;
  std::vector<FiringRecord> firings;
  std::vector<Group*> outer_groups;  // that hold its firings; distinct
  std::vector<Alert> published;      // not withdrawn; live: not yet closed
  int64_t emit_from_ns = kNever;     // firings before it are history; items before it are context only
  int64_t start_ns = kNever;         // value_first_seen: start(g) as of emit_from_ns, once items before it were dropped
  bool sorted = true;
  bool dirty = false;    // to be evaluated again
  int64_t changed_from_ns = kForever;  // while dirty: its items before it are those of the last evaluation
  bool judge = false;    // alerts to be made again
  bool unbound = false;  // lone hits whose event names no principal
};

// Key of a tuple of texts: one text stands for itself, several are length-prefixed.
std::string EncodeKey(const std::vector<std::string_view>& values);

// The product of several lists, one text of each: at most `limit` tuples, in the order of the lists, the last running
// fastest. `cut` says that there were more. Empty if a list is.
std::vector<std::vector<std::string_view>> Product(const std::vector<std::vector<std::string_view>>& lists,
                                                   size_t limit, bool& cut);

// A key that a look-up asked links about; live runs remember who asked.
using AskedKey = std::pair<content::EntityKind, std::string>;

class ItemReader {
 public:
  ItemReader(const Plan& plan, const HitPool& pool, const LinkTable& links) : plan_(plan), pool_(pool), links_(links) {}

  bool Before(const Item& a, const Item& b) const;
  const match::Hit& hit(const Item& item) const { return pool_[item.hit]; }

  // Texts of a field, in event order; empty = missing. Views are valid until hits or links are added.
  void Texts(const Item& item, const FieldSource& source, std::vector<std::string_view>& out);
  // The same in a group-by, sorted and distinct: entity keys that the item lacks are looked up in the links at the
  // item's time. `asked`, when not null, gets the keys that were looked up.
  void GroupTexts(const Item& item, const FieldSource& source, std::vector<AskedKey>* asked,
                  std::vector<std::string_view>& out);
  // All entity keys of a hit. Appends.
  void Entities(HitIndex hit, std::vector<event::EntityKey>& out) const;

 private:
  void LeafTexts(HitIndex hit, const FieldSource& source, std::vector<std::string_view>& out);
  void Linked(HitIndex hit, content::EntityKind wanted, std::vector<AskedKey>* asked,
              std::vector<std::string_view>& out);

  const Plan& plan_;
  const HitPool& pool_;
  const LinkTable& links_;
  std::vector<match::HitPayload::FieldValue> scratch_values_;
  std::vector<event::EntityKey> scratch_keys_;
};

// The leaf hits of items [first, last] of a group, through every level of inner firings: positive references only,
// sorted and distinct by index. `ranges` need not be sorted and may overlap.
using ItemRange = std::pair<uint32_t, uint32_t>;
std::vector<HitIndex> LeafHits(const Plan& plan, const Group& group, const std::vector<ItemRange>& ranges);

// Fills `handed` of every firing of the group. Linear in the items, but for the sizes of the key sets.
void HandKeys(const Unit& unit, ItemReader& reader, Group& group);

}  // namespace tocsin::correlate

#endif  // TOCSIN_ENGINE_CORRELATE_INTERNAL_GROUP_H_
