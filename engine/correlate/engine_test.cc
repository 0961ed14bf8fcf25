// The contract by name: who alerts when, with what, and what a live run says before it is sure.

#include "engine/correlate/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/correlate/testing/world.h"
#include "engine/event/source_clock.h"

namespace tocsin::correlate {
namespace {

constexpr int64_t kSecond = 1'000'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute;

// One engine over one world: hits and links go in, changes come out.
class TestRun {
 public:
  explicit TestRun(World& world, EngineOptions options = {.bounded = true,
                                                          .closed_world = true,
                                                          .keep_firings = false,
                                                          .drop_duplicates = true})
      : world_(world), content_(world.Seal()), engine_(content_, options), clock_(*content_) {}

  void Hit(RuleId rule, int64_t time_ns, TestEvent event = {}) {
    event.time_ns = time_ns;
    if (event.id == 0) event.id = ++last_id_;
    event.number = event.id;
    engine_.AddHit(world_.MakeHit(rule, event));
    if (event.source.valid()) clock_.state(event.source).coverage.Observe({time_ns});
  }
  void Link(EntityKind from_kind, const std::string& from, EntityKind to_kind, const std::string& to, int64_t seen,
            int64_t valid_from, int64_t valid_until = INT64_MIN) {
    event::Link link;
    link.from_kind = from_kind;
    link.to_kind = to_kind;
    link.from = from;
    link.to = to;
    link.valid_from.ns = valid_from;
    link.valid_until.ns = valid_until;
    link.max_open_ns = 24 * kHour;
    engine_.AddLink(link, {seen});
  }
  void Watermark(int64_t time_ns) {
    for (uint16_t s = 0; s < clock_.size(); ++s) clock_.state(SourceId(s)).watermark.ns = time_ns;
    clock_.inputs_watermark.ns = time_ns;
  }
  std::vector<AlertChange> Changes() {
    engine_.Evaluate(clock_);
    return engine_.TakeAlertChanges();
  }
  std::vector<Alert> Alerts() {
    std::vector<Alert> alerts;
    for (AlertChange& change : Changes()) alerts.push_back(std::move(change.alert));
    return alerts;
  }
  std::vector<Alert> AlertsOf(RuleId rule) {
    std::vector<Alert> alerts = Alerts();
    std::erase_if(alerts, [&](const Alert& alert) { return alert.rule != rule; });
    return alerts;
  }
  Engine& engine() { return engine_; }
  event::SourceClock& clock() { return clock_; }

 private:
  World& world_;
  std::shared_ptr<const content::ContentSet> content_;
  Engine engine_;
  event::SourceClock clock_;
  uint64_t last_id_ = 1000;
};

constexpr EngineOptions kMatch{.bounded = true, .closed_world = true, .keep_firings = true, .drop_duplicates = false};
constexpr EngineOptions kLive{.bounded = false, .closed_world = true, .keep_firings = false, .drop_duplicates = true};
constexpr EngineOptions kReplay{.bounded = true, .closed_world = false, .keep_firings = false, .drop_duplicates = true};

TestEvent With(SourceId source, std::vector<std::pair<EntityKind, std::string>> entities,
               std::vector<std::pair<std::string, std::string>> fields = {}) {
  TestEvent event;
  event.source = source;
  event.entities = std::move(entities);
  event.fields = std::move(fields);
  return event;
}

std::string Group(const Alert& alert) {
  std::string out;
  for (const auto& [name, value] : alert.group) out += (out.empty() ? "" : " ") + name + "=" + value;
  return out;
}

TEST(Engine, WindowsAreInclusiveAndFireAtEveryFurtherHit) {
  World world;
  RuleId failed = world.AddDetection("failed");
  RuleId burst = world.AddCorrelation("burst", CorrelationType::kEventCount, {failed}, {}, 10 * kSecond);
  world.AddThreshold(burst, Compare::kGte, 3);
  TestRun run(world, kMatch);
  for (int64_t t : {0, 5, 10, 11, 30}) run.Hit(failed, t * kSecond);
  run.engine().Evaluate(run.clock());
  const auto& firings = run.engine().firings();
  ASSERT_EQ(firings.size(), 2u);
  EXPECT_EQ(firings[0].time.ns, 10 * kSecond) << "exactly timespan ago is still inside";
  EXPECT_EQ(firings[0].value, "3");
  EXPECT_EQ(firings[1].time.ns, 11 * kSecond);
  EXPECT_FALSE(firings[0].decided_at.known());
}

// Scenario 3: the flow has a host, the job a repo; the link joins them, and the chain reads the repo from the members.
struct Flagship {
  World world;
  SourceId github, hubble, registry;
  RuleId privileged, egress, pushed, egress_privileged, tag_moved, chain;
  Flagship() {
    github = world.AddSource("github");
    hubble = world.AddSource("hubble");
    registry = world.AddSource("registry");
    content::LinkDef link;
    link.from = EntityKind::kHost;
    link.to = EntityKind::kJob;
    link.valid_from_shift_ns = -2 * kMinute;
    world.content().sources[github.value()].links.push_back(link);
    privileged = world.AddDetection("privileged_job", github);
    egress = world.AddDetection("egress_not_allowed", hubble);
    pushed = world.AddDetection("image_pushed", registry);
    egress_privileged = world.AddCorrelation("egress_privileged_job", CorrelationType::kTemporal, {privileged, egress},
                                             {"entity.job"}, 6 * kHour);
    tag_moved = world.AddCorrelation("tag_change_moved", CorrelationType::kValueChange, {pushed}, {"entity.tag"},
                                     30 * 24 * kHour);
    world.AddField(tag_moved, "digest");
    world.rule(tag_moved).alert_class = content::AlertClass::kMayBeRetracted;
    chain = world.AddCorrelation("chain", CorrelationType::kTemporalOrdered, {egress_privileged, tag_moved, privileged},
                                 {"entity.repo"}, 90 * kMinute);
    world.rule(chain).correlation.expression = AndExpr({RefExpr(0), OrExpr({RefExpr(1), RefExpr(2)})});
    world.rule(chain).level = content::Level::kCritical;
    world.rule(chain).alert_class = content::AlertClass::kMayBeRetracted;
  }
  TestEvent Job() {
    return With(github, {{EntityKind::kJob, "gh:job:1"},
                         {EntityKind::kRepo, "github.com/acme/api"},
                         {EntityKind::kRun, "gh:run:7001"}});
  }
  TestEvent Flow() { return With(hubble, {{EntityKind::kHost, "runner-x9f2"}, {EntityKind::kDest, "198.51.100.23"}}); }
  TestEvent Push(const std::string& digest) {
    return With(registry, {{EntityKind::kTag, "reg/api:2.5.0"}, {EntityKind::kRepo, "github.com/acme/api"}},
                {{"digest", digest}});
  }
};

TEST(Engine, FlagshipChainsThroughLinksAndMembers) {
  Flagship f;
  TestRun run(f.world);
  run.Hit(f.pushed, 0, f.Push("sha256:c1"));
  run.Hit(f.pushed, 11 * kMinute, f.Push("sha256:d9"));
  run.Hit(f.egress, 6 * kMinute, f.Flow());
  run.Hit(f.privileged, 2 * kMinute, f.Job());
  run.Link(EntityKind::kHost, "runner-x9f2", EntityKind::kJob, "gh:job:1", 2 * kMinute, 0);
  std::vector<Alert> alerts = run.Alerts();
  ASSERT_EQ(alerts.size(), 3u);
  auto find = [&](RuleId rule) {
    return *std::find_if(alerts.begin(), alerts.end(), [&](const Alert& a) { return a.rule == rule; });
  };
  Alert egress = find(f.egress_privileged);
  EXPECT_EQ(Group(egress), "entity.job=gh:job:1");
  EXPECT_EQ(egress.first_firing.ns, 6 * kMinute);
  EXPECT_EQ(egress.first_event.ns, 2 * kMinute);
  EXPECT_EQ(egress.event_count, 2u);
  EXPECT_EQ(egress.value, "2");
  EXPECT_EQ(find(f.tag_moved).value, R"({"from":"sha256:c1","to":"sha256:d9"})");
  Alert chain = find(f.chain);
  EXPECT_EQ(Group(chain), "entity.repo=github.com/acme/api");
  EXPECT_EQ(chain.first_firing.ns, 11 * kMinute);
  EXPECT_EQ(chain.level, content::Level::kCritical);
  EXPECT_EQ(chain.event_count, 4u) << "the leaves of both inner firings";
  EXPECT_EQ(chain.entities[EntityKind::kRun], std::vector<std::string>{"gh:run:7001"});
  EXPECT_EQ(chain.entities[EntityKind::kHost], std::vector<std::string>{"runner-x9f2"});
  EXPECT_EQ(run.engine().counters().unresolved_keys, 0u);
  std::vector<std::string> jobs;
  run.engine().Resolve(EntityKind::kHost, "runner-x9f2", {6 * kMinute}, EntityKind::kJob, jobs);
  EXPECT_EQ(jobs, std::vector<std::string>{"gh:job:1"});
}

TEST(Engine, FlowOutsideEveryJobHasNoGroup) {
  Flagship f;
  TestRun run(f.world);
  run.Hit(f.privileged, 2 * kMinute, f.Job());
  run.Hit(f.egress, 17 * kMinute, f.Flow());
  run.Link(EntityKind::kHost, "runner-x9f2", EntityKind::kJob, "gh:job:1", 2 * kMinute, 0);
  run.Link(EntityKind::kHost, "runner-x9f2", EntityKind::kJob, "gh:job:1", 5 * kMinute, 0, 15 * kMinute);
  EXPECT_TRUE(run.Alerts().empty());
  EXPECT_EQ(run.engine().counters().unresolved_keys, 1u);
}

TEST(Engine, LiveHitWaitsForItsLinkAndIsCountedWhenNoneComes) {
  Flagship f;
  TestRun run(f.world, kLive);
  run.Watermark(kMinute);
  run.Hit(f.privileged, 2 * kMinute, f.Job());
  run.Hit(f.egress, 3 * kMinute, f.Flow());
  TestEvent stray = f.Flow();
  stray.entities[0].second = "elsewhere";
  run.Hit(f.egress, 3 * kMinute, stray);
  EXPECT_TRUE(run.Alerts().empty());
  run.Watermark(4 * kMinute);  // the link may say that it held two minutes before its event
  EXPECT_TRUE(run.Alerts().empty());
  EXPECT_EQ(run.engine().counters().unresolved_keys, 0u);
  run.Link(EntityKind::kHost, "runner-x9f2", EntityKind::kJob, "gh:job:1", 4 * kMinute, 2 * kMinute);
  std::vector<Alert> alerts = run.AlertsOf(f.egress_privileged);
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].state, AlertState::kProvisional);
  EXPECT_EQ(alerts[0].first_firing.ns, 3 * kMinute);
  run.Watermark(5 * kMinute + 1);
  alerts = run.AlertsOf(f.egress_privileged);
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].state, AlertState::kConfirmed);
  EXPECT_EQ(run.engine().counters().unresolved_keys, 1u);
}

TEST(Engine, LinkThatClosesTakesTheHitOutOfItsGroup) {
  Flagship f;
  TestRun run(f.world, kLive);
  run.Watermark(0);
  run.Hit(f.privileged, 2 * kMinute, f.Job());
  run.Hit(f.egress, 17 * kMinute, f.Flow());
  run.Link(EntityKind::kHost, "runner-x9f2", EntityKind::kJob, "gh:job:1", 2 * kMinute, 0);
  ASSERT_EQ(run.AlertsOf(f.egress_privileged).size(), 1u);
  run.Link(EntityKind::kHost, "runner-x9f2", EntityKind::kJob, "gh:job:1", 5 * kMinute, 0, 15 * kMinute);
  std::vector<AlertChange> changes = run.Changes();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].kind, AlertChange::Kind::kWithdrawn);
  EXPECT_EQ(changes[0].alert.state, AlertState::kWithdrawn);
  EXPECT_EQ(changes[0].reason, "condition no longer holds after late event");
}

struct Approval {
  World world;
  SourceId registry, reviews;
  RuleId approved, tagged, rule;
  explicit Approval(int64_t silence_after = 10 * kMinute) {
    registry = world.AddSource("registry", silence_after);
    reviews = world.AddSource("reviews", silence_after);
    approved = world.AddDetection("approved", reviews);
    tagged = world.AddDetection("tagged", registry);
    rule = world.AddCorrelation("unapproved", CorrelationType::kTemporalOrdered, {approved, tagged}, {}, 15 * kMinute);
    world.rule(rule).correlation.expression = AndExpr({NotExpr(RefExpr(0)), RefExpr(1)});
    world.rule(rule).alert_class = content::AlertClass::kOnlyConfirmed;
  }
};

TEST(Engine, AbsenceWithoutCoverageIsNamedAndStillOpens) {
  Approval a;
  TestRun run(a.world, kReplay);
  for (int64_t t : {0, 8, 16}) run.clock().state(a.reviews).coverage.Observe({t * kMinute});
  run.clock().state(a.reviews).coverage.Observe({60 * kMinute});
  run.Hit(a.tagged, 15 * kMinute, With(a.registry, {}));
  run.Hit(a.tagged, 40 * kMinute, With(a.registry, {}));
  std::vector<Alert> alerts = run.Alerts();
  ASSERT_EQ(alerts.size(), 2u);
  EXPECT_FALSE(alerts[0].absence_unverified);
  EXPECT_TRUE(alerts[0].notes.empty());
  EXPECT_TRUE(alerts[1].absence_unverified);
  EXPECT_EQ(alerts[1].notes,
            std::vector<std::string>{"unverified: source reviews silent 1970-01-01T00:25:00Z - 1970-01-01T00:40:00Z"});
  EXPECT_TRUE(run.engine().inactive_rules().empty());
}

TEST(Engine, RuleIsInactiveWhenNobodyCouldAnswerForItsNot) {
  Approval a;
  TestRun run(a.world, kReplay);
  run.Hit(a.tagged, 15 * kMinute, With(a.registry, {}));
  EXPECT_TRUE(run.Alerts().empty());
  EXPECT_EQ(run.engine().inactive_rules(), std::vector<RuleId>{a.rule});
}

TEST(Engine, OnlyConfirmedRulesWaitForTheWatermark) {
  for (bool early : {false, true}) {
    Approval a;
    a.world.rule(a.rule).early = early;
    TestRun run(a.world, kLive);
    run.Watermark(14 * kMinute);
    run.Hit(a.tagged, 15 * kMinute, With(a.registry, {}));
    std::vector<Alert> alerts = run.Alerts();
    ASSERT_EQ(alerts.size(), early ? 1u : 0u);
    if (early) {
      EXPECT_EQ(alerts[0].state, AlertState::kProvisional);
      run.Hit(a.approved, 15 * kMinute, With(a.reviews, {}));
      std::vector<AlertChange> changes = run.Changes();
      ASSERT_EQ(changes.size(), 1u);
      EXPECT_EQ(changes[0].kind, AlertChange::Kind::kWithdrawn) << "an approval at the same moment excuses";
      continue;
    }
    run.Watermark(15 * kMinute + 1);
    EXPECT_TRUE(run.Alerts().empty()) << "what is as old as the watermark may still come";
    run.Watermark(15 * kMinute + 2);
    alerts = run.Alerts();
    ASSERT_EQ(alerts.size(), 1u);
    EXPECT_EQ(alerts[0].state, AlertState::kConfirmed);
  }
}

TEST(Engine, AbsenceAfterwardsDecidesLater) {
  World world;
  RuleId moved = world.AddDetection("moved"), approved = world.AddDetection("approved");
  RuleId rule =
      world.AddCorrelation("never_approved", CorrelationType::kTemporalOrdered, {moved, approved}, {}, 6 * kHour);
  world.rule(rule).correlation.expression = AndExpr({RefExpr(0), NotExpr(RefExpr(1))});
  world.rule(rule).correlation.refs[1].after_ns = 30 * kMinute;
  TestRun run(world, kMatch);
  run.Hit(moved, 0);
  run.Hit(moved, 20 * kMinute);
  run.Hit(approved, 45 * kMinute);
  run.Hit(moved, 60 * kMinute);
  run.engine().Evaluate(run.clock());
  const auto& firings = run.engine().firings();
  ASSERT_EQ(firings.size(), 2u);
  EXPECT_EQ(firings[0].time.ns, 0);
  EXPECT_EQ(firings[0].decided_at.ns, 30 * kMinute);
  EXPECT_EQ(firings[1].time.ns, 60 * kMinute);
}

struct Burst {
  World world;
  SourceId source;
  RuleId failed, burst;
  Burst() {
    source = world.AddSource("git");
    failed = world.AddDetection("failed", source);
    burst = world.AddCorrelation("burst", CorrelationType::kEventCount, {failed}, {"token"}, 5 * kMinute);
    world.AddThreshold(burst, Compare::kGte, 2);
  }
  TestEvent Event(uint64_t id = 0) {
    TestEvent event = With(source, {}, {{"token", "t1"}});
    event.id = id;
    return event;
  }
};

TEST(Engine, LateEventMovesTheFirstFiringAndTheHandleStays) {
  Burst b;
  TestRun run(b.world, kLive);
  run.Watermark(0);
  run.Hit(b.failed, 10 * kMinute, b.Event());
  run.Hit(b.failed, 11 * kMinute, b.Event());
  std::vector<AlertChange> changes = run.Changes();
  ASSERT_EQ(changes.size(), 1u);
  Alert first = changes[0].alert;
  EXPECT_EQ(first.state, AlertState::kProvisional);
  EXPECT_EQ(first.handle, first.id);

  run.Hit(b.failed, 12 * kMinute, b.Event());
  changes = run.Changes();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].kind, AlertChange::Kind::kRevised);
  EXPECT_EQ(changes[0].alert.id, first.id);
  EXPECT_EQ(changes[0].alert.firings, 2u);

  run.Hit(b.failed, 9 * kMinute, b.Event());
  changes = run.Changes();
  ASSERT_EQ(changes.size(), 2u);
  const AlertChange& now = changes[0].kind == AlertChange::Kind::kNew ? changes[0] : changes[1];
  const AlertChange& gone = changes[0].kind == AlertChange::Kind::kNew ? changes[1] : changes[0];
  EXPECT_NE(now.alert.id, first.id);
  EXPECT_EQ(now.alert.supersedes, first.id);
  EXPECT_EQ(now.alert.handle, first.id);
  EXPECT_EQ(gone.kind, AlertChange::Kind::kWithdrawn);
  EXPECT_EQ(gone.alert.id, first.id);
  EXPECT_EQ(gone.reason, "superseded by " + now.alert.id);

  run.Watermark(10 * kMinute + 1);
  changes = run.Changes();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].alert.state, AlertState::kConfirmed);
  EXPECT_TRUE(run.Changes().empty());
  EXPECT_EQ(run.engine().counters().late, 0u);
  run.Hit(b.failed, 8 * kMinute, b.Event());
  EXPECT_EQ(run.engine().counters().late, 1u);
}

// A source that nothing has carried yet has no watermark. Its first events may be as late as any of it.
TEST(Engine, TheFirstEventOfASourceMayBeAsLateAsItsOthers) {
  World world;
  const SourceId source = world.AddSource("slow", 0, 10 * kMinute);
  const RuleId rule = world.AddDetection("seen", source, /*alerts=*/true);
  TestRun run(world, kLive);
  run.clock().inputs_watermark.ns = kHour;
  run.Changes();
  run.Hit(rule, kHour - 8 * kMinute);
  EXPECT_EQ(run.engine().counters().late, 0u);
  const std::vector<Alert> alerts = run.Alerts();
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].state, AlertState::kProvisional);
  run.Hit(rule, kHour - 11 * kMinute);
  EXPECT_EQ(run.engine().counters().late, 1u);
}

TEST(Engine, CopiesAreDroppedAndOtherBytesAreAnotherEvent) {
  Burst b;
  TestRun run(b.world);
  run.Hit(b.failed, kMinute, b.Event(7));
  run.Hit(b.failed, kMinute, b.Event(7));
  EXPECT_TRUE(run.Alerts().empty());
  EXPECT_EQ(run.engine().counters().duplicates, 1u);
  TestEvent other = b.Event(7);
  other.fields.emplace_back("token", "t2");
  run.Hit(b.failed, kMinute, other);
  EXPECT_EQ(run.Alerts().size(), 1u);
  EXPECT_EQ(run.engine().counters().id_conflicts, 1u);
}

TEST(Engine, HitsWithoutATimeTakeNoPart) {
  Burst b;
  TestRun run(b.world);
  run.Hit(b.failed, INT64_MIN, b.Event());
  run.Hit(b.failed, INT64_MIN, b.Event());
  EXPECT_TRUE(run.Alerts().empty());
  EXPECT_EQ(run.engine().counters().no_time, 2u);
}

TEST(Engine, EpisodesEndAfterTheGapAndAreCut) {
  Burst b;
  b.world.rule(b.burst).episode_gap_ns = 2 * kMinute;
  b.world.rule(b.burst).episode_max_ns = 5 * kMinute;
  TestRun run(b.world);
  for (int64_t t : {0, 1, 2, 3, 4, 5, 6, 7, 20, 21}) run.Hit(b.failed, t * kMinute, b.Event());
  std::vector<Alert> alerts = run.Alerts();
  ASSERT_EQ(alerts.size(), 3u);
  EXPECT_EQ(alerts[0].first_firing.ns, 1 * kMinute);
  EXPECT_EQ(alerts[0].last_firing.ns, 6 * kMinute) << "cut five minutes after its first";
  EXPECT_EQ(alerts[1].first_firing.ns, 7 * kMinute);
  EXPECT_EQ(alerts[2].first_firing.ns, 21 * kMinute);
  EXPECT_EQ(alerts[2].firings, 1u);
}

TEST(Engine, EachNewValueIsAnAlertAndLaterSightingsJoin) {
  World world;
  RuleId use = world.AddDetection("use");
  RuleId rule = world.AddCorrelation("new_address", CorrelationType::kValueFirstSeen, {use}, {"token"}, kHour);
  world.AddField(rule, "ip");
  world.rule(rule).correlation.learning_ns = 10 * kMinute;
  TestRun run(world);
  auto at = [&](int64_t minute, const char* ip) {
    run.Hit(use, minute * kMinute, With(SourceId(), {}, {{"token", "t"}, {"ip", ip}}));
  };
  at(0, "10.0.0.1");
  at(9, "10.0.0.2");  // learning
  at(20, "203.0.113.7");
  at(30, "10.0.0.2");
  at(40, "203.0.113.7");
  at(50, "203.0.113.9");
  std::vector<Alert> alerts = run.Alerts();
  ASSERT_EQ(alerts.size(), 2u);
  EXPECT_EQ(alerts[0].value, "\"203.0.113.7\"");
  EXPECT_EQ(alerts[0].firings, 1u);
  EXPECT_EQ(alerts[0].event_count, 2u);
  EXPECT_EQ(alerts[0].last_firing.ns, 20 * kMinute);
  EXPECT_EQ(alerts[0].last_event.ns, 40 * kMinute);
  EXPECT_EQ(alerts[1].value, "\"203.0.113.9\"");
}

TEST(Engine, FirstSeenValuesAndLearningFallback) {
  const auto pattern = [](const std::string& text) { return content::Pattern{{{content::Pattern::Kind::kLiteral, text}}}; };
  const auto values = [&](std::vector<content::Pattern> may_fire, std::optional<std::vector<content::Pattern>> fallback) {
    World world;
    RuleId use = world.AddDetection("use");
    RuleId rule = world.AddCorrelation("new_user", CorrelationType::kValueFirstSeen, {use}, {}, kHour);
    world.AddField(rule, "user");
    world.rule(rule).correlation.learning_ns = 10 * kMinute;
    world.rule(rule).correlation.values = std::move(may_fire);
    world.rule(rule).correlation.learning_fallback = std::move(fallback);
    TestRun run(world);
    int64_t minute = 0;
    for (const char* user : {"known", "stranger"}) run.Hit(use, ++minute * kMinute, With(SourceId(), {}, {{"user", user}}));
    for (const char* user : {"stranger", "ANONYMOUS", "other", "known"}) run.Hit(use, (10 + ++minute) * kMinute, With(SourceId(), {}, {{"user", user}}));
    std::string out;
    for (const Alert& alert : run.Alerts()) out += alert.value + " ";
    return out;
  };
  EXPECT_EQ(values({}, std::nullopt), "\"ANONYMOUS\" \"other\" ");
  EXPECT_EQ(values({pattern("anonymous")}, std::nullopt), "\"ANONYMOUS\" ") << "the others are learned and do not fire";
  EXPECT_EQ(values({}, {{pattern("Known")}}), "\"stranger\" \"ANONYMOUS\" \"other\" ") << "what the list does not know fires while the group learns";
  EXPECT_EQ(values({}, {{}}), "\"known\" \"stranger\" \"ANONYMOUS\" \"other\" ") << "an empty list knows nothing";
}

TEST(Engine, LoneHitsGroupByTheirPrincipals) {
  World world;
  SourceId source = world.AddSource("cloud");
  world.content().sources[0].fallback_entity = EntityKind::kIp;
  RuleId rule = world.AddDetection("root_login", source, true);
  TestRun run(world);
  run.Hit(
      rule, 0,
      With(source, {{EntityKind::kIp, "192.0.2.1"}, {EntityKind::kAccessKey, "AKIA1"}, {EntityKind::kToken, "gh:1"}}));
  run.Hit(rule, 59 * kMinute, With(source, {{EntityKind::kToken, "gh:1"}, {EntityKind::kAccessKey, "AKIA1"}}));
  run.Hit(rule, kMinute, With(source, {{EntityKind::kIp, "192.0.2.1"}}));
  run.Hit(rule, 2 * kMinute, With(source, {{EntityKind::kActor, "aws:x"}}));
  std::vector<Alert> alerts = run.Alerts();
  ASSERT_EQ(alerts.size(), 3u);
  EXPECT_EQ(Group(alerts[0]), "token=gh:1 access_key=AKIA1");
  EXPECT_EQ(alerts[0].event_count, 2u);
  EXPECT_TRUE(alerts[0].value.empty());
  EXPECT_TRUE(alerts[0].notes.empty());
  EXPECT_EQ(Group(alerts[1]), "ip=192.0.2.1");
  EXPECT_EQ(alerts[1].notes, std::vector<std::string>{"unbound"});
  EXPECT_EQ(Group(alerts[2]), "");
  EXPECT_EQ(alerts[2].notes, std::vector<std::string>{"unbound"});
  EXPECT_NE(alerts[1].id, alerts[2].id);
}

TEST(Engine, SilentRulesFeedOthersAndSayNothing) {
  World world;
  RuleId hit = world.AddDetection("hit");
  RuleId inner = world.AddCorrelation("inner", CorrelationType::kEventCount, {hit}, {"g"}, kMinute);
  world.AddThreshold(inner, Compare::kGte, 2);
  world.rule(inner).alerts = false;
  RuleId outer = world.AddCorrelation("outer", CorrelationType::kEventCount, {inner}, {"g"}, kHour);
  world.AddThreshold(outer, Compare::kGte, 3);
  TestRun run(world);
  for (int64_t t : {0, 1, 2, 3}) run.Hit(hit, t * kSecond, With(SourceId(), {}, {{"g", "x"}}));
  std::vector<Alert> alerts = run.Alerts();
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].rule, outer);
  EXPECT_EQ(alerts[0].first_firing.ns, 3 * kSecond)
      << "one for each firing of the inner rule, not one for each episode";
  EXPECT_EQ(alerts[0].event_count, 4u);
}

TEST(Engine, LimitsAreCountedAndNamed) {
  World world;
  RuleId hit = world.AddDetection("hit");
  RuleId rule = world.AddCorrelation("all", CorrelationType::kEventCount, {hit}, {}, kHour);
  world.AddThreshold(rule, Compare::kGte, 1);
  RuleId fan = world.AddCorrelation("fan", CorrelationType::kEventCount, {hit}, {"a", "b"}, kHour);
  world.AddThreshold(fan, Compare::kGte, 1);
  TestRun run(world);
  TestEvent wide;
  for (int i = 0; i < 9; ++i) {
    wide.fields.emplace_back("a", std::to_string(i));
    wide.fields.emplace_back("b", std::to_string(i));
  }
  run.Hit(hit, 0, wide);
  for (int i = 0; i < 300; ++i)
    run.Hit(hit, i,
            With(SourceId(), {{EntityKind::kIp, "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256)}}));
  std::vector<Alert> alerts = run.Alerts();
  ASSERT_EQ(alerts.size(), 1 + kMaxGroupsPerHit);
  EXPECT_EQ(run.engine().counters().group_fanout_limit, 1u);
  auto all = std::find_if(alerts.begin(), alerts.end(), [&](const Alert& a) { return a.rule == rule; });
  EXPECT_EQ(all->event_count, 301u);
  EXPECT_EQ(all->events.size(), 2 * kAlertEventsKept);
  EXPECT_EQ(all->entities[EntityKind::kIp].size(), kAlertKeysKept);
  EXPECT_EQ(all->notes, std::vector<std::string>{"degraded: 300 keys of kind ip, the first 256 kept"});
}

TEST(Engine, LiveRunsForgetWhatNothingCanReach) {
  Burst b;
  RuleId seen = b.world.AddCorrelation("seen", CorrelationType::kValueFirstSeen, {b.failed}, {"token"}, kHour);
  b.world.AddField(seen, "ip");
  RuleId changed = b.world.AddCorrelation("changed", CorrelationType::kValueChange, {b.failed}, {"token"}, kHour);
  b.world.AddField(changed, "ip");
  for (RuleId rule : {seen, changed, b.burst})
    b.world.rule(rule).episode_gap_ns = b.world.rule(rule).episode_max_ns = kMinute;
  TestRun run(b.world, kLive);
  uint64_t held_most = 0, alerts = 0;
  for (int64_t i = 0; i < 3'000; ++i) {
    TestEvent event = b.Event();
    event.fields.emplace_back("ip", std::to_string(i % 7));
    run.Hit(b.failed, i * 10 * kSecond, event);
    run.Watermark(i * 10 * kSecond - kMinute);
    for (const AlertChange& change : run.Changes()) alerts += change.kind == AlertChange::Kind::kNew;
    held_most = std::max(held_most, run.engine().counters().hits_held);
  }
  EXPECT_GT(alerts, 2'900u) << "a change at every hit";
  EXPECT_LT(held_most, 1000u) << "an hour is 360 hits";
  EXPECT_EQ(run.engine().counters().late_unjudged, 0u);
}

// The symptom: a rule was evaluated before any of its sources had been seen, everything counted as settled then, and the
// hits that came later were too late for ever.
TEST(Engine, NothingIsSettledBeforeASourceTurnsUp) {
  Burst b;
  TestRun run(b.world, kLive);
  EXPECT_TRUE(run.Alerts().empty());
  run.Hit(b.failed, 10 * kMinute, b.Event());
  run.Hit(b.failed, 11 * kMinute, b.Event());
  std::vector<Alert> alerts = run.Alerts();
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].state, AlertState::kProvisional);
  EXPECT_EQ(run.engine().counters().late, 0u);
  EXPECT_EQ(run.engine().counters().late_unjudged, 0u);
}

// Two processes: the second one is told what the first published, and gets the hits of its reach again.
struct Restarted {
  Burst b;
  std::vector<TestEvent> events;
  std::map<std::string, Alert> alerts;   // as a store would have them

  void Add(int64_t time_ns) {
    TestEvent event = b.Event();
    event.time_ns = time_ns;
    event.id = events.size() + 1;
    events.push_back(event);
  }
  std::vector<AlertChange> Take(TestRun& run) {
    std::vector<AlertChange> changes = run.Changes();
    for (const AlertChange& change : changes) {
      if (change.kind == AlertChange::Kind::kWithdrawn) alerts.erase(change.alert.id);
      else alerts[change.alert.id] = change.alert;
    }
    return changes;
  }
  void Feed(TestRun& run, size_t begin, size_t end, int64_t from_ns = INT64_MIN) {
    for (size_t i = begin; i < end; ++i) {
      if (events[i].time_ns >= from_ns) run.Hit(b.failed, events[i].time_ns, events[i]);
    }
  }
  std::vector<Alert> Stored() const {
    std::vector<Alert> out;
    for (const auto& [id, alert] : alerts) out.push_back(alert);
    return out;
  }
};

TEST(Engine, ARestartIsInvisible) {
  // Failures all day with pauses: episodes that are closed, one that the reach cuts in two, and one that is open.
  for (const int64_t restart_at : {1, 7, 30, 47, 60, 99}) {
    Restarted r;
    for (int64_t i = 0; i < 100; ++i) r.Add(i * 20 * kMinute + (i / 25) * 3 * kHour);
    r.b.world.rule(r.b.burst).correlation.timespan_ns = kHour;
    r.b.world.rule(r.b.burst).episode_gap_ns = kHour;
    r.b.world.rule(r.b.burst).episode_max_ns = 6 * kHour;
    std::map<std::string, Alert> whole;
    {
      TestRun run(r.b.world, kLive);
      r.Feed(run, 0, r.events.size());
      run.Watermark(r.events.back().time_ns + 24 * kHour);
      r.Take(run);
      whole = std::exchange(r.alerts, {});
    }
    const size_t at = static_cast<size_t>(restart_at);
    int64_t judged_until = r.events[at - 1].time_ns - kMinute;
    {
      TestRun first(r.b.world, kLive);
      for (size_t i = 0; i < at; ++i) {
        r.Feed(first, i, i + 1);
        first.Watermark(r.events[i].time_ns - kMinute);
        r.Take(first);
      }
    }
    TestRun second(r.b.world, kLive);
    second.engine().Resume(r.Stored(), {judged_until});
    r.Feed(second, 0, at, judged_until - second.engine().longest_timespan_ns());
    second.Watermark(judged_until);
    EXPECT_TRUE(r.Take(second).empty()) << "restart at " << restart_at;
    r.Feed(second, at, r.events.size());
    second.Watermark(r.events.back().time_ns + 24 * kHour);
    r.Take(second);
    EXPECT_EQ(r.alerts, whole) << "restart at " << restart_at;
  }
}

// What a group has learned, and what was reported to its parent, is made again from the hits that come again.
TEST(Engine, ARestartForgetsNothingThatWasLearned) {
  for (uint64_t seed = 1; seed <= 100 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto pick = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
    Restarted r;
    World& world = r.b.world;
    const RuleId seen = world.AddCorrelation("seen", CorrelationType::kValueFirstSeen, {r.b.failed}, {"token"}, kHour);
    world.AddField(seen, "ip");
    content::Rule& rule = world.rule(seen);
    rule.correlation.learning_ns = pick(10, 100) * kMinute;
    const content::FieldId actor = world.content().fields.Intern("actor");
    if (pick(0, 3) > 0) rule.correlation.learning_parent = {"actor", {actor}};
    rule.alert_class = content::AlertClass::kMayBeRetracted;
    rule.episode_gap_ns = rule.episode_max_ns = 0;
    world.rule(r.b.burst).alerts = false;  // whose reach would hide what this rule needs
    for (int i = 0; i < 400; ++i) {
      TestEvent event = With(r.b.source, {}, {{"ip", std::to_string(pick(0, 5))}, {"token", std::to_string(pick(0, 3))}, {"actor", std::to_string(pick(0, 1))}});
      event.time_ns = (r.events.empty() ? 0 : r.events.back().time_ns) + pick(1, pick(0, 9) == 0 ? 90 : 12) * kMinute;
      event.id = r.events.size() + 1;
      r.events.push_back(event);
    }
    std::map<std::string, Alert> whole;
    {
      TestRun run(world, kLive);
      r.Feed(run, 0, r.events.size());
      run.Watermark(r.events.back().time_ns + 24 * kHour);
      r.Take(run);
      whole = std::exchange(r.alerts, {});
    }
    const size_t at = static_cast<size_t>(pick(1, 399));
    const int64_t judged_until = r.events[at - 1].time_ns - kMinute;
    {
      TestRun first(world, kLive);
      for (size_t i = 0; i < at; ++i) {
        r.Feed(first, i, i + 1);
        first.Watermark(r.events[i].time_ns - kMinute);
        r.Take(first);
      }
    }
    TestRun second(world, kLive);
    second.engine().Resume(r.Stored(), {judged_until});
    r.Feed(second, 0, at, judged_until - second.engine().longest_timespan_ns());
    second.Watermark(judged_until);
    EXPECT_TRUE(r.Take(second).empty());
    for (size_t i = at; i < r.events.size(); ++i) {
      r.Feed(second, i, i + 1);
      second.Watermark(r.events[i].time_ns - kMinute);
      r.Take(second);
    }
    second.Watermark(r.events.back().time_ns + 24 * kHour);
    r.Take(second);
    EXPECT_EQ(r.alerts, whole);
  }
}

TEST(Engine, ARestartKeepsHandlesAndWithdrawsWhatNoLongerHolds) {
  Restarted r;
  for (const int64_t minute : {10, 11, 12}) r.Add(minute * kMinute);
  std::string published;
  {
    TestRun first(r.b.world, kLive);
    first.Watermark(0);
    r.Feed(first, 0, 3);
    r.Take(first);
    ASSERT_EQ(r.alerts.size(), 1u);
    published = r.alerts.begin()->first;
  }
  TestRun second(r.b.world, kLive);
  second.engine().Resume(r.Stored(), {13 * kMinute});
  r.Add(9 * kMinute);  // came while nobody listened
  r.Feed(second, 0, 4);
  second.Watermark(5 * kMinute);
  r.Take(second);
  ASSERT_EQ(r.alerts.size(), 1u);
  EXPECT_NE(r.alerts.begin()->first, published);
  EXPECT_EQ(r.alerts.begin()->second.handle, published);
  EXPECT_EQ(r.alerts.begin()->second.supersedes, published);
}

TEST(Engine, WhatWasConfirmedStaysSoAfterARestart) {
  Restarted r;
  for (const int64_t minute : {10, 11}) r.Add(minute * kMinute);
  {
    TestRun first(r.b.world, kLive);
    r.Feed(first, 0, 2);
    first.Watermark(kHour);
    r.Take(first);
    ASSERT_EQ(r.alerts.begin()->second.state, AlertState::kConfirmed);
  }
  TestRun second(r.b.world, kLive);
  second.engine().Resume(r.Stored(), {11 * kMinute});
  r.Feed(second, 0, 2);
  second.Watermark(5 * kMinute);  // behind again
  EXPECT_TRUE(r.Take(second).empty());
  EXPECT_EQ(r.alerts.begin()->second.state, AlertState::kConfirmed);
}

TEST(Engine, ReachIncludesOuterRulesAndOpenEpisodes) {
  Flagship f;
  f.world.Seal();
  Engine engine(f.world.Seal(), kLive);
  EXPECT_GE(engine.longest_timespan_ns(), 30 * 24 * kHour);
}

}  // namespace
}  // namespace tocsin::correlate
