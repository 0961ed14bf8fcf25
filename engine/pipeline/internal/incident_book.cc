#include "engine/pipeline/internal/incident_book.h"

#include <algorithm>
#include <utility>

#include "engine/incident/builder.h"
#include "engine/incident/render.h"
#include "engine/pipeline/internal/alert_rows.h"

namespace tocsin::pipeline {
namespace {

using event::EventTime;

// An incident whose range is still open is read again at most this often: a reading costs what its timeline is long.
constexpr int64_t kRefreshNs = 10'000'000'000;
constexpr EventTime kNoEvent{INT64_MAX};

}  // namespace

absl::Status IncidentBook::Load(incident::Store& store, EventTime now) {
  absl::StatusOr<std::vector<incident::AlertRow>> rows = store.ListAlerts();
  if (!rows.ok()) return rows.status();
  for (const incident::AlertRow& row : *rows) {
    if (row.state == "withdrawn") continue;
    absl::StatusOr<correlate::Alert> alert = incident::AlertFromJson(row.json, *compiled_.content);
    if (!alert.ok()) continue;  // its rule is gone: it takes no part in grouping and stays listed
    stored_owner_[alert->id] = row.incident_id;
    alerts_[alert->id] = *std::move(alert);
  }
  absl::StatusOr<std::vector<std::string>> ids = store.IncidentIds();
  if (!ids.ok()) return ids.status();
  for (const std::string& id : *ids) built_[id] = {{}, now, true};
  Regroup();
  // What was stored was built from these alerts. It may lack evidence that came just before the end: it is read once more.
  for (const Group& group : groups_) {
    const auto built = built_.find(group.id);
    const bool whole = std::all_of(group.alerts.begin(), group.alerts.end(),
                                   [&](const correlate::Alert& alert) { return stored_owner_[alert.id] == group.id; });
    if (built != built_.end() && whole) built->second.alerts = group.alerts;
  }
  return absl::OkStatus();
}

std::vector<correlate::Alert> IncidentBook::Alerts() const {
  std::vector<correlate::Alert> alive;
  for (const auto& [id, alert] : alerts_) {
    if (alert.state != correlate::AlertState::kWithdrawn) alive.push_back(alert);
  }
  std::sort(alive.begin(), alive.end(), correlate::AlertBefore);
  return alive;
}

void IncidentBook::Take(std::vector<correlate::AlertChange> changes) {
  for (correlate::AlertChange& change : changes) {
    regroup_ = true;
    unstored_alerts_.insert(change.alert.id);
    alerts_[change.alert.id] = std::move(change.alert);
  }
}

void IncidentBook::Regroup() {
  groups_.clear();
  owner_.clear();
  for (std::vector<correlate::Alert>& alerts : incident::GroupAlerts(Alerts(), *compiled_.content)) {
    const std::string id = incident::IncidentId(alerts, *compiled_.content);
    for (const correlate::Alert& alert : alerts) owner_[alert.id] = id;
    groups_.push_back({id, std::move(alerts)});
  }
  regroup_ = false;
}

// Events at or before the end of an incident's range may enter its timeline, or a query of its playbook that looks far back.
void IncidentBook::MarkStale() {
  const EventTime from = std::exchange(new_evidence_from_, kNoEvent);
  if (from == kNoEvent) return;
  for (const Group& group : groups_) {
    const auto built = built_.find(group.id);
    if (built == built_.end()) continue;
    EventTime last = group.alerts.front().last_event;
    for (const correlate::Alert& alert : group.alerts) last = std::max(last, alert.last_event);
    built->second.stale |= from.ns - incident::kTimelinePostNs <= last.ns;
  }
}

bool IncidentBook::ToBuild(const Group& group, EventTime now, bool stopping) const {
  const auto built = built_.find(group.id);
  if (built == built_.end() || built->second.alerts != group.alerts) return true;
  return built->second.stale && (stopping || now.ns - built->second.at.ns >= kRefreshNs);
}

bool IncidentBook::Due(EventTime now, bool stopping) {
  if (regroup_) Regroup();
  MarkStale();
  return !unstored_alerts_.empty() ||
         std::any_of(groups_.begin(), groups_.end(), [&](const Group& group) { return ToBuild(group, now, stopping); });
}

absl::Status IncidentBook::Collect(EventTime now, bool stopping, incident::StoreChange& change) {
  if (regroup_) Regroup();
  MarkStale();
  pending_.clear();
  incident::IncidentBuilder builder(compiled_.plan, evidence_, clock_, now);
  std::set<std::string> standing;
  for (const Group& group : groups_) {
    standing.insert(group.id);
    if (!ToBuild(group, now, stopping)) continue;
    absl::StatusOr<incident::Incident> incident = builder.Build(group.alerts);
    if (!incident.ok()) return incident.status();
    change.incidents.push_back(*std::move(incident));
    pending_[group.id] = {group.alerts, now, false};
  }
  for (const auto& [id, built] : built_) {
    if (!standing.contains(id)) change.removed.emplace_back(id, ReasonFor(id));
  }
  for (const auto& [id, alert] : alerts_) {
    const auto owner = owner_.find(id);
    const std::string incident_id = owner == owner_.end() ? "" : owner->second;
    const auto stored = stored_owner_.find(id);
    if (!unstored_alerts_.contains(id) && stored != stored_owner_.end() && stored->second == incident_id) continue;
    change.alerts.push_back(MakeAlertRow(alert, incident_id, *compiled_.content));
  }
  return absl::OkStatus();
}

void IncidentBook::Stored() {
  for (auto& [id, built] : pending_) built_[id] = std::move(built);
  pending_.clear();
  std::set<std::string> standing;
  for (const Group& group : groups_) standing.insert(group.id);
  std::erase_if(built_, [&](const auto& entry) { return !standing.contains(entry.first); });
  unstored_alerts_.clear();
  for (const auto& [id, alert] : alerts_) {
    const auto owner = owner_.find(id);
    stored_owner_[id] = owner == owner_.end() ? "" : owner->second;
  }
}

// Where an incident's alerts went.
std::string IncidentBook::ReasonFor(const std::string& id) const {
  for (const auto& [alert, stored] : stored_owner_) {
    const auto now = owner_.find(alert);
    if (stored == id && now != owner_.end()) return "merged_into " + now->second;
  }
  return "withdrawn: its alerts no longer hold";
}

}  // namespace tocsin::pipeline
