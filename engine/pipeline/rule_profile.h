// `tocsin rules profile`: what each rule and each predicate costs over the events of some logs, and why.
//
// Every batch is read and matched twice, by two workers, in turn first: once as `match` does it, which gives the time of reading
// and of matching, and once with every event counted (match/profile.h), which gives what makes up the latter. So the figures of
// parts, which counting makes larger, stand beside what they should add up to.
#ifndef TOCSIN_ENGINE_PIPELINE_RULE_PROFILE_H_
#define TOCSIN_ENGINE_PIPELINE_RULE_PROFILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/batch.h"
#include "engine/match/profile.h"
#include "engine/pipeline/ports.h"

namespace tocsin::pipeline {

struct RuleProfileOptions {
  std::string source;                          // --source NAME: it or one that extends it
  bool logsource_from_event = false;
  std::string time_field;
};

struct RuleProfile {
  std::string usage_error;
  uint64_t events = 0, bytes = 0, bad = 0, hits = 0;
  uint64_t skipped = 0;                        // of `events`: not matched, the source's `skip:`
  double reading_ns = 0;                       // of all events
  match::Cost cost;                            // its items are of the content set
  std::vector<event::BadRecord> bad_records;   // the first kProfileBadRecords
  event::InputTable inputs;
  std::vector<std::string> unreadable;
};
inline constexpr size_t kProfileBadRecords = 1000;

RuleProfile ProfileRules(std::shared_ptr<const content::ContentSet> content, const RuleProfileOptions& options,
                         content::Diagnostics& diagnostics, BoundedInput& input);

// The views: the `top` dearest rules and predicates in words, or all of them. `diagnostics` names the files; `width` in columns.
std::string RuleProfileText(const RuleProfile& profile, const content::ContentSet& content, const content::Diagnostics& diagnostics,
                            size_t top, int width);
std::string RuleProfileJson(const RuleProfile& profile, const content::ContentSet& content, const content::Diagnostics& diagnostics);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_RULE_PROFILE_H_
