#include "engine/match/internal/compiler.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "engine/content/sigma/print.h"
#include "engine/match/internal/casefold.h"
#include "engine/match/internal/witness.h"
#include "engine/match/logsource.h"

namespace tocsin::match {
namespace {

using content::Expr;
using content::Rule;

class Compiler {
 public:
  Compiler(CompiledProgram& out, content::Diagnostics& diagnostics)
      : out_(out), content_(out.plan->content()), diagnostics_(diagnostics), witnesses_(std::in_place, content_) {}

  void Run() {
    for (const std::string& name : LogsourceAttributes(content_)) {
      out_.attributes.push_back({name, content_.fields.Find(name).value_or(content::FieldId()), {}});
    }
    AddConditions();
    AddClues();
    if (out_.options.logsource_from_event) return;   // their classes are made as they come
    for (const content::SourceDef& source : content_.sources) {
      LogsourceKey key;
      for (const LogsourceAttributeTable& attribute : out_.attributes) {
        const auto it = attribute.values.find(Folded(LogsourceAttribute(source.logsource, attribute.name)));
        key.push_back(it == attribute.values.end() ? kForeign : it->second);
      }
      out_.by_source.push_back(out_.MakeClass(key));
    }
    out_.by_source.push_back(out_.MakeClass(LogsourceKey(out_.attributes.size(), kUnstated)));
  }

 private:
  // Rules that say the same about the same logsource are one condition.
  void AddConditions() {
    std::vector<std::vector<RuleId>> rules;
    absl::flat_hash_map<std::string, uint32_t> by_meaning;
    for (size_t i = 0; i < content_.rules.size(); i++) {
      const Rule& rule = content_.rules[i];
      if (rule.is_correlation) continue;
      const auto [it, fresh] = by_meaning.try_emplace(rule.semantic_hash, static_cast<uint32_t>(out_.conditions.size()));
      if (fresh || it->second == kRefused) {   // what was refused is refused again, with this rule's place
        const std::optional<uint32_t> first_step = AddSteps(rule);
        it->second = first_step ? static_cast<uint32_t>(out_.conditions.size()) : kRefused;
        if (first_step) {
          out_.conditions.push_back({*first_step, LogsourceOf(rule), {}});
          rules.emplace_back();
          AddWitnesses(it->second, rule);
        }
      }
      if (it->second != kRefused) rules[it->second].push_back(RuleId(static_cast<uint32_t>(i)));
    }
    for (size_t i = 0; i < rules.size(); i++) {
      out_.conditions[i].rules.begin = static_cast<uint32_t>(out_.rules.size());
      out_.rules.insert(out_.rules.end(), rules[i].begin(), rules[i].end());
      out_.conditions[i].rules.end = static_cast<uint32_t>(out_.rules.size());
    }
  }

  uint32_t LogsourceOf(const Rule& rule) {
    LogsourceKey key;
    for (LogsourceAttributeTable& attribute : out_.attributes) {
      const std::string& wanted = LogsourceAttribute(rule.detection.logsource, attribute.name);
      auto& values = attribute.values;
      key.push_back(wanted.empty() ? kUnstated : values.try_emplace(Folded(wanted), static_cast<uint32_t>(values.size() + 1)).first->second);
    }
    const auto it = std::find(out_.logsources.begin(), out_.logsources.end(), key);
    const uint32_t place = static_cast<uint32_t>(it - out_.logsources.begin());
    if (it == out_.logsources.end()) out_.logsources.push_back(key);
    return place;
  }

  // The first step of the rule's condition; nullopt when one of its tests is refused (reported).
  std::optional<uint32_t> AddSteps(const Rule& rule) {
    predicate_of_.assign(rule.detection.items.size(), 0);
    bool ok = true;
    for (size_t i = 0; i < rule.detection.items.size(); i++) {
      const std::optional<uint32_t> predicate = AddPredicate(rule.detection.items[i]);
      if (predicate) predicate_of_[i] = *predicate;
      else ok = false;
    }
    return ok ? std::optional(Emit(rule.detection.condition, kHit, kMiss)) : std::nullopt;
  }

  std::optional<uint32_t> AddPredicate(const content::Item& item) {
    const auto [it, fresh] = predicates_.try_emplace(content::ItemText(item, content_.fields), static_cast<uint32_t>(out_.predicates.size()));
    if (!fresh && it->second != kRefused) return it->second;
    Predicate predicate;   // what was refused before is refused again, with this rule's place
    if (!predicate.Compile(item, witnesses_->grams(), diagnostics_)) {
      it->second = kRefused;
      return std::nullopt;
    }
    out_.predicates.push_back(std::move(predicate));
    if (out_.options.keep_origins) out_.items.push_back(&item);
    return it->second;
  }

  // Cheap questions first: the order changes what is asked, never the answer.
  uint32_t CostOf(const Expr& expr) const {
    if (expr.kind == Expr::Kind::kItem) return out_.predicates[predicate_of_[expr.item]].cost();
    return std::accumulate(expr.children.begin(), expr.children.end(), 0u, [&](uint32_t sum, const Expr& child) { return sum + CostOf(child); });
  }

  // Steps for `expr` that go on at `yes` or `no`; where they begin. Written from the last to the first.
  uint32_t Emit(const Expr& expr, uint32_t yes, uint32_t no) {
    switch (expr.kind) {
      case Expr::Kind::kSelection: return Emit(expr.children[0], yes, no);
      case Expr::Kind::kNot: return Emit(expr.children[0], no, yes);
      case Expr::Kind::kItem:
        out_.steps.push_back({predicate_of_[expr.item], yes, no, out_.predicates[predicate_of_[expr.item]].text_field()});
        return static_cast<uint32_t>(out_.steps.size() - 1);
      case Expr::Kind::kAnd:
      case Expr::Kind::kOr: break;
    }
    const bool is_and = expr.kind == Expr::Kind::kAnd;
    std::vector<std::pair<uint32_t, const Expr*>> children;
    for (const Expr& child : expr.children) children.emplace_back(CostOf(child), &child);
    std::stable_sort(children.begin(), children.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    uint32_t next = is_and ? yes : no;
    for (const auto& [cost, child] : children) next = is_and ? Emit(*child, next, no) : Emit(*child, yes, next);
    return next;
  }

  void AddWitnesses(uint32_t condition, const Rule& rule) {
    std::optional<std::vector<Witness>> witnesses = witnesses_->Choose(rule);
    if (!witnesses) {
      out_.always.push_back(condition);
      return;
    }
    for (Witness& witness : *witnesses) led_to_.emplace_back(std::move(witness), condition);
  }

  // What conditions alone needed makes room first: here is the most that loading rules takes.
  void AddClues() {
    out_.grams = witnesses_->grams();
    witnesses_.reset();
    predicates_ = {};
    std::vector<std::pair<Witness, uint32_t>*> sorted;
    sorted.reserve(led_to_.size());
    for (auto& each : led_to_) sorted.push_back(&each);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return *a < *b; });
    size_t distinct = 0;
    for (size_t i = 0; i < sorted.size(); i++) distinct += i == 0 || sorted[i]->first != sorted[i - 1]->first;
    out_.clues.reserve(distinct);
    out_.led_to.reserve(sorted.size());
    for (auto* each : sorted) {
      const uint32_t end = static_cast<uint32_t>(out_.led_to.size());
      if (out_.clues.empty() || out_.clues.back().witness != each->first) out_.clues.push_back({std::move(each->first), {end, end}});
      out_.led_to.push_back(each->second);
      out_.clues.back().conditions.end++;
    }
    led_to_ = {};
  }

  static constexpr uint32_t kRefused = UINT32_MAX;

  CompiledProgram& out_;
  const content::ContentSet& content_;
  content::Diagnostics& diagnostics_;
  std::optional<const WitnessChooser> witnesses_;
  absl::flat_hash_map<std::string, uint32_t> predicates_;   // by ItemText
  std::vector<uint32_t> predicate_of_;                      // by item of the rule at hand
  std::vector<std::pair<Witness, uint32_t>> led_to_;        // conditions
};

}  // namespace

void CompileProgram(CompiledProgram& out, content::Diagnostics& diagnostics) { Compiler(out, diagnostics).Run(); }

}  // namespace tocsin::match
