// An incident as people read it: alerts that belong to one story, their timeline, first steps, preserve list and
// verdicts.
//
// Plain data; IncidentBuilder (builder.h) makes it, the store keeps it, the renderers print it. Everything is a
// function of alerts, evidence and content; what was merely observed (opened, revision, handle) stands in `observed`.
#ifndef TOCSIN_ENGINE_INCIDENT_INCIDENT_H_
#define TOCSIN_ENGINE_INCIDENT_INCIDENT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/correlate/alert.h"
#include "engine/event/event.h"

namespace tocsin::incident {

struct TimelineRow {
  event::EventTime time, arrived;  // event time; transport time
  std::string source, event_id;    // identity in hex
  content::EvidenceClasses classes = 0;
  std::string why;           // "alert egress_privileged_job", "pivot runner gh:runner:x -> host x"
  bool alert_event = false;  // contributed to an alert of this incident
  std::vector<std::pair<content::EntityKind, std::string>> entities;
  std::string summary;             // one line, secrets masked
  std::string sha256;              // of the raw bytes
  std::string at;                  // where it came from: "path:line 12" or "topic/3@8812"
  std::vector<std::string> ticks;  // preserve items it serves: "R4"
  bool time_inferred = false;
};

struct Step {
  std::string id, title, text;                                 // text with every {name} bound or printed as {?name}
  std::map<std::string, std::vector<std::string>> parameters;  // name -> values as keys are written; empty = unbound
  std::vector<std::string> unbound_hints;                      // "{?roles}: AssumeRole* by the run"
  std::string loses, undo, verified_by;
  std::string state = "open";
};

struct PreserveState {
  std::string id, title;
  std::string state;  // collected | empty | missing | expired
  uint64_t events = 0;
  event::EventTime first, last;
  event::EventTime expires_at;    // soonest expiry at the origin; !known() = never or unknown
  std::vector<std::string> gaps;  // sources or captures that are missing, and why it matters
};

struct Verdict {
  std::string name, value;
  std::vector<std::string> because;  // "PutImage api:2.5.0 at 12:11 (event 3f..)", "source hubble silent from .. to .."
};

struct SourceHealth {
  std::string source;
  uint64_t events = 0;
  event::EventTime first, last;
  std::vector<std::string> gaps;  // uncovered stretches inside the incident's range
};

// What a RuleId of `alerts` stands for: the ids mean nothing once their content set is gone.
struct RuleName {
  std::string label, title;  // content::RuleLabel; title
};

struct Incident {
  std::string id;  // "i-" and 16 hex digits: hash of its earliest opening alert id
  std::string state = "open";
  content::Level severity = content::Level::kNone;
  std::string playbook, title;
  event::EventTime first_event, last_event;   // over its alerts
  std::vector<correlate::Alert> alerts;       // in AlertBefore order
  std::map<content::RuleId, RuleName> rules;  // of `alerts`
  std::map<content::EntityKind, std::vector<std::string>> entities;
  std::vector<TimelineRow> timeline;
  bool timeline_truncated = false;
  std::vector<Step> steps;
  std::vector<PreserveState> preserve;  // soonest expiry first
  std::vector<Verdict> verdicts;
  std::vector<SourceHealth> source_health;
  std::vector<std::string> flags;  // "hold_release since 12:11", "absence_unverified", "degraded: ..."
  std::string content_hash;
  // Observed, not part of promise 1.
  uint64_t revision = 1;
  std::string opened;                         // RFC 3339 wall time; empty until stored
  std::string handle;                         // id first published; empty = its own
  event::EventTime now;                       // what expiry was counted from
  std::map<std::string, std::string> merged;  // merged_into, follows
};

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INCIDENT_H_
