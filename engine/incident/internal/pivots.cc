#include "engine/incident/internal/pivots.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/incident/builder.h"
#include "engine/incident/internal/words.h"

namespace tocsin::incident {
namespace {

using enum content::EntityKind;
using content::EntityKind;

// What an event found by a key of kind `from` may add. Narrow: only if the alerts name no key of kind `to` themselves
// (a run has fifty jobs; the alert is about one). Timed: only if the event's link says that both met while the incident
// happened.
enum class Edge { kPlain, kNarrow, kTimed };
struct EdgeDef {
  EntityKind from, to;
  Edge edge = Edge::kPlain;
};
constexpr EdgeDef kEdges[] = {
    {kToken, kRun},
    {kToken, kDeploy},
    {kToken, kHook},
    {kRun, kJob, Edge::kNarrow},
    {kRun, kRunner, Edge::kNarrow},
    {kRun, kToken},
    {kRun, kAccessKey},
    {kRun, kDeploy},
    {kRun, kDigest},
    {kRun, kTag},
    {kJob, kRun},
    {kJob, kRunner},
    {kJob, kHost},
    {kJob, kPod},
    {kJob, kToken},
    {kJob, kAccessKey},
    {kJob, kDeploy},
    {kRunner, kHost},
    {kRunner, kPod},
    {kRunner, kJob, Edge::kTimed},
    {kRunner, kRun, Edge::kTimed},
    {kHost, kPod},
    {kHost, kRunner},
    {kHost, kAccessKey},
    {kHost, kJob, Edge::kTimed},
    {kHost, kRun, Edge::kTimed},
    {kPod, kHost},
    {kPod, kServiceAccount},
    {kPod, kAccessKey},
    {kPod, kJob, Edge::kTimed},
    {kPod, kRun, Edge::kTimed},
    {kServiceAccount, kAccessKey},
    {kAccessKey, kAccessKey},
    {kAccessKey, kDigest},
    {kAccessKey, kTag},
    {kAccessKey, kRun},
    {kAccessKey, kJob},
    {kDigest, kTag},
    {kDigest, kDeploy},
    {kTag, kDigest},
    {kDeploy, kDigest},
    {kDeploy, kRun, Edge::kNarrow},
    {kApiKey, kHook},
    {kHook, kApiKey},
};

bool IsSharedKind(EntityKind kind) {
  return kind == kRepo || kind == kServiceAccount || kind == kWorkload || kind == kCloudPrincipal || kind == kSecret;
}

// Kinds that say whose event it is.
bool IsInstanceKind(EntityKind kind) {
  switch (kind) {
    case kToken:
    case kRun:
    case kJob:
    case kRunner:
    case kHost:
    case kPod:
    case kAccessKey:
    case kApiKey:
    case kHook:
      return true;
    default:
      return false;
  }
}

std::string LastPart(std::string_view text, char separator) {
  const size_t at = text.rfind(separator);
  return std::string(at == std::string_view::npos ? text : text.substr(at + 1));
}

class Walk {
 public:
  Walk(const std::set<EntityRef>& alert_keys, const content::ContentSet& content, const StopKeys& stop,
       const FinderRange& range, EventFinder& finder)
      : content_(content), stop_(stop), range_(range), finder_(finder) {
    for (const EntityRef& key : alert_keys) {
      alert_kinds_.insert(key.kind);
      result_.keys.insert(key);
      if (!stop_.Contains(key.kind, key.key, range_.first)) Queue(key, Name(key));
    }
  }

  PivotResult Run() {
    for (int depth = 0; depth <= kPivotDepth && !next_.empty(); ++depth) {
      const std::map<EntityRef, std::string> frontier = std::exchange(next_, {});
      for (const auto& [key, path] : frontier) {
        if (IsExactKind(key.kind)) Visit(key, path, depth);
      }
      // Last, because what is foreign is judged by the machines and sessions that are known by now.
      for (const auto& [key, path] : frontier) {
        if (IsSharedKind(key.kind)) Visit(key, path, depth);
      }
    }
    return std::move(result_);
  }

 private:
  static std::string Name(const EntityRef& key) {
    return std::string(content::EntityKindName(key.kind)) + " " + DisplayKey(key.kind, key.key);
  }

  void Queue(const EntityRef& key, const std::string& path) {
    if (!IsFollowedKind(key.kind)) return;
    if (queued_.contains(key)) return;
    if (queued_.size() >= kPivotKeys) {
      ++result_.keys_refused;
      return;
    }
    queued_.insert(key);
    next_.emplace(key, path);
  }

  void Visit(const EntityRef& key, const std::string& path, int depth) {
    const bool weak = IsSharedKind(key.kind);
    const event::EventTime from =
        weak ? std::max(range_.from, event::EventTime{range_.first.ns - kSharedMarginNs}) : range_.from;
    const event::EventTime until =
        weak ? std::min(range_.until, event::EventTime{range_.last.ns + kSharedMarginNs}) : range_.until;
    std::vector<KnownEvent*> events = finder_.Find(key, from, until);
    if (weak) std::erase_if(events, [&](const KnownEvent* event) { return IsForeign(*event, result_.keys); });
    if (events.empty()) return;
    result_.keys.insert(key);
    const PivotRow row{depth, weak, (weak ? "weak pivot " : "pivot ") + path};
    for (KnownEvent* event : events) {
      const auto [at, added] = result_.rows.try_emplace(event, row);
      if (!added && std::tie(row.weak, row.depth) < std::tie(at->second.weak, at->second.depth)) at->second = row;
    }
    for (const EntityRef& found : Reached(key, events)) Queue(found, path + " -> " + Name(found));
  }

  // Keys that these events of `key` add, in order.
  std::set<EntityRef> Reached(const EntityRef& key, const std::vector<KnownEvent*>& events) const {
    std::set<EntityRef> reached;
    const std::map<EntityRef, std::pair<event::EventTime, event::EventTime>> met = Meetings(key, events);
    for (const KnownEvent* event : events) {
      for (const EntityRef& entity : event->entities) {
        if (entity != key && Follows(key, entity, *event, met)) reached.insert(entity);
      }
    }
    for (EntityRef& name : OtherNames(key)) reached.insert(std::move(name));
    std::erase_if(reached,
                  [&](const EntityRef& entity) { return stop_.Contains(entity.kind, entity.key, range_.first); });
    return reached;
  }

  bool Follows(const EntityRef& key, const EntityRef& entity, const KnownEvent& event,
               const std::map<EntityRef, std::pair<event::EventTime, event::EventTime>>& met) const {
    const auto edge = std::find_if(std::begin(kEdges), std::end(kEdges),
                                   [&](const EdgeDef& e) { return e.from == key.kind && e.to == entity.kind; });
    if (edge == std::end(kEdges)) return false;
    if (edge->edge == Edge::kPlain) return true;
    if (alert_kinds_.contains(entity.kind)) return false;
    if (edge->edge == Edge::kNarrow) return true;
    const auto meeting = met.find(entity);
    const auto [from, until] = meeting == met.end() ? std::pair(event.row.time, event.row.time) : meeting->second;
    return from <= range_.last && until >= range_.first;
  }

  // When `key` stood for each other key, by the links of all its events: a job's last event closes what its first one
  // opened.
  static std::map<EntityRef, std::pair<event::EventTime, event::EventTime>> Meetings(
      const EntityRef& key, const std::vector<KnownEvent*>& events) {
    std::map<EntityRef, std::pair<event::EventTime, event::EventTime>> met;
    std::map<EntityRef, event::EventTime> closed;
    for (const KnownEvent* event : events) {
      for (const KnownLink& link : event->links) {
        // A workflow_job event links both the runner and its host; the job is the same.
        const auto [at, added] = met.try_emplace(link.to, link.valid_from, link.valid_until);
        if (!added) {
          at->second.first = std::min(at->second.first, link.valid_from);
          at->second.second = std::max(at->second.second, link.valid_until);
        }
        if (!link.open) {
          const auto [end, first] = closed.try_emplace(link.to, link.valid_until);
          if (!first) end->second = std::max(end->second, link.valid_until);
        }
      }
    }
    for (const auto& [to, until] : closed) met[to].second = until;
    met.erase(key);
    return met;
  }

  std::vector<EntityRef> OtherNames(const EntityRef& key) const {
    std::vector<EntityRef> names;
    if (key.kind == kRunner) {
      const std::string runner = DisplayKey(kRunner, key.key);
      names.push_back({kHost, runner});
      if (const auto map = content_.site.maps.find("runner_map"); map != content_.site.maps.end()) {
        if (const auto entry = map->second.find(runner); entry != map->second.end()) {
          names.push_back({kHost, LastPart(entry->second, '/')});
          names.push_back({kPod, entry->second});
        }
      }
    } else if (key.kind == kPod) {
      names.push_back({kHost, LastPart(key.key, '/')});
    } else if (key.kind == kHost) {
      names.push_back({kRunner, "gh:runner:" + key.key});
    }
    return names;
  }

  const content::ContentSet& content_;
  const StopKeys& stop_;
  const FinderRange range_;
  EventFinder& finder_;
  std::set<EntityKind> alert_kinds_;
  std::set<EntityRef> queued_;
  std::map<EntityRef, std::string> next_;  // key -> how it was reached
  PivotResult result_;
};

}  // namespace

bool IsExactKind(EntityKind kind) {
  switch (kind) {
    case kToken:
    case kRun:
    case kJob:
    case kRunner:
    case kHost:
    case kPod:
    case kAccessKey:
    case kApiKey:
    case kHook:
    case kDigest:
    case kTag:
    case kDeploy:
    case kBucket:
      return true;
    default:
      return false;
  }
}

bool IsFollowedKind(EntityKind kind) { return IsExactKind(kind) || IsSharedKind(kind); }

bool IsForeign(const KnownEvent& event, const std::set<EntityRef>& keys) {
  bool names_someone = false;
  for (const EntityRef& entity : event.entities) {
    if (!IsInstanceKind(entity.kind)) continue;
    if (keys.contains(entity)) return false;
    names_someone = true;
  }
  return names_someone;
}

bool NamesOnlyKnown(const KnownEvent& event, const std::set<EntityRef>& keys) {
  return std::all_of(event.entities.begin(), event.entities.end(), [&](const EntityRef& entity) {
    const bool whose = entity.kind == kRun || entity.kind == kJob || entity.kind == kRunner || entity.kind == kHost ||
                       entity.kind == kPod;
    return !whose || keys.contains(entity);
  });
}

PivotResult FollowPivots(const std::set<EntityRef>& alert_keys, const content::ContentSet& content,
                         const StopKeys& stop, const FinderRange& range, EventFinder& finder) {
  return Walk(alert_keys, content, stop, range, finder).Run();
}

}  // namespace tocsin::incident
