#include "engine/incident/internal/queries.h"

#include <algorithm>

#include "engine/incident/internal/stop_keys.h"

namespace tocsin::incident {

bool SourceListed(const std::vector<std::string>& sources, std::string_view source) {
  return sources.empty() || std::any_of(sources.begin(), sources.end(),
                                        [&](const std::string& pattern) { return WildcardMatches(pattern, source); });
}

void QuerySet::Add(const content::EventQuery& query, const std::vector<content::FieldId>* fields) {
  numbers_[&query] = static_cast<uint32_t>(entries_.size());
  entries_.push_back({&query, fields});
}

void QuerySet::AddPlaybook(const content::Playbook& playbook) {
  for (const content::PlaybookBinding& binding : playbook.bindings) {
    if (!binding.fields.empty()) Add(binding.query, &binding.fields);
  }
  for (const content::PreserveItem& item : playbook.preserve) {
    for (const content::PreserveItem::Part& part : item.parts) Add(part.query, nullptr);
  }
  for (const content::VerdictDef& verdict : playbook.verdicts) {
    for (const content::VerdictDef::Facet& facet : verdict.facets) {
      for (const content::EventQuery& query : facet.used) Add(query, nullptr);
      for (const content::EventQuery& query : facet.reachable) Add(query, nullptr);
    }
  }
}

QueryMatches QuerySet::Match(const event::EventView& event, std::string_view source) const {
  QueryMatches matches;
  for (uint32_t number = 0; number < entries_.size(); ++number) {
    const Entry& entry = entries_[number];
    if (!SourceListed(entry.query->sources, source) || !event::TestsHold(entry.query->where, event)) continue;
    matches.queries.push_back(number);
    if (entry.fields == nullptr) continue;
    std::vector<std::string>& values = matches.values[number];
    for (const content::FieldId field : *entry.fields) {
      for (const event::Value& value : event.values(field)) {
        const bool scalar = value.kind == event::ValueKind::kString || value.kind == event::ValueKind::kNumber ||
                            value.kind == event::ValueKind::kBool;
        if (scalar && !value.text.empty()) values.emplace_back(value.text);
      }
    }
  }
  return matches;
}

}  // namespace tocsin::incident
