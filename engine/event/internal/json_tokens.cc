#include "engine/event/internal/json_tokens.h"

#include <cstdlib>

#include "engine/content/json_number.h"

namespace tocsin::event {
namespace {

const char* Reason(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR: return reason::kNotUtf8;
    case simdjson::UNCLOSED_STRING: return reason::kOpenString;
    case simdjson::UNESCAPED_CHARS: return reason::kControl;
    case simdjson::MEMALLOC:
    case simdjson::CAPACITY: return reason::kTooLarge;
    default: return reason::kNotJson;
  }
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

constexpr size_t kCapacityStep = 64u << 10;

const auto* Bytes(const char* text) { return reinterpret_cast<const uint8_t*>(text); }

}  // namespace

JsonTokens::JsonTokens() {
  // Nesting is bounded here, not by the second stage, which never runs.
  if (simdjson::get_active_implementation()->create_dom_parser_implementation(/*capacity=*/0, /*max_depth=*/1, stages_)) abort();
}

bool JsonTokens::Find(std::string_view text) {
  begin_ = nullptr;
  list_ = {};
  if (text.size() >= UINT32_MAX) return Fail(reason::kTooLarge) != nullptr;
  if (text.size() > stages_->capacity()) {
    const size_t capacity = (text.size() | (kCapacityStep - 1)) + 1;   // tokens' places are four bytes a byte of text
    if (const auto error = stages_->set_capacity(capacity)) return Fail(Reason(error)) != nullptr;
  }
  if (const auto error = stages_->stage1(Bytes(text.data()), text.size(), simdjson::stage1_mode::regular)) return Fail(Reason(error)) != nullptr;
  size_ = static_cast<uint32_t>(text.size());
  begin_ = stages_->structural_indexes.get();
  list_ = {text.data(), begin_ + stages_->n_structural_indexes};
  plain_.Make(text);
  return true;
}

std::string_view JsonTokens::Scalar(Token at) {
  const char* const begin = Place(at);
  size_t size = Span(at);
  while (size > 0 && (begin[size - 1] == ' ' || begin[size - 1] == '\t' || begin[size - 1] == '\n' || begin[size - 1] == '\r')) size--;
  const std::string_view text(begin, size);
  const char c = *begin;
  if (IsDigit(c) || c == '-') {
    if (content::IsJsonNumber(text)) return Plain(text);
    Fail(reason::kNumber);
  } else if (c == 't' || c == 'f' || c == 'n') {
    if (text == "true" || text == "false" || text == "null") return Plain(text);
    Fail(reason::kAtom);
  } else {
    Fail(reason::kNotJson);
  }
  return {};
}

JsonTokens::Token JsonTokens::FailKey(Token at) {
  return FailBehind(at < list_.end && At(at) == '"' ? at + 1 : at);
}

JsonTokens::Token JsonTokens::SkipBrackets(Token at, size_t nesting) {
  const List list = list_;
  bool is_object[kMaxNesting];            // of each bracket that is open; each is written before it is read
  size_t depth = 0;
  bool key = false;                       // a key comes next
  for (;;) {
    if (key) {
      if (!list.IsKey(at)) return FailKey(at);
      if (!CheckText(at)) return nullptr;
      at += 2;
    }
    if (at >= list.end) return FailBehind(at);
    const char c = list.At(at);
    if (c == '{' || c == '[') {
      const bool object = c == '{';
      if (nesting + depth >= kMaxNesting) return Fail(reason::kTooDeep);
      at++;
      if (at >= list.end) return FailBehind(at);
      if (list.At(at) != (object ? '}' : ']')) {
        is_object[depth++] = object;
        key = object;
        continue;
      }
      at++;
    } else {
      at = SkipScalar(at, c);
      if (at == nullptr) return nullptr;
    }
    // Behind a value: brackets close, or a comma brings the next.
    for (;;) {
      if (depth == 0) return at;
      if (at >= list.end) return FailBehind(at);
      const char next = list.At(at++);
      const bool object = is_object[depth - 1];
      if (next == ',') {
        key = object;
        break;
      }
      if (next != (object ? '}' : ']')) return FailBehind(at - 1);
      depth--;
    }
  }
}

}  // namespace tocsin::event
