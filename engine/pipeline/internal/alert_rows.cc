#include "engine/pipeline/internal/alert_rows.h"

#include <map>

#include "engine/event/secrets.h"
#include "engine/incident/render.h"

namespace tocsin::pipeline {

incident::AlertRow MakeAlertRow(const correlate::Alert& alert, const std::string& incident_id, const content::ContentSet& content) {
  const content::Rule& rule = content.rules[alert.rule.value()];
  incident::AlertRow row;
  row.id = alert.id;
  row.handle = alert.handle;
  row.rule_id = rule.id;
  row.rule_name = content::RuleLabel(rule);
  row.rule_title = rule.title;
  row.level = std::string(content::LevelName(alert.level));
  row.state = alert.state == correlate::AlertState::kProvisional ? "provisional"
              : alert.state == correlate::AlertState::kConfirmed ? "confirmed"
                                                                 : "withdrawn";
  row.incident_id = incident_id;
  row.json = incident::AlertJson(alert, content);
  for (const auto& [name, value] : alert.group) {
    if (!row.group_text.empty()) row.group_text += ", ";
    row.group_text += name + "=" + event::MaskSecrets(value);
  }
  row.first_event = alert.first_event;
  row.last_event = alert.last_event;
  row.events = alert.event_count;
  return row;
}

std::vector<std::string> NotesOnUnloadedPlaybooks(const std::vector<correlate::Alert>& alerts, const content::ContentSet& content) {
  std::map<std::string, size_t> missing;
  for (const correlate::Alert& alert : alerts) {
    const std::string& playbook = content.rules[alert.rule.value()].playbook;
    if (!playbook.empty() && content.FindPlaybook(playbook) == nullptr) missing[playbook]++;
  }
  std::vector<std::string> notes;
  for (const auto& [playbook, count] : missing) {
    notes.push_back(std::to_string(count) + (count == 1 ? " alert asks" : " alerts ask") + " for playbook " + playbook +
                    ", which is not loaded: listed as alerts, no incident opened for them");
  }
  return notes;
}

}  // namespace tocsin::pipeline
