// The alert record as JSON and back (STORE_FORMAT.md): what a restart of the live feed knows of earlier alerts.
#include "engine/incident/internal/alert_json.h"

#include <charconv>
#include <utility>

#include "engine/incident/internal/words.h"
#include "engine/incident/render.h"
#include "simdjson.h"

namespace tocsin::incident {
namespace {

void WriteGroup(const correlate::Alert& alert, JsonWriter& json) {
  json.BeginObject();
  for (const auto& [name, value] : alert.group) {
    json.Key(name);
    json.Text(value);
  }
  json.EndObject();
}

// An aggregate is JSON that may quote event text: its strings pass the mask one by one, so that it stays JSON.
void WriteMasked(simdjson::dom::element value, JsonWriter& json) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    json.Text(text);
  } else if (simdjson::dom::array array; value.get(array) == simdjson::SUCCESS) {
    json.BeginArray();
    for (const simdjson::dom::element element : array) WriteMasked(element, json);
    json.EndArray();
  } else if (simdjson::dom::object object; value.get(object) == simdjson::SUCCESS) {
    json.BeginObject();
    for (const auto field : object) {
      json.Key(field.key);
      WriteMasked(field.value, json);
    }
    json.EndObject();
  } else {
    json.Raw(simdjson::minify(value));
  }
}

void WriteAggregate(const std::string& value, JsonWriter& json) {
  if (value.empty()) return json.Null();
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  // Not readable: an integer past 64 bits, which a reader of the whole document would stumble over. It becomes text.
  if (parser.parse(value).get(document) != simdjson::SUCCESS) return json.Text(value);
  const bool composed = value[0] == '"' || value[0] == '{' || value[0] == '[';
  composed ? WriteMasked(document, json) : json.Raw(value);  // a number keeps its digits
}

}  // namespace

void WriteEntities(const std::map<content::EntityKind, std::vector<std::string>>& entities, JsonWriter& json) {
  json.BeginObject();
  for (const auto& [kind, keys] : entities) {
    json.Key(content::EntityKindName(kind));
    json.TextArray(keys);
  }
  json.EndObject();
}

void WriteAlertBody(const correlate::Alert& alert, const RuleName& rule, JsonWriter& json) {
  json.Key("id");
  json.Plain(alert.id);
  json.Key("rule");
  json.Plain(rule.label);
  json.Key("title");
  json.Plain(rule.title);
  json.Key("level");
  json.Plain(content::LevelName(alert.level));
  json.Key("state");
  json.Plain(AlertStateName(alert.state));
  json.Key("group");
  WriteGroup(alert, json);
  json.Key("first_event");
  json.Time(alert.first_event);
  json.Key("last_event");
  json.Time(alert.last_event);
  json.Key("events");
  json.Number(alert.event_count);
  json.Key("first_firing");
  json.Time(alert.first_firing);
  json.Key("firings");
  json.Number(alert.firings);
  json.Key("value");
  WriteAggregate(alert.value, json);
  json.Key("absence_unverified");
  json.Bool(alert.absence_unverified);
  json.Key("notes");
  json.TextArray(alert.notes);
}

std::string AlertJson(const correlate::Alert& alert, const content::ContentSet& content) {
  const content::Rule& rule = content.rules[alert.rule.value()];
  JsonWriter json;
  json.BeginObject();
  WriteAlertBody(alert, {content::RuleLabel(rule), rule.title}, json);
  json.Key("last_firing");
  json.Time(alert.last_firing);
  json.Key("rule_id");
  json.PlainOrNull(rule.id);
  json.Key("rule_hash");
  json.Plain(rule.semantic_hash);
  json.Key("playbook");
  json.PlainOrNull(rule.playbook);
  json.Key("entities");
  WriteEntities(alert.entities, json);
  json.Key("contributing");
  json.BeginArray();
  for (const correlate::EventRef& ref : alert.events) {
    json.BeginObject();
    json.Key("time");
    json.Time(ref.time);
    json.Key("source");
    ref.source.valid() ? json.Plain(content.sources[ref.source.value()].name) : json.Null();
    json.Key("event_id");
    json.Plain(event::IdentityText(ref.identity));
    json.Key("rule");
    ref.rule.valid() ? json.Plain(content::RuleLabel(content.rules[ref.rule.value()])) : json.Null();
    json.EndObject();
  }
  json.EndArray();
  json.Key("observed");
  json.BeginObject();
  json.Key("handle");
  json.Plain(alert.handle);
  json.Key("supersedes");
  json.PlainOrNull(alert.supersedes);
  json.EndObject();
  json.EndObject();
  return json.Take();
}

namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

std::string_view TextOf(object from, const char* key) {
  std::string_view text;
  return from[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

uint64_t NumberOf(object from, const char* key) {
  uint64_t number = 0;
  return from[key].get(number) == simdjson::SUCCESS ? number : 0;
}

event::EventTime TimeOf(object from, const char* key) { return event::ParseTime(TextOf(from, key)).time; }

std::vector<std::string> TextsOf(element list) {
  std::vector<std::string> texts;
  array elements;
  if (list.get(elements) != simdjson::SUCCESS) return texts;
  for (const element e : elements) {
    std::string_view text;
    if (e.get(text) == simdjson::SUCCESS) texts.emplace_back(text);
  }
  return texts;
}

event::Identity IdentityOf(std::string_view hex) {
  event::Identity identity;
  if (hex.size() != 32) return identity;
  std::from_chars(hex.data(), hex.data() + 16, identity.high, 16);
  std::from_chars(hex.data() + 16, hex.data() + 32, identity.low, 16);
  return identity;
}

content::RuleId RuleByLabel(const content::ContentSet& content, std::string_view label) {
  for (size_t i = 0; i < content.rules.size(); ++i) {
    if (content::RuleLabel(content.rules[i]) == label) return content::RuleId(static_cast<uint32_t>(i));
  }
  return {};
}

// The rule that made the alert: by name, and still meaning the same.
content::RuleId RuleOf(const content::ContentSet& content, std::string_view label, std::string_view hash) {
  for (size_t i = 0; i < content.rules.size(); ++i) {
    if (content.rules[i].semantic_hash == hash && content::RuleLabel(content.rules[i]) == label) {
      return content::RuleId(static_cast<uint32_t>(i));
    }
  }
  return {};
}

correlate::EventRef ReadRef(object from, const content::ContentSet& content) {
  correlate::EventRef ref;
  ref.time = TimeOf(from, "time");
  ref.identity = IdentityOf(TextOf(from, "event_id"));
  ref.rule = RuleByLabel(content, TextOf(from, "rule"));
  const std::string_view source = TextOf(from, "source");
  for (size_t i = 0; i < content.sources.size(); ++i) {
    if (!source.empty() && content.sources[i].name == source) ref.source = content::SourceId(static_cast<uint16_t>(i));
  }
  return ref;
}

// The aggregate's own bytes: a DOM would print its numbers anew.
std::string RawValue(simdjson::padded_string& json) {
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::value value;
  std::string_view raw;
  if (parser.iterate(json).get(document) != simdjson::SUCCESS || document["value"].get(value) != simdjson::SUCCESS ||
      simdjson::to_json_string(value).get(raw) != simdjson::SUCCESS) {
    return "";
  }
  while (!raw.empty() && raw.back() == ' ') raw.remove_suffix(1);
  return raw == "null" ? std::string() : std::string(raw);
}

}  // namespace

absl::StatusOr<correlate::Alert> AlertFromJson(std::string_view json, const content::ContentSet& content) {
  simdjson::padded_string padded(json);
  simdjson::dom::parser parser;
  object from;
  if (const auto error = parser.parse(padded).get(from)) {
    return absl::DataLossError(std::string("stored alert is not readable: ") + simdjson::error_message(error));
  }
  correlate::Alert alert;
  alert.id = TextOf(from, "id");
  alert.rule = RuleOf(content, TextOf(from, "rule"), TextOf(from, "rule_hash"));
  if (!alert.rule.valid()) {
    return absl::InvalidArgumentError("alert " + alert.id + ": its rule " + std::string(TextOf(from, "rule")) +
                                      " is not loaded any more");
  }
  alert.level = content::ParseLevel(TextOf(from, "level")).value_or(content::Level::kNone);
  for (const auto state :
       {correlate::AlertState::kProvisional, correlate::AlertState::kConfirmed, correlate::AlertState::kWithdrawn}) {
    if (AlertStateName(state) == TextOf(from, "state")) alert.state = state;
  }
  if (object group; from["group"].get(group) == simdjson::SUCCESS) {
    for (const auto field : group) {
      std::string_view text;
      if (field.value.get(text) == simdjson::SUCCESS) alert.group.emplace_back(field.key, text);
    }
  }
  alert.first_firing = TimeOf(from, "first_firing");
  alert.last_firing = TimeOf(from, "last_firing");
  alert.first_event = TimeOf(from, "first_event");
  alert.last_event = TimeOf(from, "last_event");
  alert.firings = NumberOf(from, "firings");
  alert.event_count = NumberOf(from, "events");
  if (array events; from["contributing"].get(events) == simdjson::SUCCESS) {
    for (const element e : events) {
      object ref;
      if (e.get(ref) == simdjson::SUCCESS) alert.events.push_back(ReadRef(ref, content));
    }
  }
  if (object entities; from["entities"].get(entities) == simdjson::SUCCESS) {
    for (const auto field : entities) {
      if (const auto kind = content::ParseEntityKind(field.key)) alert.entities[*kind] = TextsOf(field.value);
    }
  }
  alert.value = RawValue(padded);
  bool unverified = false;
  alert.absence_unverified = from["absence_unverified"].get(unverified) == simdjson::SUCCESS && unverified;
  if (element notes; from["notes"].get(notes) == simdjson::SUCCESS) alert.notes = TextsOf(notes);
  if (object observed; from["observed"].get(observed) == simdjson::SUCCESS) {
    alert.handle = TextOf(observed, "handle");
    alert.supersedes = TextOf(observed, "supersedes");
  }
  return alert;
}

}  // namespace tocsin::incident
