#include "engine/match/program.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "engine/content/sigma/print.h"
#include "engine/match/internal/compiled_program.h"

namespace tocsin::match {
namespace {

using content::Expr;
using content::Logsource;
using content::Rule;
using Witness = CompiledProgram::Witness;

std::string LowerAscii(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

bool IsAscii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

// Does a rule's logsource fit one whose attributes may be unstated? `unstated_fits`: the event does not state it (25).
bool Fits(const Logsource& rule, const Logsource& have, bool unstated_fits) {
  const auto fits = [&](const std::string& wanted, const std::string& stated) {
    if (wanted.empty() || (unstated_fits && stated.empty())) return true;
    return LowerAscii(wanted) == LowerAscii(stated);
  };
  return fits(rule.product, have.product) && fits(rule.category, have.category) && fits(rule.service, have.service);
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
        if (source == content_.sources.size() || Fits(wanted, content_.sources[source].logsource, false)) places.push_back(place);
      }
      out_.by_source.push_back(out_.MakeDispatch(places));
    }
  }

 private:
  std::optional<uint32_t> AddPredicate(const content::Item& item) {
    const auto [it, fresh] = known_.try_emplace(content::ItemText(item, content_.fields), static_cast<uint32_t>(out_.predicates.size()));
    if (!fresh) return it->second == UINT32_MAX ? std::nullopt : std::optional(it->second);
    Predicate predicate;
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
        if (!plain || !IsAscii(text)) return std::nullopt;
        out.push_back({item.field, LowerAscii(text)});
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

void AddCandidate(uint32_t place, ScratchState& state) {
  if (state.candidate_epoch[place] == state.epoch) return;
  state.candidate_epoch[place] = state.epoch;
  state.candidates.push_back(place);
}

void FindCandidates(const Dispatch& dispatch, const event::EventView& event, ScratchState& state) {
  for (const uint32_t place : dispatch.always) AddCandidate(place, state);
  for (const Dispatch::ByText& by_text : dispatch.by_text) {
    for (const event::Value& value : event.values(by_text.field)) {
      if (value.kind != event::ValueKind::kString && value.kind != event::ValueKind::kNumber && value.kind != event::ValueKind::kBool) continue;
      state.buffer.assign(value.text);
      bool ascii = true;
      for (char& c : state.buffer) {
        ascii &= static_cast<unsigned char>(c) < 0x80;
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
      }
      if (!ascii) {
        for (const uint32_t place : by_text.any) AddCandidate(place, state);
        continue;
      }
      const auto it = by_text.rules.find(state.buffer);
      if (it == by_text.rules.end()) continue;
      for (const uint32_t place : it->second) AddCandidate(place, state);
    }
  }
  std::sort(state.candidates.begin(), state.candidates.end());
}

std::string_view FirstText(const event::EventView& event, content::FieldId field) {
  if (!field.valid()) return {};
  const event::Values values = event.values(field);
  return values.empty() ? std::string_view() : values.front().text;
}

// The rules for the logsource that the event states itself.
const Dispatch& DispatchFor(const CompiledProgram& program, const event::EventView& event, ScratchState& state) {
  const Logsource have{std::string(FirstText(event, program.product)), std::string(FirstText(event, program.category)), std::string(FirstText(event, program.service))};
  state.key = have.product + '\n' + have.category + '\n' + have.service;
  const auto it = state.by_logsource.find(state.key);
  if (it != state.by_logsource.end()) return it->second;
  if (state.by_logsource.size() >= kMaxLogsources) state.by_logsource.clear();
  std::vector<uint32_t> places;
  const content::ContentSet& content = program.plan->content();
  for (uint32_t place = 0; place < program.rules.size(); place++) {
    if (Fits(content.rules[program.rules[place].id.value()].detection.logsource, have, true)) places.push_back(place);
  }
  return state.by_logsource[state.key] = program.MakeDispatch(places);
}

}  // namespace

Dispatch CompiledProgram::MakeDispatch(const std::vector<uint32_t>& rule_places) const {
  Dispatch out;
  std::map<content::FieldId, size_t> field_place;
  for (const uint32_t place : rule_places) {
    if (witnesses[place].empty()) {
      out.always.push_back(place);
      continue;
    }
    for (const Witness& witness : witnesses[place]) {
      const auto [it, fresh] = field_place.try_emplace(witness.field, out.by_text.size());
      if (fresh) out.by_text.push_back({witness.field, {}, {}});
      Dispatch::ByText& by_text = out.by_text[it->second];
      std::vector<uint32_t>& rules_of_text = by_text.rules[witness.text];
      if (rules_of_text.empty() || rules_of_text.back() != place) rules_of_text.push_back(place);
      if (by_text.any.empty() || by_text.any.back() != place) by_text.any.push_back(place);
    }
  }
  return out;
}

std::shared_ptr<const Program> Program::Compile(std::shared_ptr<const event::Plan> plan, const ProgramOptions& options, content::Diagnostics& diagnostics) {
  auto compiled = std::make_unique<CompiledProgram>();
  compiled->plan = std::move(plan);
  compiled->options = options;
  const content::FieldTable& fields = compiled->plan->content().fields;
  compiled->product = fields.Find("product").value_or(content::FieldId());
  compiled->category = fields.Find("category").value_or(content::FieldId());
  compiled->service = fields.Find("service").value_or(content::FieldId());
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
    std::fill(state.candidate_epoch.begin(), state.candidate_epoch.end(), 0);
    state.epoch = 1;
  }
  state.candidates.clear();
  state.hits.clear();
  const Dispatch& dispatch = compiled_->options.logsource_from_event ? DispatchFor(*compiled_, event, state)
                             : event.source.valid()                  ? compiled_->by_source[event.source.value()]
                                                                     : compiled_->by_source.back();
  FindCandidates(dispatch, event, state);
  for (const uint32_t place : state.candidates) {
    const CompiledRule& rule = compiled_->rules[place];
    if (Eval(*compiled_, compiled_->nodes[rule.root], event, state)) state.hits.push_back(rule.id);
  }
  return state.hits;
}

Scratch::Scratch(const Program& program) : state_(std::make_unique<ScratchState>()) {
  state_->outcome_epoch.resize(program.compiled_->predicates.size());
  state_->outcome.resize(program.compiled_->predicates.size());
  state_->candidate_epoch.resize(program.compiled_->rules.size());
  state_->candidates.reserve(program.compiled_->rules.size());
  state_->hits.reserve(program.compiled_->rules.size());
}

Scratch::~Scratch() = default;

}  // namespace tocsin::match
