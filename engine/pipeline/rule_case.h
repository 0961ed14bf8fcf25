// Golden cases: what rules must do over a few events, closed-world. rules/CASES.md is the format for authors; the files
// are read by connectors/cli/case_folder.h, the program that runs them is `tocsin rules test`.
#ifndef TOCSIN_ENGINE_PIPELINE_RULE_CASE_H_
#define TOCSIN_ENGINE_PIPELINE_RULE_CASE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/time.h"
#include "engine/pipeline/ports.h"

namespace tocsin::pipeline {

struct RuleCase {
  using Group = std::map<std::string, std::string>;
  struct Hit {  // of a detection, or a firing of a correlation
    uint64_t event = 0;
    std::string rule, why;       // rule: name, id or title
    std::optional<Group> group;  // not compared when absent
    std::string value;           // JSON; likewise when empty
  };
  struct Alert {
    std::string rule, why;
    std::optional<std::string> level;
    std::optional<Group> group;
    event::EventTime first, last;  // of its events; not compared when not known
  };
  // How the events are read, as `match` does.
  std::string source, time_field;
  bool logsource_from_event = false;
  // What must come, and nothing else, of the judged rules: those named, or all when none is.
  std::vector<std::string> judge;
  std::vector<Hit> hits;
  std::map<uint64_t, std::string> misses;     // why an event must not hit
  bool every_event = false;                   // each event must stand in hits or misses
  std::optional<std::vector<Alert>> alerts;   // not judged when absent
  std::vector<std::string> errors, warnings;  // codes, each as often as it must come
};

struct CaseOutcome {
  struct Failure {
    std::string what;  // a line
    std::string rule;  // with `event`: `rules explain` tells more
    std::optional<uint64_t> event;
  };
  std::vector<Failure> failures;  // empty: passed
  std::vector<content::RuleId> judged;
};

// Runs one case. `content` and `diagnostics` are what loading its rules gave; `input` may be null (a case about loading
// alone).
CaseOutcome RunRuleCase(const RuleCase& expected, std::shared_ptr<const content::ContentSet> content,
                        content::Diagnostics diagnostics, BoundedInput* input);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_RULE_CASE_H_
