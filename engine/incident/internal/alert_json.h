// The part of an alert's JSON that an incident document and an alert record share.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_ALERT_JSON_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_ALERT_JSON_H_

#include <map>
#include <string>
#include <vector>

#include "engine/incident/incident.h"
#include "engine/incident/internal/json_writer.h"

namespace tocsin::incident {

// {"kind":["key",..],..}
void WriteEntities(const std::map<content::EntityKind, std::vector<std::string>>& entities, JsonWriter& json);

// Keys of an open object, from "id" on.
void WriteAlertBody(const correlate::Alert& alert, const RuleName& rule, JsonWriter& json);

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_ALERT_JSON_H_
