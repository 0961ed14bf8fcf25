#include "engine/pipeline/internal/watermarks.h"

#include <algorithm>
#include <string>

namespace tocsin::pipeline {

using event::EventTime;

namespace {

constexpr EventTime kEndOfTime{INT64_MAX};

// Is `source` the named one or a part of it?
bool IsPartOf(const content::ContentSet& content, size_t source, content::SourceId named) {
  for (;;) {
    if (source == named.value()) return true;
    const std::string& whole = content.sources[source].extends;
    if (whole.empty()) return false;
    const auto it = std::find_if(content.sources.begin(), content.sources.end(),
                                 [&](const content::SourceDef& each) { return each.name == whole; });
    if (it == content.sources.end()) return false;
    source = static_cast<size_t>(it - content.sources.begin());  // the loader refuses a source that extends itself
  }
}

}  // namespace

void Watermarks::AddInputs(const event::InputTable& inputs) {
  for (size_t i = inputs_.size(); i < inputs.size(); i++) {
    State& state = inputs_.emplace_back();
    state.carries.resize(content_.sources.size());
    state.may_carry.resize(content_.sources.size(), true);
    if (!inputs[i].source.valid()) continue;
    for (size_t s = 0; s < content_.sources.size(); s++) state.may_carry[s] = IsPartOf(content_, s, inputs[i].source);
  }
}

void Watermarks::Advance(event::InputId input, EventTime transport, bool caught_up) {
  State& state = inputs_[input.value()];
  state.transport = std::max(state.transport, transport);
  state.caught_up = caught_up;
  state.was_caught_up |= caught_up;
}

void Watermarks::FellBehind(event::InputId input) {
  State& state = inputs_[input.value()];
  state.caught_up = state.was_caught_up = false;
}

bool Watermarks::AllCaughtUp() const {
  return std::all_of(inputs_.begin(), inputs_.end(), [](const State& state) { return state.caught_up; });
}

EventTime Watermarks::JudgedUntil() const {
  EventTime until = kEndOfTime;
  for (const State& state : inputs_) {
    if (!state.caught_up) until = std::min(until, state.transport);
  }
  return until;
}

void Watermarks::Apply(EventTime now, event::SourceClock& clock) const {
  clock.inputs_watermark = std::max(clock.inputs_watermark, std::min(now, JudgedUntil()));
  for (size_t i = 0; i < content_.sources.size(); i++) {
    EventTime lowest = kEndOfTime;
    for (const State& state : inputs_) {
      if (state.Holds(i)) lowest = std::min(lowest, state.caught_up ? now : state.transport);
    }
    EventTime& watermark = clock.state(content::SourceId(static_cast<uint16_t>(i))).watermark;
    if (lowest == kEndOfTime) {
      watermark = {};
    } else if (lowest.known()) {
      watermark = std::max(watermark, EventTime{lowest.ns - content_.sources[i].lateness_ns});
    }
  }
}

}  // namespace tocsin::pipeline
