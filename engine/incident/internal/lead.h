// Which alert speaks for an incident: its title and playbook. Pure functions of alerts and content.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_LEAD_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_LEAD_H_

#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/correlate/alert.h"

namespace tocsin::incident {

// How many correlations stand one on the other: 0 for a detection.
int ChainLength(const content::Rule& rule, const content::ContentSet& content);

// High or critical, of a rule bound to a playbook that is loaded.
bool Opens(const correlate::Alert& alert, const content::ContentSet& content);

// Opening alerts, the one that leads first: highest level, then longest chain of rules (a correlation over correlations
// says more than its parts), then AlertBefore. Empty if none opens.
std::vector<const correlate::Alert*> OpeningAlerts(const std::vector<correlate::Alert>& alerts,
                                                   const content::ContentSet& content);

// The lead's playbook, then those of the other opening alerts in their order, each once.
std::vector<const content::Playbook*> PlaybooksOf(const std::vector<const correlate::Alert*>& opening,
                                                  const content::ContentSet& content);

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_LEAD_H_
