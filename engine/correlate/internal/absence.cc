#include "engine/correlate/internal/absence.h"

#include <algorithm>

namespace tocsin::correlate {

AbsenceJudge::AbsenceJudge(const content::ContentSet& content, const event::SourceClock& clock, bool live,
                           bool closed_world)
    : content_(content),
      clock_(clock),
      live_(live),
      closed_world_(closed_world),
      connected_(content.sources.size(), false) {
  for (uint16_t s = 0; s < content.sources.size(); ++s) {
    if (content.site.connected.empty()) {
      const event::SourceState& state = clock.state(content::SourceId(s));
      connected_[s] = !state.coverage.empty() || state.watermark.known();
    } else {
      const auto& names = content.site.connected;
      connected_[s] = std::find(names.begin(), names.end(), content.sources[s].name) != names.end();
    }
  }
}

void AbsenceJudge::JudgeInterval(const std::vector<content::SourceId>& answering, int64_t from_ns, int64_t until_ns,
                                 Silences& silences) const {
  bool anybody = false;
  for (content::SourceId source : answering) {
    if (!Connected(source)) continue;
    anybody = true;
    const event::Coverage& coverage = clock_.CoverageOf(source);
    if (coverage.Covers({from_ns}, {until_ns})) continue;
    // What the covered stretches leave over. The tail has lapsed when the watermark says that nothing will come in
    // time.
    int64_t tail_end = Plus(coverage.last().ns, content_.sources[source.value()].silence_after_ns);
    bool tail = live_ && clock_.state(source).watermark.ns <= tail_end;
    int64_t at = from_ns;
    for (auto [begin, end] : coverage.intervals()) {
      if (tail && end == coverage.last().ns) end = tail_end;
      if (end < at) continue;
      if (begin > until_ns) break;
      if (begin > at) silences[source].emplace_back(at, begin);
      at = std::max(at, end);
      if (at >= until_ns) break;
    }
    if (at < until_ns || coverage.empty()) silences[source].emplace_back(at, until_ns);
  }
  if (!anybody) silences[content::SourceId()].emplace_back(from_ns, until_ns);
}

void AbsenceJudge::Judge(const Unit& unit, const Group& group, const FiringRecord& firing, Silences& silences) const {
  if (closed_world_ || firing.absent == 0) return;
  int64_t now = group.items[firing.at].time_ns;
  if (firing.term < 0) {
    for (size_t ref = 0; ref < unit.answering.size(); ++ref) {
      if (firing.absent >> ref & 1) JudgeInterval(unit.answering[ref], Minus(now, unit.before_ns[ref]), now, silences);
    }
    return;
  }
  const Term& term = unit.terms[firing.term];
  for (const Term::Absence& absence : term.absences) {
    int64_t from = firing.chosen_from_ns, until = now;
    if (absence.gap == 0) {
      until = from;
      from = Minus(from, absence.before_ns);
    } else if (absence.gap == term.positives.size()) {
      from = Minus(firing.decided_ns, absence.after_ns);
      until = firing.decided_ns;
    }
    JudgeInterval(unit.answering[absence.ref], from, until, silences);
  }
}

std::vector<std::string> AbsenceJudge::Notes(const Silences& silences) const {
  std::vector<std::string> notes;
  size_t unnamed = 0;
  for (auto [source, stretches] : silences) {
    std::sort(stretches.begin(), stretches.end());
    for (size_t i = 0; i < stretches.size();) {
      auto [from, until] = stretches[i];
      for (++i; i < stretches.size() && stretches[i].first <= until; ++i) until = std::max(until, stretches[i].second);
      if (notes.size() == kMaxSilenceNotes) {
        ++unnamed;
        continue;
      }
      notes.push_back("unverified: " +
                      (source.valid() ? "source " + content_.sources[source.value()].name + " silent "
                                      : std::string("no connected source ")) +
                      event::FormatTime({from}) + " - " + event::FormatTime({until}));
    }
  }
  if (unnamed > 0) notes.push_back("unverified: " + std::to_string(unnamed) + " more stretches of silence");
  return notes;
}

}  // namespace tocsin::correlate
