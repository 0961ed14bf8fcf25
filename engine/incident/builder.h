// Alerts to incidents: grouping, playbook, timeline by pivots, preserve list, steps, verdicts. DESIGN section 6.
//
// Grouping is a pure function of the alerts: alerts of medium and above that share a principal and whose spans are at
// most 24 h apart join; an incident is a component with at least one high or critical alert of a rule bound to a
// playbook that is loaded. Timelines are read from the evidence store. Same alerts, same evidence, same content: same
// incidents, byte for byte.
#ifndef TOCSIN_ENGINE_INCIDENT_BUILDER_H_
#define TOCSIN_ENGINE_INCIDENT_BUILDER_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/correlate/alert.h"
#include "engine/event/plan.h"
#include "engine/event/source_clock.h"
#include "engine/evidence/store.h"
#include "engine/incident/incident.h"

namespace tocsin::incident {

inline constexpr int64_t kJoinGapNs = 24ll * 3600 * 1'000'000'000;       // spans further apart are two incidents
inline constexpr int64_t kCutSpanNs = 30ll * 24 * 3600 * 1'000'000'000;  // a component that is longer is cut here ...
inline constexpr size_t kCutAlerts = 2000;                               // ... or here; the flags name it
inline constexpr int kPivotDepth = 3;
inline constexpr size_t kPivotKeys = 200;
inline constexpr size_t kTimelineRows = 5000;
inline constexpr int64_t kTimelinePreNs =
    24ll * 3600 * 1'000'000'000;  // playbooks' longer ranges are their own queries
inline constexpr int64_t kTimelinePostNs = 24ll * 3600 * 1'000'000'000;

// Which alerts make which incident: each inner vector is one incident's alerts, in AlertBefore order; incidents in the
// order of their first alert. Withdrawn alerts are ignored. Alerts in no incident are simply not listed. A component
// past kCutSpanNs or kCutAlerts is cut in pieces; a note that begins with "cut:" on the first alert of each names it
// (Build makes it a flag).
std::vector<std::vector<correlate::Alert>> GroupAlerts(const std::vector<correlate::Alert>& alerts,
                                                       const content::ContentSet& content);

// Id of the incident that a group of GroupAlerts makes: a hash of its earliest opening alert's id, empty if none opens.
// Earliest is the one that fired first: the chain that an alert grows into reaches back to the same first event, or to an
// earlier one, and the incident keeps its name all the same.
std::string IncidentId(const std::vector<correlate::Alert>& group, const content::ContentSet& content);

class IncidentBuilder {
 public:
  // `now`: the moment that expiry and "minutes left" are counted from; !known() = the incident's last event.
  // `evidence` and `clock` must outlive the builder. Not thread-safe. A build reads the look-back by key: its cost is
  // that of the events it finds (bounded by constants of internal/pivots.h and internal/queries.h), not of the
  // look-back.
  IncidentBuilder(std::shared_ptr<const event::Plan> plan, evidence::Store& evidence, const event::SourceClock& clock,
                  event::EventTime now);
  ~IncidentBuilder();
  absl::StatusOr<Incident> Build(const std::vector<correlate::Alert>& alerts);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_BUILDER_H_
