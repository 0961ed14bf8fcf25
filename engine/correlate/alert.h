// An alert: an episode of firings of one rule and group, or of lone hits of a rule (DESIGN section 4).
//
// The record is a format in the incident store (engine/incident/STORE_FORMAT.md): a field may be added, none may change
// its meaning without a migration.
#ifndef TOCSIN_ENGINE_CORRELATE_ALERT_H_
#define TOCSIN_ENGINE_CORRELATE_ALERT_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/event.h"

namespace tocsin::correlate {

// A contributing event: enough to find it in the evidence store and to order it.
struct EventRef {
  event::EventTime time;
  content::SourceId source;
  event::Identity identity;
  content::RuleId rule;  // the detection rule it hit
  friend bool operator==(const EventRef&, const EventRef&) = default;
};

enum class AlertState : uint8_t { kProvisional, kConfirmed, kWithdrawn };

inline constexpr size_t kAlertEventsKept = 50;  // first 50 and last 50 in total order
inline constexpr size_t kAlertKeysKept = 256;   // keys handed on, per entity kind

struct Alert {
  std::string id;          // "a-" and 24 hex digits of SHA-256(rule semantic hash, group, first firing's identity)
  std::string handle;      // the id first published; equal to id in bounded runs
  std::string supersedes;  // the provisional id this one replaces; empty = none
  content::RuleId rule;
  content::Level level = content::Level::kNone;
  AlertState state = AlertState::kProvisional;
  std::vector<std::pair<std::string, std::string>> group;  // group-by name -> value; empty for lone hits without one
  event::EventTime first_firing, last_firing;
  event::EventTime first_event, last_event;  // of all contributing events
  uint64_t firings = 0, event_count = 0;
  std::vector<EventRef> events;  // kAlertEventsKept first and last, in total order, distinct
  std::map<content::EntityKind, std::vector<std::string>>
      entities;                     // members' keys, sorted; at most kAlertKeysKept a kind
  std::string value;                // aggregate as JSON: 4, "x", {"from":..,"to":..}; empty for detections
  bool absence_unverified = false;  // an absence it rests on could not be verified
  std::vector<std::string> notes;   // "degraded: ...", "unverified: source X silent 10:00-11:00"

  friend bool operator==(const Alert&, const Alert&) = default;
};

// (first event time, id): the order in which alerts are listed.
bool AlertBefore(const Alert& a, const Alert& b);

}  // namespace tocsin::correlate

#endif  // TOCSIN_ENGINE_CORRELATE_ALERT_H_
