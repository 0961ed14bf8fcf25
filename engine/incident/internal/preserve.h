// The preserve list: what evidence is in hand, what is known not to exist, what is missing, and when the origin forgets
// it.
//
// collected  some part of the item has events
// empty      none has, and every part's sources covered its whole range: evidence of absence
// expired    none has, and the range is older than what the origin keeps
// missing    none has, and a source is not connected or was silent
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_PRESERVE_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_PRESERVE_H_

#include <utility>
#include <vector>

#include "engine/incident/incident.h"
#include "engine/incident/internal/case_file.h"
#include "engine/incident/internal/steps.h"

namespace tocsin::incident {

struct PreserveList {
  std::vector<PreserveState> items;                           // playbook order; SortPreserve puts the soonest first
  std::vector<std::pair<std::string, SelectedEvent>> events;  // item id, event: what ticks it
};

PreserveList MakePreserveList(const content::Playbook& playbook, const Binder& binder, const CaseFile& file);

// Captures by hand first (a machine forgets sooner than any log), then by expiry, unknown last.
void SortPreserve(std::vector<PreserveState>& items);

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_PRESERVE_H_
