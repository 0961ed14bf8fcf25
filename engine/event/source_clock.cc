#include "engine/event/source_clock.h"

#include <algorithm>
#include <iterator>

namespace tocsin::event {
namespace {

// Is `later` at most `span` after `earlier`? Unsigned: the difference of two far times may not fit int64.
bool Within(int64_t earlier, int64_t later, int64_t span) {
  return static_cast<uint64_t>(later) - static_cast<uint64_t>(earlier) <= static_cast<uint64_t>(span);
}

}  // namespace

void Coverage::Observe(EventTime time) {
  if (!time.known()) return;
  ++events_;
  const int64_t t = time.ns;
  if (intervals_.empty()) {
    intervals_.emplace(t, t);
    return;
  }
  // Logs are mostly in order: the last interval first.
  auto next = intervals_.end();
  if (t < std::prev(next)->first) next = intervals_.upper_bound(t);
  if (next != intervals_.begin()) {
    auto previous = std::prev(next);
    if (t <= previous->second) return;
    if (Within(previous->second, t, silence_after_ns_)) {
      previous->second = t;
      if (next != intervals_.end() && Within(t, next->first, silence_after_ns_)) {
        previous->second = next->second;
        intervals_.erase(next);
      }
      return;
    }
  }
  int64_t end = t;
  if (next != intervals_.end() && Within(t, next->first, silence_after_ns_)) {
    end = next->second;
    intervals_.erase(next);
  }
  intervals_.emplace(t, end);
}

void Coverage::Restore(EventTime first, EventTime last) {
  if (!first.known() || last < first) return;
  Observe(first);
  const auto begin = std::prev(intervals_.upper_bound(first.ns));
  int64_t end = std::max(begin->second, last.ns);
  for (auto next = std::next(begin); next != intervals_.end() && (next->first <= end || Within(end, next->first, silence_after_ns_));) {
    end = std::max(end, next->second);
    next = intervals_.erase(next);
  }
  begin->second = end;
}

bool Coverage::Covers(EventTime from, EventTime until) const {
  if (!from.known() || !until.known() || from > until) return false;
  auto next = intervals_.upper_bound(from.ns);
  return next != intervals_.begin() && until.ns <= std::prev(next)->second;
}

EventTime Coverage::first() const { return intervals_.empty() ? EventTime{} : EventTime{intervals_.begin()->first}; }
EventTime Coverage::last() const { return intervals_.empty() ? EventTime{} : EventTime{intervals_.rbegin()->second}; }

SourceClock::SourceClock(const content::ContentSet& content) {
  states_.reserve(content.sources.size());
  health_from_.reserve(content.sources.size());
  for (size_t i = 0; i < content.sources.size(); ++i) {
    const content::SourceDef& source = content.sources[i];
    states_.emplace_back().coverage = Coverage(source.silence_after_ns);
    // One step only: a feed that borrows another's health says whose.
    size_t healthy = i;
    content::SourceId extends;
    for (size_t j = 0; j < content.sources.size(); ++j) {
      if (content.sources[j].name == source.health_from) healthy = j;
      if (!source.extends.empty() && content.sources[j].name == source.extends) extends = content::SourceId(static_cast<uint16_t>(j));
    }
    extends_.push_back(extends);
    health_from_.push_back(content::SourceId(static_cast<uint16_t>(healthy)));
  }
}

void SourceClock::Observe(content::SourceId source, EventTime time) {
  // The loader refuses a source that extends itself, so this ends.
  for (; source.valid(); source = extends_[source.value()]) states_[source.value()].coverage.Observe(time);
}

const Coverage& SourceClock::CoverageOf(content::SourceId source) const {
  return states_[health_from_[source.value()].value()].coverage;
}

}  // namespace tocsin::event
