#include "engine/incident/internal/pivots.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "engine/incident/builder.h"
#include "engine/incident/internal/words.h"

namespace tocsin::incident {
namespace {

using enum content::EntityKind;
using content::EntityKind;

// What an event found by a key of kind `from` may add.
//   Narrow   only if the alerts name no key of kind `to` themselves and no machine led here (a run has fifty jobs; the
//            alert is about one)
//   Timed    only if the alerts name none, and a link says that both met while the incident happened
//   Session  the event happened while the incident did, and in its environment
enum class Edge { kPlain, kNarrow, kTimed, kSession };
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
    {kServiceAccount, kAccessKey, Edge::kSession},
    {kRepo, kAccessKey, Edge::kSession},
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
      : content_(content), stop_(stop), range_(range), finder_(finder), alert_keys_(alert_keys) {
    result_.keys = alert_keys;
    for (const EntityRef& key : alert_keys) {
      alert_kinds_.insert(key.kind);
      if (!stop_.Contains(key.kind, key.key, range_.first)) Queue(key, {Name(key), IsSharedKind(key.kind)});
    }
  }

  PivotResult Run() {
    for (int depth = 0; depth <= kPivotDepth && !next_.empty(); ++depth) {
      const std::map<EntityRef, Road> frontier = std::exchange(next_, {});
      // Shared keys come last, because what is foreign is judged by the machines and sessions that are known by now.
      for (const bool shared : {false, true}) {
        for (const auto& [key, road] : frontier) {
          if (IsSharedKind(key.kind) == shared) Visit(key, road, depth);
        }
      }
    }
    return std::move(result_);
  }

 private:
  // How a key was reached.
  struct Road {
    std::string path;
    bool weak = false;
    bool machine = false;  // through a job or what it ran on
  };

  static std::string Name(const EntityRef& key) {
    return std::string(content::EntityKindName(key.kind)) + " " + DisplayKey(key.kind, key.key);
  }

  void Queue(const EntityRef& key, const Road& road) {
    if (!IsFollowedKind(key.kind)) return;
    if (!queued_.insert(key).second) return;
    if (queued_.size() > kPivotKeys) {
      ++result_.keys_refused;
      return;
    }
    next_.emplace(key, road);
  }

  void Visit(const EntityRef& key, const Road& road, int depth) {
    const bool shared = IsSharedKind(key.kind);
    const event::EventTime from =
        shared ? std::max(range_.from, event::EventTime{range_.first.ns - kSharedMarginNs}) : range_.from;
    const event::EventTime until =
        shared ? std::min(range_.until, event::EventTime{range_.last.ns + kSharedMarginNs}) : range_.until;
    std::vector<KnownEvent*> events = finder_.Find(key, from, until);
    if (shared) std::erase_if(events, [&](const KnownEvent* e) { return IsForeign(*e, key.kind, result_.keys); });
    if (!events.empty()) {
      if (result_.keys.insert(key).second && road.weak) result_.weak_keys.insert(key);
      const PivotRow row{depth, road.weak, (road.weak ? "weak pivot " : "pivot ") + road.path};
      for (KnownEvent* event : events) {
        const auto [at, added] = result_.rows.try_emplace(event, row);
        const bool better = std::tie(row.weak, row.depth) < std::tie(at->second.weak, at->second.depth);
        if (!added && better) at->second = row;
      }
    }
    const bool machine =
        road.machine || key.kind == kJob || key.kind == kRunner || key.kind == kHost || key.kind == kPod;
    for (const EntityRef& found : Reached(key, events)) {
      if (road.machine && EdgeOf(key, found) == Edge::kNarrow) continue;
      Queue(found, {road.path + " -> " + Name(found), road.weak || IsSharedKind(found.kind), machine});
    }
  }

  // Keys that `key` adds, in order.
  std::set<EntityRef> Reached(const EntityRef& key, const std::vector<KnownEvent*>& events) {
    std::set<EntityRef> reached;
    std::set<EntityRef> met;
    for (const Meeting& meeting : finder_.Meetings(key, range_.from, range_.until)) {
      if (meeting.from > range_.last || meeting.until < range_.first) continue;
      met.insert(meeting.other);
      if (EdgeOf(key, meeting.other) == Edge::kTimed) reached.insert(meeting.other);
    }
    for (const KnownEvent* event : events) {
      for (const EntityRef& entity : event->entities) {
        if (entity != key && Follows(key, entity, *event, met)) reached.insert(entity);
      }
    }
    for (EntityRef& name : OtherNames(key)) reached.insert(std::move(name));
    std::erase_if(reached, [&](const EntityRef& entity) {
      const std::optional<Edge> edge = EdgeOf(key, entity);
      const bool narrow = edge == Edge::kNarrow || edge == Edge::kTimed;
      return (narrow && alert_kinds_.contains(entity.kind)) || stop_.Contains(entity.kind, entity.key, range_.first);
    });
    return reached;
  }

  bool Follows(const EntityRef& key, const EntityRef& entity, const KnownEvent& event,
               const std::set<EntityRef>& met) const {
    const std::optional<Edge> edge = EdgeOf(key, entity);
    if (!edge.has_value()) return false;
    const bool meanwhile = event.row.time >= range_.first && event.row.time <= range_.last;
    switch (*edge) {
      case Edge::kPlain:
      case Edge::kNarrow:
        return true;
      case Edge::kTimed:
        return meanwhile || met.contains(entity);
      case Edge::kSession:
        return meanwhile && SameEnvironment(event);
    }
    return false;
  }

  static std::optional<Edge> EdgeOf(const EntityRef& from, const EntityRef& to) {
    for (const EdgeDef& edge : kEdges) {
      if (edge.from == from.kind && edge.to == to.kind) return edge.edge;
    }
    return std::nullopt;
  }

  // False only if both the alerts and the event say where they act, and differ.
  bool SameEnvironment(const KnownEvent& event) const {
    if (!alert_kinds_.contains(kEnvironment)) return true;
    bool says = false;
    for (const EntityRef& entity : event.entities) {
      if (entity.kind != kEnvironment) continue;
      if (alert_keys_.contains(entity)) return true;
      says = true;
    }
    return !says;
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
  const std::set<EntityRef>& alert_keys_;
  std::set<EntityKind> alert_kinds_;
  std::set<EntityRef> queued_;
  std::map<EntityRef, Road> next_;
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

bool IsForeign(const KnownEvent& event, EntityKind via, const std::set<EntityRef>& keys) {
  // A new cloud session of the same repository or service account is news; one of the same role is somebody else's.
  const bool sessions_are_news = via == kRepo || via == kServiceAccount;
  bool names_someone = false;
  for (const EntityRef& entity : event.entities) {
    if (!IsInstanceKind(entity.kind) || (entity.kind == kAccessKey && sessions_are_news)) continue;
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
