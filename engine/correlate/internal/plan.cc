#include "engine/correlate/internal/plan.h"

#include <algorithm>
#include <bit>
#include <string_view>

namespace tocsin::correlate {
namespace {

using content::ContentSet;
using content::Correlation;
using content::CorrelationExpr;
using content::CorrelationType;
using content::RuleId;
using content::SourceId;

constexpr std::string_view kEntityPrefix = "entity.";

bool SameText(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

// SIGMA 25: every attribute the rule states equals the source's.
bool Fits(const content::Logsource& rule, const content::Logsource& source) {
  auto fits = [](const std::string& wanted, const std::string& have) {
    return wanted.empty() || SameText(wanted, have);
  };
  return fits(rule.product, source.product) && fits(rule.category, source.category) &&
         fits(rule.service, source.service);
}

FieldSource SourceOf(const ContentSet& content, content::FieldId field) {
  FieldSource source;
  source.field = field;
  if (!field.valid()) return source;
  source.name = content.fields.name(field);
  std::string_view name = source.name;
  if (name.starts_with(kEntityPrefix)) source.kind = content::ParseEntityKind(name.substr(kEntityPrefix.size()));
  return source;
}

// An alternative: references that must have fired, and references that must not.
struct Literals {
  RefSet positive = 0, negative = 0;
};

// Disjunctive form with `not` pushed to the references. False when it grows past kMaxTerms.
bool Expand(const CorrelationExpr& expr, bool negated, std::vector<Literals>& out) {
  switch (expr.kind) {
    case CorrelationExpr::Kind::kRef: {
      Literals literals;
      (negated ? literals.negative : literals.positive) = RefSet{1} << expr.ref;
      out.push_back(literals);
      return true;
    }
    case CorrelationExpr::Kind::kNot:
      return Expand(expr.children[0], !negated, out);
    case CorrelationExpr::Kind::kAnd:
    case CorrelationExpr::Kind::kOr:
      break;
  }
  if ((expr.kind == CorrelationExpr::Kind::kOr) != negated) {
    for (const CorrelationExpr& child : expr.children) {
      if (!Expand(child, negated, out)) return false;
    }
    return out.size() <= kMaxTerms;
  }
  std::vector<Literals> product{Literals{}};
  for (const CorrelationExpr& child : expr.children) {
    std::vector<Literals> sides, next;
    if (!Expand(child, negated, sides) || product.size() * sides.size() > kMaxTerms) return false;
    for (const Literals& a : product) {
      for (const Literals& b : sides) next.push_back({a.positive | b.positive, a.negative | b.negative});
    }
    product = std::move(next);
  }
  out.insert(out.end(), product.begin(), product.end());
  return out.size() <= kMaxTerms;
}

void CollectSigns(const CorrelationExpr& expr, bool negated, Unit& unit) {
  if (expr.kind == CorrelationExpr::Kind::kRef) {
    (negated ? unit.negative : unit.positive) |= RefSet{1} << expr.ref;
    return;
  }
  bool flip = expr.kind == CorrelationExpr::Kind::kNot;
  for (const CorrelationExpr& child : expr.children) CollectSigns(child, negated != flip, unit);
}

Term MakeTerm(const Correlation& correlation, const Literals& literals) {
  Term term;
  for (uint16_t ref = 0; ref < correlation.refs.size(); ++ref) {
    RefSet bit = RefSet{1} << ref;
    if (literals.positive & bit) term.positives.push_back(ref);
    if (literals.negative & bit) {
      const Correlation::Ref& r = correlation.refs[ref];
      term.absences.push_back({ref, static_cast<uint16_t>(term.positives.size()),
                               r.before_ns >= 0 ? r.before_ns : correlation.timespan_ns,
                               r.after_ns >= 0 ? r.after_ns : correlation.timespan_ns});
    }
  }
  return term;
}

// With a number as its condition, an ordered correlation asks how many references fired in order: one term for each set
// of references that can answer.
bool CountingTerms(const Correlation& correlation, std::vector<Literals>& out) {
  size_t n = correlation.refs.size();
  if (correlation.thresholds.empty()) {
    out.push_back({n == kMaxRefs ? ~RefSet{0} : (RefSet{1} << n) - 1, 0});
    return true;
  }
  if (n > 10) return false;  // 2^10 sets: kMaxTerms
  for (RefSet set = 1; set < RefSet{1} << n; ++set) out.push_back({set, 0});
  return true;
}

void CompileTerms(Unit& unit) {
  std::vector<Literals> alternatives;
  const Correlation& correlation = *unit.correlation;
  unit.usable = correlation.expression ? Expand(*correlation.expression, false, alternatives)
                                       : CountingTerms(correlation, alternatives);
  if (!unit.usable) return;
  for (const Literals& literals : alternatives) {
    // Both present and absent can never hold; nothing positive has no hit to fire at.
    if ((literals.positive & literals.negative) != 0 || literals.positive == 0) continue;
    unit.terms.push_back(MakeTerm(correlation, literals));
  }
}

// A link may say that it held before its event came: that long a hit waits for it behind the watermark.
int64_t LinkDelay(const ContentSet& content, const Unit& unit) {
  int64_t delay = 0;
  for (const content::SourceDef& source : content.sources) {
    for (const content::LinkDef& link : source.links) {
      if (unit.link_kinds & KindBit(link.to)) delay = std::max(delay, -link.valid_from_shift_ns);
    }
  }
  return delay;
}

void CompileReach(const ContentSet& content, Unit& unit, const std::vector<Unit>& units,
                  const std::vector<int>& unit_of_rule) {
  const Correlation& correlation = *unit.correlation;
  int64_t before = 0, after = 0;
  for (size_t ref = 0; ref < correlation.refs.size(); ++ref) {
    const Correlation::Ref& r = correlation.refs[ref];
    unit.before_ns.push_back(r.before_ns >= 0 ? r.before_ns : correlation.timespan_ns);
    if (unit.negative >> ref & 1) before = std::max(before, unit.before_ns.back());
  }
  for (const Term& term : unit.terms) {
    for (const Term::Absence& absence : term.absences) {
      if (absence.gap == term.positives.size()) after = std::max(after, absence.after_ns);
    }
  }
  unit.span_ns = Plus(correlation.timespan_ns, before);
  // A group has learned iff a stretch without a gap reaches so far back.
  if (correlation.type == CorrelationType::kValueFirstSeen) unit.span_ns = Plus(unit.span_ns, correlation.learning_ns);
  unit.link_delay_ns = unit.settle_ns = LinkDelay(content, unit);
  for (const Correlation::Ref& ref : correlation.refs) {
    int inner = unit_of_rule[ref.rule.value()];
    if (inner < 0) continue;
    unit.settle_ns = std::max(unit.settle_ns, units[inner].settle_ns);
    unit.precision_steps = std::max(unit.precision_steps, units[inner].precision_steps);
  }
  if (unit.has_parents) unit.settle_ns = std::max(unit.settle_ns, units.back().settle_ns);
  unit.settle_ns = Plus(unit.settle_ns, after);
  if (unit.negative == 0) return;
  ++unit.precision_steps;
  for (const content::SourceDef& source : content.sources) {
    unit.coverage_delay_ns = std::max(unit.coverage_delay_ns, source.silence_after_ns);
  }
}

class Compiler {
 public:
  Compiler(const ContentSet& content, bool lone_hits) : content_(content), lone_hits_(lone_hits) {}

  Plan Compile() {
    size_t rules = content_.rules.size();
    plan_.feeds.resize(rules);
    plan_.rule_sources.resize(rules);
    leaves_.resize(rules);
    unit_of_rule_.assign(rules, -1);
    state_.assign(rules, 0);
    for (uint32_t r = 0; r < rules; ++r) {
      const content::Rule& rule = content_.rules[r];
      if (rule.is_correlation) continue;
      leaves_[r] = {RuleId(r)};
      for (uint16_t s = 0; s < content_.sources.size(); ++s) {
        if (Fits(rule.detection.logsource, content_.sources[s].logsource)) plan_.rule_sources[r].push_back(SourceId(s));
      }
    }
    for (uint32_t r = 0; r < rules; ++r) {
      if (content_.rules[r].is_correlation) Visit(r);
    }
    if (lone_hits_) AddLoneHits();
    HandKinds();
    return std::move(plan_);
  }

 private:
  void Visit(uint32_t r) {
    if (state_[r] != 0) return;  // done; content refuses cycles
    state_[r] = 1;
    const Correlation& correlation = content_.rules[r].correlation;
    for (const Correlation::Ref& ref : correlation.refs) {
      if (content_.rules[ref.rule.value()].is_correlation) Visit(ref.rule.value());
    }
    if (correlation.type == CorrelationType::kValueFirstSeen && correlation.learning_parent) AddUnit(r, /*is_parents=*/true);
    AddUnit(r, /*is_parents=*/false);
  }

  void AddUnit(uint32_t r, bool is_parents) {
    const Correlation& correlation = content_.rules[r].correlation;
    uint32_t index = static_cast<uint32_t>(plan_.units.size());
    Unit unit;
    unit.rule_id = RuleId(r);
    unit.rule = &content_.rules[r];
    unit.correlation = &correlation;
    unit.is_parents = is_parents;
    unit.has_parents = !is_parents && index > 0 && plan_.units.back().is_parents;
    if (unit.has_parents) plan_.units.back().outers.push_back(index);
    for (uint16_t ref = 0; ref < correlation.refs.size() && ref < kMaxRefs; ++ref) AddRef(unit, index, ref);
    for (content::FieldId field : correlation.fields) unit.fields.push_back(SourceOf(content_, field));
    unit.values = match::ValueList(correlation.values);
    if (correlation.learning_fallback) unit.learning_fallback = match::ValueList(*correlation.learning_fallback);
    if (correlation.refs.size() > kMaxRefs) {
      unit.usable = false;
    } else if (correlation.expression) {
      CollectSigns(*correlation.expression, false, unit);
    } else {
      unit.positive = correlation.refs.size() == kMaxRefs ? ~RefSet{0} : (RefSet{1} << correlation.refs.size()) - 1;
    }
    if (unit.usable && correlation.type == CorrelationType::kTemporalOrdered) CompileTerms(unit);
    AddSources(unit);
    CompileReach(content_, unit, plan_.units, unit_of_rule_);
    if (!is_parents) unit_of_rule_[r] = static_cast<int>(index);
    plan_.units.push_back(std::move(unit));
  }

  void AddRef(Unit& unit, uint32_t index, uint16_t ref) {
    const Correlation& correlation = *unit.correlation;
    uint32_t inner = correlation.refs[ref].rule.value();
    plan_.feeds[inner].push_back({index, ref});
    if (unit_of_rule_[inner] >= 0) {
      std::vector<uint32_t>& outers = plan_.units[unit_of_rule_[inner]].outers;
      if (outers.empty() || outers.back() != index) outers.push_back(index);
    }
    std::vector<FieldSource> group;
    if (unit.is_parents) {
      group.push_back(SourceOf(content_, correlation.learning_parent->per_ref[ref]));
    } else {
      for (const Correlation::GroupField& field : correlation.group_by)
        group.push_back(SourceOf(content_, field.per_ref[ref]));
    }
    unit.group.push_back(std::move(group));
    unit.leaves.push_back(leaves_[inner]);
    std::vector<RuleId>& all = leaves_[unit.rule_id.value()];
    all.insert(all.end(), leaves_[inner].begin(), leaves_[inner].end());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    std::vector<SourceId> answering;
    for (RuleId leaf : leaves_[inner]) {
      const std::vector<SourceId>& sources = plan_.rule_sources[leaf.value()];
      answering.insert(answering.end(), sources.begin(), sources.end());
    }
    std::sort(answering.begin(), answering.end());
    answering.erase(std::unique(answering.begin(), answering.end()), answering.end());
    unit.answering.push_back(std::move(answering));
  }

  // W(rule): sources of its leaf rules and sources of the links that it, or a rule below it, groups by.
  void AddSources(Unit& unit) {
    for (const std::vector<FieldSource>& group : unit.group) {
      for (const FieldSource& source : group) unit.link_kinds |= source.kind ? KindBit(*source.kind) : 0;
    }
    for (const std::vector<SourceId>& answering : unit.answering) {
      unit.sources.insert(unit.sources.end(), answering.begin(), answering.end());
    }
    for (uint16_t s = 0; s < content_.sources.size(); ++s) {
      for (const content::LinkDef& link : content_.sources[s].links) {
        if (unit.link_kinds & KindBit(link.to)) unit.sources.push_back(SourceId(s));
      }
    }
    for (const Correlation::Ref& ref : unit.correlation->refs) {
      int inner = unit_of_rule_[ref.rule.value()];
      if (inner < 0) continue;
      const std::vector<SourceId>& sources = plan_.units[inner].sources;
      unit.sources.insert(unit.sources.end(), sources.begin(), sources.end());
    }
    if (unit.has_parents) {
      const std::vector<SourceId>& sources = plan_.units.back().sources;
      unit.sources.insert(unit.sources.end(), sources.begin(), sources.end());
    }
    std::sort(unit.sources.begin(), unit.sources.end());
    unit.sources.erase(std::unique(unit.sources.begin(), unit.sources.end()), unit.sources.end());
  }

  void AddLoneHits() {
    for (uint32_t r = 0; r < content_.rules.size(); ++r) {
      const content::Rule& rule = content_.rules[r];
      if (rule.is_correlation || !rule.alerts) continue;
      plan_.feeds[r].push_back({static_cast<uint32_t>(plan_.units.size()), 0});
      Unit unit;
      unit.rule_id = RuleId(r);
      unit.rule = &rule;
      unit.positive = 1;
      unit.sources = plan_.rule_sources[r];
      plan_.units.push_back(std::move(unit));
    }
  }

  // What an outer unit reads from the members of an inner one, through every level between.
  void HandKinds() {
    for (size_t u = plan_.units.size(); u-- > 0;) {
      Unit& outer = plan_.units[u];
      if (outer.lone()) continue;
      KindSet fields = outer.handed;
      for (const FieldSource& source : outer.fields) fields |= source.kind ? KindBit(*source.kind) : 0;
      for (size_t ref = 0; ref < outer.group.size(); ++ref) {
        int inner = unit_of_rule_[outer.correlation->refs[ref].rule.value()];
        if (inner < 0) continue;
        KindSet kinds = fields;
        for (const FieldSource& source : outer.group[ref]) kinds |= source.kind ? KindBit(*source.kind) : 0;
        plan_.units[inner].handed |= kinds;
      }
    }
  }

  const ContentSet& content_;
  bool lone_hits_;
  Plan plan_;
  std::vector<std::vector<RuleId>> leaves_;  // [RuleId]
  std::vector<int> unit_of_rule_;            // [RuleId]; -1: a detection
  std::vector<char> state_;
};

}  // namespace

Plan CompilePlan(const ContentSet& content, bool lone_hits) { return Compiler(content, lone_hits).Compile(); }

}  // namespace tocsin::correlate
