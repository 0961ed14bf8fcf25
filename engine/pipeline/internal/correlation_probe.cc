#include "engine/pipeline/internal/correlation_probe.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace tocsin::pipeline {
namespace {

using content::Compare;
using content::Correlation;
using content::CorrelationType;
using content::RuleId;
using correlate::Firing;
using GroupKey = std::vector<std::pair<std::string, std::string>>;

bool IsTemporal(CorrelationType type) {
  return type == CorrelationType::kTemporal || type == CorrelationType::kTemporalOrdered;
}
// What fires by its values, not by a number over a window.
bool HasNoNumber(CorrelationType type) {
  return type == CorrelationType::kValueFirstSeen || type == CorrelationType::kValueChange;
}

// References below an odd number of `not`.
void CollectNegated(const content::CorrelationExpr& expr, bool negated, std::set<uint32_t>& out) {
  if (expr.kind == content::CorrelationExpr::Kind::kRef && negated) out.insert(expr.ref);
  for (const auto& child : expr.children)
    CollectNegated(child, negated != (expr.kind == content::CorrelationExpr::Kind::kNot), out);
}

class Probes {
 public:
  Probes(const std::shared_ptr<const content::ContentSet>& content, RuleId rule)
      : set_(std::make_shared<content::ContentSet>(*content)), rule_(content->rules[rule.value()]) {
    if (rule_.correlation.expression) CollectNegated(*rule_.correlation.expression, false, negated_);
  }

  // Fires at each hit of one reference.
  RuleId AddMember(uint32_t ref) {
    Correlation probe = WithRefs({ref});
    probe.type = CorrelationType::kEventCount;
    probe.fields.clear();
    return Add(std::move(probe));
  }
  // Fires at each counted hit, with the value of the window of `timespan_ns` that ends there.
  RuleId AddValue(int64_t timespan_ns) {
    std::vector<uint32_t> refs;
    for (uint32_t ref = 0; ref < rule_.correlation.refs.size(); ref++) {
      if (!negated_.contains(ref)) refs.push_back(ref);
    }
    Correlation probe = WithRefs(refs);
    if (IsTemporal(probe.type)) probe.type = CorrelationType::kTemporal;  // how many references: order aside
    probe.timespan_ns = timespan_ns;
    return Add(std::move(probe));
  }
  const std::shared_ptr<content::ContentSet>& set() const { return set_; }

 private:
  Correlation WithRefs(const std::vector<uint32_t>& refs) const {
    Correlation out = rule_.correlation;
    out.refs.clear();
    for (const uint32_t ref : refs) out.refs.push_back(rule_.correlation.refs[ref]);
    for (size_t field = 0; field < out.group_by.size(); field++) {
      out.group_by[field].per_ref.clear();
      for (const uint32_t ref : refs)
        out.group_by[field].per_ref.push_back(rule_.correlation.group_by[field].per_ref[ref]);
    }
    out.expression.reset();
    out.thresholds = {{Compare::kGte, std::numeric_limits<double>::lowest()}};
    return out;
  }
  RuleId Add(Correlation correlation) {
    content::Rule probe;
    probe.title = "probe";
    probe.alerts = false;
    probe.is_correlation = true;
    probe.correlation = std::move(correlation);
    set_->rules.push_back(std::move(probe));
    return RuleId(static_cast<uint32_t>(set_->rules.size() - 1));
  }

  std::shared_ptr<content::ContentSet> set_;
  const content::Rule rule_;
  std::set<uint32_t> negated_;
};

// The value that says how near a group came: the largest; none is less than any.
double Nearest(const GroupExplanation& group) {
  double out = std::numeric_limits<double>::lowest();
  for (const GroupExplanation::Step& step : group.steps) {
    if (!step.value.empty()) out = std::max(out, strtod(step.value.c_str(), nullptr));
  }
  return out;
}

}  // namespace

void ExplainCorrelation(const std::shared_ptr<const content::ContentSet>& content, const RecordedRun& run,
                        ExplainResult& out) {
  const Correlation& correlation = content->rules[out.rule.value()].correlation;
  Probes probes(content, out.rule);
  std::map<RuleId, uint32_t> ref_of_probe;
  for (uint32_t ref = 0; ref < correlation.refs.size(); ref++) ref_of_probe[probes.AddMember(ref)] = ref;
  const RuleId value_probe = HasNoNumber(correlation.type) ? out.rule : probes.AddValue(correlation.timespan_ns);
  const std::vector<Firing> firings = run.Firings(probes.set());

  std::map<GroupKey, GroupExplanation> groups;
  std::set<std::pair<uint64_t, RuleId>> grouped;
  for (const Firing& firing : firings) {
    const auto ref = ref_of_probe.find(firing.rule);
    if (ref == ref_of_probe.end()) continue;
    groups[firing.group].steps.push_back({firing.time, firing.number, ref->second, "", false, {}});
    grouped.emplace(firing.number, correlation.refs[ref->second].rule);
  }
  // An event that hits several references is a step for each, in the order of the engine: that of the rules.
  for (auto& [key, group] : groups) {
    group.group = key;
    std::stable_sort(group.steps.begin(), group.steps.end(), [&](const auto& a, const auto& b) {
      return std::tuple(a.time, a.number, correlation.refs[a.ref].rule) <
             std::tuple(b.time, b.number, correlation.refs[b.ref].rule);
    });
  }
  std::map<std::pair<GroupKey, uint64_t>, std::vector<std::string>> values;
  for (const Firing& firing : firings) {
    if (firing.rule == value_probe) values[{firing.group, firing.number}].push_back(firing.value);
  }
  std::set<uint32_t> negated;
  if (correlation.expression) CollectNegated(*correlation.expression, false, negated);
  out.absent_refs.assign(negated.begin(), negated.end());
  for (auto& [key, group] : groups) {
    std::map<uint64_t, size_t> used;
    for (GroupExplanation::Step& step : group.steps) {
      const auto of_event = values.find({key, step.number});
      if (negated.contains(step.ref) || of_event == values.end()) continue;
      size_t& next = used[step.number];
      if (next < of_event->second.size()) step.value = of_event->second[next++];
    }
  }
  for (const Firing& firing : firings) {
    if (firing.rule != out.rule) continue;
    GroupExplanation& group = groups[firing.group];
    group.group = firing.group;
    group.firings++;
    for (auto step = group.steps.rbegin(); step != group.steps.rend(); ++step) {  // the last of the event's steps
      if (step->number != firing.number || negated.contains(step->ref)) continue;
      step->fired = true;
      step->decided_at = firing.decided_at;
      step->value = firing.value;
      break;
    }
  }

  for (auto& [key, group] : groups) out.groups.push_back(std::move(group));
  std::stable_sort(out.groups.begin(), out.groups.end(), [](const GroupExplanation& a, const GroupExplanation& b) {
    return std::pair(a.firings, Nearest(a)) > std::pair(b.firings, Nearest(b));
  });
  if (out.groups.size() > kExplainedGroups) {
    out.more_groups = out.groups.size() - kExplainedGroups;
    out.groups.resize(kExplainedGroups);
  }
  // The window now: [now - timespan, now]. Its value is that of the group's last hit over the part of its window that
  // is left.
  Probes now_probes(content, out.rule);
  std::map<RuleId, GroupExplanation*> group_of_probe;
  for (GroupExplanation& group : out.groups) {
    const GroupExplanation::Step* last = nullptr;
    for (const GroupExplanation::Step& step : group.steps) {
      if (out.now.ns - step.time.ns > correlation.timespan_ns) continue;
      if (group.expires_ns < 0) group.expires_ns = step.time.ns + correlation.timespan_ns - out.now.ns;
      if (std::find(group.refs_now.begin(), group.refs_now.end(), step.ref) == group.refs_now.end())
        group.refs_now.push_back(step.ref);
      if (!step.value.empty()) last = &step;
    }
    std::sort(group.refs_now.begin(), group.refs_now.end());
    if (last != nullptr && !HasNoNumber(correlation.type))
      group_of_probe[now_probes.AddValue(correlation.timespan_ns - (out.now.ns - last->time.ns))] = &group;
  }
  if (!group_of_probe.empty()) {
    for (Firing& firing : run.Firings(now_probes.set())) {
      const auto probe = group_of_probe.find(firing.rule);
      if (probe != group_of_probe.end() && probe->second->group == firing.group)
        probe->second->value_now = std::move(firing.value);
    }
  }

  std::set<RuleId> referenced;
  for (const Correlation::Ref& ref : correlation.refs) referenced.insert(ref.rule);
  for (const RecordedRun::DetectionHit& hit : run.hits()) {
    if (!referenced.contains(hit.rule)) continue;
    if (!hit.time.known())
      out.untimed_hits++;
    else if (!grouped.contains({hit.number, hit.rule}))
      out.ungrouped.emplace_back(hit.number, hit.rule);
  }
  for (const Firing& firing : firings) {
    if (referenced.contains(firing.rule) && !grouped.contains({firing.number, firing.rule}))
      out.ungrouped.emplace_back(firing.number, firing.rule);
  }
}

}  // namespace tocsin::pipeline
