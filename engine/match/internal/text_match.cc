#include "engine/match/internal/text_match.h"

#include <re2/re2.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>
#include <utility>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "engine/content/utf8.h"
#include "engine/match/internal/casefold.h"

namespace tocsin::match {
namespace {

using content::CodePoint;
using content::CodePointAt;
using content::CodePointBefore;
using content::WriteCodePoint;
using content::kNotACodePoint;

using content::Pattern;

constexpr size_t kNone = std::string_view::npos;
constexpr char32_t kDashes[] = {U'-', U'/', 0x2013, 0x2014, 0x2015};

bool IsDash(char32_t code) { return std::find(std::begin(kDashes), std::end(kDashes), code) != std::end(kDashes); }

// \w of \b and \B: letters and digits of every script. Compile time only; RE2 knows Unicode's classes.
bool IsWord(char32_t code) {
  if (code == 0 || code == kNotACodePoint) return false;
  static const re2::RE2* const word = new re2::RE2("[\\pL\\pN_]");
  char bytes[4];
  return re2::RE2::FullMatch(re2::StringPiece(bytes, WriteCodePoint(code, bytes)), *word);
}

bool StandsAt(std::string_view text, size_t at, std::string_view wanted) {
  return wanted.size() <= text.size() - at && memcmp(text.data() + at, wanted.data(), wanted.size()) == 0;
}

}  // namespace

size_t FindText(std::string_view text, std::string_view wanted, size_t from) {
  if (wanted.empty()) return from <= text.size() ? from : kNone;
  if (from > text.size() || wanted.size() > text.size() - from) return kNone;
#ifdef __AVX2__
  const size_t last = text.size() - wanted.size();
  const size_t tail = wanted.size() - 1;
  const __m256i first_byte = _mm256_set1_epi8(wanted.front()), last_byte = _mm256_set1_epi8(wanted.back());
  for (size_t at = from; at <= last; at += 32) {
    const __m256i heads = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + at));
    const __m256i tails = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + at + tail));
    uint32_t both = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_and_si256(_mm256_cmpeq_epi8(heads, first_byte), _mm256_cmpeq_epi8(tails, last_byte))));
    for (; both != 0; both &= both - 1) {
      const size_t place = at + static_cast<size_t>(std::countr_zero(both));
      if (place > last) return kNone;
      if (memcmp(text.data() + place, wanted.data(), wanted.size()) == 0) return place;
    }
  }
  return kNone;
#else
  return text.find(wanted, from);
#endif
}

TextPattern::TextPattern(const Pattern& pattern, bool cased, bool windash) : cased_(cased) {
  const auto& pieces = pattern.pieces;
  any_before_ = !pieces.empty() && pieces.front().kind == Pattern::Kind::kAny;
  any_after_ = !pieces.empty() && pieces.back().kind == Pattern::Kind::kAny;
  const size_t first = any_before_ ? 1 : 0, behind = pieces.size() - (any_after_ ? 1 : 0);
  if (pieces.empty()) SetLiteral("");
  else if (!windash && behind == first + 1 && pieces[first].kind == Pattern::Kind::kLiteral) SetLiteral(pieces[first].text);
  else AddRuns(pattern, windash);
}

void TextPattern::SetLiteral(std::string_view text) {
  literal_ = cased_ ? std::string(text) : Folded(text);
  form_ = any_before_ ? (any_after_ ? Form::kContains : Form::kEndsWith) : (any_after_ ? Form::kStartsWith : Form::kEquals);
}

void TextPattern::AddRuns(const Pattern& pattern, bool windash) {
  bool new_run = true;
  const auto add = [&](Unit::Kind kind, std::string_view text) {
    if (new_run) runs_.emplace_back();
    new_run = false;
    std::vector<Unit>& units = runs_.back().units;
    if (kind == Unit::Kind::kText && !units.empty() && units.back().kind == Unit::Kind::kText) units.back().text += text;
    else units.push_back({kind, std::string(text)});
  };
  for (const Pattern::Piece& piece : pattern.pieces) {
    if (piece.kind == Pattern::Kind::kAny) new_run = true;
    if (piece.kind == Pattern::Kind::kOne) add(Unit::Kind::kOne, "");
    if (piece.kind != Pattern::Kind::kLiteral) continue;
    if (!windash) {
      add(Unit::Kind::kText, piece.text);
      continue;
    }
    char32_t previous = 0;
    for (size_t at = 0; at < piece.text.size();) {
      const CodePoint point = CodePointAt(piece.text, at);
      const size_t next_at = at + point.size;
      const char32_t next = next_at < piece.text.size() ? CodePointAt(piece.text, next_at).code : 0;
      // \B[-/...]\b: what stands before is no word character either, what follows is one.
      if (IsDash(point.code) && !IsWord(previous) && IsWord(next)) add(Unit::Kind::kDash, "");
      else add(Unit::Kind::kText, std::string_view(piece.text).substr(at, point.size));
      previous = point.code;
      at = next_at;
    }
  }
  if (runs_.size() == 1 && runs_[0].units.size() == 1 && runs_[0].units[0].kind == Unit::Kind::kText) {
    SetLiteral(runs_[0].units[0].text);
    runs_ = {};
    return;
  }
  for (Run& run : runs_) {
    for (size_t i = 0; i < run.units.size(); i++) {
      Unit& unit = run.units[i];
      if (unit.kind != Unit::Kind::kText) continue;
      if (!cased_) unit.text = Folded(unit.text);
      if (run.anchor == SIZE_MAX || unit.text.size() > run.units[run.anchor].text.size()) run.anchor = i;
    }
  }
}

// Where the run's units from `unit` on, set at `at`, end; kNone when they do not match there.
size_t TextPattern::MatchAt(const Run& run, size_t unit, std::string_view text, size_t at) {
  for (; unit < run.units.size(); unit++) {
    const Unit& wanted = run.units[unit];
    if (wanted.kind == Unit::Kind::kText) {
      if (!StandsAt(text, at, wanted.text)) return kNone;
      at += wanted.text.size();
      continue;
    }
    if (at == text.size()) return kNone;
    const CodePoint point = CodePointAt(text, at);
    if (wanted.kind == Unit::Kind::kDash && !IsDash(point.code)) return kNone;
    at += point.size;
  }
  return at;
}

// The same backwards: units before `unit` must end at `end`.
bool TextPattern::MatchBefore(const Run& run, size_t unit, std::string_view text, size_t end, size_t* begin) {
  while (unit-- > 0) {
    const Unit& wanted = run.units[unit];
    if (wanted.kind == Unit::Kind::kText) {
      if (wanted.text.size() > end || !StandsAt(text, end - wanted.text.size(), wanted.text)) return false;
      end -= wanted.text.size();
      continue;
    }
    if (end == 0) return false;
    const CodePoint point = CodePointBefore(text, end);
    if (wanted.kind == Unit::Kind::kDash && !IsDash(point.code)) return false;
    end -= point.size;
  }
  *begin = end;
  return true;
}

// The end of the run's leftmost place at or behind `from`; kNone when there is none.
size_t TextPattern::FindRun(const Run& run, std::string_view text, size_t from) const {
  if (run.anchor == SIZE_MAX) {  // dashes and `?`s alone
    for (size_t at = from;;) {
      const size_t end = MatchAt(run, 0, text, at);
      if (end != kNone || at == text.size()) return end;
      at += CodePointAt(text, at).size;
    }
  }
  const std::string& anchor = run.units[run.anchor].text;
  for (size_t at = from; (at = cased_ ? text.find(anchor, at) : FindText(text, anchor, at)) != kNone; at++) {
    size_t begin = at;
    if (run.anchor > 0 && (!MatchBefore(run, run.anchor, text, at, &begin) || begin < from)) continue;
    const size_t end = MatchAt(run, run.anchor, text, at);
    if (end != kNone) return end;
  }
  return kNone;
}

bool TextPattern::RunEndsAt(const Run& run, std::string_view text, size_t from) {
  size_t begin = 0;
  return MatchBefore(run, run.units.size(), text, text.size(), &begin) && begin >= from;
}

bool TextPattern::Matches(std::string_view text) const {
  switch (form_) {
    case Form::kEquals: return text == literal_;
    case Form::kStartsWith: return text.starts_with(literal_);
    case Form::kEndsWith: return text.ends_with(literal_);
    case Form::kContains: return (cased_ ? text.find(literal_) : FindText(text, literal_)) != kNone;
    case Form::kRuns: break;
  }
  return RunsMatch(text);
}

bool TextPattern::RunsMatch(std::string_view text) const {
  size_t at = 0, first = 0, last = runs_.size();
  if (runs_.empty()) return true;  // `*`
  if (!any_before_) {
    at = MatchAt(runs_[0], 0, text, 0);
    if (at == kNone) return false;
    if (runs_.size() == 1 && !any_after_) return at == text.size();
    first = 1;
  }
  if (!any_after_ && last > first) last--;
  for (size_t i = first; i < last; i++) {
    at = FindRun(runs_[i], text, at);
    if (at == kNone) return false;
  }
  return any_after_ || RunEndsAt(runs_.back(), text, at);
}

TextPattern::NeededList TextPattern::Needs() const {
  NeededList out;
  if (form_ != Form::kRuns) out.push_back({cased_ ? Folded(literal_) : literal_, !any_before_, !any_after_});
  for (size_t r = 0; r < runs_.size(); r++) {
    const std::vector<Unit>& units = runs_[r].units;
    for (size_t u = 0; u < units.size(); u++) {
      if (units[u].kind != Unit::Kind::kText) continue;
      const bool at_start = r == 0 && u == 0 && !any_before_;
      const bool at_end = r + 1 == runs_.size() && u + 1 == units.size() && !any_after_;
      out.push_back({cased_ ? Folded(units[u].text) : units[u].text, at_start, at_end});
    }
  }
  return out;
}

std::vector<TextPattern::NeededList> TextPattern::Choices() const {
  std::vector<NeededList> out;
  for (Needed& needed : Needs()) out.emplace_back().push_back(std::move(needed));
  for (const Run& run : runs_) {
    for (size_t u = 0; u < run.units.size(); u++) {
      if (run.units[u].kind != Unit::Kind::kDash) continue;
      NeededList& choice = out.emplace_back();
      for (const char32_t dash : kDashes) {
        char bytes[4];
        std::string text = u > 0 ? run.units[u - 1].text : "";
        text.append(bytes, WriteCodePoint(dash, bytes));
        if (u + 1 < run.units.size()) text += run.units[u + 1].text;
        choice.push_back({cased_ ? Folded(text) : text});
      }
    }
  }
  return out;
}

EndLiteral::EndLiteral(std::string_view folded, LiteralIndex::Where where)
    : size_(static_cast<uint32_t>(folded.size())), start_(where == LiteralIndex::Where::kStart), whole_(where == LiteralIndex::Where::kWhole) {
  const size_t size = std::min<size_t>(folded.size(), 8);
  if (size == 0) return;  // the size alone tells
  const uint64_t bytes = size == 8 ? UINT64_MAX : (uint64_t{1} << (8 * size)) - 1;
  memcpy(&key_, start_ ? folded.data() : folded.data() + (folded.size() - size), size);
  // At the end of a text the literal's bytes are the last of eight: the upper ones of a little-endian word.
  mask_ = start_ ? bytes : bytes << (64 - 8 * size);
  if (!start_) key_ <<= 64 - 8 * size;
  if (folded.size() <= 8) return;
  auto text = std::make_unique_for_overwrite<char[]>(folded.size());
  memcpy(text.get(), folded.data(), folded.size());
  text_ = std::move(text);
}

}  // namespace tocsin::match
