// Gathers the events of an incident and why each is there, and puts them in order. Every event is one row, however many
// roads lead to it: an alert says more than a pivot, a pivot more than a query.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_TIMELINE_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_TIMELINE_H_

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/incident/incident.h"
#include "engine/incident/internal/case_file.h"
#include "engine/incident/internal/pivots.h"

namespace tocsin::incident {

inline constexpr size_t kAlertsNamed = 2;  // alerts that a row's `why` names; "+N" tells of the others

class Timeline {
 public:
  void AddAlertEvent(KnownEvent* event, const std::string& rule);
  void AddPivots(const PivotResult& pivots);
  // An event that a playbook's query selected; `tick` = preserve item it serves, or empty.
  void AddSelected(const SelectedEvent& selected, const std::string& why, const std::string& tick);

  std::vector<KnownEvent*> alert_events() const;
  // At most kTimelineRows rows inside `range`, in total order. What goes over: alert events stay, then the shortest
  // pivots.
  std::vector<TimelineRow> Rows(std::pair<event::EventTime, event::EventTime> range, size_t* left_out) const;

 private:
  struct Entry {
    std::vector<std::string> alerts;  // rule labels, distinct, in the order they were added
    int depth = 0;                    // kNoPivot: only a query found it
    bool weak = false;
    std::string path, selected_why;
    std::set<std::string> ticks;
  };
  static constexpr int kNoPivot = 100;
  Entry& At(KnownEvent* event);
  static std::string WhyOf(const KnownEvent& event, const Entry& entry);

  std::map<KnownEvent*, Entry, bool (*)(const KnownEvent*, const KnownEvent*)> entries_{EventBefore};
};

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_TIMELINE_H_
