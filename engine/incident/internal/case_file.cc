#include "engine/incident/internal/case_file.h"

#include <algorithm>

namespace tocsin::incident {

std::vector<SelectedEvent> CaseFile::Select(const content::EventQuery& query, event::EventTime from,
                                            event::EventTime until) const {
  std::vector<EntityRef> by;
  if (query.entities.empty()) {
    for (const EntityRef& key : followed) {
      if (IsFollowedKind(key.kind)) by.push_back(key);
    }
  } else {
    for (const content::EntityKind kind : query.entities) {
      const auto of_kind = keys.find(kind);
      if (of_kind == keys.end()) continue;
      for (const std::string& key : of_kind->second) by.push_back({kind, key});
    }
  }
  const uint32_t number = queries.NumberOf(query);
  std::map<KnownEvent*, bool, bool (*)(const KnownEvent*, const KnownEvent*)> found(EventBefore);  // event -> weak
  for (const EntityRef& key : by) {
    if (stop.Contains(key.kind, key.key, range.first)) continue;
    const bool weak = !IsExactKind(key.kind) || weak_keys.contains(key);
    for (KnownEvent* event : finder.Find(key, from, until)) {
      if (!std::binary_search(event->matches.queries.begin(), event->matches.queries.end(), number)) continue;
      const auto [at, added] = found.try_emplace(event, weak);
      if (!added) at->second = at->second && weak;
    }
  }
  std::vector<SelectedEvent> selected;
  for (const auto& [event, weak] : found) selected.push_back({event, weak});
  return selected;
}

}  // namespace tocsin::incident
