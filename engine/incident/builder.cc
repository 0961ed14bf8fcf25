// Alerts of one incident to the incident: who leads, what belongs to it, what it means. See builder.h.
#include "engine/incident/builder.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "engine/incident/internal/case_file.h"
#include "engine/incident/internal/event_finder.h"
#include "engine/incident/internal/lead.h"
#include "engine/incident/internal/pivots.h"
#include "engine/incident/internal/preserve.h"
#include "engine/incident/internal/queries.h"
#include "engine/incident/internal/silence.h"
#include "engine/incident/internal/steps.h"
#include "engine/incident/internal/stop_keys.h"
#include "engine/incident/internal/timeline.h"
#include "engine/incident/internal/verdict.h"
#include "engine/incident/internal/words.h"

namespace tocsin::incident {
namespace {

using correlate::Alert;

// The rule whose alert means: what this runner built must not be released (rules/release).
constexpr std::string_view kHoldReleaseRule = "runner_release_contaminated";

FinderRange RangeOf(const Incident& incident, const std::vector<const content::Playbook*>& playbooks) {
  FinderRange range;
  range.first = incident.first_event;
  range.last = incident.last_event;
  range.from = {range.first.ns - kTimelinePreNs};
  range.far_from = range.from;
  range.until = {range.last.ns + kTimelinePostNs};
  for (const content::Playbook* playbook : playbooks) {
    for (const content::PreserveItem& item : playbook->preserve) {
      range.far_from = std::min(range.far_from, event::EventTime{range.first.ns - item.before_ns});
      range.until = std::max(range.until, event::EventTime{range.last.ns + item.after_ns});
    }
  }
  return range;
}

std::set<EntityRef> KeysOf(const std::vector<Alert>& alerts) {
  std::set<EntityRef> keys;
  for (const Alert& alert : alerts) {
    for (const auto& [kind, of_kind] : alert.entities) {
      for (const std::string& key : of_kind) keys.insert({kind, key});
    }
  }
  return keys;
}

// Keys by kind: those of the alerts, then those that the pivots followed, then what the story's own events name
// besides.
std::map<content::EntityKind, std::vector<std::string>> AllKeys(const std::set<EntityRef>& of_alerts,
                                                                const PivotResult& pivots,
                                                                const std::vector<KnownEvent*>& alert_events) {
  std::map<content::EntityKind, std::set<std::string>> later;
  for (const EntityRef& key : pivots.keys) later[key.kind].insert(key.key);
  const auto add = [&](const KnownEvent& event) {
    // Names of another run or machine that happen to stand in a row are its own, not this story's.
    if (!NamesOnlyKnown(event, pivots.keys)) return;
    for (const EntityRef& entity : event.entities) later[entity.kind].insert(entity.key);
  };
  for (const auto& [event, row] : pivots.rows) {
    const auto exact = [&](const EntityRef& e) { return IsExactKind(e.kind) && pivots.keys.contains(e); };
    if (!row.weak || std::any_of(event->entities.begin(), event->entities.end(), exact)) add(*event);
  }
  for (const KnownEvent* event : alert_events) add(*event);

  std::map<content::EntityKind, std::vector<std::string>> keys;
  for (const EntityRef& key : of_alerts) keys[key.kind].push_back(key.key);
  for (const auto& [kind, of_kind] : later) {
    for (const std::string& key : of_kind) {
      if (!of_alerts.contains({kind, key})) keys[kind].push_back(key);
    }
  }
  return keys;
}

void AddFlag(std::vector<std::string>& flags, const std::string& flag) {
  if (std::find(flags.begin(), flags.end(), flag) == flags.end()) flags.push_back(flag);
}

std::vector<std::string> AlertFlags(const std::vector<Alert>& alerts, const content::ContentSet& content) {
  std::vector<std::string> flags;
  for (const Alert& alert : alerts) {
    if (content.rules[alert.rule.value()].name == kHoldReleaseRule) {
      flags.push_back("hold_release since " + event::FormatTime(alert.first_firing).substr(11, 5));
      break;
    }
  }
  if (std::any_of(alerts.begin(), alerts.end(), [](const Alert& a) { return a.absence_unverified; })) {
    flags.push_back("absence_unverified");
  }
  for (const Alert& alert : alerts) {
    for (const std::string& note : alert.notes) {
      // Other notes ("unbound") tell of the alert, not of what the incident may lack.
      for (const std::string_view kind : {"degraded:", "unverified:", "cut:"}) {
        if (note.rfind(kind, 0) == 0) AddFlag(flags, note);
      }
    }
  }
  return flags;
}

std::vector<SourceHealth> HealthOf(const Incident& incident, const std::vector<const content::Playbook*>& playbooks,
                                   const content::ContentSet& content, const event::SourceClock& clock,
                                   const FinderRange& range) {
  // Sources that had a say: those of the timeline, and those whose silence a verdict or an item of the preserve list
  // rests on.
  std::map<std::string, uint64_t> events;
  for (const TimelineRow& row : incident.timeline) ++events[row.source];
  std::vector<std::string> asked;
  for (const content::Playbook* playbook : playbooks) {
    for (const content::VerdictDef& verdict : playbook->verdicts) {
      for (const content::VerdictDef::Facet& facet : verdict.facets)
        asked.insert(asked.end(), facet.sources.begin(), facet.sources.end());
    }
    for (const content::PreserveItem& item : playbook->preserve) {
      for (const content::PreserveItem::Part& part : item.parts)
        asked.insert(asked.end(), part.query.sources.begin(), part.query.sources.end());
    }
  }
  std::vector<SourceHealth> health;
  for (size_t i = 0; i < content.sources.size(); ++i) {
    const content::SourceId source(static_cast<uint16_t>(i));
    const std::string& name = content.sources[i].name;
    const bool in_timeline = events.contains(name);
    if (!in_timeline && !(IsConnected(content, clock, source) && !asked.empty() && SourceListed(asked, name))) continue;
    SourceHealth& line = health.emplace_back();
    line.source = name;
    line.events = in_timeline ? events[name] : 0;
    for (const auto& [begin, end] : clock.CoverageOf(source).intervals()) {
      if (end < range.from.ns || begin > range.last.ns) continue;
      if (!line.first.known()) line.first = {std::max(begin, range.from.ns)};
      line.last = {std::min(end, range.last.ns)};
    }
    const size_t named = std::string("source " + name + " ").size();  // the line says whose gaps these are
    for (const std::string& gap : SilenceOf(content, clock, source, range.first, range.last))
      line.gaps.push_back(gap.substr(named));
  }
  return health;
}

}  // namespace

class IncidentBuilder::Impl {
 public:
  Impl(std::shared_ptr<const event::Plan> plan, evidence::Store& evidence, const event::SourceClock& clock,
       event::EventTime now)
      : plan_(std::move(plan)),
        content_(plan_->content()),
        evidence_(evidence),
        clock_(clock),
        now_(now),
        stop_(content_) {}

  absl::StatusOr<Incident> Build(const std::vector<Alert>& alerts) {
    const std::vector<const Alert*> opening = OpeningAlerts(alerts, content_);
    if (opening.empty()) return absl::InvalidArgumentError("no alert of the group opens an incident");
    const std::vector<const content::Playbook*> playbooks = PlaybooksOf(opening, content_);
    Incident incident = Head(alerts, *opening.front(), *playbooks.front());

    QuerySet queries;
    for (const content::Playbook* playbook : playbooks) queries.AddPlaybook(*playbook);
    const FinderRange range = RangeOf(incident, playbooks);
    EventFinder finder(plan_, evidence_, queries, range);
    Timeline timeline;
    std::set<std::pair<event::EventTime, event::Identity>> lost;
    for (const Alert* alert : ShortChainsFirst(incident.alerts)) AddAlertEvents(*alert, finder, timeline, lost);
    const std::set<EntityRef> alert_keys = KeysOf(incident.alerts);
    const PivotResult pivots = FollowPivots(alert_keys, content_, stop_, range, finder);
    timeline.AddPivots(pivots);

    const CaseFile file{content_,
                        clock_,
                        incident.alerts,
                        queries,
                        stop_,
                        range,
                        incident.now,
                        finder,
                        pivots.weak_keys,
                        pivots.keys,
                        AllKeys(alert_keys, pivots, timeline.alert_events())};
    for (const content::Playbook* playbook : playbooks) {
      Answer(*playbook, playbook == playbooks.front() ? "" : playbook->id + ".", file, timeline, incident);
    }
    SortPreserve(incident.preserve);
    if (!finder.status().ok()) return finder.status();

    size_t left_out = 0;
    incident.timeline = timeline.Rows({range.from, {range.last.ns + kTimelinePostNs}}, &left_out);
    incident.timeline_truncated = left_out > 0;
    incident.entities = file.keys;
    incident.source_health = HealthOf(incident, playbooks, content_, clock_, range);

    incident.flags = AlertFlags(incident.alerts, content_);
    for (const std::string& limit : finder.limits()) AddFlag(incident.flags, limit);
    if (pivots.keys_refused > 0) {
      AddFlag(incident.flags, "degraded: " + Counted(kPivotKeys, "key") + " followed, " +
                                  WithThousands(pivots.keys_refused) + " more not");
    }
    if (left_out > 0) {
      AddFlag(incident.flags, "degraded: timeline cut at " + Counted(kTimelineRows, "event") + ", " +
                                  WithThousands(left_out) + " more not shown");
    }
    if (!lost.empty())
      AddFlag(incident.flags, "degraded: " + Counted(lost.size(), "alert event") + " not in the look-back store");
    return incident;
  }

 private:
  Incident Head(const std::vector<Alert>& alerts, const Alert& lead, const content::Playbook& playbook) const {
    Incident incident;
    incident.id = IncidentId(alerts, content_);
    incident.playbook = playbook.id;
    incident.title = content_.rules[lead.rule.value()].title;
    incident.alerts = alerts;
    incident.content_hash = content_.hash;
    for (const Alert& alert : alerts) {
      const content::Rule& rule = content_.rules[alert.rule.value()];
      incident.rules[alert.rule] = {content::RuleLabel(rule), rule.title};
      incident.severity = std::max(incident.severity, alert.level);
      if (!incident.first_event.known() || alert.first_event < incident.first_event)
        incident.first_event = alert.first_event;
      incident.last_event = std::max(incident.last_event, alert.last_event);
    }
    incident.now = now_.known() ? now_ : incident.last_event;
    return incident;
  }

  // The rule nearest to the event says most about it.
  std::vector<const Alert*> ShortChainsFirst(const std::vector<Alert>& alerts) const {
    std::vector<const Alert*> sorted;
    for (const Alert& alert : alerts) sorted.push_back(&alert);
    const auto length = [&](const Alert* alert) { return ChainLength(content_.rules[alert->rule.value()], content_); };
    std::stable_sort(sorted.begin(), sorted.end(),
                     [&](const Alert* a, const Alert* b) { return length(a) < length(b); });
    return sorted;
  }

  void AddAlertEvents(const Alert& alert, EventFinder& finder, Timeline& timeline,
                      std::set<std::pair<event::EventTime, event::Identity>>& lost) const {
    const std::string& label = content::RuleLabel(content_.rules[alert.rule.value()]);
    for (const correlate::EventRef& ref : alert.events) {
      KnownEvent* event = finder.FindByIdentity(ref.time, ref.source, ref.identity);
      if (event == nullptr) {
        lost.emplace(ref.time, ref.identity);
      } else {
        timeline.AddAlertEvent(event, label);
      }
    }
  }

  void Answer(const content::Playbook& playbook, const std::string& prefix, const CaseFile& file, Timeline& timeline,
              Incident& incident) const {
    const Binder binder(playbook, file);
    for (Step& step : MakeSteps(playbook, binder, prefix)) incident.steps.push_back(std::move(step));
    PreserveList preserve = MakePreserveList(playbook, binder, file);
    for (PreserveState& item : preserve.items) incident.preserve.push_back(std::move(item));
    for (const auto& [item, selected] : preserve.events) timeline.AddSelected(selected, "evidence " + item, item);
    for (const content::VerdictDef& def : playbook.verdicts) {
      VerdictList verdicts = MakeVerdicts(def, file);
      for (Verdict& verdict : verdicts.verdicts) incident.verdicts.push_back(std::move(verdict));
      for (const auto& [verdict, selected] : verdicts.events) timeline.AddSelected(selected, "verdict " + verdict, "");
    }
  }

  const std::shared_ptr<const event::Plan> plan_;
  const content::ContentSet& content_;
  evidence::Store& evidence_;
  const event::SourceClock& clock_;
  const event::EventTime now_;
  const StopKeys stop_;
};

IncidentBuilder::IncidentBuilder(std::shared_ptr<const event::Plan> plan, evidence::Store& evidence,
                                 const event::SourceClock& clock, event::EventTime now)
    : impl_(std::make_unique<Impl>(std::move(plan), evidence, clock, now)) {}
IncidentBuilder::~IncidentBuilder() = default;

absl::StatusOr<Incident> IncidentBuilder::Build(const std::vector<Alert>& alerts) { return impl_->Build(alerts); }

}  // namespace tocsin::incident
