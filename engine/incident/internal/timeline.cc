#include "engine/incident/internal/timeline.h"

#include <algorithm>
#include <tuple>

#include "engine/incident/builder.h"
#include "engine/incident/internal/words.h"

namespace tocsin::incident {

Timeline::Entry& Timeline::At(KnownEvent* event) {
  const auto [at, added] = entries_.try_emplace(event);
  if (added) at->second.depth = kNoPivot;
  return at->second;
}

void Timeline::AddAlertEvent(KnownEvent* event, const std::string& rule) {
  std::vector<std::string>& alerts = At(event).alerts;
  if (std::find(alerts.begin(), alerts.end(), rule) == alerts.end()) alerts.push_back(rule);
}

void Timeline::AddPivots(const PivotResult& pivots) {
  for (const auto& [event, row] : pivots.rows) {
    Entry& entry = At(event);
    entry.depth = row.depth;
    entry.weak = row.weak;
    entry.path = row.path;
  }
}

void Timeline::AddSelected(const SelectedEvent& selected, const std::string& why, const std::string& tick) {
  Entry& entry = At(selected.event);
  if (!tick.empty()) entry.ticks.insert(tick);
  if (entry.selected_why.empty()) entry.selected_why = selected.weak ? "weak " + why : why;
}

std::vector<KnownEvent*> Timeline::alert_events() const {
  std::vector<KnownEvent*> events;
  for (const auto& [event, entry] : entries_) {
    if (!entry.alerts.empty()) events.push_back(event);
  }
  return events;
}

std::string Timeline::WhyOf(const KnownEvent& event, const Entry& entry) {
  std::string why = !entry.path.empty() ? entry.path : entry.selected_why;
  if (!entry.alerts.empty()) {
    const size_t named = std::min(entry.alerts.size(), kAlertsNamed);
    const auto end = entry.alerts.begin() + static_cast<std::ptrdiff_t>(named);
    why = "alert " + Joined({entry.alerts.begin(), end}, ", ");
    if (entry.alerts.size() > named) why += " +" + std::to_string(entry.alerts.size() - named);
  }
  if (event.deliveries.size() > 1) why += " (delivered " + std::to_string(event.deliveries.size()) + " times)";
  return why;
}

std::vector<TimelineRow> Timeline::Rows(std::pair<event::EventTime, event::EventTime> range, size_t* left_out) const {
  std::vector<const std::pair<KnownEvent* const, Entry>*> chosen;
  for (const auto& element : entries_) {
    const event::EventTime time = element.first->row.time;
    if (!element.second.alerts.empty() || (time >= range.first && time <= range.second)) chosen.push_back(&element);
  }
  *left_out = chosen.size() > kTimelineRows ? chosen.size() - kTimelineRows : 0;
  const auto in_order = [](const auto* a, const auto* b) { return EventBefore(a->first, b->first); };
  if (*left_out > 0) {
    std::stable_sort(chosen.begin(), chosen.end(), [](const auto* a, const auto* b) {
      const auto rank = [](const Entry& e) { return std::tuple(e.alerts.empty(), e.weak, e.depth); };
      return rank(a->second) < rank(b->second);
    });
    chosen.resize(kTimelineRows);
  }
  std::sort(chosen.begin(), chosen.end(), in_order);

  std::vector<TimelineRow> rows;
  for (const auto* element : chosen) {
    TimelineRow& row = rows.emplace_back(element->first->row);
    row.why = WhyOf(*element->first, element->second);
    row.alert_event = !element->second.alerts.empty();
    row.ticks.assign(element->second.ticks.begin(), element->second.ticks.end());
  }
  return rows;
}

}  // namespace tocsin::incident
