#include "engine/match/internal/witness.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <functional>
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
        asked_[KeyOf(item.field, needed.folded)]++;
        grams_.Add(needed.folded);
      }
    }
  }
}

uint64_t WitnessChooser::KeyOf(content::FieldId field, std::string_view text) {
  return std::hash<std::string_view>()(text) ^ (field.value() + uint64_t{1}) * 0x9E3779B97F4A7C15;
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
  const auto it = asked_.find(KeyOf(witness.field, witness.text));
  const uint64_t asked = it == asked_.end() ? 1 : it->second;
  if (witness.where == LiteralIndex::Where::kWhole) return 4 + asked * 8;
  // Short literals stand in many texts by chance; single bytes are unusual ones (IsCommonByte).
  static constexpr uint64_t kByChance[] = {0, 600, 1500, 600, 160, 60, 24, 8};
  const uint64_t by_chance = witness.text.size() < std::size(kByChance) ? kByChance[witness.text.size()] : 0;
  return 4 + asked * 8 + by_chance + grams_.Rarest(witness.text) * 4;
}

void WitnessChooser::Add(Witness witness, Set& out) const {
  out.cost += Cost(witness);
  out.any.push_back(std::move(witness));
}

template <class Sides, class F>
bool WitnessChooser::Cheapest(Sides&& sides, const F& add, Set& out) {
  std::optional<Set> best;
  for (auto& side : sides) {
    Set set;
    if (add(side, set) && (!best || set.cost < best->cost)) best = std::move(set);
  }
  if (!best) return false;
  std::move(best->any.begin(), best->any.end(), std::back_inserter(out.any));
  out.cost += best->cost;
  return true;
}

std::optional<std::vector<Witness>> WitnessChooser::Choose(const content::Rule& rule) const {
  Set set;
  if (!OfExpr(rule.detection.condition, rule.detection, set)) return std::nullopt;
  std::vector<Witness> out = std::move(set.any);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  // Where presence is enough, the field's literals add nothing.
  std::vector<content::FieldId> present;
  for (const Witness& each : out) {
    if (each.kind == Witness::Kind::kPresent) present.push_back(each.field);
  }
  std::erase_if(out, [&](const Witness& each) {
    return (each.kind == Witness::Kind::kLiteral || each.kind == Witness::Kind::kNumber) && std::find(present.begin(), present.end(), each.field) != present.end();
  });
  return out;
}

std::optional<std::vector<Witness>> WitnessChooser::Choose(const Item& item, const ValueTest& test) const {
  Set set;
  return OfTest(item, test, set) ? std::optional(std::move(set.any)) : std::nullopt;
}

bool WitnessChooser::OfExpr(const Expr& expr, const content::Detection& detection, Set& out) const {
  const auto add = [&](const Expr& child, Set& set) { return OfExpr(child, detection, set); };
  switch (expr.kind) {
    case Expr::Kind::kSelection: return OfExpr(expr.children[0], detection, out);
    case Expr::Kind::kNot: return false;
    case Expr::Kind::kItem: return OfItem(detection.items[expr.item], out);
    case Expr::Kind::kAnd: return Cheapest(expr.children, add, out);
    case Expr::Kind::kOr: return std::all_of(expr.children.begin(), expr.children.end(), [&](const Expr& child) { return add(child, out); });
  }
  return false;
}

bool WitnessChooser::OfItem(const Item& item, Set& out) const {
  if (item.negated) return false;
  const auto add = [&](const content::ValueTests& entry, Set& set) { return OfEntry(item, entry, set); };
  if (item.all) return Cheapest(item.values, add, out);
  return std::all_of(item.values.begin(), item.values.end(), [&](const auto& entry) { return add(entry, out); });
}

bool WitnessChooser::OfEntry(const Item& item, const content::ValueTests& entry, Set& out) const {
  return std::all_of(entry.begin(), entry.end(), [&](const ValueTest& test) { return OfTest(item, test, out); });
}

bool WitnessChooser::OfTest(const Item& item, const ValueTest& test, Set& out) const {
  using Kind = ValueTest::Kind;
  switch (test.kind) {
    case Kind::kNull:
    case Kind::kElements: return false;
    case Kind::kExists:
      if (!test.boolean) return false;
      break;
    case Kind::kPattern: return OfPattern(item, test, out);
    case Kind::kBool:
      Add({.kind = Witness::Kind::kLiteral, .field = item.field, .where = LiteralIndex::Where::kWhole, .text = test.boolean ? "true" : "false"}, out);
      return true;
    case Kind::kRegex: return OfRegex(item, test.text, out);
    case Kind::kCidr:
    case Kind::kCompare:
    case Kind::kFieldRef:
    case Kind::kTimePart: break;
  }
  Add({.kind = Witness::Kind::kPresent, .field = item.field}, out);
  return true;
}

bool WitnessChooser::OfPattern(const Item& item, const ValueTest& test, Set& out) const {
  if (const auto key = NumberKey(test.number)) {
    Add({.kind = Witness::Kind::kNumber, .field = item.field, .number = *key}, out);
    if (!test.windash) return true;
  }
  const bool keyword = !item.field.valid();
  const auto add_literal = [&](TextPattern::Needed needed, Set& set) {
    Witness witness{.kind = keyword ? Witness::Kind::kKeyword : Witness::Kind::kLiteral, .field = item.field, .where = needed.where(), .text = std::move(needed.folded)};
    if (!Usable(witness)) return false;
    Add(std::move(witness), set);
    return true;
  };
  const auto add = [&](TextPattern::NeededList& choice, Set& set) {
    return std::all_of(choice.begin(), choice.end(), [&](TextPattern::Needed& needed) { return add_literal(std::move(needed), set); });
  };
  const TextPattern pattern = PatternOf(item.field, test);
  if (pattern.OneLiteral() ? add_literal(pattern.Literal(), out) : Cheapest(pattern.Choices(), add, out)) return true;
  if (!keyword) Add({.kind = Witness::Kind::kPresent, .field = item.field}, out);
  return !keyword;
}

bool WitnessChooser::OfRegex(const Item& item, const std::string& regex, Set& out) const {
  const bool keyword = !item.field.valid();
  const auto [it, fresh] = regex_literals_.try_emplace(regex);
  if (fresh) it->second = RegexLiterals(regex);
  if (it->second) {
    std::vector<Witness> all;
    for (const std::string& text : *it->second) {
      all.push_back({.kind = keyword ? Witness::Kind::kKeyword : Witness::Kind::kLiteral, .field = item.field, .where = LiteralIndex::Where::kAnywhere, .text = text});
    }
    if (std::all_of(all.begin(), all.end(), Usable)) {
      for (Witness& each : all) Add(std::move(each), out);
      return true;
    }
  }
  if (!keyword) Add({.kind = Witness::Kind::kPresent, .field = item.field}, out);
  return !keyword;
}

}  // namespace tocsin::match
