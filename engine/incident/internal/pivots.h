// From the keys of an incident's alerts to the events that belong to its story.
//
// The idea: follow exact ids along the edges of DETECTIONS section 2 (run -> job -> runner -> host, run -> access key
// -> digest -> tag) and stop before the traffic of others. Two sorts of keys:
//   exact    an id of one thing. All its events are shown; kEdges says which kinds of keys it may add.
//   shared   a repository, a service account, a role: many stories name it. Only events near the incident are shown,
//            only those that name no other run, job, machine or token, and the pivot is marked weak, as is all that it
//            leads to.
// Other kinds (ip, actor, dest, image, namespace, ...) are recorded in rows and never followed; nor are stop keys.
//
// A machine leads to a job only if the job ran on it while the alerts' events happened (the links' interval), and only
// when the alerts name no job themselves: other jobs of a static runner are shown as rows and not followed. A
// repository leads to the cloud sessions that were opened for it in that time (the run's id is not in CloudTrail), of
// the same environment where both say one.
//
// One machine has three names: pod ".../x", host "x", runner "gh:runner:x" (or what the site's runner_map says) are
// followed into each other, and the name is kept if events bear it.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_PIVOTS_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_PIVOTS_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/incident/internal/event_finder.h"
#include "engine/incident/internal/stop_keys.h"

namespace tocsin::incident {

inline constexpr int64_t kSharedMarginNs =
    2ll * 3600 * 1'000'000'000;  // how far from the incident a shared key reaches

struct PivotRow {
  int depth = 0;
  bool weak = false;
  std::string path;  // "pivot runner x -> host x"
};

struct PivotResult {
  std::map<KnownEvent*, PivotRow, bool (*)(const KnownEvent*, const KnownEvent*)> rows{EventBefore};
  std::set<EntityRef> keys;       // of the alerts, and those followed
  std::set<EntityRef> weak_keys;  // of these: only a shared key led to it
  size_t keys_refused = 0;        // beyond kPivotKeys
};

// A kind of exact ids. What only another key leads to is weak evidence: many stories name it.
bool IsExactKind(content::EntityKind kind);
// A kind that pivots follow: exact, or shared.
bool IsFollowedKind(content::EntityKind kind);

// Found by a key of kind `via`: does the event name a run, job, machine, token or session, and none of them in `keys`?
bool IsForeign(const KnownEvent& event, content::EntityKind via, const std::set<EntityRef>& keys);

// Does every run, job and machine that the event names belong to the incident?
bool NamesOnlyKnown(const KnownEvent& event, const std::set<EntityRef>& keys);

PivotResult FollowPivots(const std::set<EntityRef>& alert_keys, const content::ContentSet& content,
                         const StopKeys& stop, const FinderRange& range, EventFinder& finder);

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_PIVOTS_H_
