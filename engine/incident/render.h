// Incidents and alerts as text for a person and as JSON for a program. Pure functions; secrets are masked already.
#ifndef TOCSIN_ENGINE_INCIDENT_RENDER_H_
#define TOCSIN_ENGINE_INCIDENT_RENDER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/incident/incident.h"
#include "engine/incident/store.h"

namespace tocsin::incident {

struct RenderOptions {
  int width = 80;  // columns; less than 60 is taken as 60
  bool color = false;
};

// DESIGN section 7's `incidents show ID --json`: keys in a fixed order, `observed` apart, newline-free.
std::string IncidentJson(const Incident& incident);
// The one-line form of `incidents list --json` from a stored document.
absl::StatusOr<std::string> IncidentListEntryJson(std::string_view incident_json);
std::string AlertJson(const correlate::Alert& alert, const content::ContentSet& content);

// The record back from AlertJson, exactly but for secrets that were masked. InvalidArgument when its rule is not in the
// content set any more.
absl::StatusOr<correlate::Alert> AlertFromJson(std::string_view json, const content::ContentSet& content);

// Text from stored JSON, so that an old incident reads the same under a newer program.
absl::StatusOr<std::string> IncidentText(std::string_view incident_json, const RenderOptions& options);
absl::StatusOr<std::string> IncidentListText(const std::vector<std::string>& incident_json,
                                             const RenderOptions& options);
std::string AlertListText(const std::vector<AlertRow>& alerts, const RenderOptions& options);

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_RENDER_H_
