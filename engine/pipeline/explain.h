// `tocsin rules explain`: why a rule hit, fired or did neither over a few events. The engine runs as in `match`; what
// it decided is taken apart, never decided again: detections by match/explain.h, correlations by running the same
// engine over the same hits with the rule's threshold taken away, so that it says its value at every event.
#ifndef TOCSIN_ENGINE_PIPELINE_EXPLAIN_H_
#define TOCSIN_ENGINE_PIPELINE_EXPLAIN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/batch.h"
#include "engine/event/time.h"
#include "engine/match/explain.h"
#include "engine/pipeline/ports.h"

namespace tocsin::pipeline {

struct ExplainOptions {
  std::string source;  // --source NAME: it or one that extends it
  bool logsource_from_event = false;
  std::string time_field;
  std::optional<uint64_t> number;  // this event alone; events of a correlation are shown alone, and judged all
};

// The stops of one event on its way to the rule (ARCHITECTURE.md, "One event"). Texts of the event are as they came:
// whoever shows them masks them.
struct EventExplanation {
  uint64_t number = 0;
  std::string input;  // path
  uint32_t line = 0;
  uint64_t offset = 0, bytes = 0;
  content::SourceId source;      // !valid(): of no known source
  content::Logsource logsource;  // that rules are compared with
  event::EventTime time;
  event::EventFlags flags;
  int64_t precision_ns = 1;
  std::string identity;
  std::vector<std::pair<std::string, std::string>> entities;  // kind, key
  size_t links = 0;
  std::string conflict;                   // attribute that makes the rule no candidate: "product"; empty = a candidate
  std::vector<content::RuleId> hits;      // of all rules
  bool hit = false;                       // of the rule asked for: the engine's word
  std::optional<match::Explanation> why;  // detections that are candidates
  // What was taken apart is what the engine decided. Anything else is a bug, which the views say.
  bool agrees() const { return (why ? why->root.holds && !flags.skip_match : false) == hit; }
};

// One group of a correlation, event by event.
struct GroupExplanation {
  struct Step {
    event::EventTime time;
    uint64_t number = 0;  // of the event
    uint32_t ref = 0;     // index into Correlation::refs: which rule hit or fired
    std::string value;    // JSON, of the window that ends here; empty: not counted, or the type has no value
    bool fired = false;
    event::EventTime decided_at;
  };
  std::vector<std::pair<std::string, std::string>> group;
  std::vector<Step> steps;
  size_t firings = 0;
  // At the latest event of the run: what the window holds, and when its oldest member leaves it.
  std::string value_now;           // JSON; empty where the type has none or nothing is counted
  std::vector<uint32_t> refs_now;  // references with a member in it
  int64_t expires_ns = -1;         // from now; -1 = the window is empty
};

struct ExplainResult {
  std::string usage_error;
  content::RuleId rule;
  std::vector<EventExplanation> events;  // at most kExplainedEvents
  uint64_t more_events = 0;
  std::vector<GroupExplanation> groups;  // most firings first, then nearest; at most kExplainedGroups
  size_t more_groups = 0;
  std::vector<uint32_t> absent_refs;                            // of the correlation: those whose absence it asks for
  std::vector<std::pair<uint64_t, content::RuleId>> ungrouped;  // events that hit a referenced rule and are in no group
  event::EventTime now;                                         // time of the latest event
  uint64_t records = 0, untimed_hits = 0;  // untimed: hits of referenced rules without a time: not in any window
  std::vector<event::BadRecord> bad;
  event::InputTable inputs;
  std::vector<std::string> unreadable;
};
inline constexpr size_t kExplainedEvents = 1000;
inline constexpr size_t kExplainedGroups = 20;

ExplainResult Explain(std::shared_ptr<const content::ContentSet> content, content::RuleId rule,
                      const ExplainOptions& options, content::Diagnostics& diagnostics, BoundedInput& input);

// The views. `diagnostics` holds the rule's text; `width` in columns.
std::string ExplainText(const ExplainResult& result, const content::ContentSet& content,
                        const content::Diagnostics& diagnostics, int width);
std::string ExplainJson(const ExplainResult& result, const content::ContentSet& content,
                        const content::Diagnostics& diagnostics);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_EXPLAIN_H_
