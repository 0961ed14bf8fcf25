// The JSON contracts of DESIGN section 7: `incidents show` and `incidents list`.
#include <utility>

#include "engine/incident/internal/alert_json.h"
#include "engine/incident/internal/json_writer.h"
#include "engine/incident/internal/words.h"
#include "engine/incident/render.h"
#include "simdjson.h"

namespace tocsin::incident {
namespace {

using Entities = std::map<content::EntityKind, std::vector<std::string>>;

void WriteRow(const TimelineRow& row, JsonWriter& json) {
  Entities entities;
  for (const auto& [kind, key] : row.entities) entities[kind].push_back(key);
  json.BeginObject();
  json.Key("time");
  json.Time(row.time);
  json.Key("arrived");
  json.Time(row.arrived);
  json.Key("source");
  json.PlainOrNull(row.source);
  json.Key("event_id");
  json.Plain(row.event_id);
  json.Key("class");
  json.TextArray(ClassNames(row.classes));
  json.Key("why");
  json.Text(row.why);
  json.Key("entities");
  WriteEntities(entities, json);
  json.Key("summary");
  json.Text(row.summary);
  json.Key("sha256");
  json.Plain(row.sha256);
  json.Key("at");
  json.Text(row.at);
  json.Key("ticks");
  json.TextArray(row.ticks);
  json.Key("alert_event");
  json.Bool(row.alert_event);
  json.Key("time_inferred");
  json.Bool(row.time_inferred);
  json.EndObject();
}

void WriteStep(const Step& step, JsonWriter& json) {
  json.BeginObject();
  json.Key("id");
  json.Plain(step.id);
  json.Key("title");
  json.Text(step.title);
  json.Key("text");
  json.Text(step.text);
  json.Key("parameters");
  json.BeginObject();
  for (const auto& [name, values] : step.parameters) {
    json.Key(name);
    json.TextArray(values);
  }
  json.EndObject();
  json.Key("state");
  json.Plain(step.state);
  json.Key("unbound");
  json.TextArray(step.unbound_hints);
  json.Key("loses");
  json.Text(step.loses);
  json.Key("undo");
  json.Text(step.undo);
  json.Key("verified_by");
  json.Text(step.verified_by);
  json.EndObject();
}

void WritePreserve(const PreserveState& item, JsonWriter& json) {
  json.BeginObject();
  json.Key("id");
  json.Plain(item.id);
  json.Key("title");
  json.Text(item.title);
  json.Key("state");
  json.Plain(item.state);
  json.Key("events");
  json.Number(item.events);
  json.Key("first");
  json.Time(item.first);
  json.Key("last");
  json.Time(item.last);
  json.Key("expires_at");
  json.Time(item.expires_at);
  json.Key("gaps");
  json.TextArray(item.gaps);
  json.EndObject();
}

void WriteSourceHealth(const SourceHealth& health, JsonWriter& json) {
  json.BeginObject();
  json.Key("source");
  json.PlainOrNull(health.source);
  json.Key("events");
  json.Number(health.events);
  json.Key("first");
  json.Time(health.first);
  json.Key("last");
  json.Time(health.last);
  json.Key("gaps");
  json.TextArray(health.gaps);
  json.EndObject();
}

void WriteHead(const Incident& incident, JsonWriter& json) {
  json.Key("id");
  json.Plain(incident.id);
  json.Key("revision");
  json.Number(incident.revision);
  json.Key("state");
  json.Plain(incident.state);
  json.Key("severity");
  json.Plain(content::LevelName(incident.severity));
  json.Key("playbook");
  json.Plain(incident.playbook);
  json.Key("title");
  json.Text(incident.title);
  json.Key("first_event");
  json.Time(incident.first_event);
  json.Key("last_event");
  json.Time(incident.last_event);
  json.Key("opened");
  json.PlainOrNull(incident.opened);
  json.Key("events");
  json.Number(incident.timeline.size());
  json.Key("flags");
  json.TextArray(incident.flags);
  for (const auto& [relation, id] : incident.merged) {
    json.Key(relation);
    json.Plain(id);
  }
  json.Key("content_hash");
  json.Plain(incident.content_hash);
}

void WriteObserved(const Incident& incident, JsonWriter& json) {
  json.BeginObject();
  json.Key("opened");
  json.PlainOrNull(incident.opened);
  json.Key("revision");
  json.Number(incident.revision);
  json.Key("handle");
  json.Plain(incident.handle.empty() ? incident.id : incident.handle);
  json.Key("now");
  json.Time(incident.now);
  json.EndObject();
}

template <class List, class Write>
void WriteArray(const List& list, JsonWriter& json, Write write) {
  json.BeginArray();
  for (const auto& element : list) write(element, json);
  json.EndArray();
}

absl::Status BadDocument(simdjson::error_code error) {
  return absl::DataLossError(std::string("stored incident is not readable: ") + simdjson::error_message(error));
}

}  // namespace

std::string IncidentJson(const Incident& incident) {
  JsonWriter json;
  json.BeginObject();
  WriteHead(incident, json);
  json.Key("entities");
  WriteEntities(incident.entities, json);
  json.Key("alerts");
  WriteArray(incident.alerts, json, [&](const correlate::Alert& alert, JsonWriter& out) {
    const auto rule = incident.rules.find(alert.rule);
    out.BeginObject();
    WriteAlertBody(alert, rule == incident.rules.end() ? RuleName() : rule->second, out);
    out.EndObject();
  });
  json.Key("timeline");
  WriteArray(incident.timeline, json, WriteRow);
  json.Key("timeline_truncated");
  json.Bool(incident.timeline_truncated);
  json.Key("steps");
  WriteArray(incident.steps, json, WriteStep);
  json.Key("preserve");
  WriteArray(incident.preserve, json, WritePreserve);
  json.Key("verdicts");
  json.BeginObject();
  for (const Verdict& verdict : incident.verdicts) {
    json.Key(verdict.name);
    json.BeginObject();
    json.Key("value");
    json.Plain(verdict.value);
    json.Key("because");
    json.TextArray(verdict.because);
    json.EndObject();
  }
  json.EndObject();
  json.Key("source_health");
  WriteArray(incident.source_health, json, WriteSourceHealth);
  json.Key("observed");
  WriteObserved(incident, json);
  json.EndObject();
  return json.Take();
}

absl::StatusOr<std::string> IncidentListEntryJson(std::string_view incident_json) {
  simdjson::dom::parser parser;
  simdjson::dom::object document;
  if (const auto error = parser.parse(incident_json.data(), incident_json.size()).get(document))
    return BadDocument(error);
  JsonWriter json;
  json.BeginObject();
  for (const char* key :
       {"id", "revision", "state", "severity", "playbook", "title", "first_event", "last_event", "opened"}) {
    simdjson::dom::element value;
    if (const auto error = document[key].get(value)) return BadDocument(error);
    json.Key(key);
    json.Raw(simdjson::minify(value));
  }
  simdjson::dom::array alerts;
  if (const auto error = document["alerts"].get(alerts)) return BadDocument(error);
  json.Key("alerts");
  json.Number(alerts.size());
  for (const char* key : {"events", "flags"}) {
    simdjson::dom::element value;
    if (const auto error = document[key].get(value)) return BadDocument(error);
    json.Key(key);
    json.Raw(simdjson::minify(value));
  }
  json.EndObject();
  return json.Take();
}

}  // namespace tocsin::incident
