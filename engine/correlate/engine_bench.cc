// The five correlations of C1 over CI hits like its own: 5,000 tokens, the first of them very busy. The counts are
// compared with plain single-purpose loops before anything is timed. Items are hits.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <random>
#include <set>

#include "engine/correlate/testing/world.h"
#include "engine/event/source_clock.h"

namespace tocsin::correlate {
namespace {

constexpr int64_t kMillisecond = 1'000'000, kSecond = 1000 * kMillisecond, kMinute = 60 * kSecond;
enum Detection { kUseFailed, kUse, kUseOutside, kTagged, kEgress, kApproved, kDetections };
enum Rule { kBurst, kFanout, kOrdered, kUnapproved, kNewAddress, kRules };

struct Sighting {
  int64_t t;
  Detection detection;
  std::string token, actor, ip;
};

std::vector<Sighting> Generate(size_t events) {
  std::mt19937_64 random(42);
  auto share = [&] { return std::uniform_real_distribution<>(0, 1)(random); };
  std::vector<Sighting> sightings;
  int64_t t = 1767225600ll * kSecond;
  for (size_t i = 0; i < events; ++i) {
    t += static_cast<int64_t>(1 + share() * 39) * kMillisecond;
    int k = static_cast<int>(std::min(std::pow(1 - share(), -1 / 0.6) - 1, 4999.0));
    bool outside = share() < 0.03;
    Sighting s{t, kUse, "tok_" + std::to_string(k), "user" + std::to_string(k % 2000),
               (outside ? "203.0." : "10.1.") + std::to_string(static_cast<int>(share() * 250)) + "." +
                   std::to_string(k % 250)};
    double action = share() * 12;
    if (action < 3) {
      if (share() < 0.02) s.detection = kUseFailed, sightings.push_back(s);
      if (outside) s.detection = kUseOutside, sightings.push_back(s);
      s.detection = kUse;
    } else if (action < 4) {
      s.detection = kTagged;
    } else if (action < 4.1) {
      s.detection = kEgress;
    } else if (action < 5) {
      s.detection = kApproved;
    } else {
      continue;
    }
    sightings.push_back(s);
  }
  return sightings;
}

// What each rule should say, one loop a rule.
std::vector<uint64_t> Expected(const std::vector<Sighting>& sightings) {
  std::vector<uint64_t> count(kRules, 0);
  std::map<std::string, std::deque<int64_t>> failures;
  std::map<std::string, std::deque<std::pair<int64_t, std::string>>> uses;
  std::map<std::string, std::map<std::string, int>> addresses;
  std::map<std::string, std::set<std::string>> known;
  std::map<std::string, std::array<int64_t, 3>> chains;
  std::map<std::string, int64_t> approvals;
  for (const Sighting& s : sightings) {
    if (s.detection == kUseFailed) {
      auto& window = failures[s.token];
      window.push_back(s.t);
      while (window.front() < s.t - 5 * kMinute) window.pop_front();
      count[kBurst] += window.size() >= 5;
    } else if (s.detection == kUse) {
      auto& window = uses[s.token];
      auto& distinct = addresses[s.token];
      window.emplace_back(s.t, s.ip);
      ++distinct[s.ip];
      for (; window.front().first < s.t - 60 * kMinute; window.pop_front()) {
        if (--distinct[window.front().second] == 0) distinct.erase(window.front().second);
      }
      count[kFanout] += distinct.size() >= 4;
      count[kNewAddress] += known[s.token].insert(s.ip).second;  // the whole run is shorter than 30 days
    } else if (s.detection == kApproved) {
      approvals[s.actor] = s.t;
    }
    if (s.detection == kTagged) {
      auto it = approvals.find(s.actor);
      count[kUnapproved] += it == approvals.end() || it->second < s.t - 15 * kMinute;
    }
    if (s.detection == kUseOutside || s.detection == kTagged || s.detection == kEgress) {
      auto& chain = chains.try_emplace(s.token, std::array<int64_t, 3>{INT64_MIN, INT64_MIN, INT64_MIN}).first->second;
      if (s.detection == kUseOutside) chain[0] = s.t;
      if (s.detection == kTagged) chain[1] = std::max(chain[1], chain[0]);
      if (s.detection == kEgress) chain[2] = std::max(chain[2], chain[1]);
      count[kOrdered] += chain[2] >= s.t - 10 * kMinute;
    }
  }
  return count;
}

struct Bench {
  World world;
  std::vector<RuleId> detections, rules;
  std::shared_ptr<const content::ContentSet> content;
  std::vector<match::Hit> hits;

  explicit Bench(const std::vector<Sighting>& sightings) {
    for (const char* name : {"use_failed", "use", "use_outside", "tagged", "egress", "approved"}) {
      detections.push_back(world.AddDetection(name));
    }
    auto add = [&](const char* name, CorrelationType type, std::vector<Detection> refs, const char* group,
                   int64_t timespan) {
      std::vector<RuleId> ids;
      for (Detection d : refs) ids.push_back(detections[d]);
      rules.push_back(world.AddCorrelation(name, type, ids, {group}, timespan));
    };
    add("burst", CorrelationType::kEventCount, {kUseFailed}, "token", 5 * kMinute);
    world.AddThreshold(rules[kBurst], Compare::kGte, 5);
    add("fanout", CorrelationType::kValueCount, {kUse}, "token", 60 * kMinute);
    world.AddField(rules[kFanout], "ip");
    world.AddThreshold(rules[kFanout], Compare::kGte, 4);
    add("ordered", CorrelationType::kTemporalOrdered, {kUseOutside, kTagged, kEgress}, "token", 10 * kMinute);
    add("unapproved", CorrelationType::kTemporalOrdered, {kApproved, kTagged}, "actor", 15 * kMinute);
    world.rule(rules[kUnapproved]).correlation.expression = AndExpr({NotExpr(RefExpr(0)), RefExpr(1)});
    add("new_address", CorrelationType::kValueFirstSeen, {kUse}, "token", 30 * 24 * 60 * kMinute);
    world.AddField(rules[kNewAddress], "ip");
    content = world.Seal();
    for (const Sighting& s : sightings) {
      TestEvent event;
      event.time_ns = s.t;
      event.id = event.number = hits.size();
      event.precision_ns = kMillisecond;
      event.fields = {{"token", s.token}, {"actor", s.actor}, {"ip", s.ip}};
      hits.push_back(world.MakeHit(detections[s.detection], event));
    }
  }
};

void BM_FiringsOfC1(benchmark::State& state) {
  const std::vector<Sighting> sightings = Generate(static_cast<size_t>(state.range(0)));
  Bench bench(sightings);
  if (state.range(1) != 0) std::shuffle(bench.hits.begin(), bench.hits.end(), std::mt19937_64(1));
  const std::vector<uint64_t> expected = Expected(sightings);
  size_t firings = 0;
  for (auto _ : state) {
    Engine engine(bench.content,
                  {.bounded = true, .closed_world = true, .keep_firings = true, .drop_duplicates = false});
    for (const match::Hit& hit : bench.hits) engine.AddHit(hit);
    engine.Evaluate(event::SourceClock(*bench.content));
    firings = engine.firings().size();
    state.PauseTiming();
    std::vector<uint64_t> count(kRules, 0);
    for (const Firing& firing : engine.firings()) ++count[firing.rule.value() - kDetections];
    if (count != expected) return state.SkipWithError("the counts differ from the plain loops");
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * bench.hits.size()));
  state.counters["firings"] = static_cast<double>(firings);
}
BENCHMARK(BM_FiringsOfC1)->ArgNames({"events", "shuffled"})->Args({10'000, 0})->Args({200'000, 0})->Args({200'000, 1});

// 2,000 distinct values in one group's window: the cost of a hit must not depend on them.
void BM_DistinctValues(benchmark::State& state) {
  World world;
  RuleId use = world.AddDetection("use");
  RuleId rule = world.AddCorrelation("fanout", CorrelationType::kValueCount, {use}, {}, state.range(0) * kSecond);
  world.AddField(rule, "ip");
  world.AddThreshold(rule, Compare::kGte, static_cast<double>(state.range(0)));
  auto content = world.Seal();
  std::vector<match::Hit> hits;
  for (int64_t i = 0; i < 20'000; ++i) {
    TestEvent event;
    event.time_ns = i * kSecond;
    event.id = event.number = static_cast<uint64_t>(i);
    event.fields = {{"ip", std::to_string(i % state.range(0))}};
    hits.push_back(world.MakeHit(use, event));
  }
  for (auto _ : state) {
    Engine engine(content, {.bounded = true, .closed_world = true, .keep_firings = true, .drop_duplicates = false});
    for (const match::Hit& hit : hits) engine.AddHit(hit);
    engine.Evaluate(event::SourceClock(*content));
    if (engine.firings().size() != hits.size() - static_cast<size_t>(state.range(0)) + 1) {
      return state.SkipWithError("wrong number of firings");
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * hits.size()));
}
BENCHMARK(BM_DistinctValues)->Arg(20)->Arg(2000);

}  // namespace
}  // namespace tocsin::correlate
