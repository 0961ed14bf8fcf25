#include "engine/event/internal/walker.h"

#include <algorithm>
#include <cstring>

#include "engine/event/reader.h"

namespace tocsin::event {
namespace {

constexpr TrieNode kNothing;   // wants no field

ValueKind KindOf(char first) {
  switch (first) {
    case 't':
    case 'f': return ValueKind::kBool;
    case 'n': return ValueKind::kNull;
    default: return ValueKind::kNumber;
  }
}

}  // namespace

void Walker::Begin() {
  count_ = other_leaves_ = 0;
  if (++epoch_ == 0) {  // after four thousand million events the stamps start anew
    std::fill(slots_.begin(), slots_.end(), Slot{});
    epoch_ = 1;
  }
  duplicate_key_ = depth_limit_ = value_limit_ = false;
  wrapping_edge_ = nullptr;
  masked_.clear();
  members_.clear();
}

void Walker::Grow() {
  values_.resize(std::max<size_t>(64, values_.size() * 2));
  previous_.resize(values_.size());
  room_ = static_cast<uint32_t>(std::min<size_t>(values_.size(), kMaxValues));
}

// Member by member: a value made whole and then copied is read back before its narrow stores have left the processor's buffer,
// and waits for them (5 % of all reading).
inline void Walker::Fill(Value& value, std::string_view text, ValueKind kind, FieldId field, bool leaf) {
  value.text = text;
  value.kind = kind;
  value.next = kNoValue;
  value.field = field;
  value.leaf = leaf;
}

inline void Walker::Put(FieldId field, std::string_view text, ValueKind kind, bool leaf) {
  const uint32_t index = count_++;
  Slot& slot = slots_[field.value()];
  if (slot.epoch != epoch_) {
    slot = {epoch_, index, index};
  } else {
    values_[slot.last].next = index;
    previous_[index] = slot.last;
    slot.last = index;
  }
  Fill(values_[index], text, kind, field, leaf);
}

// False when the field takes no value: it has one of a longer key, or there are too many.
inline bool Walker::AppendValue(FieldId field, std::string_view text, ValueKind kind, bool leaf) {
  if (count_ >= room_ || !masked_.empty()) return AppendRarely(field, text, kind, leaf);
  Put(field, text, kind, leaf);
  return true;
}

bool Walker::AppendRarely(FieldId field, std::string_view text, ValueKind kind, bool leaf) {
  if (Masked(field)) return false;
  if (count_ - other_leaves_ >= kMaxValues) {
    value_limit_ = true;
    return false;
  }
  if (count_ == values_.size()) Grow();
  Put(field, text, kind, leaf);
  return true;
}

void Walker::AppendLeaf(std::string_view text, ValueKind kind) {
  if (other_leaves_ >= kMaxValues) {
    value_limit_ = true;
    return;
  }
  if (count_ == values_.size()) Grow();
  Fill(values_[count_++], text, kind, {}, true);
  other_leaves_++;
}

// Rare: an object is walked again. Linear in the values that go.
void Walker::UndoTo(uint32_t count) {
  while (count_ > count) {
    const uint32_t index = --count_;
    if (!values_[index].field.valid()) {
      other_leaves_--;
      continue;
    }
    Slot& slot = slots_[values_[index].field.value()];
    if (slot.first == index) {
      slot.epoch = 0;
    } else {
      slot.last = previous_[index];
      values_[slot.last].next = kNoValue;
    }
  }
}

void Walker::Append(FieldId field, std::string_view text, ValueKind kind) { AppendValue(field, text, kind, false); }

// What is no scalar has no text.
void Walker::AppendAll(const TrieNode& node, ValueKind kind) {
  const FieldId* const fields = trie_->fields_of(node);
  for (uint32_t i = 0; i < node.fields; i++) AppendValue(fields[i], {}, kind, false);
}

// A scalar that is several fields is one leaf.
inline void Walker::TakeScalar(std::string_view text, ValueKind kind, const TrieNode& node) {
  const bool leaf = leaves_ && kind != ValueKind::kNull;
  bool taken = false;
  if (node.fields > 0) {
    const FieldId* const fields = trie_->fields_of(node);
    taken = AppendValue(fields[0], text, kind, leaf);
    for (uint32_t i = 1; i < node.fields; i++) taken |= AppendValue(fields[i], text, kind, leaf && !taken);
  }
  if (leaf && !taken) AppendLeaf(text, kind);
}

[[gnu::always_inline]] inline Walker::Token Walker::WalkValue(Token at, const TrieNode& node, int depth) {
  if (at >= tokens_.end()) return tokens_.FailBehind(at);
  const char first = tokens_.At(at);
  if (depth <= kMaxDepth && first == '"') {
    std::string_view text;
    if (!tokens_.Text(at, &text)) return nullptr;
    TakeScalar(text, ValueKind::kString, node);
    return at + 1;
  }
  return WalkOther(at, first, node, depth);
}

Walker::Token Walker::WalkRoot(const Trie& trie, Token at, bool leaves, bool wrappings) {
  trie_ = &trie;
  known_ = &memory_[&trie];
  if (known_->before.empty()) {
    known_->keys.reserve(trie.edges() + kMaxOtherKeys);
    for (uint32_t i = 0; i < trie.edges(); i++) {
      const TrieEdge& edge = trie.edge(i);
      KnownKey& key = known_->keys.emplace_back();
      key.edge = &edge;
      key.SetText({edge.key, edge.key_size});
    }
    known_->before.resize(trie.nodes());
  }
  leaves_ = leaves;
  wrappings_ = wrappings;
  wrapping_edge_ = nullptr;
  return WalkObject(at, trie.node(Trie::kRoot), 0);
}

Walker::Token Walker::WalkLeaves(Token at) { return WalkValue(at, kNothing, 1); }

// A key of the object that has this serial number.
inline void Walker::Meet(const TrieEdge* edge, uint32_t serial) {
  KnownKey& key = known_->keys[trie_->edge_index(edge)];
  duplicate_key_ |= key.seen == serial;
  key.seen = serial;
}

// Only what a JSON text spells without escapes is known by its text: a key ends at the next quote then.
void Walker::KnownKey::SetText(std::string_view key) {
  const bool plain = std::none_of(key.begin(), key.end(), [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
  size = plain && key.size() <= kLongestKnown ? static_cast<uint32_t>(key.size()) : 0;
  if (size > 0) memcpy(text, key.data(), key.size());
}

// False is no answer: escapes are not looked at.
inline bool Walker::IsKey(const KnownKey& key, Token at) const {
  const char* const text = tokens_.Place(at) + 1;
  return text[key.size] == '"' && key.size > 0 && Trie::Equal(key.text, {text, key.size});
}

// Remembers that the key came behind `before`.
uint32_t Walker::Learn(const TrieEdge* edge, std::string_view text, KnownKey& before) {
  if (edge != nullptr) return before.next = trie_->edge_index(edge);
  if (before.other == kNoKey) {
    if (known_->keys.size() == known_->keys.capacity()) return kNoKey;
    before.other = static_cast<uint32_t>(known_->keys.size());
    known_->keys.emplace_back();
  }
  known_->keys[before.other].SetText(text);
  return before.next = before.other;
}

Walker::Token Walker::WalkObject(Token at, const TrieNode& node, int depth) {
  const JsonTokens::List list = tokens_.list();
  const Trie& trie = *trie_;
  const Token begin = at++;
  if (at < list.end && list.At(at) == '}') return at + 1;
  const uint32_t serial = ++object_serial_;
  const uint32_t values_before = count_;
  // Events of one source have their keys in one order: which one follows is remembered, and nearly always right.
  KnownKey* before = node.mask == 0 ? nullptr : &known_->before[trie.node_index(node)];
  for (;;) {
    if (!list.IsKey(at)) return tokens_.FailKey(at);
    const TrieEdge* edge = nullptr;
    uint32_t known = before != nullptr ? before->next : kNoKey;
    if (known != kNoKey && IsKey(known_->keys[known], at)) {
      edge = known_->keys[known].edge;
    } else {
      std::string_view key;
      if (!tokens_.Text(at, &key)) return nullptr;
      edge = trie.Find(node, key);
      if (before != nullptr) known = Learn(edge, key, *before);
    }
    at += 2;
    if (edge == nullptr) {
      at = leaves_ ? WalkValue(at, kNothing, depth + 1) : tokens_.Skip(at, static_cast<size_t>(depth) + 1);
    } else {
      if (edge->dotted) {
        UndoTo(values_before);
        return WalkExact(begin, node, depth);
      }
      if (Wraps(edge, at, depth)) {
        wrapping_edge_ = edge;
        return at;
      }
      Meet(edge, serial);
      at = WalkValue(at, trie.node(edge->child), depth + 1);
    }
    if (known != kNoKey) before = &known_->keys[known];
    if (at == nullptr) return nullptr;
    if (at >= list.end) return tokens_.FailBehind(at);
    const char next = list.At(at++);
    if (next == '}') return at;
    if (next != ',') return tokens_.FailBehind(at - 1);
  }
}

// The keys of one length after those of another, longest first. Only for objects that hold a key with a dot that somebody asks for.
Walker::Token Walker::WalkExact(Token begin, const TrieNode& node, int depth) {
  // The grammar first, and what there is.
  const size_t members_before = members_.size();
  Token at = begin + 1;
  for (bool more = true; more;) {
    if (!tokens_.IsKey(at)) return tokens_.FailKey(at);
    std::string_view key;
    if (!tokens_.Text(at, &key)) return nullptr;
    const TrieEdge* const edge = trie_->Find(node, key);
    if (edge != nullptr && Wraps(edge, at + 2, depth)) {
      wrapping_edge_ = edge;
      members_.resize(members_before);
      return at + 2;
    }
    if (edge != nullptr || leaves_) members_.push_back({edge, at + 2});
    at = tokens_.Skip(at + 2, static_cast<size_t>(depth) + 1);
    if (at == nullptr) return nullptr;
    if (at >= tokens_.end()) return tokens_.FailBehind(at);
    const char next = tokens_.At(at++);
    if (next != ',' && next != '}') return tokens_.FailBehind(at - 1);
    more = next == ',';
  }
  const auto size_of = [](const Member& member) { return member.edge != nullptr ? member.edge->key_size + 1 : 0; };
  std::sort(members_.begin() + static_cast<ptrdiff_t>(members_before), members_.end(), [&](const Member& a, const Member& b) {
    return size_of(a) != size_of(b) ? size_of(a) > size_of(b) : a.value < b.value;
  });
  const size_t masked_before = masked_.size(), members_after = members_.size();
  const uint32_t serial = ++object_serial_;
  for (size_t i = members_before; i < members_after;) {
    const uint32_t values_before = count_, size = size_of(members_[i]);
    for (; i < members_after && size_of(members_[i]) == size; i++) {
      const Member member = members_[i];   // walking it may add members of its own
      if (member.edge != nullptr) Meet(member.edge, serial);
      if (WalkValue(member.value, member.edge != nullptr ? trie_->node(member.edge->child) : kNothing, depth + 1) == nullptr) return nullptr;
    }
    for (uint32_t v = values_before; v < count_; v++) {
      if (values_[v].field.valid() && !Masked(values_[v].field)) masked_.push_back(values_[v].field);
    }
  }
  masked_.resize(masked_before);
  members_.resize(members_before);
  return at;
}

Walker::Token Walker::WalkArray(Token at, const TrieNode& node, int depth) {
  const JsonTokens::List list = tokens_.list();
  at++;
  if (at < list.end && list.At(at) == ']') {
    AppendAll(node, ValueKind::kEmptyArray);
    return at + 1;
  }
  for (;;) {
    at = WalkValue(at, node, depth + 1);
    if (at == nullptr) return nullptr;
    if (at >= list.end) return tokens_.FailBehind(at);
    const char next = list.At(at++);
    if (next == ']') return at;
    if (next != ',') return tokens_.FailBehind(at - 1);
  }
}

// Of anything but a string.
Walker::Token Walker::WalkOther(Token at, char first, const TrieNode& node, int depth) {
  if (depth > kMaxDepth) {
    depth_limit_ = true;
    return tokens_.Skip(at, static_cast<size_t>(depth));
  }
  if (first == '[') return WalkArray(at, node, depth);
  if (first == '{') {
    AppendAll(node, ValueKind::kObject);
    if (node.mask == 0 && !leaves_) return tokens_.Skip(at, static_cast<size_t>(depth));
    return WalkObject(at, node, depth);
  }
  const std::string_view text = tokens_.Scalar(at);
  if (text.empty()) return nullptr;
  const ValueKind kind = KindOf(first);
  TakeScalar(kind == ValueKind::kNull ? std::string_view() : text, kind, node);
  return at + 1;
}

}  // namespace tocsin::event
