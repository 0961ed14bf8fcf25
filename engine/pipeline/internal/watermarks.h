// Watermarks of a live run (DESIGN section 4): up to which event time each source is believed to be complete.
//
// An input that is behind its end holds the watermark of the sources it carries at its last transport time minus the source's
// lateness, however slow it is; one that is caught up stands at now minus lateness, so a quiet feed holds nothing back.
// W(source) = the minimum over the inputs that carry it. Before every input has been heard of once, nothing is confirmed.
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_WATERMARKS_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_WATERMARKS_H_

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/source_clock.h"

namespace tocsin::pipeline {

class Watermarks {
 public:
  explicit Watermarks(const content::ContentSet& content) : content_(content) {}

  void Carries(const std::string& input, content::SourceId source) {
    std::vector<bool>& carried = inputs_[input].sources;
    carried.resize(content_.sources.size());
    carried[source.value()] = true;
  }
  void Advance(const std::string& input, event::EventTime transport, bool caught_up) {
    State& state = inputs_[input];
    state.transport = std::max(state.transport, transport);
    state.caught_up = caught_up;
  }
  bool CaughtUp(const std::string& input) const {
    const auto it = inputs_.find(input);
    return it != inputs_.end() && it->second.caught_up;
  }
  bool AllCaughtUp() const {
    return !inputs_.empty() && std::all_of(inputs_.begin(), inputs_.end(), [](const auto& entry) { return entry.second.caught_up; });
  }
  // Writes every source's watermark; it never goes back.
  void Apply(event::EventTime now, event::SourceClock& clock) const {
    for (const auto& [name, state] : inputs_) {
      if (!state.caught_up && !state.transport.known()) return;
    }
    for (size_t i = 0; i < content_.sources.size(); i++) {
      int64_t lowest = INT64_MAX;
      for (const auto& [name, state] : inputs_) {
        if (i >= state.sources.size() || !state.sources[i]) continue;
        lowest = std::min(lowest, state.caught_up ? now.ns : state.transport.ns);
      }
      if (lowest == INT64_MAX) continue;  // nothing carries it: not connected
      event::EventTime& watermark = clock.state(content::SourceId(static_cast<uint16_t>(i))).watermark;
      watermark = std::max(watermark, event::EventTime{lowest - content_.sources[i].lateness_ns});
    }
  }

 private:
  struct State {
    event::EventTime transport;
    bool caught_up = false;
    std::vector<bool> sources;   // by SourceId
  };
  const content::ContentSet& content_;
  std::map<std::string, State> inputs_;
};

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_WATERMARKS_H_
