// Matching one text against a Sigma pattern (SIGMA.md 10-14): `*` any run, `?` one code point, case by simple folding.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_TEXT_MATCH_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_TEXT_MATCH_H_

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "engine/content/sigma/rule.h"
#include "engine/match/internal/literal_index.h"

namespace tocsin::match {

// Where `wanted` first stands in `text` from `from` on, or npos. Linear in practice: 32 positions a step are compared by their
// first and last bytes. REQUIRES: the 32 bytes behind `text` are readable.
size_t FindText(std::string_view text, std::string_view wanted, size_t from = 0);

// A pattern ready to run. Immutable.
//
// Unless it is cased it runs over folded text, where comparing is comparing bytes. Runs of fixed units (between `*`s) are
// placed one after the other, each as far left as it goes; a run is found by its longest piece of plain bytes, and what
// stands before and behind that piece is then compared unit by unit.
class TextPattern {
 public:
  // `windash`: each flag dash of the literals, preceded and followed by no word boundary as \B-\b says, stands for any of five.
  TextPattern(const content::Pattern& pattern, bool cased, bool windash);
  TextPattern() = default;

  // `text` is folded and has 32 readable bytes behind it (FoldedTexts); for a cased pattern it is the event's own. Linear in the
  // text for patterns without `?` or dashes; at worst text x pattern.
  bool Matches(std::string_view text) const;
  bool cased() const { return cased_; }

  // Plain bytes (folded) without which nothing matches, and where they must stand; all of them are necessary.
  struct Needed {
    std::string folded;
    bool at_start = false, at_end = false;   // both: the whole text
    LiteralIndex::Where where() const {
      return at_start ? (at_end ? LiteralIndex::Where::kWhole : LiteralIndex::Where::kStart) : at_end ? LiteralIndex::Where::kEnd : LiteralIndex::Where::kAnywhere;
    }
  };
  using NeededList = absl::InlinedVector<Needed, 1>;
  NeededList Needs() const;
  // The same as choices, each a list of which one is necessary: a literal alone, or a dash in its five forms with the text
  // around it.
  std::vector<NeededList> Choices() const;
  // Is Needs()[0] alone all that the pattern says, without case?
  bool OneLiteral() const { return form_ != Form::kRuns && !cased_; }
  // That. REQUIRES: OneLiteral().
  Needed Literal() const { return {literal_, !any_before_, !any_after_}; }

 private:
  struct Unit {
    enum class Kind : uint8_t { kText, kDash, kOne } kind;
    std::string text;        // kText: bytes, folded unless cased
  };
  // Units without a `*` between them.
  struct Run {
    std::vector<Unit> units;
    size_t anchor = SIZE_MAX;          // the longest kText, or SIZE_MAX when there is none
  };
  void SetLiteral(std::string_view text);
  void AddRuns(const content::Pattern& pattern, bool windash);
  static size_t MatchAt(const Run& run, size_t unit, std::string_view text, size_t at);
  static bool MatchBefore(const Run& run, size_t unit, std::string_view text, size_t end, size_t* begin);
  bool RunsMatch(std::string_view text) const;
  size_t FindRun(const Run& run, std::string_view text, size_t from) const;
  static bool RunEndsAt(const Run& run, std::string_view text, size_t from);

  // What most patterns are: one literal, at one place.
  enum class Form : uint8_t { kEquals, kStartsWith, kEndsWith, kContains, kRuns };
  Form form_ = Form::kRuns;
  bool cased_ = false;
  std::string literal_;                           // of the first four forms; folded unless cased
  bool any_before_ = false, any_after_ = false;   // `*` at the ends
  std::vector<Run> runs_;                         // of the last form alone
};

// One literal at an end of a folded text, or the whole of it: what most patterns are. Told by eight bytes nearly always.
class EndLiteral {
 public:
  // REQUIRES: `where` is not kAnywhere.
  EndLiteral(std::string_view folded, LiteralIndex::Where where);
  // REQUIRES: eight readable bytes before and behind `text` (FoldedTexts).
  bool Matches(std::string_view text) const {
    if (whole_ ? text.size() != size_ : text.size() < size_) return false;
    uint64_t word;
    memcpy(&word, start_ ? text.data() : text.data() + text.size() - 8, 8);
    if (((word ^ key_) & mask_) != 0) return false;
    return size_ <= 8 || memcmp(start_ ? text.data() : text.data() + (text.size() - size_), text_.get(), size_) == 0;
  }

 private:
  uint64_t key_ = 0, mask_ = 0;     // the first eight bytes of the literal, or its last
  uint32_t size_ = 0;
  bool start_ = false, whole_ = false;
  std::unique_ptr<const char[]> text_;   // null where the key is all
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_TEXT_MATCH_H_
