#include "engine/incident/internal/event_finder.h"

#include <algorithm>

#include "engine/content/utf8.h"
#include "engine/event/secrets.h"
#include "engine/incident/internal/sha256.h"
#include "engine/incident/internal/words.h"

namespace tocsin::incident {
namespace {

constexpr int64_t kHourNs = 3600ll * 1'000'000'000;
constexpr size_t kNamedTruncations = 5;  // keys named in the flags; the others are counted

// One line, masked, of at most kSummaryBytes.
std::string OneLine(std::string_view text) {
  std::string line = event::MaskSecrets(text);
  for (char& c : line) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  if (line.size() <= kSummaryBytes) return line;
  size_t end = 0;
  while (end < kSummaryBytes) {
    const size_t next = end + content::CodePointAt(line, end).size;
    if (next > kSummaryBytes) break;
    end = next;
  }
  return line.substr(0, end) + "…";
}

std::string SummaryOf(const event::EventView& event, const content::SourceDef* source) {
  if (source == nullptr) return "event of no known source";
  std::vector<std::string> texts;
  for (const content::Derived::Alternative& alternative : source->summary) {
    if (!event::TestsHold(alternative.when, event)) continue;
    event::ExpandTemplate(alternative.value, event, texts);
    if (!texts.empty()) return OneLine(texts.front());
  }
  return source->name + " event";
}

std::string PlaceOf(const evidence::StoredEvent& stored) {
  std::string place = stored.input;
  if (stored.line > 0) {
    place += ":line " + std::to_string(stored.line);
  } else {
    place += "@" + std::to_string(stored.offset);
  }
  return stored.index == 0 ? place : place + " event " + std::to_string(stored.index);
}

}  // namespace

bool EventBefore(const KnownEvent* a, const KnownEvent* b) {
  return std::tie(a->row.time, a->row.source, a->identity, a->content_hash) <
         std::tie(b->row.time, b->row.source, b->identity, b->content_hash);
}

EventFinder::EventFinder(std::shared_ptr<const event::Plan> plan, evidence::Store& store, const QuerySet& queries,
                         FinderRange range)
    : plan_(std::move(plan)), store_(store), queries_(queries), reader_(plan_) {
  const auto before = [](event::EventTime time) { return event::EventTime{time.ns - 1}; };
  const event::EventTime near_from = std::max(range.from, event::EventTime{range.first.ns - kHourNs});
  const event::EventTime near_until = std::min(range.until, event::EventTime{range.last.ns + kHourNs});
  windows_[0] = {near_from, near_until};
  windows_[1] = {event::EventTime{near_until.ns + 1}, range.until};
  windows_[2] = {range.from, before(near_from)};
  windows_[3] = {std::min(range.far_from, range.from), before(range.from)};
}

KnownEvent* EventFinder::Keep(const evidence::StoredEvent& stored) {
  const event::EventView* view = reader_.Read(stored);
  if (view == nullptr) return nullptr;
  const std::tuple<std::string, event::Identity, uint64_t> name{stored.source, stored.identity, stored.content_hash};
  const auto found = events_.find(name);
  if (found == events_.end() && events_.size() >= kEventsPerIncident) {
    full_ = true;
    return nullptr;
  }
  std::unique_ptr<KnownEvent>& slot = found == events_.end() ? events_[name] : found->second;
  if (slot == nullptr) slot = std::make_unique<KnownEvent>();
  KnownEvent& event = *slot;
  const auto [delivery, added] = event.deliveries.emplace(stored.transport, stored.input, stored.offset, stored.index);
  if (!added || delivery != event.deliveries.begin()) return &event;

  // Of several deliveries the least is shown: which one that is does not depend on the order in which they are found.
  const content::SourceDef* source = plan_->content().FindSource(stored.source);
  event.identity = stored.identity;
  event.content_hash = stored.content_hash;
  event.source = view->source;
  event.entities.clear();
  event.row = {};
  event.row.time = stored.time;
  event.row.arrived = stored.transport;
  event.row.source = stored.source;
  event.row.event_id = event::IdentityText(stored.identity);
  event.row.classes = stored.classes;
  event.row.summary = SummaryOf(*view, source);
  event.row.sha256 = Sha256Hex(stored.raw);
  event.row.at = PlaceOf(stored);
  event.row.time_inferred = stored.flags.time_inferred;
  for (const event::EntityKey& key : view->entities()) event.entities.push_back({key.kind, std::string(key.text)});
  std::sort(event.entities.begin(), event.entities.end());
  event.entities.erase(std::unique(event.entities.begin(), event.entities.end()), event.entities.end());
  for (const EntityRef& entity : event.entities) event.row.entities.emplace_back(entity.kind, entity.key);
  event.matches = queries_.Match(*view, stored.source);
  return &event;
}

// A damaged block costs its events and is named; any other trouble ends the build.
void EventFinder::Note(const absl::Status& status) {
  if (absl::IsDataLoss(status)) {
    if (damage_.empty()) damage_ = std::string(status.message());
  } else {
    status_.Update(status);
  }
}

std::vector<Meeting> EventFinder::Meetings(const EntityRef& key, event::EventTime from, event::EventTime until) {
  std::vector<evidence::StoredLink> links;
  Note(store_.FindLinks(key.kind, key.key, from, until, links));
  struct Bounds {
    event::EventTime from, until, closed;
  };
  std::map<EntityRef, Bounds> met;
  for (const evidence::StoredLink& link : links) {
    const bool outward = link.from_kind == key.kind && link.from == key.key;
    const EntityRef other = outward ? EntityRef{link.to_kind, link.to} : EntityRef{link.from_kind, link.from};
    const event::EventTime begin = link.valid_from.known() ? link.valid_from : from;
    const bool open = !link.valid_until.known();
    const event::EventTime end = open ? event::EventTime{begin.ns + link.max_open_ns} : link.valid_until;
    const auto [at, added] = met.try_emplace(other, Bounds{begin, end, {}});
    if (!added) {
      at->second.from = std::min(at->second.from, begin);
      at->second.until = std::max(at->second.until, end);
    }
    if (!open) at->second.closed = std::max(at->second.closed, end);
  }
  std::vector<Meeting> meetings;
  for (const auto& [other, bounds] : met) {
    meetings.push_back({other, bounds.from, bounds.closed.known() ? bounds.closed : bounds.until});
  }
  return meetings;
}

void EventFinder::Load(const EntityRef& key, size_t window, Loaded& loaded) {
  loaded.windows[window] = true;
  const auto [from, until] = windows_[window];
  if (from > until || !status_.ok()) return;
  std::vector<evidence::StoredEvent> stored;
  bool truncated = false;
  Note(store_.Find(key.kind, key.key, from, until, kEventsPerWindow, stored, &truncated));
  if (truncated) truncated_.insert(key);
  for (const evidence::StoredEvent& event : stored) {
    if (KnownEvent* known = Keep(event); known != nullptr) loaded.events.push_back(known);
  }
  std::sort(loaded.events.begin(), loaded.events.end(), EventBefore);
  loaded.events.erase(std::unique(loaded.events.begin(), loaded.events.end()), loaded.events.end());
}

std::vector<KnownEvent*> EventFinder::Find(const EntityRef& key, event::EventTime from, event::EventTime until) {
  Loaded& loaded = keys_[key];
  for (size_t i = 0; i < kWindows; ++i) {
    if (!loaded.windows[i] && windows_[i].from <= until && windows_[i].until >= from) Load(key, i, loaded);
  }
  std::vector<KnownEvent*> events;
  for (KnownEvent* event : loaded.events) {
    if (event->row.time >= from && event->row.time <= until) events.push_back(event);
  }
  return events;
}

KnownEvent* EventFinder::FindByIdentity(event::EventTime time, content::SourceId source,
                                        const event::Identity& identity) {
  absl::StatusOr<std::vector<evidence::StoredEvent>> stored = store_.FindByIdentity(time, identity);
  if (!stored.ok()) {
    if (!absl::IsNotFound(stored.status())) Note(stored.status());
    return nullptr;
  }
  const std::string name = source.valid() ? plan_->content().sources[source.value()].name : std::string();
  KnownEvent* found = nullptr;
  for (const evidence::StoredEvent& event : *stored) {
    if (event.source != name) continue;
    KnownEvent* known = Keep(event);
    if (known != nullptr && (found == nullptr || EventBefore(known, found))) found = known;
  }
  return found;
}

std::vector<std::string> EventFinder::limits() const {
  std::vector<std::string> limits;
  size_t named = 0;
  for (const EntityRef& key : truncated_) {
    if (++named > kNamedTruncations) break;
    limits.push_back("degraded: " + std::string(content::EntityKindName(key.kind)) + " " + key.key + " has more than " +
                     WithThousands(kEventsPerWindow) +
                     " events in a stretch of the timeline; the later ones are not shown");
  }
  if (truncated_.size() > kNamedTruncations) {
    limits.push_back("degraded: " + std::to_string(truncated_.size() - kNamedTruncations) +
                     " more keys with too many events");
  }
  if (full_)
    limits.push_back("degraded: more than " + WithThousands(kEventsPerIncident) + " events; the rest was not read");
  return limits;
}

}  // namespace tocsin::incident
