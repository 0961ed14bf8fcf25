// What is known of one incident while it is built: its range, its keys, and how to select events by them. Steps,
// preserve list and verdicts are read out of it. Lives for one Build; refers to what the builder owns.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_CASE_FILE_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_CASE_FILE_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/correlate/alert.h"
#include "engine/event/source_clock.h"
#include "engine/incident/internal/event_finder.h"
#include "engine/incident/internal/pivots.h"
#include "engine/incident/internal/queries.h"
#include "engine/incident/internal/stop_keys.h"

namespace tocsin::incident {

struct SelectedEvent {
  KnownEvent* event;
  bool weak;  // only a key that many stories share ties it to the incident
};

class CaseFile {
 public:
  const content::ContentSet& content;
  const event::SourceClock& clock;
  const std::vector<correlate::Alert>& alerts;
  const QuerySet& queries;
  const StopKeys& stop;
  FinderRange range;
  event::EventTime now;
  EventFinder& finder;
  std::set<EntityRef> weak_keys;                                 // only a shared key led to them
  std::set<EntityRef> followed;                                  // keys of alerts and pivots
  std::map<content::EntityKind, std::vector<std::string>> keys;  // by kind: of the alerts, then of the timeline

  // Events that pass the query and name one of the incident's keys of its kinds, from <= time <= until, in total order.
  std::vector<SelectedEvent> Select(const content::EventQuery& query, event::EventTime from,
                                    event::EventTime until) const;
};

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_CASE_FILE_H_
