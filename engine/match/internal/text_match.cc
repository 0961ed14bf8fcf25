#include "engine/match/internal/text_match.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "engine/match/internal/casefold.h"
#include "engine/match/internal/utf8.h"

namespace tocsin::match {
namespace {

using content::Pattern;

constexpr char32_t kDashes[] = {U'-', U'/', 0x2013, 0x2014, 0x2015};

bool IsDash(char32_t code) { return std::find(std::begin(kDashes), std::end(kDashes), code) != std::end(kDashes); }

// \w of \b and \B: letters and digits of every script. Compile time only; RE2 knows Unicode's classes.
bool IsWord(char32_t code) {
  if (code == 0 || code > 0x10FFFF) return false;
  static const re2::RE2* const word = new re2::RE2("[\\pL\\pN_]");
  char bytes[4];
  return re2::RE2::FullMatch(re2::StringPiece(bytes, WriteCodePoint(code, bytes)), *word);
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool IsAscii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

// The code point at `at`; a byte that begins none stands for itself above Unicode, so that it equals nothing else.
char32_t CodeAt(std::string_view text, size_t at, size_t* size) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const size_t n = first < 0x80 ? 1 : first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3 : first >= 0xF0 && first < 0xF5 ? 4 : 0;
  *size = 1;
  if (n == 1) return first;
  if (n == 0 || at + n > text.size()) return 0x110000u + first;
  char32_t code = first & (0x7F >> n);
  for (size_t i = 1; i < n; i++) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0x110000u + first;
    code = code << 6 | (byte(at + i) & 0x3F);
  }
  *size = n;
  return code;
}

bool SameAscii(const char* text, std::string_view wanted, bool cased) {
  if (cased) return memcmp(text, wanted.data(), wanted.size()) == 0;
  for (size_t i = 0; i < wanted.size(); i++) {
    if (Lower(text[i]) != wanted[i]) return false;
  }
  return true;
}

}  // namespace

TextPattern::TextPattern(const Pattern& pattern, bool cased, bool windash) : cased_(cased) {
  bool has_dash = false, has_one = false;
  size_t literals = 0;
  char32_t previous = 0;
  for (const Pattern::Piece& piece : pattern.pieces) {
    if (piece.kind == Pattern::Kind::kAny) units_.push_back({Unit::Kind::kAny});
    if (piece.kind == Pattern::Kind::kOne) {
      units_.push_back({Unit::Kind::kOne});
      has_one = true;
    }
    if (piece.kind != Pattern::Kind::kLiteral) {
      previous = 0;
      continue;
    }
    literals++;
    literal_ascii_ &= IsAscii(piece.text);
    for (size_t at = 0, size = 0; at < piece.text.size(); at += size) {
      const char32_t code = CodeAt(piece.text, at, &size);
      size_t next_size = 0;
      const char32_t next = at + size < piece.text.size() ? CodeAt(piece.text, at + size, &next_size) : 0;
      // \B[-/...]\b: what stands before is no word character either, what follows is one.
      if (windash && IsDash(code) && !IsWord(previous) && IsWord(next)) {
        units_.push_back({Unit::Kind::kDash});
        has_dash = true;
      } else {
        units_.push_back({Unit::Kind::kCode, cased ? code : FoldCodePoint(code)});
      }
      previous = code;
    }
  }
  const auto& pieces = pattern.pieces;
  const auto is = [&](size_t i, Pattern::Kind kind) { return i < pieces.size() && pieces[i].kind == kind; };
  form_ = Form::kGeneral;
  if (has_dash || has_one || literals > 1) return;
  for (const Pattern::Piece& piece : pieces) {
    if (piece.kind == Pattern::Kind::kLiteral) literal_ = piece.text;
  }
  if (!cased) std::transform(literal_.begin(), literal_.end(), literal_.begin(), Lower);
  if (pieces.empty() || pieces.size() == 1) form_ = literals == pieces.size() ? Form::kEquals : Form::kContains;  // `*` alone: any text
  else if (pieces.size() == 2) form_ = is(0, Pattern::Kind::kAny) ? Form::kEndsWith : Form::kStartsWith;
  else form_ = Form::kContains;
}

bool TextPattern::Matches(std::string_view text) const {
  if (form_ == Form::kGeneral) return GeneralMatches(text);
  // Bytes compare alone where case means something, or where neither side has a letter outside ASCII. A few letters outside
  // fold to ASCII (the Kelvin sign to k), hence both sides.
  if (cased_ || (literal_ascii_ && IsAscii(text))) return AsciiMatches(text);
  return GeneralMatches(text);
}

bool TextPattern::AsciiMatches(std::string_view text) const {
  const std::string_view wanted = literal_;
  if (text.size() < wanted.size()) return false;
  switch (form_) {
    case Form::kEquals: return text.size() == wanted.size() && SameAscii(text.data(), wanted, cased_);
    case Form::kStartsWith: return SameAscii(text.data(), wanted, cased_);
    case Form::kEndsWith: return SameAscii(text.data() + (text.size() - wanted.size()), wanted, cased_);
    case Form::kContains: {
      if (wanted.empty()) return true;
      if (cased_) return text.find(wanted) != std::string_view::npos;
      const char lower = wanted[0], upper = lower >= 'a' && lower <= 'z' ? static_cast<char>(lower - 32) : lower;
      for (size_t at = 0; at + wanted.size() <= text.size(); at++) {
        if ((text[at] == lower || text[at] == upper) && SameAscii(text.data() + at, wanted, false)) return true;
      }
      return false;
    }
    case Form::kGeneral: break;
  }
  return false;
}

// Two positions to go back to: the last `*`, and how much of the text it has taken.
bool TextPattern::GeneralMatches(std::string_view text) const {
  size_t unit = 0, at = 0, star = SIZE_MAX, resume = 0;
  while (at < text.size()) {
    size_t size = 0;
    const char32_t code = CodeAt(text, at, &size);
    if (unit < units_.size()) {
      const Unit& wanted = units_[unit];
      if (wanted.kind == Unit::Kind::kAny) {
        star = unit++;
        resume = at;
        continue;
      }
      const bool same = wanted.kind == Unit::Kind::kOne || (wanted.kind == Unit::Kind::kDash && IsDash(code)) ||
                        (wanted.kind == Unit::Kind::kCode && wanted.code == (cased_ ? code : FoldCodePoint(code)));
      if (same) {
        unit++;
        at += size;
        continue;
      }
    }
    if (star == SIZE_MAX) return false;
    size_t skipped = 0;
    CodeAt(text, resume, &skipped);
    resume += skipped;
    at = resume;
    unit = star + 1;
  }
  while (unit < units_.size() && units_[unit].kind == Unit::Kind::kAny) unit++;
  return unit == units_.size();
}

}  // namespace tocsin::match
