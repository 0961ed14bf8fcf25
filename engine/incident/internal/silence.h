// Which sources were silent when: the difference between "no evidence" and "no logs".
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_SILENCE_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_SILENCE_H_

#include <string>
#include <utility>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/source_clock.h"

namespace tocsin::incident {

// Sources that one of the names or prefixes means, in order.
std::vector<content::SourceId> ListedSources(const content::ContentSet& content, const std::vector<std::string>& names);

// The site profile says so; without one, the source was seen in this run.
bool IsConnected(const content::ContentSet& content, const event::SourceClock& clock, content::SourceId source);

// Stretches of [from, until] that the coverage does not hold.
std::vector<std::pair<event::EventTime, event::EventTime>> Uncovered(const event::Coverage& coverage,
                                                                     event::EventTime from, event::EventTime until);

// "source hubble silent 2026-03-14 12:01:00 - 12:40:00", one line a stretch (the first three, then how many more);
// "source hubble is not connected". Empty = covered whole.
std::vector<std::string> SilenceOf(const content::ContentSet& content, const event::SourceClock& clock,
                                   content::SourceId source, event::EventTime from, event::EventTime until);

// What keeps the names from answering for the whole range. Each name must answer: every connected source that it means
// covers the range, and there is at least one. Empty = an absence in this range is evidence.
std::vector<std::string> Unanswered(const content::ContentSet& content, const event::SourceClock& clock,
                                    const std::vector<std::string>& names, event::EventTime from,
                                    event::EventTime until);

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_SILENCE_H_
