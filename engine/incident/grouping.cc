// Alerts to groups by union-find over shared principals. See builder.h.
#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "engine/incident/builder.h"
#include "engine/incident/internal/lead.h"
#include "engine/incident/internal/sha256.h"
#include "engine/incident/internal/stop_keys.h"

namespace tocsin::incident {
namespace {

using correlate::Alert;

// Sets of alert numbers; a set is named by its smallest member, so the outcome does not depend on the order of Join
// calls.
class DisjointSets {
 public:
  explicit DisjointSets(size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), size_t{0}); }
  size_t Find(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void Join(size_t a, size_t b) {
    a = Find(a);
    b = Find(b);
    if (a != b) parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<size_t> parent_;
};

std::vector<const Alert*> Candidates(const std::vector<Alert>& alerts) {
  std::vector<const Alert*> candidates;
  for (const Alert& alert : alerts) {
    if (alert.level >= content::Level::kMedium && alert.state != correlate::AlertState::kWithdrawn &&
        alert.first_event.known()) {
      candidates.push_back(&alert);
    }
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const Alert* a, const Alert* b) { return correlate::AlertBefore(*a, *b); });
  candidates.erase(
      std::unique(candidates.begin(), candidates.end(), [](const Alert* a, const Alert* b) { return a->id == b->id; }),
      candidates.end());
  return candidates;
}

void JoinByPrincipal(const std::vector<const Alert*>& alerts, const StopKeys& stop, DisjointSets& sets) {
  std::map<std::pair<content::EntityKind, std::string_view>, std::vector<size_t>> by_key;
  for (size_t i = 0; i < alerts.size(); ++i) {
    for (const auto& [kind, keys] : alerts[i]->entities) {
      if (!content::IsPrincipal(kind)) continue;
      for (const std::string& key : keys) {
        if (!stop.Contains(kind, key, alerts[i]->first_event)) by_key[{kind, key}].push_back(i);
      }
    }
  }
  for (const auto& [key, members] : by_key) {
    // Members stand in order of first event: whoever reaches furthest so far is the nearest neighbour of the next one.
    size_t furthest = members[0];
    for (size_t m = 1; m < members.size(); ++m) {
      const size_t i = members[m];
      if (alerts[i]->first_event.ns - alerts[furthest]->last_event.ns <= kJoinGapNs) sets.Join(furthest, i);
      if (alerts[i]->last_event > alerts[furthest]->last_event) furthest = i;
    }
  }
}

// Pieces of one component that respect kCutSpanNs and kCutAlerts.
std::vector<std::vector<Alert>> Cut(const std::vector<const Alert*>& component) {
  std::vector<std::vector<Alert>> pieces(1);
  for (const Alert* alert : component) {
    if (!pieces.back().empty() && (pieces.back().size() >= kCutAlerts ||
                                   alert->first_event.ns - pieces.back().front().first_event.ns > kCutSpanNs)) {
      pieces.emplace_back();
    }
    pieces.back().push_back(*alert);
  }
  return pieces;
}

}  // namespace

std::string IncidentId(const std::vector<Alert>& group, const content::ContentSet& content) {
  const Alert* earliest = nullptr;
  for (const Alert& alert : group) {
    if (!Opens(alert, content)) continue;
    if (earliest == nullptr || std::tie(alert.first_firing, alert.first_event, alert.id) <
                                   std::tie(earliest->first_firing, earliest->first_event, earliest->id)) {
      earliest = &alert;
    }
  }
  return earliest == nullptr ? "" : "i-" + Sha256Hex(earliest->id).substr(0, 16);
}

std::vector<std::vector<Alert>> GroupAlerts(const std::vector<Alert>& alerts, const content::ContentSet& content) {
  const std::vector<const Alert*> candidates = Candidates(alerts);
  DisjointSets sets(candidates.size());
  JoinByPrincipal(candidates, StopKeys(content), sets);

  std::map<size_t, std::vector<const Alert*>> components;
  for (size_t i = 0; i < candidates.size(); ++i) components[sets.Find(i)].push_back(candidates[i]);

  std::vector<std::vector<Alert>> groups;
  for (const auto& [root, component] : components) {
    std::vector<std::vector<Alert>> pieces = Cut(component);
    std::string previous;
    for (size_t i = 0; i < pieces.size(); ++i) {
      const std::string id = IncidentId(pieces[i], content);
      if (id.empty()) continue;  // nothing in it opens
      std::vector<std::string>& notes = pieces[i].front().notes;
      if (!previous.empty()) notes.push_back("cut: continues " + previous);
      if (i + 1 < pieces.size()) {
        notes.push_back(pieces[i].size() >= kCutAlerts ? "cut: 2,000 alerts, later ones are not part of this incident"
                                                       : "cut: 30 d, later alerts are not part of this incident");
      }
      previous = id;
      groups.push_back(std::move(pieces[i]));
    }
  }
  std::sort(groups.begin(), groups.end(), [](const std::vector<Alert>& a, const std::vector<Alert>& b) {
    return correlate::AlertBefore(a.front(), b.front());
  });
  return groups;
}

}  // namespace tocsin::incident
