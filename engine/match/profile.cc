#include "engine/match/profile.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/match/internal/obstacles.h"
#include "engine/match/internal/profile_probe.h"

namespace tocsin::match {
namespace {

uint64_t TicksOfOneReading() {
  std::array<uint64_t, 1001> took;
  for (uint64_t& each : took) {
    const uint64_t begin = Ticks();
    each = Ticks() - begin;
  }
  std::nth_element(took.begin(), took.begin() + took.size() / 2, took.end());
  return took[took.size() / 2];
}

int64_t SwitchesOfThisThread() {
  rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

Lead LeadOf(const Witness& witness, uint64_t events) {
  using Where = LiteralIndex::Where;
  Lead out{.field = witness.field, .test = {}, .events = events};
  switch (witness.kind) {
    case Witness::Kind::kPresent: out.kind = Lead::Kind::kPresent; return out;
    case Witness::Kind::kNumber: out.kind = Lead::Kind::kNumber; return out;
    case Witness::Kind::kLiteral: out.kind = Lead::Kind::kLiteral; break;
    case Witness::Kind::kKeyword: out.kind = Lead::Kind::kKeyword; break;
  }
  auto& pieces = out.test.pattern.pieces;
  if (witness.where == Where::kEnd || witness.where == Where::kAnywhere) pieces.push_back({content::Pattern::Kind::kAny, ""});
  pieces.push_back({content::Pattern::Kind::kLiteral, witness.text});
  if (witness.where == Where::kStart || witness.where == Where::kAnywhere) pieces.push_back({content::Pattern::Kind::kAny, ""});
  return out;
}

// Counts to costs, once.
class Reporter {
 public:
  Reporter(const ProfileCounts& counts, uint64_t clock_ticks, double ns_per_tick)
      : counts_(counts), program_(counts.program), clock_ticks_(clock_ticks), ns_per_tick_(ns_per_tick) {}

  Cost Run() {
    out_.events = counts_.events;
    out_.start_ns = Take(counts_.start);
    out_.fields_ns = Take(counts_.fields);
    out_.keywords_ns = Take(counts_.keywords);
    out_.order_ns = Take(counts_.order);
    AddPredicates();
    AddRules();
    out_.interrupted_ns = static_cast<double>(counts_.interrupted.ticks) * ns_per_tick_;
    out_.interruptions = counts_.interrupted.intervals;
    out_.classes_ns = Net(counts_.classes);
    out_.classes = counts_.classes.intervals;
    out_.ordinary_events = counts_.ordinary.intervals;
    out_.ordinary_ns = Net(counts_.ordinary);
    if (program_.options.keep_origins) AddOrigins();
    Order();
    return std::move(out_);
  }

 private:
  uint64_t ClockOf(const ProfileCounts::Spent& spent) const { return std::min(spent.ticks, spent.intervals * clock_ticks_); }
  double Net(const ProfileCounts::Spent& spent) const { return static_cast<double>(spent.ticks - ClockOf(spent)) * ns_per_tick_; }
  // What of a counted event is taken into one figure; each once.
  double Take(const ProfileCounts::Spent& spent) {
    out_.clock_ns += static_cast<double>(ClockOf(spent)) * ns_per_tick_;
    return Net(spent);
  }

  // Calls f(step) for each step of a condition.
  template <class F>
  void EachStep(uint32_t condition, F&& f) {
    reached_.resize(program_.steps.size());
    todo_.assign(1, program_.conditions[condition].first_step);
    visited_.clear();
    while (!todo_.empty()) {
      const uint32_t step = todo_.back();
      todo_.pop_back();
      if (step >= kMiss || reached_[step]) continue;
      reached_[step] = true;
      visited_.push_back(step);
      todo_.push_back(program_.steps[step].if_true);
      todo_.push_back(program_.steps[step].if_false);
    }
    for (const uint32_t step : visited_) {
      reached_[step] = false;
      f(step);
    }
  }

  void AddPredicates() {
    out_.predicates.resize(program_.predicates.size());
    for (size_t i = 0; i < out_.predicates.size(); i++) {
      PredicateCost& to = out_.predicates[i];
      if (program_.options.keep_origins) to.item = program_.items[i];
      to.evaluated = counts_.predicates[i].spent.intervals;
      to.held = counts_.predicates[i].held;
      to.ns = Take(counts_.predicates[i].spent);
      out_.predicates_ns += to.ns;
    }
    for (size_t i = 0; i < program_.steps.size(); i++) out_.predicates[program_.steps[i].predicate].asked += counts_.asked[i];
  }

  void AddRules() {
    std::vector<bool> always(program_.conditions.size());
    for (const uint32_t condition : program_.always) always[condition] = true;
    first_rule_.resize(program_.conditions.size());
    for (uint32_t i = 0; i < program_.conditions.size(); i++) {
      const Range rules = program_.conditions[i].rules;
      const ProfileCounts::OfCondition& counted = counts_.conditions[i];
      RuleCost cost{.candidates = counted.spent.intervals, .hits = counted.hits, .ns = Take(counted.spent), .alike = rules.end - rules.begin, .always = always[i]};
      EachStep(i, [&](uint32_t step) {
        const uint32_t predicate = program_.steps[step].predicate;
        PredicateCost& of = out_.predicates[predicate];
        for (uint32_t k = rules.begin; k < rules.end; k++) {
          // A condition may ask a predicate at two places.
          if (of.rules.empty() || of.rules.back() != program_.rules[k]) of.rules.push_back(program_.rules[k]);
        }
        if (counts_.asked[step] == 0) return;
        cost.asked += counts_.asked[step];
        const double share = of.ns * static_cast<double>(counts_.asked[step]) / static_cast<double>(of.asked);
        cost.ns += share;
        if (share <= cost.dearest_ns) return;
        cost.dearest_ns = share;
        cost.dearest = predicate;
      });
      (cost.always ? out_.always_ns : out_.led_ns) += cost.ns;
      cost.ns /= cost.alike;
      cost.dearest_ns /= cost.alike;
      first_rule_[i] = out_.rules.size();
      for (uint32_t k = rules.begin; k < rules.end; k++) {
        cost.rule = program_.rules[k];
        out_.rules.push_back(cost);
      }
    }
    for (PredicateCost& of : out_.predicates) {
      std::sort(of.rules.begin(), of.rules.end());
      of.rules.erase(std::unique(of.rules.begin(), of.rules.end()), of.rules.end());
    }
  }

  void AddOrigins() {
    std::vector<bool> by_presence(program_.conditions.size());
    for (const Clue& clue : program_.clues) {
      for (uint32_t link = clue.conditions.begin; link < clue.conditions.end; link++) {
        const uint32_t condition = program_.led_to[link];
        if (clue.witness.kind == Witness::Kind::kPresent) by_presence[condition] = true;
        if (counts_.stood[link] > 0) AddToAlike(condition, LeadOf(clue.witness, counts_.stood[link]));
      }
    }
    const content::ContentSet& content = program_.plan->content();
    const WitnessChooser chooser(content);
    for (RuleCost& cost : out_.rules) {
      std::stable_sort(cost.leads.begin(), cost.leads.end(), [](const Lead& a, const Lead& b) { return a.events > b.events; });
    }
    for (size_t i = 0; i < program_.conditions.size(); i++) {
      RuleCost* const first = &out_.rules[first_rule_[i]];
      if (!first->always && !by_presence[i]) continue;
      std::vector<Obstacle> obstacles = FindObstacles(chooser, content.rules[first->rule.value()].detection);
      if (obstacles.size() > kObstacles) obstacles.resize(kObstacles);
      for (uint32_t k = 0; k < first->alike; k++) first[k].obstacles = obstacles;
    }
  }

  void AddToAlike(uint32_t condition, const Lead& lead) {
    RuleCost* const first = &out_.rules[first_rule_[condition]];
    for (uint32_t k = 0; k < first->alike; k++) first[k].leads.push_back(lead);
  }

  void Order() {
    std::stable_sort(out_.rules.begin(), out_.rules.end(), [](const RuleCost& a, const RuleCost& b) { return a.ns > b.ns; });
    std::vector<uint32_t> place(out_.predicates.size()), order(out_.predicates.size());
    for (uint32_t i = 0; i < order.size(); i++) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return out_.predicates[a].ns > out_.predicates[b].ns; });
    std::vector<PredicateCost> sorted;
    for (uint32_t i = 0; i < order.size(); i++) {
      place[order[i]] = i;
      sorted.push_back(std::move(out_.predicates[order[i]]));
    }
    out_.predicates = std::move(sorted);
    for (RuleCost& cost : out_.rules) {
      if (!place.empty()) cost.dearest = place[cost.dearest];
    }
  }

  const ProfileCounts& counts_;
  const CompiledProgram& program_;
  const uint64_t clock_ticks_;
  const double ns_per_tick_;
  std::vector<size_t> first_rule_;     // by condition: the first of its rules in out_.rules, before they are ordered
  std::vector<bool> reached_;          // by step
  std::vector<uint32_t> todo_, visited_;
  Cost out_;
};

}  // namespace

void ProfileCounts::Add(const ProfileCounts& other) {
  events += other.events;
  start += other.start;
  fields += other.fields;
  keywords += other.keywords;
  order += other.order;
  interrupted += other.interrupted;
  classes += other.classes;
  ordinary += other.ordinary;
  for (size_t i = 0; i < predicates.size(); i++) {
    predicates[i].spent += other.predicates[i].spent;
    predicates[i].held += other.predicates[i].held;
  }
  for (size_t i = 0; i < conditions.size(); i++) {
    conditions[i].spent += other.conditions[i].spent;
    conditions[i].hits += other.conditions[i].hits;
  }
  for (size_t i = 0; i < asked.size(); i++) asked[i] += other.asked[i];
  for (size_t i = 0; i < stood.size(); i++) stood[i] += other.stood[i];
}

Profile::Profile(const Program& program)
    : counts_(std::make_unique<ProfileCounts>(*program.compiled_)),
      clock_ticks_(TicksOfOneReading()),
      started_ticks_(Ticks()),
      started_ns_(SteadyNs()) {
  counts_->switches = SwitchesOfThisThread();
}

Profile::~Profile() = default;

void Profile::Add(const Profile& other) { counts_->Add(*other.counts_); }

uint64_t Profile::counted() const { return counts_->events; }

Cost Profile::Report() const {
  const double ticks = static_cast<double>(Ticks() - started_ticks_), ns = static_cast<double>(SteadyNs() - started_ns_);
  return Reporter(*counts_, clock_ticks_, ticks > 0 ? ns / ticks : 1).Run();
}

}  // namespace tocsin::match
