// What an event must have for a rule to be worth a look: its witnesses, one of which must be there.
//
// `selection and CommandLine contains x` can hold only where x stands in CommandLine, so x finds the rule. Of several such
// choices the rarest is taken. How rare a literal is in traffic nobody knows at compile time; how many rules ask for it is a
// good guess: everybody's rules watch powershell.exe, and so do everybody's events have it.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_WITNESS_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_WITNESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/content/content_set.h"
#include "engine/match/internal/literal_index.h"
#include "engine/match/internal/text_match.h"

namespace tocsin::match {

struct Witness {
  enum class Kind : uint8_t {
    kLiteral,    // text stands in a value of the field, as `where` says
    kNumber,     // a value of the field is this number
    kPresent,    // the field is there
    kKeyword,    // text stands somewhere in a leaf
  };
  Kind kind = Kind::kPresent;
  content::FieldId field;
  LiteralIndex::Where where = LiteralIndex::Where::kAnywhere;
  std::string text;            // folded
  uint64_t number = 0;         // NumberKey
  friend auto operator<=>(const Witness&, const Witness&) = default;
};

class WitnessChooser {
 public:
  // Counts what the rules ask for.
  explicit WitnessChooser(const content::ContentSet& content);

  // One of these must be there for the rule to match. nullopt: the rule can match without any (it is tried on every event of
  // its logsource), because a `not`, a null or a keyword too short to be sought says so.
  std::optional<std::vector<Witness>> Choose(const content::Rule& rule) const;
  // The same of one test of an item alone, as if it were all that a rule says.
  std::optional<std::vector<Witness>> Choose(const content::Item& item, const content::ValueTest& test) const;
  const GramCounts& grams() const { return grams_; }

 private:
  // What a part of a rule is found by: one of `any` must be there. And what it costs to look for all of them.
  struct Set {
    std::vector<Witness> any;
    uint64_t cost = 0;
  };
  // These add to `out` what one of must be there for their part to hold. False: it can hold without, and `out` is worth nothing.
  bool OfExpr(const content::Expr& expr, const content::Detection& detection, Set& out) const;
  bool OfItem(const content::Item& item, Set& out) const;
  bool OfEntry(const content::Item& item, const content::ValueTests& entry, Set& out) const;
  bool OfTest(const content::Item& item, const content::ValueTest& test, Set& out) const;
  bool OfPattern(const content::Item& item, const content::ValueTest& test, Set& out) const;
  bool OfRegex(const content::Item& item, const std::string& regex, Set& out) const;
  // The cheapest of sides that all must hold; add(side, set) adds what one side is found by.
  template <class Sides, class F>
  static bool Cheapest(Sides&& sides, const F& add, Set& out);
  void Add(Witness witness, Set& out) const;
  void Count(const content::Item& item);
  static bool Usable(const Witness& witness);
  uint64_t Cost(const Witness& witness) const;
  static uint64_t KeyOf(content::FieldId field, std::string_view text);

  absl::flat_hash_map<uint64_t, uint32_t> asked_;   // KeyOf -> by how many tests; two with one key cost time alone
  GramCounts grams_;
  // RegexLiterals of the regexes met so far: it compiles each, and an expression may be asked about several times.
  mutable absl::flat_hash_map<std::string, std::optional<std::vector<std::string>>> regex_literals_;
};

// Literals of which one must stand in a text (folded) that the regex matches; nullopt when there is no such choice.
std::optional<std::vector<std::string>> RegexLiterals(const std::string& regex);

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_WITNESS_H_
