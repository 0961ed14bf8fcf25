// Watermarks of a live run (DESIGN section 4): up to which event time each source is believed to be complete.
//
// An input that is behind its end holds the watermark of the sources it carries at its last transport time minus the source's
// lateness, however slow it is; one that is caught up stands at now minus lateness, so a quiet feed holds nothing back. "Now" is
// when it was last known to be caught up: while nobody reads, nothing is.
// W(source) = the minimum over the inputs that carry it.
//
// What an input carries is learnt from its events. Until it has been caught up once it may carry anything (or, where the
// configuration names its source, that one and its parts), so it holds all of that back: what a topic that is still being read
// has to say about the past must not be overtaken by a topic that was read quickly. Not thread-safe.
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_WATERMARKS_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_WATERMARKS_H_

#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/batch.h"
#include "engine/event/source_clock.h"

namespace tocsin::pipeline {

class Watermarks {
 public:
  explicit Watermarks(const content::ContentSet& content) : content_(content) {}

  // Takes up the inputs that the table has gained. Each counts as behind, at no known time, until it is heard of.
  void AddInputs(const event::InputTable& inputs);
  void Carries(event::InputId input, content::SourceId source) { inputs_[input.value()].carries[source.value()] = true; }
  // `transport`: of the last record that was read, !known() = none yet.
  void Advance(event::InputId input, event::EventTime transport, bool caught_up);
  // It has grown while nobody looked: as at the start it may carry anything until it is caught up.
  void FellBehind(event::InputId input);

  bool CaughtUp(event::InputId input) const { return inputs_[input.value()].caught_up; }
  bool AllCaughtUp() const;
  // The earliest last transport time among the inputs that are behind: what came later, anywhere, is not judged for good yet.
  // The end of time when none is behind; !known() when one has not been heard of.
  event::EventTime JudgedUntil() const;
  // Writes every source's watermark and that of all inputs. They never go back; a source that nothing carries has none and
  // holds nothing. !known() = it is not known of any time that an input was caught up.
  void Apply(event::EventTime now, event::SourceClock& clock) const;

 private:
  struct State {
    event::EventTime transport;
    bool caught_up = false;
    bool was_caught_up = false;
    std::vector<bool> may_carry, carries;   // by SourceId
    bool Holds(size_t source) const { return carries[source] || (!was_caught_up && may_carry[source]); }
  };
  const content::ContentSet& content_;
  std::vector<State> inputs_;               // by InputId
};

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_WATERMARKS_H_
