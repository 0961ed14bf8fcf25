#include "engine/event/internal/walker.h"

#include <emmintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/event/reader.h"

namespace tocsin::event {
namespace {

using simdjson::error_code;

// Bytes of a string up to its closing quote; negative when an escape comes first. The bytes behind a document are readable, and
// the parser has seen that the quote is there.
inline ptrdiff_t PlainSize(const char* key) {
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
  for (ptrdiff_t at = 0;; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(key + at));
    const unsigned quotes = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, quote)));
    const unsigned escapes = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, backslash)));
    if ((quotes | escapes) == 0) continue;
    const int first = std::countr_zero(quotes | escapes);
    return quotes >> first & 1 ? at + first : -1;
  }
}

std::string_view TrimRight(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The JSON grammar's number, whole. On-demand does not check scalars that are taken as raw text.
bool IsNumberText(std::string_view text) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t from = i;
    while (i < text.size() && IsDigit(text[i])) i++;
    return i > from;
  };
  if (i < text.size() && text[i] == '-') i++;
  if (i < text.size() && text[i] == '0') i++;
  else if (!digits()) return false;
  if (i < text.size() && text[i] == '.') {
    i++;
    if (!digits()) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    i++;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) i++;
    if (!digits()) return false;
  }
  return i == text.size();
}

}  // namespace

void Walker::Begin() {
  unescaped_.Clear();
  Restart();
}

void Walker::Restart() {
  count_ = leaf_count_ = 0;
  leaves_broken_ = false;
  if (++epoch_ == 0) {  // after four thousand million events the stamps start anew
    std::fill(slots_.begin(), slots_.end(), Slot{});
    epoch_ = 1;
  }
  duplicate_key_ = depth_limit_ = value_limit_ = false;
  wrapping_edge_ = nullptr;
  masked_.clear();
}

void Walker::Append(FieldId field, std::string_view text, ValueKind kind) {
  if (!masked_.empty() && std::find(masked_.begin(), masked_.end(), field) != masked_.end()) return;
  if (count_ == values_.size()) {
    if (count_ >= kMaxValues) {
      value_limit_ = true;
      return;
    }
    values_.resize(std::min<size_t>(std::max<size_t>(64, count_ * size_t{2}), kMaxValues));
    owner_.resize(values_.size());
  }
  Slot& slot = slots_[field.value()];
  const uint32_t index = count_++;
  const bool fresh = slot.epoch != epoch_;
  owner_[index] = field.value();
  if (fresh) slot = {epoch_, index, index};
  else {
    values_[slot.last].next = index;
    slot.last = index;
  }
  values_[index] = {text, kind, kNoValue};
}

// Rare: an object is walked again. Linear in the values that there are.
void Walker::UndoTo(uint32_t count) {
  for (uint32_t i = count; i < count_; i++) {
    Slot& slot = slots_[owner_[i]];
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

void Walker::AppendAll(const TrieNode& node, std::string_view text, ValueKind kind) {
  const FieldId* fields = trie_->fields_of(node);
  for (uint32_t i = 0; i < node.fields; i++) Append(fields[i], text, kind);
}

error_code Walker::WalkRoot(const Trie& trie, ondemand::object& object, bool wrappings, Found* found) {
  trie_ = &trie;
  if (edge_seen_.size() < trie.edges()) edge_seen_.resize(trie.edges());
  wrappings_ = wrappings;
  *found = Found::kEvent;
  const error_code error = WalkObject(object, Trie::kRoot, 0);
  if (!error && wrapping_edge_ != nullptr) *found = wrapping_edge_->unwrap ? Found::kUnwrap : Found::kEnvelope;
  return error;
}

error_code Walker::FindEdge(ondemand::field& field, uint32_t node, const TrieEdge** edge) {
  const char* raw = field.key().raw();
  const ptrdiff_t size = PlainSize(raw);
  if (size >= 0) {
    *edge = trie_->Find(trie_->node(node), {raw, static_cast<size_t>(size)});
    return simdjson::SUCCESS;
  }
  size_t end = 0;
  while (raw[end] != '"') end += raw[end] == '\\' ? 2 : 1;  // the parser has seen the closing quote
  std::string_view unescaped;
  const error_code error = Unescape({raw, end}, &unescaped);
  if (!error) *edge = trie_->Find(trie_->node(node), unescaped);
  return error;
}

error_code Walker::Unescape(std::string_view inside, std::string_view* out) {
  if (memchr(inside.data(), '\\', inside.size()) == nullptr) {
    *out = inside;
    return simdjson::SUCCESS;
  }
  // simdjson copies in blocks: it may write past the text's end by one of them.
  auto* target = reinterpret_cast<uint8_t*>(unescaped_.Reserve(inside.size() + simdjson::SIMDJSON_PADDING));
  return parser_.unescape(ondemand::raw_json_string(reinterpret_cast<const uint8_t*>(inside.data())), target).get(*out);
}

error_code Walker::WalkObject(ondemand::object& object, uint32_t node, int depth) {
  const uint32_t serial = ++object_serial_;
  const uint32_t values_before = count_;
  for (auto result : object) {
    ondemand::field field;
    if (const error_code error = std::move(result).get(field)) return error;
    const TrieEdge* edge = nullptr;
    if (const error_code error = FindEdge(field, node, &edge)) return error;
    if (edge == nullptr) {
      if (!leaves_wanted_) continue;
      ondemand::value value = field.value();
      if (const error_code error = WalkLeaves(value, depth + 1)) return error;
      continue;
    }
    if (edge->dotted) {
      UndoTo(values_before);
      leaves_broken_ = true;
      bool empty = false;
      if (const error_code error = object.reset().get(empty)) return error;
      return WalkExact(object, node, depth);
    }
    if (wrappings_ && node == Trie::kRoot && depth == 0 && (edge->unwrap || edge->envelope >= 0)) {
      ondemand::json_type type;
      if (const error_code error = field.value().type().get(type)) return error;
      if ((edge->unwrap && type == ondemand::json_type::array) || (edge->envelope >= 0 && type == ondemand::json_type::object)) {
        wrapping_edge_ = edge;
        return simdjson::SUCCESS;
      }
    }
    uint32_t& seen = edge_seen_[trie_->edge_index(edge)];
    duplicate_key_ |= seen == serial;
    seen = serial;
    if (const error_code error = WalkField(field, edge, depth)) return error;
  }
  return simdjson::SUCCESS;
}

// One pass a distinct key length, longest first. Only for objects that hold a key with a dot that somebody asks for.
error_code Walker::WalkExact(ondemand::object& object, uint32_t node, int depth) {
  const size_t masked_before = masked_.size();
  size_t shorter_than = SIZE_MAX;
  for (;;) {
    // The longest key below the last one, then its fields.
    size_t longest = 0;
    for (int pass = 0; pass < 2; pass++) {
      const uint32_t values_before = count_;
      const uint32_t serial = ++object_serial_;
      for (auto result : object) {
        ondemand::field field;
        if (const error_code error = std::move(result).get(field)) return error;
        const TrieEdge* edge = nullptr;
        if (const error_code error = FindEdge(field, node, &edge)) return error;
        if (edge == nullptr || edge->key_size >= shorter_than) continue;
        if (pass == 0) {
          longest = std::max<size_t>(longest, edge->key_size + 1);
        } else if (edge->key_size + 1 == longest) {
          uint32_t& seen = edge_seen_[trie_->edge_index(edge)];
          duplicate_key_ |= seen == serial;
          seen = serial;
          if (const error_code error = WalkField(field, edge, depth)) return error;
        }
      }
      bool empty = false;
      if (const error_code error = object.reset().get(empty)) return error;
      if (longest == 0) {
        masked_.resize(masked_before);
        // Leave the object at its end, as an ordinary walk does.
        for (auto result : object) {
          ondemand::field field;
          if (const error_code error = std::move(result).get(field)) return error;
        }
        return simdjson::SUCCESS;
      }
      if (pass == 1) {
        for (uint32_t i = values_before; i < count_; i++) masked_.push_back(FieldId(owner_[i]));
      }
    }
    shorter_than = longest - 1;
  }
}

error_code Walker::WalkField(ondemand::field& field, const TrieEdge* edge, int depth) {
  ondemand::value value = field.value();
  return WalkValue(value, edge->child, depth + 1);
}

error_code Walker::WalkValue(ondemand::value& value, uint32_t index, int depth) {
  if (depth > kMaxDepth) {
    depth_limit_ = true;
    return simdjson::SUCCESS;
  }
  ondemand::json_type type;
  if (const error_code error = value.type().get(type)) return error;
  const TrieNode& node = trie_->node(index);
  switch (type) {
    case ondemand::json_type::object: {
      if (node.fields > 0) AppendAll(node, {}, ValueKind::kObject);
      if (node.mask == 0 && !leaves_wanted_) return simdjson::SUCCESS;  // skipped by the next step of the iteration around it
      ondemand::object object;
      if (const error_code error = value.get_object().get(object)) return error;
      return WalkObject(object, index, depth);
    }
    case ondemand::json_type::array: {
      ondemand::array array;
      if (const error_code error = value.get_array().get(array)) return error;
      bool any = false;
      for (auto result : array) {
        ondemand::value element;
        if (const error_code error = std::move(result).get(element)) return error;
        any = true;
        if (const error_code error = WalkValue(element, index, depth + 1)) return error;
      }
      if (!any && node.fields > 0) AppendAll(node, {}, ValueKind::kEmptyArray);
      return simdjson::SUCCESS;
    }
    default:
      return node.fields > 0 || leaves_wanted_ ? WalkScalar(value, node, type) : simdjson::SUCCESS;
  }
}

error_code Walker::WalkScalar(ondemand::value& value, const TrieNode& node, ondemand::json_type type) {
  std::string_view text;
  ValueKind kind;
  if (const error_code error = ScalarText(value, type, &text, &kind)) return error;
  const uint32_t place = count_;
  AppendAll(node, text, kind);
  if (leaves_wanted_) AddLeaf(text, kind, count_ > place ? place : kNoValue);
  return simdjson::SUCCESS;
}

void Walker::AddLeaf(std::string_view text, ValueKind kind, uint32_t value) {
  if (kind == ValueKind::kNull || leaf_count_ >= kMaxValues) return;
  if (leaf_count_ == leaves_.size()) leaves_.resize(std::max<size_t>(64, leaves_.size() * 2));
  leaves_[leaf_count_++] = {text, kind, value};
}

// Below what nobody asks for: leaves alone.
error_code Walker::WalkLeaves(ondemand::value& value, int depth) {
  if (depth > kMaxDepth) return simdjson::SUCCESS;
  ondemand::json_type type;
  if (const error_code error = value.type().get(type)) return error;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (const error_code error = value.get_object().get(object)) return error;
    for (auto result : object) {
      ondemand::value child;
      if (const error_code error = result.value().get(child)) return error;
      if (const error_code error = WalkLeaves(child, depth + 1)) return error;
    }
    return simdjson::SUCCESS;
  }
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (const error_code error = value.get_array().get(array)) return error;
    for (auto result : array) {
      ondemand::value element;
      if (const error_code error = std::move(result).get(element)) return error;
      if (const error_code error = WalkLeaves(element, depth + 1)) return error;
    }
    return simdjson::SUCCESS;
  }
  std::string_view text;
  ValueKind kind;
  if (const error_code error = ScalarText(value, type, &text, &kind)) return error;
  AddLeaf(text, kind, kNoValue);
  return simdjson::SUCCESS;
}

error_code Walker::ScalarText(ondemand::value& value, ondemand::json_type type, std::string_view* text, ValueKind* kind) {
  std::string_view token = value.raw_json_token();
  if (type == ondemand::json_type::string) {
    *kind = ValueKind::kString;
    const char* const inside = token.data() + 1;
    const ptrdiff_t size = PlainSize(inside);
    *text = {inside, static_cast<size_t>(std::max<ptrdiff_t>(size, 0))};
    if (size >= 0) return simdjson::SUCCESS;
    // simdjson copies in blocks: it may write past the text's end by one of them. The token reaches to the next one.
    auto* target = reinterpret_cast<uint8_t*>(unescaped_.Reserve(token.size() + simdjson::SIMDJSON_PADDING));
    return parser_.unescape(ondemand::raw_json_string(reinterpret_cast<const uint8_t*>(inside)), target).get(*text);
  }
  token = TrimRight(token);
  switch (type) {
    case ondemand::json_type::number:
      *kind = ValueKind::kNumber;
      *text = token;
      return IsNumberText(token) ? simdjson::SUCCESS : simdjson::NUMBER_ERROR;
    case ondemand::json_type::boolean:
      *kind = ValueKind::kBool;
      *text = token;
      return token == "true" || token == "false" ? simdjson::SUCCESS : simdjson::F_ATOM_ERROR;
    default:
      *kind = ValueKind::kNull;
      *text = {};
      return token == "null" ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
  }
}

}  // namespace tocsin::event
