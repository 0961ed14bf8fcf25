// What matching costs in a run that goes on, from a sample of its events. `rules profile` (rule_profile.h) counts them all.
#ifndef TOCSIN_ENGINE_PIPELINE_MATCHING_COST_H_
#define TOCSIN_ENGINE_PIPELINE_MATCHING_COST_H_

#include <cstdint>
#include <string>

#include "engine/content/content_set.h"
#include "engine/match/profile.h"

namespace tocsin::pipeline {

// Of so many events one is counted, part by part, and the one before it is timed as a whole. Either costs a fraction of matching
// that event, so that all in all it is far below one per cent. A prime, because logs repeat themselves in round numbers.
inline constexpr uint32_t kSampledOneOf = 251;

struct MatchingCost {
  uint64_t counted = 0;        // events; 0: all else says nothing
  double ns_an_event = 0;      // of events that were timed and not counted
  std::string dearest;         // the rule's label; empty: none took any time
  double share = 0;            // of matching that was that rule's
  std::string Words() const;   // "2.1 us an event; the dearest rule, x, 12 % (29 events counted, 1 of 251)"
  std::string Json() const;    // null when nothing was counted
};

MatchingCost MatchingCostOf(const match::Profile& profile, const content::ContentSet& content);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_MATCHING_COST_H_
