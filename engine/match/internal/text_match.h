// Matching one text against a Sigma pattern (SIGMA.md 10-14): `*` any run, `?` one code point, case by simple folding.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_TEXT_MATCH_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_TEXT_MATCH_H_

#include <string>
#include <string_view>
#include <vector>

#include "engine/content/sigma/rule.h"

namespace tocsin::match {

// A pattern ready to run. Immutable.
class TextPattern {
 public:
  // `windash`: each flag dash of the literals, preceded and followed by no word boundary as \B-\b says, stands for any of five.
  TextPattern(const content::Pattern& pattern, bool cased, bool windash);
  TextPattern() = default;

  // Linear in the text for patterns without `?` between wildcards; at worst text x pattern.
  bool Matches(std::string_view text) const;
  // Exact literal without wildcards or dashes: what an equality index can hold.
  bool is_literal() const { return form_ == Form::kEquals; }
  bool cased() const { return cased_; }

 private:
  enum class Form : uint8_t { kEquals, kStartsWith, kEndsWith, kContains, kGeneral };
  // A unit of a general pattern: a code point (folded unless cased), one of the dashes, any one, any run.
  struct Unit {
    enum class Kind : uint8_t { kCode, kDash, kOne, kAny } kind;
    char32_t code = 0;
  };
  bool AsciiMatches(std::string_view text) const;
  bool GeneralMatches(std::string_view text) const;

  Form form_ = Form::kEquals;
  bool cased_ = false;
  bool literal_ascii_ = true;      // the literal has no byte above 0x7F
  std::string literal_;            // ASCII lower case unless cased
  std::vector<Unit> units_;        // whole pattern, for everything the fast forms cannot do
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_TEXT_MATCH_H_
