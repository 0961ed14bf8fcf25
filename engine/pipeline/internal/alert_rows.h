// Alerts as the store lists them, and what a summary says of alerts that no incident could take.
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_ALERT_ROWS_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_ALERT_ROWS_H_

#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/correlate/alert.h"
#include "engine/incident/store.h"

namespace tocsin::pipeline {

incident::AlertRow MakeAlertRow(const correlate::Alert& alert, const std::string& incident_id, const content::ContentSet& content);

// "3 alerts ask for playbook token, which is not loaded: they are listed as alerts and open no incident"
std::vector<std::string> NotesOnUnloadedPlaybooks(const std::vector<correlate::Alert>& alerts, const content::ContentSet& content);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_ALERT_ROWS_H_
