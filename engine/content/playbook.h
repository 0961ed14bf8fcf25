// A response playbook (rules/playbooks/<id>.yaml), as plain data: what to bind, the first steps, what to preserve, which
// verdicts to answer. `incident` runs it. DETECTIONS section 4 is its content.
#ifndef TOCSIN_ENGINE_CONTENT_PLAYBOOK_H_
#define TOCSIN_ENGINE_CONTENT_PLAYBOOK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "engine/content/source.h"

namespace tocsin::content {

// A selection of events from an incident's timeline reach: of these sources, passing these tests, naming one of the
// incident's keys of these kinds (empty = any of its keys).
struct EventQuery {
  std::vector<std::string> sources;     // names or prefixes "github.*"; empty = all
  FieldTests where;                     // every item must hold
  std::vector<EntityKind> entities;
};

// {name} in a step's text. Values come from entity keys of the incident or from fields of the events that a query selects.
struct PlaybookBinding {
  std::string name;                     // "runner"
  std::vector<EntityKind> entities;     // keys of these kinds, of alerts first, then of the timeline
  std::vector<FieldId> fields;          // else values of these fields ...
  EventQuery query;                     // ... in these events
  std::string fill_hint;                // the query that would fill it, printed when unbound: "workflow_job by runner"
};

struct PlaybookStep {
  std::string id, title, text;          // text with {name}; "first 15 minutes"
  std::string loses, undo, verified_by;
};

struct PreserveItem {
  std::string id, title;                // "R4", "outbound network destinations"
  struct Part {                         // collected if any part has events; a part without is named under gaps
    std::string label;
    EventQuery query;
  };
  std::vector<Part> parts;
  int64_t before_ns = 0;                // range before t0 ...
  int64_t after_ns = -1;                // ... and after the last event; -1 = to the end of the timeline range
  int64_t expires_ns = 0;               // after the event, at its origin; 0 = the source's retention
  std::string manual;                   // a capture no log can give ("host diagnostics and memory"); empty = none
  std::string missing_hint;             // what its absence means
};

// A question that evidence answers. `form` names the algorithm in engine/incident/verdict.cc; the facets are its data.
struct VerdictDef {
  std::string name;                     // "runner_reach"
  std::string form;                     // "reach": used / reachable / no / undetermined for each facet, then a gate
  struct Facet {
    std::string name;                   // "artifacts"
    std::vector<EventQuery> used;       // an event of any after t0 = yes-used
    std::vector<std::string> used_rules;     // or an alert of any of these rules
    std::vector<EventQuery> reachable;  // an event of any = reachable
    std::vector<std::string> sources;   // all must cover the range for `no` or `reachable`, else undetermined
  };
  std::vector<Facet> facets;
  std::string gate;                     // "release_gate": hold when any facet is yes-used or undetermined
};

struct Playbook {
  std::string id, title, attribution;
  Place place;
  std::vector<PlaybookBinding> bindings;
  std::vector<PlaybookStep> steps;
  std::vector<PreserveItem> preserve;
  std::vector<VerdictDef> verdicts;
};

// rules/playbooks/bindings.yaml: rules without a playbook tag get one by id, logsource or ATT&CK tag.
struct RuleBinding {
  std::string rule, tag, playbook;      // rule: id or name
  Logsource logsource;
};

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_PLAYBOOK_H_
