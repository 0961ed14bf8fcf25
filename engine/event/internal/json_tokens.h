// The tokens of a JSON text, and JSON's grammar over them: what the walker and the reader go along.
//
// simdjson's first stage finds where tokens begin (structural characters, opening quotes, first bytes of other scalars) and
// checks UTF-8, control characters and closing quotes; PlainText undoes escapes. So a string needs no look at its bytes: it ends
// at the last quote before the next token. A Token points into that list. Functions here take the token where
// something begins, and give the one behind it, or null when the text breaks the grammar there: reason() then says how. So a
// text is judged by its own bytes alone, whatever is wanted of it.
//
// Why not simdjson's on-demand front end: it goes forward once, judges what it is asked for and nothing else, and its iterators
// cost several times what these loads do. Here an object may be entered again at no cost.
#ifndef TOCSIN_ENGINE_EVENT_INTERNAL_JSON_TOKENS_H_
#define TOCSIN_ENGINE_EVENT_INTERNAL_JSON_TOKENS_H_

#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/event/internal/plain_text.h"

namespace tocsin::event {

// What is wrong with a text; BadRecord::reason.
namespace reason {
inline constexpr char kNotJson[] = "not JSON";
inline constexpr char kNotUtf8[] = "not UTF-8";
inline constexpr char kOpenString[] = "not JSON: a string is not closed";
inline constexpr char kControl[] = "not JSON: a control character inside a string";
inline constexpr char kEscape[] = "not JSON: a wrong escape inside a string";
inline constexpr char kNumber[] = "not JSON: a wrong number";
inline constexpr char kAtom[] = "not JSON: neither true, false nor null";
inline constexpr char kTooDeep[] = "nested too deep";
inline constexpr char kOpenBrackets[] = "not JSON: it ends before its brackets close";
inline constexpr char kTooLarge[] = "too large for memory";
}  // namespace reason

class JsonTokens {
 public:
  using Token = const uint32_t*;
  static constexpr size_t kMaxNesting = 1024;   // brackets open at a time

  JsonTokens();

  // Finds the tokens. False, with a reason, when this is no text of tokens. REQUIRES: kPadding readable bytes behind the text,
  // which stays while its tokens are used. Allocates when a text is longer than all before.
  bool Find(std::string_view text);
  const char* reason() const { return reason_; }

  Token begin() const { return begin_; }
  Token end() const { return list_.end; }
  const char* Place(Token at) const { return list_.Place(at); }
  char At(Token at) const { return list_.At(at); }
  bool IsKey(Token at) const { return list_.IsKey(at); }

  // The same by value, for loops to keep in registers. Valid until the next Find.
  struct List {
    const char* text = nullptr;
    Token end = nullptr;
    // REQUIRES of both: at < end.
    const char* Place(Token at) const { return text + *at; }
    char At(Token at) const { return text[*at]; }
    // Does a key with its colon stand at `at`?
    bool IsKey(Token at) const { return end - at >= 2 && At(at) == '"' && At(at + 1) == ':'; }
  };
  List list() const { return list_; }

  // Behind the value at `at`, its grammar checked down to each escape. Brackets open around it: `nesting`.
  Token Skip(Token at, size_t nesting) {
    if (at >= list_.end) return FailBehind(at);
    const char c = list_.At(at);
    if (c == '{' || c == '[') return SkipBrackets(at, nesting);
    return SkipScalar(at, c);
  }

  // The text of the string at `at`, escapes undone; until the next Find. False: a wrong escape. REQUIRES: At(at) == '"'.
  bool Text(Token at, std::string_view* text) {
    const size_t begin = *at + size_t{1}, end = EndOfString(at);
    if (plain_.Broken(begin, end)) return Fail(reason::kEscape) != nullptr;
    *text = plain_.Of(begin, end);
    return true;
  }
  // The text of a number, true, false or null, when it is one; empty, with a reason, when not. REQUIRES: at < end().
  std::string_view Scalar(Token at);
  // Of a stretch of the text that begins and ends with tokens: the same with escapes undone, in which all of its strings and
  // scalars stand; until the next Find.
  std::string_view Plain(std::string_view stretch) const {
    const size_t begin = static_cast<size_t>(stretch.data() - list_.text);
    return plain_.Of(begin, begin + stretch.size());
  }
  // The bytes of the text that this string or scalar came from; empty when it came from elsewhere.
  std::string_view Original(std::string_view plain) const { return plain_.Original(plain); }

  Token Fail(const char* reason) {
    reason_ = reason;
    return nullptr;
  }
  // No key with its colon stands at `at`.
  Token FailKey(Token at);
  // Neither a comma nor the closing bracket stands at `at`.
  Token FailBehind(Token at) { return Fail(at < list_.end ? reason::kNotJson : reason::kOpenBrackets); }

 private:
  Token SkipBrackets(Token at, size_t nesting);
  // `first` is At(at), and opens no bracket.
  Token SkipScalar(Token at, char first) { return (first == '"' ? CheckText(at) : !Scalar(at).empty()) ? at + 1 : nullptr; }
  // Is the string at `at` one whose escapes are right?
  bool CheckText(Token at) { return !plain_.Broken(*at, EndOfString(at)) || Fail(reason::kEscape) != nullptr; }
  // Where the closing quote of the string at `at` stands: only blanks come between it and the next token.
  size_t EndOfString(Token at) const {
    size_t end = *at + Span(at) - 1;
    while (list_.text[end] != '"') end--;
    return end;
  }
  // From a token to the next.
  size_t Span(Token at) const { return (at + 1 < list_.end ? at[1] : size_) - *at; }

  std::unique_ptr<simdjson::internal::dom_parser_implementation> stages_;
  List list_;
  uint32_t size_ = 0;
  Token begin_ = nullptr;
  const char* reason_ = nullptr;
  PlainText plain_;
};

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_INTERNAL_JSON_TOKENS_H_
