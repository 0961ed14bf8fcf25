// Events of the look-back store, found by key and read once. Owns every KnownEvent; their addresses stay.
//
// A key's events are loaded by windows, nearest to the incident first, each at most kEventsPerWindow: a busy host
// cannot hide the hour that matters behind a day of traffic. What a limit cuts is named by limits(). The first error of
// the store stands in status() and ends all further loading. Not thread-safe.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_EVENT_FINDER_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_EVENT_FINDER_H_

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "engine/evidence/store.h"
#include "engine/incident/incident.h"
#include "engine/incident/internal/queries.h"
#include "engine/incident/internal/stored_event_reader.h"

namespace tocsin::incident {

inline constexpr size_t kEventsPerWindow = 2000;
inline constexpr size_t kEventsPerIncident = 100'000;  // distinct events read for one incident
inline constexpr size_t kSummaryBytes = 300;           // a longer summary ends in "…"

struct EntityRef {
  content::EntityKind kind;
  std::string key;
  friend auto operator<=>(const EntityRef&, const EntityRef&) = default;
};

// When one key stood for another, by the links of all events (late keys: host -> job while it ran).
struct Meeting {
  EntityRef other;
  event::EventTime from, until;
};

struct KnownEvent {
  TimelineRow row;  // all but why, alert_event and ticks
  event::Identity identity;
  uint64_t content_hash = 0;
  content::SourceId source;         // !valid() = unknown
  std::vector<EntityRef> entities;  // as row.entities
  QueryMatches matches;
  // Transport time and place of each delivery; the row tells of the least.
  std::set<std::tuple<event::EventTime, std::string, uint64_t, uint32_t>> deliveries;
};

// (time, source, identity, bytes): total order, and when two records are one event.
bool EventBefore(const KnownEvent* a, const KnownEvent* b);

struct FinderRange {
  event::EventTime far_from;                  // the longest `before` of any query
  event::EventTime from, first, last, until;  // timeline start; first and last event of the incident; end of everything
};

class EventFinder {
 public:
  EventFinder(std::shared_ptr<const event::Plan> plan, evidence::Store& store, const QuerySet& queries,
              FinderRange range);

  // Events that name the key, from <= time <= until, in total order. REQUIRES: inside FinderRange.
  std::vector<KnownEvent*> Find(const EntityRef& key, event::EventTime from, event::EventTime until);
  // Null when it is not in the store.
  KnownEvent* FindByIdentity(event::EventTime time, content::SourceId source, const event::Identity& identity);

  // Keys that links tie to `key`, in either direction, in order; a later event that closes a link bounds the open one.
  std::vector<Meeting> Meetings(const EntityRef& key, event::EventTime from, event::EventTime until);

  const absl::Status& status() const { return status_; }
  // Words for the incident's flags, in a fixed order.
  std::vector<std::string> limits() const;

 private:
  static constexpr size_t kWindows = 4;
  struct Window {
    event::EventTime from, until;
  };
  struct Loaded {
    std::array<bool, kWindows> windows{};
    std::vector<KnownEvent*> events;  // sorted, distinct
  };
  KnownEvent* Keep(const evidence::StoredEvent& stored);
  void Note(const absl::Status& status);
  void Load(const EntityRef& key, size_t window, Loaded& loaded);

  std::shared_ptr<const event::Plan> plan_;
  evidence::Store& store_;
  const QuerySet& queries_;
  std::array<Window, kWindows> windows_;  // in order of loading: nearest first
  StoredEventReader reader_;
  std::map<std::tuple<std::string, event::Identity, uint64_t>, std::unique_ptr<KnownEvent>> events_;
  std::map<EntityRef, Loaded> keys_;
  std::set<EntityRef> truncated_;
  bool full_ = false;
  std::string damage_;  // the first damaged block, if there is one
  absl::Status status_;
};

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_EVENT_FINDER_H_
