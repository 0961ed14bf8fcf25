#include "engine/incident/internal/incident_view.h"

#include "engine/incident/internal/text_layout.h"
#include "simdjson.h"

namespace tocsin::incident {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

std::string Text(object from, const char* key) {
  std::string_view text;
  return from[key].get(text) == simdjson::SUCCESS ? Clean(text) : std::string();
}

uint64_t Number(object from, const char* key) {
  uint64_t number = 0;
  return from[key].get(number) == simdjson::SUCCESS ? number : 0;
}

bool Bool(object from, const char* key) {
  bool value = false;
  return from[key].get(value) == simdjson::SUCCESS && value;
}

std::vector<std::string> Texts(element list) {
  std::vector<std::string> texts;
  array elements;
  if (list.get(elements) != simdjson::SUCCESS) return texts;
  for (const element e : elements) {
    std::string_view text;
    if (e.get(text) == simdjson::SUCCESS) texts.push_back(Clean(text));
  }
  return texts;
}

std::vector<std::string> Texts(object from, const char* key) {
  element list;
  return from[key].get(list) == simdjson::SUCCESS ? Texts(list) : std::vector<std::string>();
}

IncidentView::Keys ReadKeys(object from, const char* key) {
  IncidentView::Keys keys;
  object kinds;
  if (from[key].get(kinds) != simdjson::SUCCESS) return keys;
  for (const auto kind : kinds) keys.emplace_back(Clean(kind.key), Texts(kind.value));
  return keys;
}

template <class Read>
void ForEach(object from, const char* key, Read read) {
  array elements;
  if (from[key].get(elements) != simdjson::SUCCESS) return;
  for (const element e : elements) {
    object item;
    if (e.get(item) == simdjson::SUCCESS) read(item);
  }
}

IncidentView::Alert ReadAlert(object from) {
  IncidentView::Alert alert;
  alert.id = Text(from, "id");
  alert.rule = Text(from, "rule");
  alert.title = Text(from, "title");
  alert.level = Text(from, "level");
  alert.state = Text(from, "state");
  alert.first_event = Text(from, "first_event");
  alert.first_firing = Text(from, "first_firing");
  alert.last_event = Text(from, "last_event");
  alert.events = Number(from, "events");
  alert.absence_unverified = Bool(from, "absence_unverified");
  alert.notes = Texts(from, "notes");
  if (element value; from["value"].get(value) == simdjson::SUCCESS && !value.is_null()) {
    alert.value = Clean(simdjson::minify(value));
  }
  if (object group; from["group"].get(group) == simdjson::SUCCESS) {
    for (const auto field : group) {
      std::string_view text;
      if (field.value.get(text) == simdjson::SUCCESS) alert.group.emplace_back(Clean(field.key), Clean(text));
    }
  }
  return alert;
}

IncidentView::Row ReadRow(object from) {
  IncidentView::Row row;
  row.time = Text(from, "time");
  row.arrived = Text(from, "arrived");
  row.source = Text(from, "source");
  row.event_id = Text(from, "event_id");
  row.why = Text(from, "why");
  row.summary = Text(from, "summary");
  row.at = Text(from, "at");
  row.classes = Texts(from, "class");
  row.ticks = Texts(from, "ticks");
  row.entities = ReadKeys(from, "entities");
  row.alert_event = Bool(from, "alert_event");
  row.time_inferred = Bool(from, "time_inferred");
  return row;
}

IncidentView::Step ReadStep(object from) {
  return {Text(from, "id"),    Text(from, "title"), Text(from, "text"),        Text(from, "state"),
          Text(from, "loses"), Text(from, "undo"),  Text(from, "verified_by"), Texts(from, "unbound")};
}

IncidentView::Preserve ReadPreserve(object from) {
  return {Text(from, "id"),   Text(from, "title"),      Text(from, "state"),    Text(from, "first"),
          Text(from, "last"), Text(from, "expires_at"), Number(from, "events"), Texts(from, "gaps")};
}

}  // namespace

absl::StatusOr<IncidentView> ReadIncident(std::string_view json) {
  simdjson::dom::parser parser;
  object document;
  if (const auto error = parser.parse(json.data(), json.size()).get(document)) {
    return absl::DataLossError(std::string("stored incident is not readable: ") + simdjson::error_message(error));
  }
  IncidentView view;
  view.id = Text(document, "id");
  view.state = Text(document, "state");
  view.severity = Text(document, "severity");
  view.playbook = Text(document, "playbook");
  view.title = Text(document, "title");
  view.first_event = Text(document, "first_event");
  view.last_event = Text(document, "last_event");
  view.merged_into = Text(document, "merged_into");
  view.withdrawn_because = Text(document, "withdrawn_because");
  view.follows = Text(document, "follows");
  view.revision = Number(document, "revision");
  view.events = Number(document, "events");
  view.flags = Texts(document, "flags");
  view.entities = ReadKeys(document, "entities");
  view.timeline_truncated = Bool(document, "timeline_truncated");
  if (object observed; document["observed"].get(observed) == simdjson::SUCCESS) view.now = Text(observed, "now");
  ForEach(document, "alerts", [&](object o) { view.alerts.push_back(ReadAlert(o)); });
  ForEach(document, "timeline", [&](object o) { view.timeline.push_back(ReadRow(o)); });
  ForEach(document, "steps", [&](object o) { view.steps.push_back(ReadStep(o)); });
  ForEach(document, "preserve", [&](object o) { view.preserve.push_back(ReadPreserve(o)); });
  ForEach(document, "source_health", [&](object o) {
    view.sources.push_back(
        {Text(o, "source"), Text(o, "first"), Text(o, "last"), Number(o, "events"), Texts(o, "gaps")});
  });
  if (object verdicts; document["verdicts"].get(verdicts) == simdjson::SUCCESS) {
    for (const auto field : verdicts) {
      object verdict;
      if (field.value.get(verdict) != simdjson::SUCCESS) continue;
      view.verdicts.push_back({Clean(field.key), Text(verdict, "value"), Texts(verdict, "because")});
    }
  }
  if (view.id.empty()) return absl::DataLossError("stored incident is not readable: it has no id");
  return view;
}

}  // namespace tocsin::incident
