#include "engine/incident/internal/preserve.h"

#include <algorithm>

#include "engine/incident/internal/silence.h"
#include "engine/incident/internal/words.h"

namespace tocsin::incident {
namespace {

constexpr std::string_view kByHand = "capture by hand: ";

event::EventTime Sooner(event::EventTime a, event::EventTime b) {
  if (!a.known()) return b;
  return b.known() ? std::min(a, b) : a;
}

// How long the origin keeps an event: the item's own word, else its source's. 0 = for ever or unknown.
int64_t RetentionNs(const content::PreserveItem& item, const content::ContentSet& content, content::SourceId source) {
  if (item.expires_ns > 0) return item.expires_ns;
  return source.valid() ? content.sources[source.value()].retention_ns : 0;
}

struct PartState {
  bool answered = false;  // nothing there, and we would have seen it
  std::vector<std::string> gaps;
};

PartState JudgeEmptyPart(const content::PreserveItem::Part& part, const CaseFile& file, event::EventTime from,
                         event::EventTime until) {
  PartState state;
  bool connected = false;
  for (const content::SourceId source : ListedSources(file.content, part.query.sources)) {
    if (!IsConnected(file.content, file.clock, source)) continue;
    connected = true;
    for (const std::string& line : SilenceOf(file.content, file.clock, source, from, until))
      state.gaps.push_back(part.label + ": " + line);
  }
  if (!connected) {
    const std::string names = part.query.sources.empty() ? "any source" : Joined(part.query.sources, ", ");
    state.gaps.push_back(part.label + ": not connected (" + names + ")");
  }
  state.answered = state.gaps.empty();
  return state;
}

PreserveState Judge(const content::PreserveItem& item, const Binder& binder, const CaseFile& file,
                    std::vector<std::pair<std::string, SelectedEvent>>& events) {
  PreserveState state;
  state.id = item.id;
  state.title = item.title;
  const event::EventTime from{file.range.first.ns - item.before_ns};
  const event::EventTime until =
      item.after_ns < 0 ? file.range.until : event::EventTime{file.range.last.ns + item.after_ns};
  // Nothing can be known of the time after the last event yet: emptiness is judged up to it.
  const event::EventTime judged_until = std::min(until, file.range.last);

  if (!item.manual.empty()) state.gaps.push_back(std::string(kByHand) + binder.Fill(item.manual).text);
  std::set<KnownEvent*> distinct;  // counted only
  bool all_answered = true;
  int64_t origin_keeps_ns = 0;
  for (const content::PreserveItem::Part& part : item.parts) {
    for (const content::SourceId source : ListedSources(file.content, part.query.sources)) {
      origin_keeps_ns = std::max(origin_keeps_ns, RetentionNs(item, file.content, source));
    }
    const std::vector<SelectedEvent> selected = file.Select(part.query, from, until);
    if (selected.empty()) {
      const PartState empty = JudgeEmptyPart(part, file, from, judged_until);
      all_answered = all_answered && empty.answered;
      if (empty.answered) {
        state.gaps.push_back(part.label + ": nothing there, sources healthy");
      } else {
        state.gaps.insert(state.gaps.end(), empty.gaps.begin(), empty.gaps.end());
      }
      continue;
    }
    for (const SelectedEvent& event : selected) {
      distinct.insert(event.event);
      events.emplace_back(item.id, event);
      const event::EventTime time = event.event->row.time;
      state.first = Sooner(state.first, time);
      if (!state.last.known() || time > state.last) state.last = time;
      const int64_t keeps_ns = RetentionNs(item, file.content, event.event->source);
      if (keeps_ns > 0) state.expires_at = Sooner(state.expires_at, {time.ns + keeps_ns});
    }
  }
  state.events = distinct.size();
  if (state.events > 0) {
    state.state = "collected";
    return state;
  }
  if (item.parts.empty() || !all_answered) {
    const bool gone = origin_keeps_ns > 0 && judged_until.ns + origin_keeps_ns < file.now.ns;
    state.state = gone ? "expired" : "missing";
    if (!item.missing_hint.empty()) state.gaps.push_back(binder.Fill(item.missing_hint).text);
    // Whoever fetches it by hand has until then.
    const int64_t keeps_ns = item.expires_ns > 0 ? item.expires_ns : origin_keeps_ns;
    if (keeps_ns > 0) state.expires_at = {file.range.first.ns + keeps_ns};
    return state;
  }
  state.state = "empty";
  return state;
}

}  // namespace

PreserveList MakePreserveList(const content::Playbook& playbook, const Binder& binder, const CaseFile& file) {
  PreserveList list;
  for (const content::PreserveItem& item : playbook.preserve)
    list.items.push_back(Judge(item, binder, file, list.events));
  return list;
}

void SortPreserve(std::vector<PreserveState>& items) {
  const auto by_hand = [](const PreserveState& item) {
    return !item.gaps.empty() && item.gaps[0].rfind(kByHand, 0) == 0;
  };
  std::stable_sort(items.begin(), items.end(), [&](const PreserveState& a, const PreserveState& b) {
    if (a.expires_at.known() != b.expires_at.known()) return a.expires_at.known();
    if (a.expires_at != b.expires_at) return a.expires_at < b.expires_at;
    return by_hand(a) && !by_hand(b);  // what only a person can save comes before what is saved already
  });
}

}  // namespace tocsin::incident
