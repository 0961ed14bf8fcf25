#include "engine/match/program.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "engine/content/sigma/print.h"
#include "engine/match/internal/casefold.h"
#include "engine/match/internal/compiled_program.h"

namespace tocsin::match {
namespace {

using content::Expr;
using content::Logsource;
using content::Rule;
using Witness = CompiledProgram::Witness;

// What a logsource states of an attribute; "" = nothing.
const std::string& AttributeOf(const Logsource& logsource, std::string_view name) {
  static const std::string* const nothing = new std::string;
  if (name == "product") return logsource.product;
  if (name == "category") return logsource.category;
  if (name == "service") return logsource.service;
  const auto it = std::find_if(logsource.custom.begin(), logsource.custom.end(), [&](const auto& each) { return each.first == name; });
  return it == logsource.custom.end() ? *nothing : it->second;
}

// Does every attribute that the rule states equal the source's (25)?
bool Fits(const Logsource& rule, const Logsource& source) {
  const auto fits = [](const std::string& wanted, const std::string& have) { return wanted.empty() || Folded(wanted) == Folded(have); };
  return fits(rule.product, source.product) && fits(rule.category, source.category) && fits(rule.service, source.service) &&
         std::all_of(rule.custom.begin(), rule.custom.end(), [&](const auto& each) { return fits(each.second, AttributeOf(source, each.first)); });
}

class Compiler {
 public:
  Compiler(CompiledProgram& out, content::Diagnostics& diagnostics) : out_(out), content_(out.plan->content()), diagnostics_(diagnostics) {}

  void Run() {
    for (size_t i = 0; i < content_.rules.size(); i++) {
      const Rule& rule = content_.rules[i];
      if (rule.is_correlation) continue;
      CompiledRule compiled{RuleId(static_cast<uint32_t>(i)), 0};
      const size_t nodes_before = out_.nodes.size();
      const std::optional<uint32_t> root = AddExpr(rule.detection.condition, rule);
      if (!root) {
        out_.nodes.resize(nodes_before);
        continue;
      }
      compiled.root = *root;
      out_.rules.push_back(compiled);
    }
    ChooseWitnesses();
    for (size_t source = 0; source <= content_.sources.size(); source++) {
      std::vector<uint32_t> places;
      for (uint32_t place = 0; place < out_.rules.size(); place++) {
        const Logsource& wanted = content_.rules[out_.rules[place].id.value()].detection.logsource;
        if (source == content_.sources.size() || Fits(wanted, content_.sources[source].logsource)) places.push_back(place);
      }
      out_.by_source.push_back(out_.MakeDispatch(places));
    }
    if (out_.options.logsource_from_event) AddAttributes();
  }

 private:
  void AddAttributes() {
    std::set<std::string> names = {"product", "category", "service"};
    for (const CompiledRule& rule : out_.rules) {
      for (const auto& [name, value] : content_.rules[rule.id.value()].detection.logsource.custom) names.insert(name);
    }
    for (const std::string& name : names) {
      Attribute& attribute = out_.attributes.emplace_back();
      attribute.field = content_.fields.Find(name).value_or(content::FieldId());
      attribute.unnamed.resize(out_.words());
      for (uint32_t place = 0; place < out_.rules.size(); place++) {
        const std::string& wanted = AttributeOf(content_.rules[out_.rules[place].id.value()].detection.logsource, name);
        if (wanted.empty()) AddTo(attribute.unnamed, place);
        else AddTo(attribute.named.try_emplace(Folded(wanted), out_.words()).first->second, place);
      }
      for (auto& [value, rules] : attribute.named) {
        for (size_t word = 0; word < rules.size(); word++) rules[word] |= attribute.unnamed[word];
      }
    }
  }

  std::optional<uint32_t> AddPredicate(const content::Item& item) {
    const auto [it, fresh] = known_.try_emplace(content::ItemText(item, content_.fields), static_cast<uint32_t>(out_.predicates.size()));
    if (!fresh && it->second != UINT32_MAX) return it->second;
    Predicate predicate;   // what was refused before is refused again, with this rule's place
    if (!predicate.Compile(item, diagnostics_)) {
      it->second = UINT32_MAX;
      return std::nullopt;
    }
    out_.predicates.push_back(std::move(predicate));
    return it->second;
  }

  // Children of a node in a row, so they are reserved first and filled after.
  std::optional<uint32_t> AddExpr(const Expr& expr, const Rule& rule) {
    const uint32_t root = static_cast<uint32_t>(out_.nodes.size());
    out_.nodes.emplace_back();
    return Fill(root, expr, rule) ? std::optional(root) : std::nullopt;
  }

  bool Fill(uint32_t at, const Expr& expr, const Rule& rule) {
    if (expr.kind == Expr::Kind::kSelection) return Fill(at, expr.children[0], rule);
    if (expr.kind == Expr::Kind::kItem) {
      const std::optional<uint32_t> predicate = AddPredicate(rule.detection.items[expr.item]);
      if (!predicate) return false;
      out_.nodes[at] = {ConditionNode::Kind::kPredicate, *predicate, 0};
      return true;
    }
    const uint32_t first = static_cast<uint32_t>(out_.nodes.size());
    const uint32_t count = static_cast<uint32_t>(expr.children.size());
    out_.nodes.resize(first + count);
    const auto kind = expr.kind == Expr::Kind::kAnd ? ConditionNode::Kind::kAnd : expr.kind == Expr::Kind::kOr ? ConditionNode::Kind::kOr : ConditionNode::Kind::kNot;
    out_.nodes[at] = {kind, first, count};
    for (uint32_t i = 0; i < count; i++) {
      if (!Fill(first + i, expr.children[i], rule)) return false;
    }
    return true;
  }

  // Texts of which one must stand in a field for the expression to hold; nullopt when there is no such choice.
  std::optional<std::vector<Witness>> WitnessOf(const Expr& expr, const Rule& rule) const {
    switch (expr.kind) {
      case Expr::Kind::kSelection: return WitnessOf(expr.children[0], rule);
      case Expr::Kind::kNot: return std::nullopt;
      case Expr::Kind::kItem: return ItemWitness(rule.detection.items[expr.item]);
      case Expr::Kind::kAnd: {
        std::optional<std::vector<Witness>> best;
        for (const Expr& child : expr.children) {
          std::optional<std::vector<Witness>> witness = WitnessOf(child, rule);
          if (witness && (!best || Cost(*witness) < Cost(*best))) best = std::move(witness);
        }
        return best;
      }
      case Expr::Kind::kOr: {
        std::vector<Witness> all;
        for (const Expr& child : expr.children) {
          std::optional<std::vector<Witness>> witness = WitnessOf(child, rule);
          if (!witness) return std::nullopt;
          std::move(witness->begin(), witness->end(), std::back_inserter(all));
        }
        return all;
      }
    }
    return std::nullopt;
  }

  static std::optional<std::vector<Witness>> ItemWitness(const content::Item& item) {
    if (!item.field.valid() || item.negated) return std::nullopt;
    std::vector<Witness> out;
    for (const auto& forms : item.values) {
      for (const content::ValueTest& form : forms) {
        const bool plain = form.kind == content::ValueTest::Kind::kPattern && form.pattern.IsLiteral() && !form.windash && form.number.empty();
        const std::string text = plain && !form.pattern.pieces.empty() ? form.pattern.pieces[0].text : "";
        if (!plain) return std::nullopt;
        out.push_back({item.field, Folded(text)});
      }
      if (item.all) break;  // each is necessary: one is enough
    }
    return out;
  }

  size_t Cost(const std::vector<Witness>& witnesses) const {
    return std::accumulate(witnesses.begin(), witnesses.end(), size_t{0}, [&](size_t sum, const Witness& each) {
      const auto it = frequency_.find({each.field, each.text});
      return sum + (it == frequency_.end() ? 1 : it->second);
    });
  }

  // How many rules ask for a text tells how rarely it narrows: eventName picks better than eventSource.
  void ChooseWitnesses() {
    for (const CompiledRule& rule : out_.rules) {
      for (const content::Item& item : content_.rules[rule.id.value()].detection.items) {
        const auto witness = ItemWitness(item);
        if (!witness) continue;
        for (const Witness& each : *witness) frequency_[{each.field, each.text}]++;
      }
    }
    for (const CompiledRule& compiled : out_.rules) {
      const Rule& rule = content_.rules[compiled.id.value()];
      out_.witnesses.push_back(WitnessOf(rule.detection.condition, rule).value_or(std::vector<Witness>()));
    }
  }

  CompiledProgram& out_;
  const content::ContentSet& content_;
  content::Diagnostics& diagnostics_;
  absl::flat_hash_map<std::string, uint32_t> known_;
  std::map<std::pair<content::FieldId, std::string>, size_t> frequency_;
};

bool Eval(const CompiledProgram& program, const ConditionNode& node, const event::EventView& event, ScratchState& state) {
  switch (node.kind) {
    case ConditionNode::Kind::kPredicate:
      if (state.outcome_epoch[node.first] != state.epoch) {
        state.outcome_epoch[node.first] = state.epoch;
        state.outcome[node.first] = program.predicates[node.first].Holds(event, state.buffer);
      }
      return state.outcome[node.first] != 0;
    case ConditionNode::Kind::kNot: return !Eval(program, program.nodes[node.first], event, state);
    case ConditionNode::Kind::kAnd:
      for (uint32_t i = 0; i < node.count; i++) {
        if (!Eval(program, program.nodes[node.first + i], event, state)) return false;
      }
      return true;
    case ConditionNode::Kind::kOr:
      for (uint32_t i = 0; i < node.count; i++) {
        if (Eval(program, program.nodes[node.first + i], event, state)) return true;
      }
      return false;
  }
  return false;
}

void FindCandidates(const Dispatch& dispatch, const event::EventView& event, ScratchState& state) {
  std::copy(dispatch.always.begin(), dispatch.always.end(), state.candidates.begin());
  for (const Dispatch::ByText& by_text : dispatch.by_text) {
    for (const event::Value& value : event.values(by_text.field)) {
      if (value.kind != event::ValueKind::kString && value.kind != event::ValueKind::kNumber && value.kind != event::ValueKind::kBool) continue;
      FoldTo(value.text, state.buffer);
      const auto it = by_text.rules.find(state.buffer);
      if (it == by_text.rules.end()) continue;
      for (const uint32_t place : it->second) AddTo(state.candidates, place);
    }
  }
}

// Takes out the candidates that the event's own logsource excludes. What it does not state (no text, "", null) excludes
// nothing; an array states its first text.
void Exclude(const Attribute& attribute, const event::EventView& event, ScratchState& state) {
  if (!attribute.field.valid()) return;
  for (const event::Value& value : event.values(attribute.field)) {
    if (value.kind != event::ValueKind::kString || value.text.empty()) continue;
    FoldTo(value.text, state.buffer);
    const auto it = attribute.named.find(state.buffer);
    const RuleSet& left = it == attribute.named.end() ? attribute.unnamed : it->second;
    for (size_t word = 0; word < left.size(); word++) state.candidates[word] &= left[word];
    return;
  }
}

}  // namespace

Dispatch CompiledProgram::MakeDispatch(const std::vector<uint32_t>& rule_places) const {
  Dispatch out;
  out.always.resize(words());
  std::map<content::FieldId, size_t> field_place;
  for (const uint32_t place : rule_places) {
    if (witnesses[place].empty()) {
      AddTo(out.always, place);
      continue;
    }
    for (const Witness& witness : witnesses[place]) {
      const auto [it, fresh] = field_place.try_emplace(witness.field, out.by_text.size());
      if (fresh) out.by_text.push_back({witness.field, {}});
      std::vector<uint32_t>& rules_of_text = out.by_text[it->second].rules[witness.text];
      if (rules_of_text.empty() || rules_of_text.back() != place) rules_of_text.push_back(place);
    }
  }
  return out;
}

std::shared_ptr<const Program> Program::Compile(std::shared_ptr<const event::Plan> plan, const ProgramOptions& options, content::Diagnostics& diagnostics) {
  auto compiled = std::make_unique<CompiledProgram>();
  compiled->plan = std::move(plan);
  compiled->options = options;
  Compiler(*compiled, diagnostics).Run();
  return std::make_shared<Program>(std::move(compiled));
}

Program::Program(std::unique_ptr<const CompiledProgram> compiled) : compiled_(std::move(compiled)) {}
Program::~Program() = default;
size_t Program::predicates() const { return compiled_->predicates.size(); }
size_t Program::rules() const { return compiled_->rules.size(); }

std::span<const RuleId> Program::Match(const event::EventView& event, Scratch& scratch) const {
  ScratchState& state = *scratch.state_;
  if (++state.epoch == 0) {
    std::fill(state.outcome_epoch.begin(), state.outcome_epoch.end(), 0);
    state.epoch = 1;
  }
  state.hits.clear();
  const bool by_source = !compiled_->options.logsource_from_event && event.source.valid();
  FindCandidates(by_source ? compiled_->by_source[event.source.value()] : compiled_->by_source.back(), event, state);
  if (compiled_->options.logsource_from_event) {
    for (const Attribute& attribute : compiled_->attributes) Exclude(attribute, event, state);
  }
  for (size_t word = 0; word < state.candidates.size(); word++) {
    for (uint64_t bits = state.candidates[word]; bits != 0; bits &= bits - 1) {
      const CompiledRule& rule = compiled_->rules[word * 64 + static_cast<size_t>(std::countr_zero(bits))];
      if (Eval(*compiled_, compiled_->nodes[rule.root], event, state)) state.hits.push_back(rule.id);
    }
  }
  return state.hits;
}

Scratch::Scratch(const Program& program) : state_(std::make_unique<ScratchState>()) {
  state_->outcome_epoch.resize(program.compiled_->predicates.size());
  state_->outcome.resize(program.compiled_->predicates.size());
  state_->candidates.resize(program.compiled_->words());
  state_->hits.reserve(program.compiled_->rules.size());
}

Scratch::~Scratch() = default;

}  // namespace tocsin::match
