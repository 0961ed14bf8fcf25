// Decision questions answered from evidence. "No evidence" and "no logs" are different answers.
//
// Form "reach", for each facet:
//   yes-used      an event of a `used` query at or after the first event, or an alert of a used rule
//   undetermined  no use seen, and a source that would have shown it is not connected or was silent
//   reachable     no use, sources healthy, and an event says that it was within reach
//   no            none of these
// The gate holds when any facet is yes-used or undetermined.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_VERDICT_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_VERDICT_H_

#include <string>
#include <utility>
#include <vector>

#include "engine/incident/incident.h"
#include "engine/incident/internal/case_file.h"

namespace tocsin::incident {

inline constexpr size_t kReasonsShown = 5;  // events named by a verdict; "+N more" tells of the others

struct VerdictList {
  std::vector<Verdict> verdicts;                              // "<name>.<facet>" in order, then the gate
  std::vector<std::pair<std::string, SelectedEvent>> events;  // verdict name, event: what decided it
};

VerdictList MakeVerdicts(const content::VerdictDef& def, const CaseFile& file);

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_VERDICT_H_
