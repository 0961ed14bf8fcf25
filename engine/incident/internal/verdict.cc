#include "engine/incident/internal/verdict.h"

#include <algorithm>
#include <map>

#include "engine/incident/internal/silence.h"
#include "engine/incident/internal/text_times.h"
#include "engine/incident/internal/words.h"

namespace tocsin::incident {
namespace {

constexpr size_t kEventIdShown = 12;

std::string Told(const SelectedEvent& selected) {
  const TimelineRow& row = selected.event->row;
  std::string text = row.summary + " at " + DateAndClock(event::FormatTime(row.time)) + " (event " +
                     row.event_id.substr(0, kEventIdShown);
  return text + (selected.weak ? ", weak: tied by a shared key only)" : ")");
}

std::vector<SelectedEvent> SelectAny(const std::vector<content::EventQuery>& queries, const CaseFile& file,
                                     event::EventTime from) {
  std::map<KnownEvent*, bool, bool (*)(const KnownEvent*, const KnownEvent*)> distinct(EventBefore);
  for (const content::EventQuery& query : queries) {
    for (const SelectedEvent& selected : file.Select(query, from, file.range.until)) {
      // A shared key says something only near the incident: tomorrow's release of the same repository is another story.
      if (selected.weak && selected.event->row.time.ns > file.range.last.ns + kSharedMarginNs) continue;
      const auto [at, added] = distinct.try_emplace(selected.event, selected.weak);
      if (!added) at->second = at->second && selected.weak;
    }
  }
  std::vector<SelectedEvent> events;
  for (const auto& [event, weak] : distinct) events.push_back({event, weak});
  // Exact ties first: they are what the verdict stands on.
  std::stable_partition(events.begin(), events.end(), [](const SelectedEvent& e) { return !e.weak; });
  return events;
}

void Tell(const std::vector<SelectedEvent>& events, std::string_view prefix, std::vector<std::string>& because) {
  for (size_t i = 0; i < events.size() && i < kReasonsShown; ++i)
    because.push_back(std::string(prefix) + Told(events[i]));
  if (events.size() > kReasonsShown)
    because.push_back("+" + std::to_string(events.size() - kReasonsShown) + " more events");
}

Verdict JudgeFacet(const std::string& name, const content::VerdictDef::Facet& facet, const CaseFile& file,
                   std::vector<std::pair<std::string, SelectedEvent>>& deciding) {
  Verdict verdict;
  verdict.name = name + "." + facet.name;
  for (const correlate::Alert& alert : file.alerts) {
    const content::Rule& rule = file.content.rules[alert.rule.value()];
    const auto is_rule = [&](const std::string& wanted) { return wanted == rule.name || wanted == rule.id; };
    if (std::any_of(facet.used_rules.begin(), facet.used_rules.end(), is_rule)) {
      verdict.because.push_back("alert " + content::RuleLabel(rule) + " at " +
                                DateAndClock(event::FormatTime(alert.first_firing)));
    }
  }
  const std::vector<SelectedEvent> used = SelectAny(facet.used, file, file.range.first);
  if (!used.empty() || !verdict.because.empty()) {
    verdict.value = "yes-used";
    Tell(used, "", verdict.because);
    for (const SelectedEvent& event : used) deciding.emplace_back(verdict.name, event);
    return verdict;
  }
  const std::vector<SelectedEvent> reachable = SelectAny(facet.reachable, file, file.range.from);
  for (const SelectedEvent& event : reachable) deciding.emplace_back(verdict.name, event);
  verdict.because = Unanswered(file.content, file.clock, facet.sources, file.range.first, file.range.last);
  if (!verdict.because.empty()) {
    verdict.value = "undetermined";
    Tell(reachable, "within reach: ", verdict.because);
    return verdict;
  }
  verdict.value = reachable.empty() ? "no" : "reachable";
  Tell(reachable, "", verdict.because);
  if (!facet.sources.empty()) {
    verdict.because.push_back("no use seen, and " + Joined(facet.sources, ", ") + " healthy " +
                              Span(event::FormatTime(file.range.first), event::FormatTime(file.range.last)));
  }
  return verdict;
}

}  // namespace

VerdictList MakeVerdicts(const content::VerdictDef& def, const CaseFile& file) {
  VerdictList list;
  if (def.form != "reach") return list;  // the loader refuses other forms
  Verdict gate{def.gate, "clear", {}};
  for (const content::VerdictDef::Facet& facet : def.facets) {
    const Verdict& verdict = list.verdicts.emplace_back(JudgeFacet(def.name, facet, file, list.events));
    if (verdict.value != "yes-used" && verdict.value != "undetermined") continue;
    gate.value = "hold";
    gate.because.push_back(verdict.name + " is " + verdict.value);
  }
  if (gate.value == "clear") gate.because.push_back("nothing of " + def.name + " is yes-used or undetermined");
  if (!def.gate.empty()) list.verdicts.push_back(std::move(gate));
  return list;
}

}  // namespace tocsin::incident
