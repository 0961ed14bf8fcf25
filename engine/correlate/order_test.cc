// The result is a function of the set: whatever the order and the batches in which hits and links come, live or
// bounded, with copies or without, the confirmed alerts are the same. Random worlds with chained rules, late keys,
// absences, silences and retention. TOCSIN_SEED and TOCSIN_ROUNDS change the run.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <sstream>

#include "engine/correlate/testing/world.h"
#include "engine/event/source_clock.h"

namespace tocsin::correlate {
namespace {

constexpr int64_t kEnd = INT64_MAX / 4;

struct TestLink {
  std::string from, to;
  int64_t seen, valid_from, valid_until;  // INT64_MIN until = open
  int64_t max_open;
  bool replaces;
};

// A record in the order of arrival: a hit or a link.
struct Record {
  int64_t t = 0;
  SourceId source;
  std::optional<match::Hit> hit;
  std::optional<TestLink> link;
};

std::string Show(const Alert& a) {
  std::ostringstream out;
  out << a.id << " rule " << a.rule.value() << " state " << static_cast<int>(a.state) << " firings " << a.firings
      << " [" << a.first_firing.ns << "," << a.last_firing.ns << "] events " << a.event_count << " ["
      << a.first_event.ns << "," << a.last_event.ns << "] value " << a.value << " unverified " << a.absence_unverified;
  for (const auto& [name, value] : a.group) out << " " << name << "=" << value;
  for (const auto& e : a.events) out << " e" << e.identity.low << "/" << e.rule.value();
  for (const auto& [kind, keys] : a.entities) {
    out << " " << content::EntityKindName(kind) << ":";
    for (const auto& key : keys) out << key << ",";
  }
  for (const auto& note : a.notes) out << " {" << note << "}";
  return out.str();
}

std::string ShowAll(const std::map<std::string, Alert>& alerts) {
  std::vector<const Alert*> sorted;
  for (const auto& [id, alert] : alerts) sorted.push_back(&alert);
  std::sort(sorted.begin(), sorted.end(), [](const Alert* a, const Alert* b) { return AlertBefore(*a, *b); });
  std::string out;
  for (const Alert* alert : sorted) out += Show(*alert) + "\n";
  return out;
}

class RandomRun {
 public:
  RandomRun(uint64_t seed, int hits, bool closed_world) : random_(seed), closed_world_(closed_world) {
    for (const char* name : {"a", "b"}) sources_.push_back(world_.AddSource(name, closed_world ? 0 : Pick(2, 20)));
    sources_.push_back(world_.AddSource("links"));
    link_shift_ = Pick(0, 1) * Pick(1, 6);
    content::LinkDef link;
    link.from = EntityKind::kHost;
    link.to = EntityKind::kJob;
    link.valid_from_shift_ns = -link_shift_;
    world_.content().sources[2].links.push_back(link);
    world_.content().site.connected = {"a", "b", "links"};
    if (Pick(0, 3) == 0) world_.content().site.clock_slack_ns = Pick(1, 3);
    for (const char* field : {"g", "v", "entity.job", "entity.repo"}) world_.content().fields.Intern(field);
    for (int d = 0; d < 4; ++d) {
      rules_.push_back(world_.AddDetection("d" + std::to_string(d), sources_[d % 2], Pick(0, 1) == 0));
      world_.rule(rules_.back()).episode_gap_ns = Pick(0, 10);
      world_.rule(rules_.back()).episode_max_ns = Pick(0, 30);
    }
    for (int c = Pick(1, 4); c > 0; --c) AddRandomCorrelation();
    content_ = world_.Seal();
    AddRandomRecords(hits);
  }

  void Check() {
    std::map<std::string, Alert> bounded = Bounded(records_);
    std::vector<Record> other = records_;
    std::shuffle(other.begin(), other.end(), random_);
    size_t originals = other.size();
    for (size_t i = 0; i < originals; i += 5) other.push_back(other[i]);
    EXPECT_EQ(ShowAll(bounded), ShowAll(Bounded(other)));
    EXPECT_EQ(ShowAll(bounded), ShowAll(Live())) << Describe();
    EXPECT_EQ(ShowAll(bounded), ShowAll(Live())) << Describe();
  }

 private:
  int Pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  void AddRandomCorrelation() {
    auto type = static_cast<CorrelationType>(Pick(0, 9));
    std::vector<RuleId> refs = rules_;
    std::shuffle(refs.begin(), refs.end(), random_);
    bool temporal = type == CorrelationType::kTemporal || type == CorrelationType::kTemporalOrdered;
    refs.resize(std::min<size_t>(refs.size(), Pick(temporal ? 2 : 1, 3)));
    std::vector<std::string> group_by;
    for (const char* field : {"g", "entity.job", "entity.repo"}) {
      if (Pick(0, 2) == 0) group_by.push_back(field);
    }
    RuleId id = world_.AddCorrelation("c" + std::to_string(rules_.size()), type, refs, group_by, Pick(1, 20));
    content::Rule& rule = world_.rule(id);
    Correlation& c = rule.correlation;
    rule.episode_gap_ns = Pick(0, 12);
    rule.episode_max_ns = Pick(0, 40);
    rule.alerts = Pick(0, 4) > 0;
    bool counting = type <= CorrelationType::kValuePercentile;
    bool only_confirmed = false;
    if (counting || (temporal && Pick(0, 3) == 0)) {
      Compare compare = Pick(0, 3) > 0 ? Compare::kGte : static_cast<Compare>(Pick(0, 5));
      c.thresholds.push_back({compare, static_cast<double>(Pick(1, 3))});
      only_confirmed = compare != Compare::kGt && compare != Compare::kGte;
    } else if (temporal && Pick(0, 2) > 0) {
      std::vector<CorrelationExpr> parts;
      for (uint32_t r = 0; r < refs.size(); ++r) {
        bool negated = Pick(0, 2) == 0;
        only_confirmed |= negated;
        parts.push_back(negated ? NotExpr(RefExpr(r)) : RefExpr(r));
        if (Pick(0, 1) == 0) c.refs[r].before_ns = Pick(0, 15);
        if (Pick(0, 1) == 0) c.refs[r].after_ns = Pick(0, 15);
      }
      c.expression = Pick(0, 2) > 0 ? AndExpr(parts) : OrExpr(parts);
    }
    if (type != CorrelationType::kEventCount && !temporal) c.fields.push_back(*world_.content().fields.Find("v"));
    if (type == CorrelationType::kValueFirstSeen) c.learning_ns = Pick(0, 1) * Pick(1, 8);
    if (c.learning_ns > 0 && Pick(0, 1) == 0) {
      const char* parents[] = {"g", "entity.job", "entity.repo"};
      const char* parent = parents[Pick(0, 2)];
      c.learning_parent = {parent, std::vector(refs.size(), *world_.content().fields.Find(parent))};
    }
    rule.alert_class = only_confirmed                                     ? content::AlertClass::kOnlyConfirmed
                       : temporal || type <= CorrelationType::kValueCount ? content::AlertClass::kNeverRetracted
                                                                          : content::AlertClass::kMayBeRetracted;
    for (RuleId ref : refs) rule.alert_class = std::max(rule.alert_class, world_.rule(ref).alert_class);
    rule.early = Pick(0, 4) == 0;
    rules_.push_back(id);
  }

  void AddRandomRecords(int hits) {
    int spread = hits * Pick(1, 4);
    bool mixed = Pick(0, 2) == 0;
    for (int i = 0; i < hits; ++i) {
      int d = Pick(0, 3);
      TestEvent event;
      event.time_ns = 1000 + Pick(0, spread);
      event.source = sources_[d % 2];
      event.id = i + 1;
      event.precision_ns = mixed && Pick(0, 1) == 0 ? Pick(2, 5) : 1;
      for (int k = Pick(0, 8) == 0 ? 2 : 1; k > 0; --k)
        event.fields.emplace_back("g", std::string(1, static_cast<char>('a' + Pick(0, 1))));
      for (int k = Pick(0, 8) == 0 ? 2 : Pick(0, 8) > 0; k > 0; --k)
        event.fields.emplace_back("v", std::to_string(Pick(0, 3)));
      if (Pick(0, 3) > 0) event.entities.emplace_back(EntityKind::kHost, "h" + std::to_string(Pick(0, 2)));
      if (Pick(0, 3) == 0) event.entities.emplace_back(EntityKind::kJob, "j" + std::to_string(Pick(0, 3)));
      if (Pick(0, 1) == 0) event.entities.emplace_back(EntityKind::kRepo, "r" + std::to_string(Pick(0, 1)));
      if (Pick(0, 2) == 0) event.entities.emplace_back(EntityKind::kToken, "t" + std::to_string(Pick(0, 1)));
      records_.push_back({event.time_ns, event.source, world_.MakeHit(rules_[d], event), std::nullopt});
    }
    bool replaces = Pick(0, 3) == 0;
    for (int i = hits / 4; i > 0; --i) {
      TestLink link;
      link.from = "h" + std::to_string(Pick(0, 2));
      link.to = "j" + std::to_string(Pick(0, 3));
      link.seen = 1000 + Pick(0, spread);
      link.valid_from = link.seen - Pick(0, static_cast<int>(link_shift_));
      link.valid_until = Pick(0, 1) == 0 ? INT64_MIN : link.seen + Pick(0, 10);
      link.max_open = Pick(1, 30);
      link.replaces = replaces;
      records_.push_back({link.seen, sources_[2], std::nullopt, link});
    }
  }

  static void Add(Engine& engine, const Record& record) {
    if (record.hit) {
      engine.AddHit(*record.hit);
      return;
    }
    event::Link link;
    link.from_kind = EntityKind::kHost;
    link.to_kind = EntityKind::kJob;
    link.from = record.link->from;
    link.to = record.link->to;
    link.valid_from.ns = record.link->valid_from;
    link.valid_until.ns = record.link->valid_until;
    link.max_open_ns = record.link->max_open;
    link.replaces = record.link->replaces;
    engine.AddLink(link, {record.link->seen});
  }

  // Past every event, so that the end of the logs shows what fell silent.
  static void ObserveEnd(event::SourceClock& clock) {
    for (uint16_t s = 0; s < clock.size(); ++s) clock.state(SourceId(s)).coverage.Observe({kEnd});
  }

  std::map<std::string, Alert> Bounded(const std::vector<Record>& records) {
    Engine engine(content_,
                  {.bounded = true, .closed_world = closed_world_, .keep_firings = false, .drop_duplicates = true});
    event::SourceClock clock(*content_);
    for (const Record& record : records) {
      Add(engine, record);
      clock.state(record.source).coverage.Observe({record.t});
    }
    ObserveEnd(clock);
    engine.Evaluate(clock);
    std::map<std::string, Alert> alerts;
    Alert last;
    for (AlertChange& change : engine.TakeAlertChanges()) {
      EXPECT_EQ(change.kind, AlertChange::Kind::kNew);
      EXPECT_EQ(change.alert.state, AlertState::kConfirmed);
      EXPECT_EQ(change.alert.handle, change.alert.id);
      EXPECT_FALSE(AlertBefore(change.alert, last));
      last = change.alert;
      EXPECT_TRUE(alerts.emplace(change.alert.id, change.alert).second) << "one id twice";
    }
    return alerts;
  }

  std::map<std::string, Alert> Live() {
    std::vector<Record> arriving = records_;
    std::stable_sort(arriving.begin(), arriving.end(), [](const Record& a, const Record& b) { return a.t < b.t; });
    size_t reach = Pick(0, 1) == 0 ? arriving.size() : Pick(1, 20);  // how far records are shuffled
    for (size_t i = 0; i < arriving.size(); ++i) {
      std::swap(arriving[i],
                arriving[std::min(arriving.size() - 1, i + static_cast<size_t>(Pick(0, static_cast<int>(reach))))]);
    }
    // No event older than this comes after place i, by source.
    std::vector<std::vector<int64_t>> pending(sources_.size(), std::vector<int64_t>(arriving.size() + 1, kEnd));
    for (size_t i = arriving.size(); i-- > 0;) {
      for (size_t s = 0; s < sources_.size(); ++s) {
        pending[s][i] = pending[s][i + 1];
        if (arriving[i].source == sources_[s]) pending[s][i] = std::min(pending[s][i], arriving[i].t);
      }
    }
    Engine engine(content_,
                  {.bounded = false, .closed_world = closed_world_, .keep_firings = false, .drop_duplicates = true});
    event::SourceClock clock(*content_);
    std::map<std::string, Alert> alerts;
    for (size_t i = 0; i < arriving.size();) {
      for (int batch = Pick(1, 8); batch > 0 && i < arriving.size(); --batch, ++i) {
        Add(engine, arriving[i]);
        clock.state(arriving[i].source).coverage.Observe({arriving[i].t});
      }
      for (size_t s = 0; s < sources_.size(); ++s)
        clock.state(sources_[s]).watermark.ns = std::min(pending[s][i], arriving.back().t + 100);
      clock.inputs_watermark.ns = kEnd;
      for (SourceId source : sources_)
        clock.inputs_watermark.ns = std::min(clock.inputs_watermark.ns, clock.state(source).watermark.ns);
      engine.Evaluate(clock);
      Apply(engine, alerts);
    }
    for (SourceId source : sources_) clock.state(source).watermark.ns = INT64_MAX;
    clock.inputs_watermark.ns = INT64_MAX;
    ObserveEnd(clock);
    engine.Evaluate(clock);
    Apply(engine, alerts);
    EXPECT_EQ(engine.counters().late, 0u);
    EXPECT_EQ(engine.counters().late_unjudged, 0u);
    return alerts;
  }

  void Apply(Engine& engine, std::map<std::string, Alert>& alerts) {
    for (AlertChange& change : engine.TakeAlertChanges()) {
      const std::string id = change.alert.id;
      auto it = alerts.find(id);
      if (change.kind == AlertChange::Kind::kNew) {
        EXPECT_TRUE(it == alerts.end()) << Show(change.alert);
        EXPECT_NE(change.alert.supersedes, id);
        const content::Rule& rule = content_->rules[change.alert.rule.value()];
        if (rule.alert_class == content::AlertClass::kOnlyConfirmed && !rule.early) {
          EXPECT_EQ(change.alert.state, AlertState::kConfirmed);
        }
      } else {
        EXPECT_TRUE(it != alerts.end()) << Show(change.alert);
        if (it == alerts.end()) continue;
        EXPECT_EQ(it->second.handle, change.alert.handle);
      }
      if (change.kind == AlertChange::Kind::kWithdrawn) {
        EXPECT_EQ(it->second.state, AlertState::kProvisional)
            << "confirmed, yet withdrawn: " << change.reason << " " << Show(it->second) << Describe();
        alerts.erase(it);
      } else {
        alerts[id] = change.alert;
      }
    }
  }

  std::string Describe() const {
    std::ostringstream out;
    for (size_t r = 0; r < content_->rules.size(); ++r) {
      const content::Rule& rule = content_->rules[r];
      out << "\n"
          << r << " " << rule.name << " alerts " << rule.alerts << " gap " << rule.episode_gap_ns << " max "
          << rule.episode_max_ns << " class " << static_cast<int>(rule.alert_class) << " early " << rule.early;
      if (!rule.is_correlation) continue;
      const Correlation& c = rule.correlation;
      out << " type " << static_cast<int>(c.type) << " timespan " << c.timespan_ns << " refs";
      for (const auto& ref : c.refs)
        out << " " << ref.rule.value() << " (before " << ref.before_ns << " after " << ref.after_ns << ")";
      out << " by";
      for (const auto& field : c.group_by) out << " " << field.name;
      if (c.expression) out << " expr";
    }
    if (records_.size() > 40) return out.str();
    for (const Record& record : records_) {
      out << "\n  " << record.t;
      if (record.hit)
        out << " e" << record.hit->identity.low << "/" << record.hit->rule.value() << " precision "
            << record.hit->precision_ns;
      if (record.link)
        out << " link " << record.link->from << " -> " << record.link->to << " [" << record.link->valid_from << ","
            << record.link->valid_until << "]";
    }
    return out.str();
  }

  std::mt19937_64 random_;
  bool closed_world_;
  World world_;
  std::vector<SourceId> sources_;
  std::vector<RuleId> rules_;
  int64_t link_shift_ = 0;
  std::shared_ptr<const content::ContentSet> content_;
  std::vector<Record> records_;
};

void RunAll(int hits, bool closed_world, uint64_t default_rounds) {
  const uint64_t first = FromEnvironment("TOCSIN_SEED", 1), rounds = FromEnvironment("TOCSIN_ROUNDS", default_rounds);
  for (uint64_t seed = first; seed < first + rounds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("TOCSIN_SEED=" + std::to_string(seed) + " TOCSIN_ROUNDS=1");
    RandomRun(seed, hits, closed_world).Check();
  }
}

TEST(OrderTest, SmallWorlds) { RunAll(12, true, 600); }
TEST(OrderTest, SmallWorldsWithSilences) { RunAll(12, false, 300); }
// Long enough for retention to drop, compact and forget many times over.
TEST(OrderTest, LongRuns) { RunAll(600, true, 12); }
TEST(OrderTest, LongRunsWithSilences) { RunAll(600, false, 8); }

}  // namespace
}  // namespace tocsin::correlate
