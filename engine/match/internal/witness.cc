#include "engine/match/internal/witness.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include "engine/match/internal/casefold.h"
#include "engine/match/internal/number_key.h"
#include "engine/match/internal/predicate.h"

namespace tocsin::match {
namespace {

using content::Expr;
using content::Item;
using content::ValueTest;

// A field that a rule's logsource has is there in most of its events: worth less than any literal that few rules ask for.
constexpr uint64_t kPresentCost = 20'000;
constexpr uint64_t kNumberCost = 200;
constexpr size_t kShortestKeyword = 3;

// A byte that most texts have finds nothing.
bool IsCommonByte(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::string_view(" \\/.:-_\",=()").find(c) != std::string_view::npos; }

}  // namespace

std::optional<std::vector<std::string>> RegexLiterals(const std::string& regex) {
  re2::FilteredRE2 filter(/*min_atom_len=*/1);
  re2::RE2::Options options;
  options.set_log_errors(false);
  int id = 0;
  if (filter.Add(re2::StringPiece(regex.data(), regex.size()), options, &id) != re2::RE2::NoError) return std::nullopt;
  std::vector<std::string> atoms;
  filter.Compile(&atoms);
  if (atoms.empty()) return std::nullopt;
  // RE2 tells whether texts with certain atoms could match. Atoms are taken out one by one as long as no text without any of
  // those that are left could; what is left is a choice of necessary literals. Short ones go first. Letters outside ASCII fold
  // by RE2's own rules, and are never counted on.
  std::vector<bool> needed(atoms.size());
  std::vector<size_t> by_size(atoms.size());
  std::iota(by_size.begin(), by_size.end(), size_t{0});
  std::stable_sort(by_size.begin(), by_size.end(), [&](size_t a, size_t b) { return atoms[a].size() < atoms[b].size(); });
  for (size_t i = 0; i < atoms.size(); i++) needed[i] = IsAscii(atoms[i]) && (atoms[i].size() > 1 || !IsCommonByte(atoms[i][0]));
  const auto passes_without = [&] {
    std::vector<int> there, potential;
    for (size_t i = 0; i < atoms.size(); i++) {
      if (!needed[i]) there.push_back(static_cast<int>(i));
    }
    filter.AllPotentials(there, &potential);
    return !potential.empty();
  };
  if (passes_without()) return std::nullopt;
  for (const size_t i : by_size) {
    if (!needed[i]) continue;
    needed[i] = false;
    if (passes_without()) needed[i] = true;
  }
  std::vector<std::string> out;
  for (size_t i = 0; i < atoms.size(); i++) {
    if (needed[i]) out.push_back(atoms[i]);
  }
  return out;
}

WitnessChooser::WitnessChooser(const content::ContentSet& content) {
  for (const content::Rule& rule : content.rules) {
    if (rule.is_correlation) continue;
    for (const Item& item : rule.detection.items) Count(item);
  }
}

void WitnessChooser::Count(const Item& item) {
  for (const auto& entry : item.values) {
    for (const ValueTest& test : entry) {
      if (test.kind != ValueTest::Kind::kPattern) continue;
      for (const TextPattern::Needed& needed : PatternOf(item.field, test).Needs()) {
        asked_[{item.field, needed.folded}]++;
        grams_.Add(needed.folded);
      }
    }
  }
}

bool WitnessChooser::Usable(const Witness& witness) {
  if (!LiteralIndex::Takes(witness.text, witness.where)) return false;
  // Keywords are sought in every leaf: short ones would cost more than trying their rules.
  if (witness.kind == Witness::Kind::kKeyword && witness.text.size() < kShortestKeyword) return false;
  return witness.where != LiteralIndex::Where::kAnywhere || witness.text.size() > 1 || !IsCommonByte(witness.text[0]);
}

uint64_t WitnessChooser::Cost(const Witness& witness) const {
  if (witness.kind == Witness::Kind::kPresent) return kPresentCost;
  if (witness.kind == Witness::Kind::kNumber) return kNumberCost;
  const auto it = asked_.find({witness.field, witness.text});
  const uint64_t asked = it == asked_.end() ? 1 : it->second;
  if (witness.where == LiteralIndex::Where::kWhole) return 4 + asked * 8;
  // Short literals stand in many texts by chance; single bytes are unusual ones (IsCommonByte).
  static constexpr uint64_t kByChance[] = {0, 600, 1500, 600, 160, 60, 24, 8};
  const uint64_t by_chance = witness.text.size() < std::size(kByChance) ? kByChance[witness.text.size()] : 0;
  return 4 + asked * 8 + by_chance + grams_.Rarest(witness.text) * 4;
}

uint64_t WitnessChooser::Cost(const Set& set) const {
  if (!set) return UINT64_MAX;
  return std::accumulate(set->begin(), set->end(), uint64_t{0}, [&](uint64_t sum, const Witness& each) { return sum + Cost(each); });
}

std::optional<std::vector<Witness>> WitnessChooser::Choose(const content::Rule& rule) const {
  Set out = OfExpr(rule.detection.condition, rule.detection);
  if (!out) return out;
  std::sort(out->begin(), out->end());
  out->erase(std::unique(out->begin(), out->end()), out->end());
  // Where presence is enough, the field's literals add nothing.
  std::erase_if(*out, [&](const Witness& each) {
    return (each.kind == Witness::Kind::kLiteral || each.kind == Witness::Kind::kNumber) &&
           std::find(out->begin(), out->end(), Witness{.kind = Witness::Kind::kPresent, .field = each.field}) != out->end();
  });
  return out;
}

WitnessChooser::Set WitnessChooser::OfExpr(const Expr& expr, const content::Detection& detection) const {
  switch (expr.kind) {
    case Expr::Kind::kSelection: return OfExpr(expr.children[0], detection);
    case Expr::Kind::kNot: return std::nullopt;
    case Expr::Kind::kItem: return OfItem(detection.items[expr.item]);
    case Expr::Kind::kAnd: {
      Set best;
      for (const Expr& child : expr.children) {
        Set set = OfExpr(child, detection);
        if (Cost(set) < Cost(best)) best = std::move(set);
      }
      return best;
    }
    case Expr::Kind::kOr: {
      std::vector<Witness> all;
      for (const Expr& child : expr.children) {
        Set set = OfExpr(child, detection);
        if (!set) return std::nullopt;
        std::move(set->begin(), set->end(), std::back_inserter(all));
      }
      return all;
    }
  }
  return std::nullopt;
}

WitnessChooser::Set WitnessChooser::OfItem(const Item& item) const {
  if (item.negated) return std::nullopt;
  if (item.all) {
    Set best;
    for (const auto& entry : item.values) {
      Set set = OfEntry(item, entry);
      if (Cost(set) < Cost(best)) best = std::move(set);
    }
    return best;
  }
  std::vector<Witness> all;
  for (const auto& entry : item.values) {
    Set set = OfEntry(item, entry);
    if (!set) return std::nullopt;
    std::move(set->begin(), set->end(), std::back_inserter(all));
  }
  return all;
}

WitnessChooser::Set WitnessChooser::OfEntry(const Item& item, const std::vector<ValueTest>& entry) const {
  std::vector<Witness> all;
  for (const ValueTest& test : entry) {
    Set set = OfTest(item, test);
    if (!set) return std::nullopt;
    std::move(set->begin(), set->end(), std::back_inserter(all));
  }
  return all;
}

WitnessChooser::Set WitnessChooser::OfTest(const Item& item, const ValueTest& test) const {
  using Kind = ValueTest::Kind;
  const std::vector<Witness> present = {{.kind = Witness::Kind::kPresent, .field = item.field}};
  switch (test.kind) {
    case Kind::kNull:
    case Kind::kElements: return std::nullopt;
    case Kind::kExists: return test.boolean ? Set(present) : std::nullopt;
    case Kind::kPattern: return OfPattern(item, test);
    case Kind::kBool: return {{{.kind = Witness::Kind::kLiteral, .field = item.field, .where = LiteralIndex::Where::kWhole, .text = test.boolean ? "true" : "false"}}};
    case Kind::kRegex: return OfRegex(item, test.text);
    case Kind::kCidr:
    case Kind::kCompare:
    case Kind::kFieldRef:
    case Kind::kTimePart: return present;
  }
  return std::nullopt;
}

WitnessChooser::Set WitnessChooser::OfPattern(const Item& item, const ValueTest& test) const {
  std::vector<Witness> out;
  if (const auto key = NumberKey(test.number)) {
    out.push_back({.kind = Witness::Kind::kNumber, .field = item.field, .number = *key});
    if (!test.windash) return out;
  }
  const bool keyword = !item.field.valid();
  Set best;
  for (std::vector<TextPattern::Needed>& choice : PatternOf(item.field, test).Choices()) {
    Set set(std::in_place);
    for (TextPattern::Needed& needed : choice) {
      Witness witness{.kind = keyword ? Witness::Kind::kKeyword : Witness::Kind::kLiteral, .field = item.field, .where = needed.where(), .text = std::move(needed.folded)};
      if (set && Usable(witness)) set->push_back(std::move(witness));
      else set.reset();
    }
    if (Cost(set) < Cost(best)) best = std::move(set);
  }
  if (best) std::move(best->begin(), best->end(), std::back_inserter(out));
  else if (keyword) return std::nullopt;
  else out.push_back({.kind = Witness::Kind::kPresent, .field = item.field});
  return out;
}

WitnessChooser::Set WitnessChooser::OfRegex(const Item& item, const std::string& regex) const {
  const bool keyword = !item.field.valid();
  std::vector<Witness> out;
  const auto [it, fresh] = regex_literals_.try_emplace(regex);
  if (fresh) it->second = RegexLiterals(regex);
  if (it->second) {
    for (const std::string& text : *it->second) {
      out.push_back({.kind = keyword ? Witness::Kind::kKeyword : Witness::Kind::kLiteral, .field = item.field, .where = LiteralIndex::Where::kAnywhere, .text = text});
    }
    if (std::all_of(out.begin(), out.end(), Usable)) return out;
    out.clear();
  }
  if (keyword) return std::nullopt;
  out.push_back({.kind = Witness::Kind::kPresent, .field = item.field});
  return out;
}

}  // namespace tocsin::match
