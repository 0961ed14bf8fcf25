// Firings to alerts: episodes of one rule and group, their members, ids, and what changed since they were published.
#ifndef TOCSIN_ENGINE_CORRELATE_INTERNAL_EPISODES_H_
#define TOCSIN_ENGINE_CORRELATE_INTERNAL_EPISODES_H_

#include <vector>

#include "engine/correlate/engine.h"
#include "engine/correlate/internal/absence.h"
#include "engine/correlate/internal/group.h"

namespace tocsin::correlate {

struct EpisodeContext {
  const Plan& plan;
  const HitPool& pool;
  ItemReader& reader;
  const AbsenceJudge& absences;
  // Live: a firing before it can no longer change. Bounded: kForever.
  int64_t settled_before_ns = kForever;
};

// value_first_seen and value_change: each value is an alert of its own.
bool AlertsByValue(const Unit& unit);

// The alerts of a group as its firings stand now, in the order of their first firings. Rules that are only confirmed
// alert from settled firings alone, unless they say `early`. Handles are the ids.
std::vector<Alert> MakeAlerts(const EpisodeContext& context, const Group& group);

// Replaces group.published by `alerts` and appends what changed. A new alert takes over handle and place of one that
// vanished where their spans are within the episode gap of each other.
void Publish(const Unit& unit, Group& group, std::vector<Alert> alerts, std::vector<AlertChange>& changes);

}  // namespace tocsin::correlate

#endif  // TOCSIN_ENGINE_CORRELATE_INTERNAL_EPISODES_H_
