#include "engine/correlate/decision.h"

#include <algorithm>

#include "engine/correlate/internal/plan.h"

namespace tocsin::correlate {
namespace {

class Connected {
 public:
  explicit Connected(const content::ContentSet& content) : content_(content) {}
  bool Has(content::SourceId source) const {
    const auto& names = content_.site.connected;
    return names.empty() || std::find(names.begin(), names.end(), content_.sources[source.value()].name) != names.end();
  }
  bool Any(const std::vector<content::SourceId>& sources) const {
    return std::any_of(sources.begin(), sources.end(), [&](content::SourceId source) { return Has(source); });
  }

 private:
  const content::ContentSet& content_;
};

std::string WhyInactive(const content::ContentSet& content, const Unit& unit, const Connected& connected) {
  if (!unit.usable) return "its condition expands to more alternatives than are judged";
  for (size_t ref = 0; ref < unit.answering.size(); ++ref) {
    if (!(unit.negative >> ref & 1) || connected.Any(unit.answering[ref])) continue;
    const content::Rule& absent = content.rules[unit.correlation->refs[ref].rule.value()];
    return "it needs the absence of " + content::RuleLabel(absent) + ", and no connected source could show one";
  }
  return "";
}

}  // namespace

std::vector<RuleDecision> DecisionsOfRules(const content::ContentSet& content) {
  const Plan plan = CompilePlan(content, /*lone_hits=*/false);
  const Connected connected(content);
  std::vector<RuleDecision> out(content.rules.size());
  for (size_t rule = 0; rule < out.size(); ++rule) out[rule].sources = plan.rule_sources[rule];
  for (const Unit& unit : plan.units) {
    RuleDecision& decision = out[unit.rule_id.value()];
    decision.sources = unit.sources;
    decision.settle_ns = unit.settle_ns;
    decision.inactive = WhyInactive(content, unit, connected);
    // A rule over an inactive rule: only one that can do without it could fire, and which do is the condition's matter.
    for (const content::Correlation::Ref& ref : unit.correlation->refs) {
      const RuleDecision& inner = out[ref.rule.value()];
      if (decision.inactive.empty() && !inner.inactive.empty() && unit.correlation->refs.size() == 1) {
        decision.inactive = "its only rule " + content::RuleLabel(content.rules[ref.rule.value()]) + " is inactive";
      }
    }
  }
  for (RuleDecision& decision : out) {
    std::erase_if(decision.sources, [&](content::SourceId source) { return !connected.Has(source); });
    for (const content::SourceId source : decision.sources) {
      decision.lateness_ns = std::max(decision.lateness_ns, content.sources[source.value()].lateness_ns);
    }
  }
  return out;
}

}  // namespace tocsin::correlate
