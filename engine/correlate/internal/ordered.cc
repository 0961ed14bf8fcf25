// temporal_ordered: a choice of hits, one a position, each before the next, all in [t - timespan, t].
//
// The idea: of all chains that end at a hit, only the one that begins latest matters, because whether a chain fits the
// window depends on its beginning alone. So each position keeps, for each end, the latest beginning of a chain up to
// it; a hit at position p takes the best of position p - 1 that may precede it. Without absences every earlier hit may;
// an absence between two positions lets only those through that came after the last excuse, and the best of a suffix is
// the answer of a staircase.
//
// "A before B" allows A to be later than B within B's precision and the clock slack. A hit that arrives in total order
// may therefore still become the predecessor of a few recent ones: those wait in `recent` and are improved when that
// happens.
//
// A term without absences holds at t as long as some choice is in the window. One with absences is judged once for each
// choice, at its last hit in total order: an excuse that comes after a choice does not undo it, so neither may a later
// hit fire again on its account.

#include <algorithm>

#include "engine/correlate/internal/evaluate.h"

namespace tocsin::correlate {
namespace {

// Pairs (time, beginning) with rising times and falling beginnings: what no other pair beats.
class Staircase {
 public:
  void Add(int64_t time_ns, int64_t begin_ns) {
    size_t at = steps_.size();
    while (at > 0 && steps_[at - 1].time_ns > time_ns) --at;
    if (at < steps_.size() && steps_[at].begin_ns >= begin_ns) return;
    size_t low = at;
    while (low > 0 && steps_[low - 1].begin_ns <= begin_ns) --low;
    if (low < at) {
      steps_[low] = {time_ns, begin_ns};
      steps_.erase(steps_.begin() + low + 1, steps_.begin() + at);
    } else {
      steps_.insert(steps_.begin() + at, {time_ns, begin_ns});
    }
  }
  // The latest beginning of those not before `from_ns`; kNever = none.
  int64_t Best(int64_t from_ns) const {
    if (from_ns == kNever) return steps_.empty() ? kNever : steps_.front().begin_ns;
    auto it = std::lower_bound(steps_.begin(), steps_.end(), from_ns,
                               [](const Step& step, int64_t t) { return step.time_ns < t; });
    return it == steps_.end() ? kNever : it->begin_ns;
  }

 private:
  struct Step {
    int64_t time_ns, begin_ns;
  };
  std::vector<Step> steps_;
};

// The hits of one negated reference, by time.
struct Excuses {
  std::vector<int64_t> times;
  std::vector<int64_t> reach;  // prefix maximum of time + precision + slack: what is before that may precede the excuse

  // Is there one in [from, end)?
  bool AnyIn(int64_t from, int64_t end) const {
    auto it = std::lower_bound(times.begin(), times.end(), from);
    return it != times.end() && *it < end;
  }
  // The reach of those before `end`; kNever = none.
  int64_t ReachBefore(int64_t end) const {
    size_t n = std::lower_bound(times.begin(), times.end(), end) - times.begin();
    return n == 0 ? kNever : reach[n - 1];
  }
};

struct Hold {
  int64_t begin_ns = kNever;  // of the chain; kNever = the term does not hold
  int64_t end_ns = 0;         // of the chain's last position
};

class TermState {
 public:
  TermState(const Term& term, const std::vector<Excuses>& excuses, int64_t timespan_ns, int64_t precision_max_ns)
      : term_(term), excuses_(excuses), timespan_ns_(timespan_ns), positions_(term.positives.size()) {
    // A chain of hits, each improved by one that arrives within its precision.
    recent_ns_ = Plus(0, static_cast<int64_t>(term.positives.size()) * precision_max_ns);
  }

  // The next hit in total order. `end_ns`: time + precision + slack.
  Hold Arrive(uint16_t ref, int64_t time_ns, int64_t end_ns) {
    through_ = Hold{};
    now_ns_ = time_ns;
    for (size_t p = 0; p < positions_.size(); ++p) {
      if (term_.positives[p] == ref) Enter(p, time_ns, end_ns);
    }
    if (!term_.absences.empty()) return through_;
    Hold hold;
    hold.begin_ns = positions_.back().ends.Best(kNever);
    if (hold.begin_ns < Minus(time_ns, timespan_ns_)) hold.begin_ns = kNever;
    return hold;
  }

 private:
  struct Recent {
    int64_t time_ns, end_ns;
    int64_t after_ns;  // predecessors must not be before it
    int64_t begin_ns;  // best so far
    bool ends;         // the last absence lets it be a last position
  };
  struct Position {
    Staircase ends;                     // chains up to this position, by the time of their last hit
    std::vector<Recent> recent;         // of positions but the first
    int64_t least_begin_ns = kForever;  // of recent
  };

  void Enter(size_t p, int64_t time_ns, int64_t end_ns) {
    Recent hit{time_ns, end_ns, kNever, kNever, true};
    bool begins = true;
    for (const Term::Absence& absence : term_.absences) {
      const Excuses& excuses = excuses_[absence.ref];
      if (absence.gap == 0 && p == 0) begins &= !excuses.AnyIn(Minus(time_ns, absence.before_ns), end_ns);
      if (absence.gap == p && p > 0) hit.after_ns = std::max(hit.after_ns, excuses.ReachBefore(end_ns));
      if (absence.gap == positions_.size() && p + 1 == positions_.size()) {
        hit.ends &= excuses.ReachBefore(Plus(Plus(time_ns, absence.after_ns), 1)) <= time_ns;
      }
    }
    if (p == 0) {
      if (begins) hit.begin_ns = time_ns;
    } else {
      hit.begin_ns = std::min(time_ns, positions_[p - 1].ends.Best(hit.after_ns));
    }
    if (p > 0) {
      Position& position = positions_[p];
      DropOld(position);
      position.recent.push_back(hit);
      position.least_begin_ns = std::min(position.least_begin_ns, hit.begin_ns);
    }
    if (hit.begin_ns != kNever) Improve(p, hit);
  }

  // `hit` ends a chain that begins at hit.begin_ns: recent hits of the next position may follow it.
  void Improve(size_t p, const Recent& hit) {
    if (p + 1 == positions_.size()) {
      if (!hit.ends) return;
      positions_[p].ends.Add(hit.time_ns, hit.begin_ns);
      if (hit.begin_ns >= Minus(now_ns_, timespan_ns_) && hit.begin_ns > through_.begin_ns) {
        through_ = {hit.begin_ns, hit.time_ns};
      }
      return;
    }
    positions_[p].ends.Add(hit.time_ns, hit.begin_ns);
    // Absences ask for choices through the arriving hit, even where another chain was as good.
    bool only_better = term_.absences.empty();
    Position& following = positions_[p + 1];
    if (only_better && hit.begin_ns <= following.least_begin_ns) return;
    DropOld(following);
    for (Recent& next : following.recent) {
      if (next.end_ns <= hit.time_ns || next.after_ns > hit.time_ns) continue;
      int64_t begin = std::min(next.time_ns, hit.begin_ns);
      if (only_better && begin <= next.begin_ns) continue;
      Recent through = next;
      through.begin_ns = begin;
      next.begin_ns = std::max(next.begin_ns, begin);
      Improve(p + 1, through);
    }
    following.least_begin_ns = kForever;
    for (const Recent& next : following.recent) {
      following.least_begin_ns = std::min(following.least_begin_ns, next.begin_ns);
    }
  }

  void DropOld(Position& position) {
    std::erase_if(position.recent, [&](const Recent& old) { return Plus(old.time_ns, recent_ns_) <= now_ns_; });
  }

  const Term& term_;
  const std::vector<Excuses>& excuses_;
  int64_t timespan_ns_;
  int64_t recent_ns_;
  std::vector<Position> positions_;
  int64_t now_ns_ = 0;
  Hold through_;
};

}  // namespace

void EvaluateOrdered(const Evaluation& evaluation, Group& group) {
  const Unit& unit = evaluation.unit;
  const content::Correlation& correlation = *unit.correlation;
  int64_t precision_max_ns = 1;
  std::vector<Excuses> excuses(correlation.refs.size());
  for (const Item& item : group.items) {
    int64_t precision = Plus(evaluation.reader.hit(item).precision_ns, evaluation.clock_slack_ns);
    precision_max_ns = std::max(precision_max_ns, precision);
    if (!(unit.negative >> item.ref & 1)) continue;
    Excuses& of_ref = excuses[item.ref];
    of_ref.times.push_back(item.time_ns);
    int64_t reach = Plus(item.time_ns, precision);
    of_ref.reach.push_back(of_ref.reach.empty() ? reach : std::max(reach, of_ref.reach.back()));
  }
  std::vector<TermState> terms;
  for (const Term& term : unit.terms) terms.emplace_back(term, excuses, correlation.timespan_ns, precision_max_ns);

  DistinctRefs seen(correlation.refs.size());
  uint32_t first = 0;
  for (uint32_t i = 0; i < group.items.size(); ++i) {
    const Item& item = group.items[i];
    if (!(unit.positive >> item.ref & 1)) continue;
    int64_t now = item.time_ns;
    seen.See(item.ref, now);
    while (group.items[first].time_ns < Minus(now, correlation.timespan_ns)) ++first;
    int64_t end = Plus(now, Plus(evaluation.reader.hit(item).precision_ns, evaluation.clock_slack_ns));
    int best = -1;
    size_t longest = 0;
    Hold hold;
    for (size_t t = 0; t < terms.size(); ++t) {
      Hold of_term = terms[t].Arrive(item.ref, now, end);
      if (of_term.begin_ns == kNever) continue;
      longest = std::max(longest, unit.terms[t].positives.size());
      // One that rests on no absence speaks for the firing; else the first alternative.
      if (best < 0 || (!unit.terms[best].absences.empty() && unit.terms[t].absences.empty())) {
        best = static_cast<int>(t);
        hold = of_term;
      }
    }
    if (best < 0 || now < group.emit_from_ns) continue;
    if (!correlation.thresholds.empty() && !ThresholdsHold(correlation, static_cast<double>(longest))) continue;
    FiringRecord& firing = group.firings.emplace_back();
    firing.at = i;
    firing.first = first;
    firing.term = static_cast<int16_t>(best);
    firing.chosen_from_ns = hold.begin_ns;
    for (const Term::Absence& absence : unit.terms[best].absences) {
      firing.absent |= RefSet{1} << absence.ref;
      if (absence.gap != unit.terms[best].positives.size()) continue;
      firing.decided_ns = std::max(firing.decided_ns, Plus(hold.end_ns, absence.after_ns));
    }
    firing.value = std::to_string(seen.Count(unit.positive, Minus(now, correlation.timespan_ns)));
  }
}

}  // namespace tocsin::correlate
