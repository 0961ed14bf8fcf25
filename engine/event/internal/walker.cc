#include "engine/event/internal/walker.h"

#include <algorithm>

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
  unescaped_.Clear();
  Restart();
}

void Walker::Restart() {
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

void Walker::Grow() { values_.resize(std::max<size_t>(64, values_.size() * 2)); }

// False when the field takes no value: it has one of a longer key, or there are too many.
bool Walker::AppendValue(FieldId field, std::string_view text, ValueKind kind, bool leaf) {
  if (Masked(field)) return false;
  const uint32_t index = count_;
  if (index - other_leaves_ >= kMaxValues) {
    value_limit_ = true;
    return false;
  }
  if (index == values_.size()) Grow();
  Slot& slot = slots_[field.value()];
  if (slot.epoch != epoch_) {
    slot = {epoch_, index, index};
  } else {
    values_[slot.last].next = index;
    slot.last = index;
  }
  values_[index] = {text, kind, kNoValue, field, leaf};
  count_ = index + 1;
  return true;
}

void Walker::AppendLeaf(std::string_view text, ValueKind kind) {
  if (other_leaves_ >= kMaxValues) {
    value_limit_ = true;
    return;
  }
  if (count_ == values_.size()) Grow();
  values_[count_++] = {text, kind, kNoValue, {}, true};
  other_leaves_++;
}

// Rare: an object is walked again. Linear in the values that there are.
void Walker::UndoTo(uint32_t count) {
  for (uint32_t i = count; i < count_; i++) {
    if (!values_[i].field.valid()) {
      other_leaves_--;
      continue;
    }
    Slot& slot = slots_[values_[i].field.value()];
    if (slot.epoch != epoch_ || slot.last < count) continue;  // undone already
    if (slot.first >= count) {
      slot.epoch = 0;
      continue;
    }
    uint32_t last = slot.first;
    while (values_[last].next < count) last = values_[last].next;
    values_[last].next = kNoValue;
    slot.last = last;
  }
  count_ = count;
}

Walker::Token Walker::WalkRoot(const Trie& trie, Token at, bool leaves, bool wrappings) {
  trie_ = &trie;
  if (edge_seen_.size() < trie.edges()) edge_seen_.resize(trie.edges());
  leaves_ = leaves;
  wrappings_ = wrappings;
  wrapping_edge_ = nullptr;
  return WalkObject(at, trie.node(Trie::kRoot), 0);
}

Walker::Token Walker::WalkLeaves(Token at) { return WalkValue(at, kNothing, 1); }

Walker::Token Walker::WalkObject(Token at, const TrieNode& node, int depth) {
  const Token begin = at++;
  if (at < tokens_.end() && tokens_.At(at) == '}') return at + 1;
  const uint32_t serial = ++object_serial_;
  const uint32_t values_before = count_;
  for (;;) {
    if (!tokens_.IsKey(at)) return tokens_.FailKey(at);
    std::string_view key;
    if (!Text(at, &key)) return nullptr;
    const TrieEdge* const edge = trie_->Find(node, key);
    at += 2;
    if (edge == nullptr) {
      at = leaves_ ? WalkValue(at, kNothing, depth + 1) : tokens_.Skip(at, static_cast<size_t>(depth) + 1);
    } else {
      if (edge->dotted) {
        UndoTo(values_before);
        return WalkExact(begin, node, depth);
      }
      if (wrappings_ && depth == 0 && at < tokens_.end() && ((edge->unwrap && tokens_.At(at) == '[') || (edge->envelope >= 0 && tokens_.At(at) == '{'))) {
        wrapping_edge_ = edge;
        return at;
      }
      uint32_t& seen = edge_seen_[trie_->edge_index(edge)];
      duplicate_key_ |= seen == serial;
      seen = serial;
      at = WalkValue(at, trie_->node(edge->child), depth + 1);
    }
    if (at == nullptr) return nullptr;
    if (at >= tokens_.end()) return tokens_.Fail(reason::kOpenBrackets);
    const char next = tokens_.At(at++);
    if (next == '}') return at;
    if (next != ',') return tokens_.Fail(reason::kNotJson);
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
    if (!Text(at, &key)) return nullptr;
    const TrieEdge* const edge = trie_->Find(node, key);
    if (edge != nullptr || leaves_) members_.push_back({edge, at + 2});
    at = tokens_.Skip(at + 2, static_cast<size_t>(depth) + 1);
    if (at == nullptr) return nullptr;
    if (at >= tokens_.end()) return tokens_.Fail(reason::kOpenBrackets);
    const char next = tokens_.At(at++);
    if (next != ',' && next != '}') return tokens_.Fail(reason::kNotJson);
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
      if (member.edge != nullptr) {
        uint32_t& seen = edge_seen_[trie_->edge_index(member.edge)];
        duplicate_key_ |= seen == serial;
        seen = serial;
      }
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
  at++;
  if (at < tokens_.end() && tokens_.At(at) == ']') {
    const FieldId* const fields = trie_->fields_of(node);
    for (uint32_t i = 0; i < node.fields; i++) AppendValue(fields[i], {}, ValueKind::kEmptyArray, false);
    return at + 1;
  }
  for (;;) {
    at = WalkValue(at, node, depth + 1);
    if (at == nullptr) return nullptr;
    if (at >= tokens_.end()) return tokens_.Fail(reason::kOpenBrackets);
    const char next = tokens_.At(at++);
    if (next == ']') return at;
    if (next != ',') return tokens_.Fail(reason::kNotJson);
  }
}

Walker::Token Walker::WalkValue(Token at, const TrieNode& node, int depth) {
  if (at >= tokens_.end()) return tokens_.Fail(reason::kOpenBrackets);
  if (depth > kMaxDepth) {
    depth_limit_ = true;
    return tokens_.Skip(at, static_cast<size_t>(depth));
  }
  const char first = tokens_.At(at);
  if (first != '{' && first != '[') return TakeScalar(at, node);
  if (first == '[') return WalkArray(at, node, depth);
  const FieldId* const fields = trie_->fields_of(node);
  for (uint32_t i = 0; i < node.fields; i++) AppendValue(fields[i], {}, ValueKind::kObject, false);
  if (node.mask == 0 && !leaves_) return tokens_.Skip(at, static_cast<size_t>(depth));
  return WalkObject(at, node, depth);
}

Walker::Token Walker::TakeScalar(Token at, const TrieNode& node) {
  std::string_view text;
  ValueKind kind = ValueKind::kString;
  if (tokens_.At(at) == '"') {
    if (!Text(at, &text)) return nullptr;
  } else {
    text = tokens_.Scalar(at);
    if (text.empty()) return nullptr;
    kind = KindOf(text.front());
    if (kind == ValueKind::kNull) text = {};
  }
  const bool leaf = leaves_ && kind != ValueKind::kNull;
  bool taken = false;   // as a leaf: one that is several fields is one leaf
  const FieldId* const fields = trie_->fields_of(node);
  for (uint32_t i = 0; i < node.fields; i++) taken |= AppendValue(fields[i], text, kind, leaf && !taken);
  if (leaf && !taken) AppendLeaf(text, kind);
  return at + 1;
}

}  // namespace tocsin::event
