// What is known of each rule before any event comes: which sources hold its watermark, how long after an event it is
// decided, and whether it can fire at all (DESIGN section 4). For `rules list`; the engine computes the same from the
// same plan.
#ifndef TOCSIN_ENGINE_CORRELATE_DECISION_H_
#define TOCSIN_ENGINE_CORRELATE_DECISION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "engine/content/content_set.h"

namespace tocsin::correlate {

struct RuleDecision {
  // That its leaf rules can match or that give a link it groups by, by SourceId; those of the site profile's
  // `connected:` alone where it names any.
  std::vector<content::SourceId> sources;
  // An alert is confirmed when W(rule) has passed its first firing: the slowest source's lateness, plus how long an
  // absence after the last event, or a late key, may still decide.
  int64_t lateness_ns = 0, settle_ns = 0;
  std::string inactive;  // why it can never fire; empty = it can
};

// By RuleId.
std::vector<RuleDecision> DecisionsOfRules(const content::ContentSet& content);

}  // namespace tocsin::correlate

#endif  // TOCSIN_ENGINE_CORRELATE_DECISION_H_
