#include "engine/incident/internal/steps.h"

#include <algorithm>

#include "engine/event/time.h"
#include "engine/incident/internal/text_times.h"
#include "engine/incident/internal/words.h"

namespace tocsin::incident {
namespace {

bool IsNameCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

void AddDistinct(std::vector<std::string>& values, const std::string& value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

// Field values as a person writes them: a time in the spelling of its source ("Mar 11, 2026, 3:03:00 PM") as any other time
// here. Bare numbers may be anything.
std::string ShownValue(const std::string& value) {
  if (value.find_first_not_of("0123456789.") == std::string::npos) return value;
  const event::EventTime time = event::ParseTime(value).time;
  return time.known() ? DateAndClock(event::FormatTime(time)) + " UTC" : value;
}

std::string Listed(const std::vector<std::string>& values) {
  if (values.size() <= kValuesShown) return Joined(values, ", ");
  return Joined({values.begin(), values.begin() + kValuesShown}, ", ") + " +" +
         std::to_string(values.size() - kValuesShown) + " more";
}

}  // namespace

Binder::Binder(const content::Playbook& playbook, const CaseFile& file) {
  const auto clock = [](event::EventTime time) { return DateAndClock(event::FormatTime(time)) + " UTC"; };
  bound_["t0"] = {{event::FormatTime(file.range.first)}, {clock(file.range.first)}, ""};
  bound_["last_time"] = {{event::FormatTime(file.range.last)}, {clock(file.range.last)}, ""};
  for (const content::PlaybookBinding& binding : playbook.bindings) {
    Bound& bound = bound_[binding.name];
    bound.hint = binding.fill_hint;
    for (const content::EntityKind kind : binding.entities) {
      const auto keys = file.keys.find(kind);
      if (keys == file.keys.end()) continue;
      for (const std::string& key : keys->second) {
        AddDistinct(bound.values, key);
        AddDistinct(bound.shown, DisplayKey(kind, key));
      }
    }
    if (binding.fields.empty()) continue;
    const uint32_t query = file.queries.NumberOf(binding.query);
    for (const SelectedEvent& selected : file.Select(binding.query, file.range.from, file.range.until)) {
      for (const std::string& value : selected.event->matches.values.at(query)) {
        AddDistinct(bound.values, value);
        AddDistinct(bound.shown, ShownValue(value));
      }
    }
  }
}

Binder::Filled Binder::Fill(std::string_view text) const {
  Filled filled;
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    while (text[at] == '{' && end < text.size() && IsNameCharacter(text[end])) ++end;
    if (text[at] != '{' || end == at + 1 || end == text.size() || text[end] != '}') {
      filled.text += text[at++];
      continue;
    }
    const std::string name(text.substr(at + 1, end - at - 1));
    at = end + 1;
    const auto bound = bound_.find(name);
    if (bound != bound_.end() && !bound->second.values.empty()) {
      filled.text += Listed(bound->second.shown);
      filled.parameters[name] = bound->second.values;
      continue;
    }
    filled.text += "{?" + name + "}";
    filled.parameters[name] = {};
    const std::string hint =
        bound == bound_.end() || bound->second.hint.empty() ? "nothing in the evidence names it" : bound->second.hint;
    AddDistinct(filled.hints, "{?" + name + "}: " + hint);
  }
  return filled;
}

std::vector<Step> MakeSteps(const content::Playbook& playbook, const Binder& binder, std::string_view prefix) {
  std::vector<Step> steps;
  for (const content::PlaybookStep& def : playbook.steps) {
    Step& step = steps.emplace_back();
    step.id = std::string(prefix) + def.id;
    const std::pair<const std::string*, std::string*> texts[] = {{&def.title, &step.title},
                                                                 {&def.text, &step.text},
                                                                 {&def.loses, &step.loses},
                                                                 {&def.undo, &step.undo},
                                                                 {&def.verified_by, &step.verified_by}};
    for (const auto& [from, to] : texts) {
      Binder::Filled filled = binder.Fill(*from);
      *to = std::move(filled.text);
      step.parameters.merge(filled.parameters);
      for (const std::string& hint : filled.hints) AddDistinct(step.unbound_hints, hint);
    }
  }
  return steps;
}

}  // namespace tocsin::incident
