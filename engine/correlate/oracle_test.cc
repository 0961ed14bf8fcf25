// Every correlation type against a slow oracle that says what DESIGN section 4 and SIGMA 26-33 say, by brute force over
// random small worlds: few hits, few moments, many ties, mixed precisions. TOCSIN_SEED and TOCSIN_ROUNDS change the
// run.

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <random>
#include <set>
#include <sstream>

#include "engine/correlate/testing/world.h"
#include "engine/event/source_clock.h"

namespace tocsin::correlate {
namespace {

struct OracleHit {
  int64_t t = 0, precision = 1;
  int ref = 0;
  uint64_t number = 0;
  std::vector<std::string> groups, values, others;  // fields g, v, w
};

// The hits of one group, in total order.
using Hits = std::vector<OracleHit>;

struct OracleFiring {
  int64_t t;
  uint64_t number;
  std::string group, value;
  auto operator<=>(const OracleFiring&) const = default;
};

struct Alternative {
  std::set<int> positive, negative;
};

std::vector<Alternative> Alternatives(const CorrelationExpr& expr, bool negated) {
  if (expr.kind == CorrelationExpr::Kind::kRef) {
    Alternative one;
    (negated ? one.negative : one.positive).insert(static_cast<int>(expr.ref));
    return {one};
  }
  if (expr.kind == CorrelationExpr::Kind::kNot) return Alternatives(expr.children[0], !negated);
  std::vector<Alternative> all;
  if ((expr.kind == CorrelationExpr::Kind::kOr) == !negated) {
    for (const auto& child : expr.children) {
      for (auto& one : Alternatives(child, negated)) all.push_back(one);
    }
    return all;
  }
  all.push_back({});
  for (const auto& child : expr.children) {
    std::vector<Alternative> next;
    for (const auto& a : all) {
      for (auto b : Alternatives(child, negated)) {
        b.positive.insert(a.positive.begin(), a.positive.end());
        b.negative.insert(a.negative.begin(), a.negative.end());
        next.push_back(b);
      }
    }
    all = next;
  }
  return all;
}

class Oracle {
 public:
  Oracle(const Correlation& correlation, int64_t slack, Hits hits, Hits everywhere)
      : c_(correlation), slack_(slack), hits_(std::move(hits)), everywhere_(std::move(everywhere)) {}

  // The value of the firing at hit i, or nothing. value_first_seen may have several.
  std::vector<std::string> At(size_t i) const {
    switch (c_.type) {
      case CorrelationType::kEventCount:
        return Number(static_cast<double>(Window(i).size()));
      case CorrelationType::kValueCount: {
        std::set<std::vector<std::string>> distinct;
        for (size_t j : Window(i)) {
          for (const auto& tuple : Tuples(hits_[j])) distinct.insert(tuple);
        }
        return Number(static_cast<double>(distinct.size()));
      }
      case CorrelationType::kValueSum:
      case CorrelationType::kValueAvg:
      case CorrelationType::kValueMedian:
      case CorrelationType::kValuePercentile:
        return Number(Aggregate(i));
      case CorrelationType::kTemporal:
        return Temporal(i);
      case CorrelationType::kTemporalOrdered:
        return Ordered(i);
      case CorrelationType::kValueFirstSeen:
        return FirstSeen(i);
      case CorrelationType::kValueChange: {
        if (i == 0) return {};
        auto from = Set(hits_[i - 1]), to = Set(hits_[i]);
        if (from == to) return {};
        return {"{\"from\":" + Json(from) + ",\"to\":" + Json(to) + "}"};
      }
    }
    return {};
  }

 private:
  std::vector<size_t> Window(size_t i) const {
    std::vector<size_t> window;
    for (size_t j = 0; j <= i; ++j) {
      if (hits_[j].t >= hits_[i].t - c_.timespan_ns) window.push_back(j);
    }
    return window;
  }
  std::vector<std::vector<std::string>> Tuples(const OracleHit& hit) const {
    std::vector<std::vector<std::string>> tuples;
    for (const auto& v : hit.values) {
      if (c_.fields.size() == 1) tuples.push_back({v});
      for (const auto& w : hit.others) {
        if (c_.fields.size() == 2) tuples.push_back({v, w});
      }
    }
    return tuples;
  }
  static std::string Text(double value) {
    char text[40];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
  }
  bool Holds(double value) const {
    bool holds = !c_.thresholds.empty();
    for (const auto& t : c_.thresholds) {
      if (t.compare == Compare::kLt) holds &= value < t.number;
      if (t.compare == Compare::kLte) holds &= value <= t.number;
      if (t.compare == Compare::kGt) holds &= value > t.number;
      if (t.compare == Compare::kGte) holds &= value >= t.number;
      if (t.compare == Compare::kEq) holds &= value == t.number;
      if (t.compare == Compare::kNeq) holds &= value != t.number;
    }
    return holds;
  }
  std::vector<std::string> Number(double value) const {
    if (!Holds(value)) return {};
    return {Text(value)};
  }
  double Aggregate(size_t i) const {
    std::vector<double> numbers;
    for (size_t j : Window(i)) {
      for (const auto& v : hits_[j].values) numbers.push_back(std::stod(v));
    }
    double sum = 0;
    for (double n : numbers) sum += n;
    if (c_.type == CorrelationType::kValueSum) return sum;
    if (c_.type == CorrelationType::kValueAvg) return sum / static_cast<double>(numbers.size());
    std::sort(numbers.begin(), numbers.end());
    double p = c_.type == CorrelationType::kValueMedian ? 0.5 : c_.percentile / 100;
    double rank = p * static_cast<double>(numbers.size() - 1);
    size_t low = static_cast<size_t>(rank);
    size_t high = std::min(low + 1, numbers.size() - 1);
    return numbers[low] + (rank - static_cast<double>(low)) * (numbers[high] - numbers[low]);
  }

  bool Before(const OracleHit& a, const OracleHit& b) const { return a.t < b.t + b.precision + slack_; }
  int64_t BeforeSpan(int ref) const { return c_.refs[ref].before_ns >= 0 ? c_.refs[ref].before_ns : c_.timespan_ns; }
  int64_t AfterSpan(int ref) const { return c_.refs[ref].after_ns >= 0 ? c_.refs[ref].after_ns : c_.timespan_ns; }

  void Signs(const CorrelationExpr& expr, bool negated, std::set<int>& positive) const {
    if (expr.kind == CorrelationExpr::Kind::kRef && !negated) positive.insert(static_cast<int>(expr.ref));
    for (const auto& child : expr.children)
      Signs(child, negated != (expr.kind == CorrelationExpr::Kind::kNot), positive);
  }
  std::set<int> PositiveRefs() const {
    std::set<int> positive;
    if (c_.expression) {
      Signs(*c_.expression, false, positive);
    } else {
      for (int ref = 0; ref < static_cast<int>(c_.refs.size()); ++ref) positive.insert(ref);
    }
    return positive;
  }
  std::set<int> SeenRefs(size_t i) const {
    std::set<int> positive = PositiveRefs(), seen;
    for (size_t j : Window(i)) {
      if (positive.contains(hits_[j].ref)) seen.insert(hits_[j].ref);
    }
    return seen;
  }
  bool Holds(const CorrelationExpr& expr, const std::set<int>& seen, const std::set<int>& absent, bool negated) const {
    if (expr.kind == CorrelationExpr::Kind::kRef) {
      return negated ? absent.contains(static_cast<int>(expr.ref)) : seen.contains(static_cast<int>(expr.ref));
    }
    if (expr.kind == CorrelationExpr::Kind::kNot) return Holds(expr.children[0], seen, absent, !negated);
    bool all = (expr.kind == CorrelationExpr::Kind::kAnd) != negated;
    bool result = all;
    for (const auto& child : expr.children) {
      bool holds = Holds(child, seen, absent, negated);
      result = all ? result && holds : result || holds;
    }
    return result;
  }
  std::vector<std::string> Temporal(size_t i) const {
    if (!PositiveRefs().contains(hits_[i].ref)) return {};
    std::set<int> seen = SeenRefs(i);
    std::vector<std::string> fires{std::to_string(seen.size())};
    if (!c_.expression) {
      bool holds = c_.thresholds.empty() ? seen.size() == c_.refs.size() : Holds(static_cast<double>(seen.size()));
      return holds ? fires : std::vector<std::string>{};
    }
    std::set<int> absent;
    for (int ref = 0; ref < static_cast<int>(c_.refs.size()); ++ref) {
      bool excuse = false;
      for (const OracleHit& x : hits_) {
        excuse |= x.ref == ref && x.t >= hits_[i].t - BeforeSpan(ref) && Before(x, hits_[i]);
      }
      if (!excuse) absent.insert(ref);
    }
    return Holds(*c_.expression, seen, absent, false) ? fires : std::vector<std::string>{};
  }

  // Does this choice (one hit a position, by reference) satisfy order and absences?
  bool Satisfies(const Alternative& alternative, const std::vector<size_t>& choice) const {
    for (size_t p = 1; p < choice.size(); ++p) {
      if (!Before(hits_[choice[p - 1]], hits_[choice[p]])) return false;
    }
    const OracleHit& first = hits_[choice.front()];
    const OracleHit& last = hits_[choice.back()];
    for (int ref : alternative.negative) {
      size_t gap = 0;
      for (int positive : alternative.positive) gap += positive < ref;
      for (const OracleHit& x : hits_) {
        if (x.ref != ref) continue;
        if (gap == 0) {
          if (x.t >= first.t - BeforeSpan(ref) && Before(x, first)) return false;
        } else if (gap == choice.size()) {
          if (Before(last, x) && x.t <= last.t + AfterSpan(ref)) return false;
        } else if (Before(hits_[choice[gap - 1]], x) && Before(x, hits_[choice[gap]])) {
          return false;
        }
      }
    }
    return true;
  }
  bool SomeChoice(const Alternative& alternative, size_t i, std::vector<size_t>& choice) const {
    if (choice.size() == alternative.positive.size()) {
      // A choice with an absence is judged at its last hit alone.
      if (!alternative.negative.empty() && std::find(choice.begin(), choice.end(), i) == choice.end()) return false;
      return Satisfies(alternative, choice);
    }
    int ref = *std::next(alternative.positive.begin(), static_cast<long>(choice.size()));
    for (size_t j : Window(i)) {
      if (hits_[j].ref != ref) continue;
      choice.push_back(j);
      bool found = SomeChoice(alternative, i, choice);
      choice.pop_back();
      if (found) return true;
    }
    return false;
  }
  std::vector<std::string> Ordered(size_t i) const {
    if (!PositiveRefs().contains(hits_[i].ref)) return {};
    std::vector<Alternative> alternatives;
    int n = static_cast<int>(c_.refs.size());
    if (c_.expression) {
      alternatives = Alternatives(*c_.expression, false);
    } else {
      for (int set = 1; set < 1 << n; ++set) {
        Alternative one;
        for (int ref = 0; ref < n; ++ref) {
          if (set >> ref & 1) one.positive.insert(ref);
        }
        if (!c_.thresholds.empty() || set == (1 << n) - 1) alternatives.push_back(one);
      }
    }
    size_t longest = 0;
    for (const Alternative& alternative : alternatives) {
      bool contradicts = alternative.positive.empty();
      for (int ref : alternative.positive) contradicts |= alternative.negative.contains(ref);
      std::vector<size_t> choice;
      if (!contradicts && SomeChoice(alternative, i, choice)) longest = std::max(longest, alternative.positive.size());
    }
    if (longest == 0 || (!c_.thresholds.empty() && !Holds(static_cast<double>(longest)))) return {};
    return {std::to_string(SeenRefs(i).size())};
  }

  bool Learns(const Hits& hits, size_t i) const {
    int64_t start = hits[0].t;
    for (size_t j = 1; j <= i; ++j) {
      if (hits[j - 1].t < hits[j].t - c_.timespan_ns) start = hits[j].t;
    }
    return hits[i].t < start + c_.learning_ns;
  }
  static bool Shows(const OracleHit& hit, const std::string& v) {
    return std::find(hit.values.begin(), hit.values.end(), v) != hit.values.end();
  }
  bool Known(const Hits& hits, size_t i, const std::string& v) const {
    for (size_t j = 0; j < i; ++j) {
      if (hits[j].t >= hits[i].t - c_.timespan_ns && Shows(hits[j], v)) return true;
    }
    return false;
  }
  // Is v new at hit i, or was it less than a timespan ago, to a parent of the hit that had learned?
  bool NewToParent(size_t i, const std::string& v) const {
    for (const std::string& parent : hits_[i].others) {
      Hits of_parent;
      for (const OracleHit& hit : everywhere_) {
        if (std::find(hit.others.begin(), hit.others.end(), parent) != hit.others.end()) of_parent.push_back(hit);
      }
      size_t here = 0;
      while (of_parent[here].number != hits_[i].number) ++here;
      if (Learns(of_parent, here)) continue;
      for (size_t j = 0; j <= here; ++j) {
        if (of_parent[j].t < hits_[i].t - c_.timespan_ns || !Shows(of_parent[j], v)) continue;
        if (!Learns(of_parent, j) && !Known(of_parent, j, v)) return true;
      }
    }
    return false;
  }
  std::vector<std::string> FirstSeen(size_t i) const {
    std::vector<std::string> fired;
    std::set<std::string> here;
    for (const std::string& v : hits_[i].values) {
      if (!here.insert(v).second || Known(hits_, i, v)) continue;
      if (!Learns(hits_, i) || (c_.learning_parent && NewToParent(i, v))) fired.push_back("\"" + v + "\"");
    }
    return fired;
  }
  static std::set<std::string> Set(const OracleHit& hit) { return {hit.values.begin(), hit.values.end()}; }
  static std::string Json(const std::set<std::string>& values) {
    if (values.size() == 1) return "\"" + *values.begin() + "\"";
    std::string out;
    for (const std::string& v : values) out += (out.empty() ? "[\"" : ",\"") + v + "\"";
    return out + "]";
  }

  const Correlation& c_;
  int64_t slack_;
  Hits hits_, everywhere_;
};

class RandomWorld {
 public:
  RandomWorld(uint64_t seed, CorrelationType type) : random_(seed), type_(type) {}

  void Check() {
    World world;
    int refs = Pick(1, IsTemporal() ? 4 : 2);
    std::vector<RuleId> ids;
    for (int r = 0; r < refs; ++r) ids.push_back(world.AddDetection("r" + std::to_string(r)));
    int64_t timespan = Pick(0, 12);
    bool grouped = Pick(0, 3) > 0;
    RuleId rule = world.AddCorrelation("c", type_, ids,
                                       grouped ? std::vector<std::string>{"g"} : std::vector<std::string>{}, timespan);
    world.content().fields.Intern("g");
    FillCondition(world, rule, refs);
    int64_t slack = Pick(0, 3) == 0 ? Pick(1, 3) : 0;
    world.content().site.clock_slack_ns = slack;
    auto content = world.Seal();

    std::vector<OracleHit> hits = RandomHits(refs);
    Engine engine(content, {.bounded = true, .closed_world = true, .keep_firings = true, .drop_duplicates = false});
    for (const OracleHit& hit : hits) {
      TestEvent event;
      event.time_ns = hit.t;
      event.id = event.number = hit.number;
      event.precision_ns = hit.precision;
      for (const auto& text : hit.groups) event.fields.emplace_back("g", text);
      for (const auto& text : hit.values) event.fields.emplace_back("v", text);
      for (const auto& text : hit.others) event.fields.emplace_back("w", text);
      engine.AddHit(world.MakeHit(ids[hit.ref], event));
    }
    engine.Evaluate(event::SourceClock(*content));
    std::vector<OracleFiring> got;
    for (const Firing& firing : engine.firings()) {
      EXPECT_EQ(firing.rule, rule);
      got.push_back({firing.time.ns, firing.number, firing.group.empty() ? "" : firing.group[0].second, firing.value});
    }
    EXPECT_TRUE(std::is_sorted(got.begin(), got.end(), [](const auto& a, const auto& b) {
      return std::tie(a.t, a.number) < std::tie(b.t, b.number);
    }));

    std::vector<OracleFiring> want = Want(content->rules[rule.value()].correlation, slack, hits, grouped);
    std::sort(got.begin(), got.end());
    std::sort(want.begin(), want.end());
    EXPECT_EQ(Show(got), Show(want)) << Describe(content->rules[rule.value()].correlation, hits);
  }

 private:
  bool IsTemporal() const { return type_ == CorrelationType::kTemporal || type_ == CorrelationType::kTemporalOrdered; }
  bool NeedsValue() const { return !IsTemporal() && type_ != CorrelationType::kEventCount; }
  int Pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  void FillCondition(World& world, RuleId rule, int refs) {
    if (NeedsValue()) world.AddField(rule, "v");
    world.content().fields.Intern("v");
    if (type_ == CorrelationType::kValueCount && Pick(0, 2) == 0) world.AddField(rule, "w");
    world.content().fields.Intern("w");
    Correlation& c = world.rule(rule).correlation;
    if (type_ == CorrelationType::kValueFirstSeen) c.learning_ns = Pick(0, 2) == 0 ? Pick(1, 8) : 0;
    if (c.learning_ns > 0 && Pick(0, 1) == 0) c.learning_parent = {"w", std::vector(refs, *world.content().fields.Find("w"))};
    if (type_ == CorrelationType::kValueFirstSeen || type_ == CorrelationType::kValueChange) return;
    c.percentile = Pick(0, 4) * 25;
    if (IsTemporal()) {
      int form = Pick(0, 3);
      if (form == 0) return;
      if (form > 1) {
        c.expression = RandomExpression(refs);
        for (auto& ref : c.refs) {
          if (Pick(0, 2) == 0) ref.before_ns = Pick(0, 15);
          if (Pick(0, 2) == 0) ref.after_ns = Pick(0, 15);
        }
        return;
      }
    }
    world.AddThreshold(rule, static_cast<Compare>(Pick(0, 5)), Pick(0, 8) / 2.0);
    if (Pick(0, 3) == 0) world.AddThreshold(rule, static_cast<Compare>(Pick(0, 5)), Pick(0, 5));
  }
  CorrelationExpr RandomExpression(int refs) {
    std::vector<CorrelationExpr> parts;
    for (int r = 0; r < refs; ++r) parts.push_back(Pick(0, 2) == 0 ? NotExpr(RefExpr(r)) : RefExpr(r));
    std::shuffle(parts.begin(), parts.end(), random_);
    while (parts.size() > 1) {
      CorrelationExpr a = parts.back();
      parts.pop_back();
      CorrelationExpr joined = Pick(0, 2) > 0 ? AndExpr({parts.back(), a}) : OrExpr({parts.back(), a});
      parts.back() = Pick(0, 6) == 0 ? NotExpr(joined) : joined;
      std::shuffle(parts.begin(), parts.end(), random_);
    }
    return parts[0];
  }
  std::vector<OracleHit> RandomHits(int refs) {
    std::vector<OracleHit> hits(Pick(0, 14));
    int spread = Pick(1, 40);
    std::vector<uint64_t> numbers(hits.size());
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = i;
    std::shuffle(numbers.begin(), numbers.end(), random_);
    bool mixed = Pick(0, 1) == 0;
    for (size_t i = 0; i < hits.size(); ++i) {
      OracleHit& hit = hits[i];
      hit.t = 1000 + Pick(0, spread);
      hit.ref = Pick(0, refs - 1);
      hit.number = numbers[i];
      hit.precision = mixed && Pick(0, 1) == 0 ? Pick(2, 6) : 1;
      for (int k = Pick(0, 9) == 0 ? 0 : Pick(1, 6) / 3; k >= 0; --k)
        hit.groups.push_back(std::string(1, static_cast<char>('a' + Pick(0, 1))));
      if (Pick(0, 9) == 0) hit.groups.clear();
      for (int k = Pick(0, 5) == 0 ? 2 : Pick(0, 7) > 0; k > 0; --k) hit.values.push_back(std::to_string(Pick(0, 4)));
      for (int k = Pick(0, 5) == 0 ? 2 : 1; k > 0; --k) hit.others.push_back(std::to_string(Pick(0, 1)));
    }
    return hits;
  }

  std::vector<OracleFiring> Want(const Correlation& c, int64_t slack, const std::vector<OracleHit>& hits,
                                 bool grouped) {
    std::map<std::string, Hits> groups;
    Hits everywhere;
    for (const OracleHit& hit : hits) {
      if (NeedsValue() && hit.values.empty()) continue;
      if (c.fields.size() == 2 && hit.others.empty()) continue;
      std::set<std::string> of_hit(hit.groups.begin(), hit.groups.end());
      if (!grouped) of_hit = {""};
      for (const std::string& group : of_hit) groups[group].push_back(hit);
      everywhere.push_back(hit);
    }
    const auto sort = [](Hits& of_group) {
      std::sort(of_group.begin(), of_group.end(), [](const OracleHit& a, const OracleHit& b) {
        return std::tie(a.t, a.number) < std::tie(b.t, b.number);
      });
    };
    sort(everywhere);
    std::vector<OracleFiring> firings;
    for (auto& [group, of_group] : groups) {
      sort(of_group);
      Oracle oracle(c, slack, of_group, everywhere);
      for (size_t i = 0; i < of_group.size(); ++i) {
        for (const std::string& value : oracle.At(i))
          firings.push_back({of_group[i].t, of_group[i].number, group, value});
      }
    }
    return firings;
  }

  static std::string Show(const std::vector<OracleFiring>& firings) {
    std::string out;
    for (const auto& f : firings) {
      out += std::to_string(f.t) + " #" + std::to_string(f.number) + " " + f.group + " = " + f.value + "\n";
    }
    return out;
  }
  static std::string Show(const CorrelationExpr& expr) {
    if (expr.kind == CorrelationExpr::Kind::kRef) return "r" + std::to_string(expr.ref);
    if (expr.kind == CorrelationExpr::Kind::kNot) return "not " + Show(expr.children[0]);
    std::string out = "(";
    for (const auto& child : expr.children) {
      if (out.size() > 1) out += expr.kind == CorrelationExpr::Kind::kAnd ? " and " : " or ";
      out += Show(child);
    }
    return out + ")";
  }
  static std::string Describe(const Correlation& c, std::vector<OracleHit> hits) {
    std::ostringstream out;
    out << "timespan " << c.timespan_ns << " learning " << c.learning_ns << (c.learning_parent ? " parent w" : "") << " percentile " << c.percentile;
    for (const auto& t : c.thresholds) out << " [" << static_cast<int>(t.compare) << " " << t.number << "]";
    if (c.expression) out << " " << Show(*c.expression);
    for (const auto& ref : c.refs) out << " (before " << ref.before_ns << " after " << ref.after_ns << ")";
    std::sort(hits.begin(), hits.end(),
              [](const auto& a, const auto& b) { return std::tie(a.t, a.number) < std::tie(b.t, b.number); });
    for (const auto& hit : hits) {
      out << "\n  " << hit.t << " #" << hit.number << " r" << hit.ref << " precision " << hit.precision << " g";
      for (const auto& g : hit.groups) out << " " << g;
      out << " v";
      for (const auto& v : hit.values) out << " " << v;
      out << " w";
      for (const auto& w : hit.others) out << " " << w;
    }
    return out.str();
  }

  std::mt19937_64 random_;
  CorrelationType type_;
};

class OracleTest : public testing::TestWithParam<CorrelationType> {};

TEST_P(OracleTest, AgreesOnRandomSmallWorlds) {
  const uint64_t first = FromEnvironment("TOCSIN_SEED", 1), rounds = FromEnvironment("TOCSIN_ROUNDS", 6000);
  for (uint64_t seed = first; seed < first + rounds && !HasFailure(); ++seed) {
    SCOPED_TRACE("TOCSIN_SEED=" + std::to_string(seed) + " TOCSIN_ROUNDS=1");
    RandomWorld(seed, GetParam()).Check();
  }
}

INSTANTIATE_TEST_SUITE_P(Types, OracleTest,
                         testing::Values(CorrelationType::kEventCount, CorrelationType::kValueCount,
                                         CorrelationType::kValueSum, CorrelationType::kValueAvg,
                                         CorrelationType::kValueMedian, CorrelationType::kValuePercentile,
                                         CorrelationType::kTemporal, CorrelationType::kTemporalOrdered,
                                         CorrelationType::kValueFirstSeen, CorrelationType::kValueChange));

}  // namespace
}  // namespace tocsin::correlate
