// Was somebody listening? An absence is verified iff every connected source that could have answered was covered
// throughout its interval (DESIGN section 4, Coverage).
#ifndef TOCSIN_ENGINE_CORRELATE_INTERNAL_ABSENCE_H_
#define TOCSIN_ENGINE_CORRELATE_INTERNAL_ABSENCE_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/correlate/internal/group.h"
#include "engine/event/source_clock.h"

namespace tocsin::correlate {

// Intervals named in the notes of one alert; the rest is a number.
inline constexpr size_t kMaxSilenceNotes = 10;

class AbsenceJudge {
 public:
  // `live`: behind a source's last event, its tail counts as covered until silence_after has lapsed.
  AbsenceJudge(const content::ContentSet& content, const event::SourceClock& clock, bool live, bool closed_world);

  bool Connected(content::SourceId source) const { return connected_[source.value()]; }
  const std::vector<bool>& connected() const { return connected_; }
  // Adds the stretches that nobody could have answered for. Closed world: none.
  using Silences = std::map<content::SourceId, std::vector<std::pair<int64_t, int64_t>>>;
  void Judge(const Unit& unit, const Group& group, const FiringRecord& firing, Silences& silences) const;
  // "unverified: source X silent A - B", stretches joined.
  std::vector<std::string> Notes(const Silences& silences) const;

 private:
  void JudgeInterval(const std::vector<content::SourceId>& answering, int64_t from_ns, int64_t until_ns,
                     Silences& silences) const;

  const content::ContentSet& content_;
  const event::SourceClock& clock_;
  bool live_, closed_world_;
  std::vector<bool> connected_;
};

}  // namespace tocsin::correlate

#endif  // TOCSIN_ENGINE_CORRELATE_INTERNAL_ABSENCE_H_
