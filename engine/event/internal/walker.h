// The walk over one JSON value along a trie: fills slots with the values of wanted fields. Internal to the reader.
//
// Values are views into the document's bytes; only strings with escapes are unescaped, into an arena of our own: simdjson's
// buffer is sized for one pass over a document and is not bounds-checked, and we may pass several times. Arrays fan out, a key
// that stands twice gives both values.
//
// Keys with dots: when an object holds a key that joins several segments of a path, that object is walked again in exact mode,
// key by key from the longest to the shortest, and a field that got a value from a longer key takes none from a shorter.
#ifndef TOCSIN_ENGINE_EVENT_INTERNAL_WALKER_H_
#define TOCSIN_ENGINE_EVENT_INTERNAL_WALKER_H_

#include <simdjson.h>

#include <span>
#include <vector>

#include "engine/event/event.h"
#include "engine/event/internal/text_arena.h"
#include "engine/event/internal/trie.h"

namespace tocsin::event {

namespace ondemand = simdjson::ondemand;

class Walker {
 public:
  // `parser` is the one whose documents are walked.
  Walker(size_t fields, const ondemand::parser& parser) : parser_(parser), slots_(fields) {}

  enum class Found : uint8_t { kEvent, kUnwrap, kEnvelope };

  // A new event: every slot is empty, in constant time.
  void Begin();
  // From the next walk on: also every leaf, whether its field is wanted or not. Such a walk reads more of the event, and may
  // fail where one without leaves would not.
  void WantLeaves(bool wanted) { leaves_wanted_ = wanted; }
  bool wants_leaves() const { return leaves_wanted_; }
  // The same event once more, with another trie; texts that were unescaped for it stay.
  void Restart();
  // Walks an object from the trie's root. kUnwrap, kEnvelope: stopped at such a key, see wrapping().
  simdjson::error_code WalkRoot(const Trie& trie, ondemand::object& object, bool wrappings, Found* found);
  // The key at which a walk stopped, and its value where it is an array to unwrap.
  const TrieEdge* wrapping_edge() const { return wrapping_edge_; }

  // Appends a value that no JSON gave (transport and derived fields). Clear empties a slot first.
  void Append(FieldId field, std::string_view text, ValueKind kind);
  void Clear(FieldId field) { slots_[field.value()].epoch = 0; }

  // The text between the quotes of a JSON string, escapes undone. Lives until Begin, or as long as the document.
  simdjson::error_code Unescape(std::string_view inside, std::string_view* out);

  // Leaves of what was walked, if they are all there: not when an object was walked again for its dotted keys.
  bool has_leaves() const { return leaves_wanted_ && !leaves_broken_; }
  std::span<const Value> leaves() const { return {leaves_.data(), leaf_count_}; }

  const Slot* slots() const { return slots_.data(); }
  const Value* values() const { return values_.data(); }
  const uint32_t* value_fields() const { return owner_.data(); }
  uint32_t value_count() const { return count_; }
  uint32_t epoch() const { return epoch_; }
  bool duplicate_key() const { return duplicate_key_; }
  bool depth_limit() const { return depth_limit_; }
  bool value_limit() const { return value_limit_; }

 private:
  simdjson::error_code WalkObject(ondemand::object& object, uint32_t node, int depth);
  simdjson::error_code WalkExact(ondemand::object& object, uint32_t node, int depth);
  simdjson::error_code WalkField(ondemand::field& field, const TrieEdge* edge, int depth);
  simdjson::error_code WalkValue(ondemand::value& value, uint32_t node, int depth);
  simdjson::error_code WalkScalar(ondemand::value& value, const TrieNode& node, ondemand::json_type type);
  simdjson::error_code FindEdge(ondemand::field& field, uint32_t node, const TrieEdge** edge);
  simdjson::error_code WalkLeaves(ondemand::value& value, int depth);
  simdjson::error_code ScalarText(ondemand::value& value, ondemand::json_type type, std::string_view* text, ValueKind* kind);
  void AddLeaf(std::string_view text, ValueKind kind, uint32_t value);
  void AppendAll(const TrieNode& node, std::string_view text, ValueKind kind);
  void UndoTo(uint32_t count);

  const ondemand::parser& parser_;
  TextArena unescaped_;
  const Trie* trie_ = nullptr;
  std::vector<Slot> slots_;
  std::vector<Value> values_;                    // the first count_ are in use
  uint32_t count_ = 0, leaf_count_ = 0;
  std::vector<uint32_t> owner_;                  // of each value: its field
  std::vector<uint32_t> edge_seen_;              // by edge: the object it was last met in
  std::vector<FieldId> masked_;                  // fields that a longer key has given already (exact mode)
  std::vector<Value> leaves_;
  bool leaves_wanted_ = false, leaves_broken_ = false;
  uint32_t epoch_ = 0, object_serial_ = 0;
  bool duplicate_key_ = false, depth_limit_ = false, value_limit_ = false;
  bool wrappings_ = false;
  const TrieEdge* wrapping_edge_ = nullptr;
};

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_INTERNAL_WALKER_H_
