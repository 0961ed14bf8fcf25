#include "engine/event/internal/json_tokens.h"

#include <cstdlib>

#include "engine/content/json_number.h"
#include "engine/content/utf8.h"

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

// Four hexadecimal digits, or -1.
int32_t HexQuad(const char* text) {
  int32_t out = 0;
  for (int i = 0; i < 4; i++) {
    const char c = text[i];
    const int digit = IsDigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return -1;
    out = out * 16 + digit;
  }
  return out;
}

// What simdjson refuses and the grammar does not: an escaped surrogate without its other half becomes U+FFFD. Writers make such
// texts from broken names, and an event must not hide behind one. The size, or -1 for a wrong escape. Room: the string's own size.
ptrdiff_t UnescapeLoosely(const char* from, char* to) {
  constexpr int32_t kReplacement = 0xFFFD;
  const auto high = [](int32_t code) { return code >= 0xD800 && code < 0xDC00; };
  const auto low = [](int32_t code) { return code >= 0xDC00 && code < 0xE000; };
  char* out = to;
  while (*from != '"') {
    if (*from != '\\') {
      *out++ = *from++;
      continue;
    }
    static constexpr std::string_view kEscapes = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    const size_t simple = kEscapes.find(from[1]);
    if (simple != std::string_view::npos) {
      *out++ = kMeant[simple];
      from += 2;
      continue;
    }
    int32_t code = from[1] == 'u' ? HexQuad(from + 2) : -1;
    if (code < 0) return -1;
    from += 6;
    if (high(code) && from[0] == '\\' && from[1] == 'u' && low(HexQuad(from + 2))) {
      code = 0x10000 + ((code - 0xD800) << 10) + (HexQuad(from + 2) - 0xDC00);
      from += 6;
    } else if (high(code) || low(code)) {
      code = kReplacement;
    }
    out += content::WriteCodePoint(static_cast<char32_t>(code), out);
  }
  return out - to;
}

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
  return true;
}

bool JsonTokens::Unescape(Token at, TextArena& arena, std::string_view* text) {
  // simdjson copies in blocks: it may write past the text's end by one of them.
  auto* const target = reinterpret_cast<uint8_t*>(arena.Reserve(Span(at) + simdjson::SIMDJSON_PADDING));
  const uint8_t* const end = stages_->parse_string(Bytes(Place(at) + 1), target);
  if (end != nullptr) {
    *text = {reinterpret_cast<const char*>(target), static_cast<size_t>(end - target)};
    return true;
  }
  const ptrdiff_t size = UnescapeLoosely(Place(at) + 1, reinterpret_cast<char*>(target));
  if (size < 0) return Fail(reason::kEscape) != nullptr;
  *text = {reinterpret_cast<const char*>(target), static_cast<size_t>(size)};
  return true;
}

bool JsonTokens::CheckEscapes(Token at) {
  checked_.Clear();
  std::string_view text;
  return Unescape(at, checked_, &text);
}

std::string_view JsonTokens::Scalar(Token at) {
  const char* const begin = Place(at);
  size_t size = Span(at);
  while (size > 0 && (begin[size - 1] == ' ' || begin[size - 1] == '\t' || begin[size - 1] == '\n' || begin[size - 1] == '\r')) size--;
  const std::string_view text(begin, size);
  const char c = *begin;
  if (IsDigit(c) || c == '-') {
    if (content::IsJsonNumber(text)) return text;
    Fail(reason::kNumber);
  } else if (c == 't' || c == 'f' || c == 'n') {
    if (text == "true" || text == "false" || text == "null") return text;
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
