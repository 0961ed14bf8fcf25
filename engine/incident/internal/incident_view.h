// A stored incident document, read back for the text renderer: plain strings, already Clean(). Fields that an older
// program did not write are empty.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_INCIDENT_VIEW_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_INCIDENT_VIEW_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace tocsin::incident {

struct IncidentView {
  using Keys = std::vector<std::pair<std::string, std::vector<std::string>>>;  // kind -> keys, in document order

  struct Alert {
    std::string id, rule, title, level, state, first_event, first_firing, last_event, value;
    std::vector<std::pair<std::string, std::string>> group;
    uint64_t events = 0;
    bool absence_unverified = false;
    std::vector<std::string> notes;
  };
  struct Row {
    std::string time, arrived, source, event_id, why, summary, at;
    std::vector<std::string> classes, ticks;
    Keys entities;
    bool alert_event = false, time_inferred = false;
  };
  struct Step {
    std::string id, title, text, state, loses, undo, verified_by;
    std::vector<std::string> unbound;
  };
  struct Preserve {
    std::string id, title, state, first, last, expires_at;
    uint64_t events = 0;
    std::vector<std::string> gaps;
  };
  struct Verdict {
    std::string name, value;
    std::vector<std::string> because;
  };
  struct Source {
    std::string source, first, last;
    uint64_t events = 0;
    std::vector<std::string> gaps;
  };

  std::string id, state, severity, playbook, title, first_event, last_event, merged_into, withdrawn_because, follows,
      now;
  uint64_t revision = 0, events = 0;
  std::vector<std::string> flags;
  Keys entities;
  std::vector<Alert> alerts;
  std::vector<Row> timeline;
  std::vector<Step> steps;
  std::vector<Preserve> preserve;
  std::vector<Verdict> verdicts;
  std::vector<Source> sources;
  bool timeline_truncated = false;
};

// DataLoss if it is no incident document.
absl::StatusOr<IncidentView> ReadIncident(std::string_view json);

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_INCIDENT_VIEW_H_
