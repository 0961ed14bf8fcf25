// Field paths as a trie over object keys: what a walk over an event wants from it.
//
// A path may hold keys with dots ("annotations.authorization.k8s.io/decision"), and so may events, so a path of n segments is
// in the trie under every way of joining neighbours to keys: 2^(n-1) of them, n at most kMaxPathSegments. An edge that joins
// several segments is `dotted`; in an object that holds such a key the longest key wins (SIGMA.md 15), which the walker sorts
// out, in that object alone.
//
// Built once, then immutable. Find is a hash probe: no comparison with keys nobody asked for.
#ifndef TOCSIN_ENGINE_EVENT_INTERNAL_TRIE_H_
#define TOCSIN_ENGINE_EVENT_INTERNAL_TRIE_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/content/ids.h"
#include "engine/content/load_bytes.h"

namespace tocsin::event {

using content::Load8;

inline constexpr size_t kMaxPathSegments = 12;

struct TrieEdge {
  const char* key = nullptr;        // into Trie::text_
  uint32_t key_size = 0;
  uint32_t child = 0;
  bool dotted = false;
  bool wraps = false;               // at the root: one of the next two
  bool unwrap = false;              // at the root: an envelope's array of events
  int8_t envelope = -1;             // at the root: headers key of this webhook envelope
};

struct TrieNode {
  uint32_t first_slot = 0;          // of its hash table in Trie::table
  uint32_t mask = 0;                // table size - 1; 0 = no edges
  uint32_t first_field = 0, fields = 0;   // fields that end here, in Trie::fields
};

class Trie {
 public:
  static constexpr uint32_t kRoot = 0;
  Trie() = default;
  Trie(Trie&&) = default;
  Trie& operator=(Trie&&) = default;

  // The edge of this key, or null. REQUIRES: eight readable bytes behind the key.
  const TrieEdge* Find(const TrieNode& node, std::string_view key) const {
    if (node.mask == 0) return nullptr;
    const uint32_t hash = Hash(key);
    const Slot* const slots = table_.data() + node.first_slot;
    for (uint32_t at = hash & node.mask;; at = (at + 1) & node.mask) {
      const Slot slot = slots[at];
      if (slot.edge == kEmpty) return nullptr;
      if (slot.hash != hash) continue;   // nearly all keys that nobody asks for
      const TrieEdge& found = edges_[slot.edge];
      if (found.key_size == key.size() && Equal(found.key, key)) return &found;
    }
  }
  const TrieEdge& edge(uint32_t index) const { return edges_[index]; }
  uint32_t node_index(const TrieNode& node) const { return static_cast<uint32_t>(&node - nodes_.data()); }
  size_t nodes() const { return nodes_.size(); }
  const TrieNode& node(uint32_t index) const { return nodes_[index]; }
  uint32_t edge_index(const TrieEdge* edge) const { return static_cast<uint32_t>(edge - edges_.data()); }
  size_t edges() const { return edges_.size(); }
  const content::FieldId* fields_of(const TrieNode& node) const { return fields_.data() + node.first_field; }

  // `a` has the size of `b`; both may be read eight bytes beyond their ends.
  static bool Equal(const char* a, std::string_view b) {
    size_t at = 0;
    for (; at + 8 <= b.size(); at += 8) {
      if (Load8(a + at) != Load8(b.data() + at)) return false;
    }
    return First(Load8(a + at) ^ Load8(b.data() + at), b.size() - at) == 0;
  }

 private:
  friend class TrieBuilder;
  static constexpr uint32_t kEmpty = UINT32_MAX;
  struct Slot {
    uint32_t hash = 0;              // of the edge's key
    uint32_t edge = kEmpty;
  };
  // Bytes of a word that belong to a text of `size` < 8 bytes.
  static uint64_t First(uint64_t word, size_t size) { return word & ((uint64_t{1} << (8 * size)) - 1); }
  // Size, first and last bytes tell JSON keys apart well enough; the comparison has the last word.
  static uint32_t Hash(std::string_view key) {
    const size_t n = key.size();
    const uint64_t head = n < 8 ? First(Load8(key.data()), n) : Load8(key.data());
    const uint64_t tail = n < 8 ? head : Load8(key.data() + n - 8);
    const uint64_t mixed = (head ^ std::rotl(tail, 29) ^ n * 0x9E3779B97F4A7C15ull) * 0xD6E8FEB86659FD93ull;
    return static_cast<uint32_t>(mixed >> 32);
  }

  std::vector<char> text_;          // a vector: its memory stays when the Trie moves, a short string's does not
  std::vector<TrieNode> nodes_;
  std::vector<TrieEdge> edges_;
  std::vector<Slot> table_;
  std::vector<content::FieldId> fields_;
};

class TrieBuilder {
 public:
  // False when the path has more than kMaxPathSegments.
  bool Add(std::string_view path, content::FieldId field);
  void AddUnwrap(std::string_view key) { Child(0, std::string(key), false, true, -1); }
  void AddEnvelope(std::string_view headers_key, int8_t index) { Child(0, std::string(headers_key), false, false, index); }
  Trie Build() const;

 private:
  struct Edge {
    uint32_t child = 0;
    bool dotted = false, unwrap = false;
    int8_t envelope = -1;
  };
  struct Node {
    std::map<std::string, Edge> edges;
    std::vector<content::FieldId> fields;
  };
  uint32_t Child(uint32_t node, const std::string& key, bool dotted, bool unwrap, int8_t envelope);
  void Insert(uint32_t node, const std::vector<std::string_view>& segments, size_t from, content::FieldId field);

  std::vector<Node> nodes_{1};
};

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_INTERNAL_TRIE_H_
