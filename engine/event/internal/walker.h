// The walk over one JSON value along a trie: fills slots with the values of wanted fields. Internal to the reader.
//
// Values are views into the document's bytes, or (where an escape stands in it) those with escapes undone. Arrays fan out, a key
// that stands twice gives both values.
//
// Keys with dots: when an object holds a key that joins several segments of a path, that object is walked again in exact mode,
// key by key from the longest to the shortest, and a field that got a value from a longer key takes none from a shorter.
#ifndef TOCSIN_ENGINE_EVENT_INTERNAL_WALKER_H_
#define TOCSIN_ENGINE_EVENT_INTERNAL_WALKER_H_

#include <algorithm>
#include <map>
#include <vector>

#include "engine/event/event.h"
#include "engine/event/internal/json_tokens.h"
#include "engine/event/internal/trie.h"

namespace tocsin::event {

class Walker {
 public:
  using Token = JsonTokens::Token;

  // `tokens` are those of the text that is walked at the time.
  Walker(size_t fields, JsonTokens& tokens) : tokens_(tokens), slots_(fields) {}

  // A new event, or the same once more with another trie: every slot is empty, in constant time.
  void Begin();
  // Walks the object at `at` from the trie's root and gives the token behind it; null, with the tokens' reason, when it breaks
  // the grammar. `leaves`: takes every scalar along, whether its field is wanted or not. With `wrappings`, stops at a key that
  // may wrap events (an array to unwrap, a webhook's headers) and gives its value's token: see wrapping_edge().
  Token WalkRoot(const Trie& trie, Token at, bool leaves, bool wrappings);
  // The key at which the last walk stopped; null when it came to the end.
  const TrieEdge* wrapping_edge() const { return wrapping_edge_; }
  // Takes the scalars of a value along that no trie reaches.
  Token WalkLeaves(Token at);

  // Appends a value that no JSON gave (transport and derived fields). Clear empties a slot first.
  void Append(FieldId field, std::string_view text, ValueKind kind);
  void Clear(FieldId field) { slots_[field.value()].epoch = 0; }

  const Slot* slots() const { return slots_.data(); }
  const Value* values() const { return values_.data(); }
  uint32_t value_count() const { return count_; }
  uint32_t epoch() const { return epoch_; }
  bool duplicate_key() const { return duplicate_key_; }
  bool depth_limit() const { return depth_limit_; }
  bool value_limit() const { return value_limit_; }

 private:
  // Each takes the token where something begins and gives the one behind it, or null.
  Token WalkObject(Token at, const TrieNode& node, int depth);
  Token WalkExact(Token at, const TrieNode& node, int depth);
  Token WalkArray(Token at, const TrieNode& node, int depth);
  Token WalkValue(Token at, const TrieNode& node, int depth);
  // What walks along one trie remember of keys: of those that are asked for, by edge, and of others, by what they came behind.
  static constexpr uint32_t kNoKey = UINT32_MAX;
  static constexpr uint32_t kLongestKnown = 32;
  static constexpr uint32_t kMaxOtherKeys = 1024;  // of one trie; more are not remembered
  struct alignas(64) KnownKey {
    const TrieEdge* edge = nullptr;                // null: nobody asks for it
    uint32_t seen = 0;                             // the object it was last met in
    uint32_t next = kNoKey;                        // what followed it there
    uint32_t other = kNoKey;                       // its own one of the others, to follow it
    uint32_t size = 0;                             // of its text; 0: it is not known by that (the empty key is not either)
    char text[kLongestKnown + 8] = {};
    void SetText(std::string_view key);
  };
  static_assert(sizeof(KnownKey) == 64, "one line of the cache");
  struct Memory {
    std::vector<KnownKey> keys;                    // by edge, then the others; its memory stays where it is
    std::vector<KnownKey> before;                  // by node: what comes before the first key of its objects
  };
  bool IsKey(const KnownKey& key, Token at) const;
  uint32_t Learn(const TrieEdge* edge, std::string_view text, KnownKey& before);
  void Meet(const TrieEdge* edge, uint32_t serial);

  Token WalkOther(Token at, char first, const TrieNode& node, int depth);
  void TakeScalar(std::string_view text, ValueKind kind, const TrieNode& node);

  // Is the value at `at`, of that key, what a walk stops at?
  bool Wraps(const TrieEdge* edge, Token at, int depth) const {
    return edge->wraps && wrappings_ && depth == 0 && at < tokens_.end() && tokens_.At(at) == (edge->unwrap ? '[' : '{');
  }
  bool Masked(FieldId field) const { return std::find(masked_.begin(), masked_.end(), field) != masked_.end(); }
  static void Fill(Value& value, std::string_view text, ValueKind kind, FieldId field, bool leaf);
  void Put(FieldId field, std::string_view text, ValueKind kind, bool leaf);
  bool AppendValue(FieldId field, std::string_view text, ValueKind kind, bool leaf);
  bool AppendRarely(FieldId field, std::string_view text, ValueKind kind, bool leaf);
  void AppendLeaf(std::string_view text, ValueKind kind);
  void Grow();
  void AppendAll(const TrieNode& node, ValueKind kind);
  void UndoTo(uint32_t count);

  JsonTokens& tokens_;
  const Trie* trie_ = nullptr;
  std::vector<Slot> slots_;
  std::vector<Value> values_;                    // the first count_ are in use
  std::vector<uint32_t> previous_;               // of a value that is not its field's first: the one before it
  uint32_t count_ = 0;
  uint32_t room_ = 0;                            // values that are in no limit's way
  uint32_t other_leaves_ = 0;                    // values of no wanted field
  std::map<const Trie*, Memory> memory_;
  Memory* known_ = nullptr;                      // of trie_
  struct Member {
    const TrieEdge* edge;                        // null: nobody asks for its key
    Token value;
  };
  std::vector<Member> members_;                  // of the objects that are walked in exact mode, outermost first
  std::vector<FieldId> masked_;                  // fields that a longer key has given already (exact mode)
  bool leaves_ = false, wrappings_ = false;
  uint32_t epoch_ = 0, object_serial_ = 0;
  bool duplicate_key_ = false, depth_limit_ = false, value_limit_ = false;
  const TrieEdge* wrapping_edge_ = nullptr;
};

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_INTERNAL_WALKER_H_
