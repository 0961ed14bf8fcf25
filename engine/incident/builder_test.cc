#include "engine/incident/builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/incident/internal/sha256.h"
#include "engine/incident/internal/timeline.h"
#include "engine/incident/render.h"
#include "engine/incident/testing/world.h"

namespace tocsin::incident {
namespace {

using enum content::EntityKind;

constexpr char kSources[] = R"yaml(
name: ci
logsource: {category: any}
recognise: {kind: job}
time: [at]
identity: [id id, record]
silence_after: 30m
retention: 3d
classes: [E1, E6]
entities: {run: 'gh:run:{run}', job: 'gh:job:{job}', runner: 'gh:runner:{runner}', repo: '{repo}', environment: '{env}'}
links:
  - {from: {host: '{runner}'}, to: {job: 'gh:job:{job}'}, valid_from: started - 2m, valid_until: completed + 10m}
  - {from: {host: '{runner}'}, to: {run: 'gh:run:{run}'}, valid_from: started - 2m, valid_until: completed + 10m}
  - {from: {runner: 'gh:runner:{runner}'}, to: {job: 'gh:job:{job}'}, valid_from: started - 2m, valid_until: completed + 10m}
summary: ['job {job} {status}']
---
name: flow
logsource: {category: any}
recognise: {kind: flow}
time: [at]
identity: [id id, record]
silence_after: 30m
retention: 15m
classes: [E6]
entities: {host: '{host}', pod: 'prod/ci/{host}', dest: '{dest}'}
summary: ['{host} -> {dest}']
---
name: cloud
logsource: {category: any}
recognise: {kind: cloud}
time: [at]
identity: [id id, record]
silence_after: 30m
retention: 90d
classes: [E1, E2]
entities:
  access_key: {all: ['{key}', '{new_key}']}
  repo: '{repo}'
  environment: '{env}'
  tag: '{tag}'
  cloud_principal: '{role}'
  ip: '{ip}'
summary: ['{call} {tag}', '{call}']
---
name: audit
logsource: {category: any}
recognise: {kind: audit}
time: [at]
identity: [id id, record]
silence_after: 30m
retention: 180d
classes: [E1]
entities: {repo: '{repo}', token: '{token}', run: 'gh:run:{run}', actor: '{actor}'}
summary: ['{action} {note}', '{action}']
)yaml";

constexpr char kRules[] = R"yaml(
title: Egress during a privileged job
name: egress_privileged_job
tags: [tocsin.playbook.runner]
logsource: {category: any}
level: high
detection: {a: {kind: flow}, condition: a}
---
title: Credential off the runner
name: runner_cred_off_runner
tags: [tocsin.playbook.runner]
logsource: {category: any}
level: critical
detection: {a: {kind: cloud}, condition: a}
---
title: Release contaminated
name: runner_release_contaminated
logsource: {category: any}
level: high
detection: {a: {call: PutImage}, condition: a}
---
title: Token used from a new network
name: token_use
tags: [tocsin.playbook.token]
logsource: {category: any}
level: high
detection: {a: {kind: audit}, condition: a}
)yaml";

constexpr char kPlaybooks[] = R"yaml(
id: runner
title: Compromised runner
bind:
  runner: {entities: [runner]}
  host: {entities: [host]}
  keys: {entities: [access_key]}
  group: {entities: [tenant], hint: runner_group_name by runner}
  secrets: {fields: [secrets], sources: [audit], where: {action: prepared}, entities: [run]}
steps:
  - {id: '1', title: 'quarantine {runner}', text: 'Isolate {host}; leave group {group}; {nonsense} {not a name} {', loses: 'what {runner} holds'}
  - {id: '2', title: reach, text: 'Secrets {secrets}, keys {keys}, from {t0}'}
preserve:
  - id: R1
    title: runner config
    parts: [{label: registration, sources: [audit], where: {action: registered}, entities: [run]}]
    before: 30m
  - id: R2
    title: memory
    parts: [{label: mounts, sources: [k8s], entities: [host]}]
    manual: memory of {host}
    expires: 5m
    missing_hint: nobody lists the mounts of {host}
  - id: R4
    title: outbound destinations
    parts: [{label: flows, sources: [flow], entities: [host]}, {label: proxy, sources: [proxy], entities: [host]}]
    before: 24h
  - id: R5
    title: registry
    parts: [{label: images, sources: [cloud], where: {call: PutImage}, entities: [access_key]}]
    before: 1h
verdicts:
  - name: reach
    form: reach
    facets:
      - name: artifacts
        used: [{sources: [cloud], where: {call: PutImage}, entities: [access_key]}]
        sources: [cloud]
      - name: secrets
        used: [{sources: [cloud], where: {call: GetSecretValue}, entities: [access_key]}]
        used_rules: [runner_cred_off_runner]
        reachable: [{sources: [audit], where: {action: prepared}, entities: [run]}]
        sources: [cloud]
      - name: repo_write
        used: [{sources: [audit], where: {action: push}, entities: [repo]}]
        sources: [audit]
    gate: release_gate
---
id: token
title: Leaked token
steps: [{id: '1', title: revoke, text: 'Revoke {token}'}]
bind: {token: {entities: [token]}}
preserve: [{id: T1, title: trail, parts: [{label: uses, sources: [audit], entities: [token]}], before: 1h}]
)yaml";

std::string Line(const std::string& id, const std::string& clock, const std::string& rest) {
  return R"({"id":")" + id + R"(","at":"2026-03-14T)" + clock + R"(Z",)" + rest + "}";
}
event::EventTime Clock(const std::string& clock) { return event::ParseTime("2026-03-14T" + clock + "Z").time; }

// The story: job 88 of run 7 on host x leaks, its cloud session pushes an image. Around it: other people's work.
std::vector<std::string> Story() {
  return {
      Line("prepared", "12:01:00",
           R"("kind":"audit","action":"prepared","run":7,"repo":"acme/api","secrets":["DEPLOY_KEY","REGISTRY"])"),
      Line(
          "job", "12:02:00",
          R"("kind":"job","run":7,"job":88,"runner":"x","repo":"acme/api","env":"prod","status":"in_progress","started":"2026-03-14T12:02:00Z")"),
      Line("assume", "12:03:00",
           R"("kind":"cloud","call":"AssumeRole","new_key":"ASIA7","repo":"acme/api","env":"prod","role":"r/deploy")"),
      Line("egress", "12:06:00", R"("kind":"flow","host":"x","dest":"198.51.100.23")"),
      Line("put", "12:11:00",
           R"("kind":"cloud","call":"PutImage","key":"ASIA7","tag":"reg/api:2","role":"r/deploy","ip":"192.0.2.20")"),
      Line("egress2", "12:12:00", R"("kind":"flow","host":"x","dest":"registry.example")"),
      Line(
          "done", "12:19:00",
          R"("kind":"job","run":7,"job":88,"runner":"x","repo":"acme/api","env":"prod","status":"completed","started":"2026-03-14T12:02:00Z","completed":"2026-03-14T12:19:00Z")"),
  };
}
std::vector<std::string> OtherWork() {
  return {
      // An earlier job of the same static runner, and what its run did elsewhere.
      Line(
          "old-job", "09:00:00",
          R"("kind":"job","run":6,"job":60,"runner":"x","repo":"acme/web","env":"prod","status":"completed","started":"2026-03-14T08:50:00Z","completed":"2026-03-14T09:00:00Z")"),
      Line("old-run", "08:51:00", R"("kind":"audit","action":"prepared","run":6,"repo":"acme/web","secrets":["WEB"])"),
      // Another job of the same run on another machine.
      Line(
          "sibling", "12:05:00",
          R"("kind":"job","run":7,"job":89,"runner":"y","repo":"acme/api","env":"prod","status":"in_progress","started":"2026-03-14T12:05:00Z")"),
      Line("y-flow", "12:06:30", R"("kind":"flow","host":"y","dest":"198.51.100.99")"),
      // The same repository: a developer's clone, a session for another environment, a change of its rules.
      Line("clone", "12:04:00", R"("kind":"audit","action":"clone","repo":"acme/api","token":"tok-dev","actor":"dev")"),
      Line(
          "staging", "12:04:30",
          R"("kind":"cloud","call":"AssumeRole","new_key":"ASIA9","repo":"acme/api","env":"staging","role":"r/staging")"),
      Line("staging-put", "12:05:30",
           R"("kind":"cloud","call":"PutImage","key":"ASIA9","tag":"reg/api:staging","role":"r/staging")"),
      Line("protect", "12:08:00",
           R"("kind":"audit","action":"protected_branch.update","repo":"acme/api","actor":"lead")"),
      // The same repository, far from the incident.
      Line("morning", "07:00:00",
           R"("kind":"audit","action":"protected_branch.create","repo":"acme/api","actor":"lead")"),
      // Nothing to do with it.
      Line("other", "12:06:10", R"("kind":"flow","host":"z","dest":"198.51.100.23")"),
  };
}

class BuilderTest : public ::testing::Test {
 protected:
  BuilderTest() : world_({.rules = kRules, .sources = kSources, .playbooks = kPlaybooks, .lists = {}}) {}

  correlate::Alert Egress() const {
    return world_.Alert("egress_privileged_job", {"job", "egress"},
                        {{kJob, "gh:job:88"},
                         {kRun, "gh:run:7"},
                         {kRunner, "gh:runner:x"},
                         {kHost, "x"},
                         {kRepo, "acme/api"},
                         {kEnvironment, "prod"}});
  }
  correlate::Alert OffRunner() const {
    return world_.Alert("runner_cred_off_runner", {"put"}, {{kAccessKey, "ASIA7"}, {kRun, "gh:run:7"}});
  }

  // "12:01:00 pivot run 7": time and why of each row.
  static std::string Why(const Incident& incident) {
    std::string text;
    for (const TimelineRow& row : incident.timeline)
      text += event::FormatTime(row.time).substr(11, 8) + " " + row.why + "\n";
    return text;
  }
  static const TimelineRow* RowAt(const Incident& incident, const std::string& clock) {
    for (const TimelineRow& row : incident.timeline) {
      if (row.time == Clock(clock)) return &row;
    }
    return nullptr;
  }
  static const PreserveState& Item(const Incident& incident, const std::string& id) {
    for (const PreserveState& item : incident.preserve) {
      if (item.id == id) return item;
    }
    ADD_FAILURE() << id;
    return incident.preserve.front();
  }
  static std::string ValueOf(const Incident& incident, const std::string& name) {
    for (const Verdict& verdict : incident.verdicts) {
      if (verdict.name == name) return verdict.value;
    }
    return "none";
  }

  World world_;
};

TEST_F(BuilderTest, TimelineTellsTheStoryAndNothingElse) {
  world_.Feed(Story());
  world_.Feed(OtherWork(), "other.ndjson");
  const Incident incident = world_.Build({Egress()});
  EXPECT_EQ(Why(incident),
            "09:00:00 pivot runner x\n"
            "12:01:00 pivot run 7\n"
            "12:02:00 alert egress_privileged_job\n"
            "12:03:00 weak pivot repo acme/api\n"
            "12:04:30 weak pivot repo acme/api\n"
            "12:05:00 pivot run 7\n"
            "12:06:00 alert egress_privileged_job\n"
            "12:08:00 weak pivot repo acme/api\n"
            "12:11:00 weak pivot repo acme/api -> access_key ASIA7\n"
            "12:12:00 pivot host x\n"
            "12:19:00 pivot run 7\n");
  EXPECT_EQ(incident.title, "Egress during a privileged job");
  EXPECT_EQ(incident.playbook, "runner");
  EXPECT_EQ(incident.severity, content::Level::kHigh);
  EXPECT_EQ(incident.first_event, Clock("12:02:00"));
  EXPECT_EQ(incident.last_event, Clock("12:06:00"));
  EXPECT_FALSE(incident.timeline_truncated);
  EXPECT_TRUE(incident.flags.empty()) << incident.flags[0];
  // Keys of other jobs stand in rows, not among the incident's.
  EXPECT_EQ(incident.entities.at(kJob), std::vector<std::string>{"gh:job:88"});
  EXPECT_EQ(incident.entities.at(kRunner), std::vector<std::string>{"gh:runner:x"});
  EXPECT_EQ(incident.entities.at(kAccessKey), std::vector<std::string>{"ASIA7"});
  EXPECT_EQ(incident.entities.at(kPod), std::vector<std::string>{"prod/ci/x"});
}

TEST_F(BuilderTest, AnAlertMakesAWeakKeyStrong) {
  world_.Feed(Story());
  const Incident incident = world_.Build({Egress(), OffRunner()});
  EXPECT_EQ(incident.severity, content::Level::kCritical);
  EXPECT_EQ(incident.title, "Credential off the runner");
  EXPECT_EQ(RowAt(incident, "12:03:00")->why, "pivot access_key ASIA7");
  EXPECT_EQ(RowAt(incident, "12:11:00")->why, "alert runner_cred_off_runner");
}

TEST_F(BuilderTest, LinksLeadFromAHostToTheJobThatRanThere) {
  world_.Feed(Story());
  world_.Feed(OtherWork(), "other.ndjson");
  const Incident incident = world_.Build({world_.Alert("egress_privileged_job", {"egress"}, {{kHost, "x"}})});
  EXPECT_EQ(RowAt(incident, "12:02:00")->why, "pivot host x -> run 7");
  EXPECT_EQ(incident.entities.at(kJob), std::vector<std::string>{"gh:job:88"}) << "job 60 had ended hours before";
  EXPECT_EQ(RowAt(incident, "08:51:00"), nullptr);
}

TEST_F(BuilderTest, RowsCarryWhatAnInvestigatorNeeds) {
  const std::vector<std::string> story = Story();
  world_.Feed(story);
  const Incident incident = world_.Build({Egress()});
  const TimelineRow* row = RowAt(incident, "12:06:00");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->source, "flow");
  EXPECT_EQ(row->summary, "x -> 198.51.100.23");
  EXPECT_EQ(row->at, "log.ndjson:line 4");
  EXPECT_EQ(row->sha256, Sha256Hex(story[3]));
  EXPECT_EQ(row->event_id.size(), 32u);
  EXPECT_EQ(row->classes, 1u << 5);
  EXPECT_EQ(row->arrived.ns, 1773500000ll * 1'000'000'000);
  EXPECT_TRUE(row->alert_event);
  EXPECT_EQ(row->ticks, std::vector<std::string>{"R4"});
}

TEST_F(BuilderTest, AnEventDeliveredTwiceIsOneRow) {
  world_.Feed(Story(), "a.ndjson");
  world_.Feed(Story(), "b.ndjson");
  const Incident incident = world_.Build({Egress()});
  EXPECT_EQ(incident.timeline.size(), 7u);
  EXPECT_EQ(RowAt(incident, "12:06:00")->why, "alert egress_privileged_job (delivered 2 times)");
  EXPECT_EQ(RowAt(incident, "12:06:00")->at, "a.ndjson:line 4");
  EXPECT_EQ(Item(incident, "R4").events, 2u);
}

TEST_F(BuilderTest, OrderOfArrivalDoesNotMatter) {
  std::vector<std::string> lines = Story();
  for (const std::string& line : OtherWork()) lines.push_back(line);
  std::string expected;
  for (uint32_t seed = 0; seed < 5; ++seed) {
    World world({.rules = kRules, .sources = kSources, .playbooks = kPlaybooks, .lists = {}});
    std::shuffle(lines.begin(), lines.end(), std::mt19937(seed));
    world.Feed(lines);
    Incident incident = world.Build({world.Alert("egress_privileged_job", {"job", "egress"},
                                                 {{kJob, "gh:job:88"}, {kHost, "x"}, {kRepo, "acme/api"}})});
    for (TimelineRow& row : incident.timeline) row.at.clear();  // the line is what was shuffled
    const std::string json = IncidentJson(incident);
    if (expected.empty()) expected = json;
    EXPECT_EQ(json, expected) << "seed " << seed;
  }
}

TEST_F(BuilderTest, StepsAreBound) {
  world_.Feed(Story());
  const Incident incident = world_.Build({Egress()});
  ASSERT_EQ(incident.steps.size(), 2u);
  const Step& first = incident.steps[0];
  EXPECT_EQ(first.title, "quarantine x");
  EXPECT_EQ(first.text, "Isolate x; leave group {?group}; {?nonsense} {not a name} {");
  EXPECT_EQ(first.loses, "what x holds");
  EXPECT_EQ(first.parameters.at("runner"), std::vector<std::string>{"gh:runner:x"});
  EXPECT_TRUE(first.parameters.at("group").empty());
  EXPECT_EQ(first.unbound_hints, (std::vector<std::string>{"{?group}: runner_group_name by runner",
                                                           "{?nonsense}: nothing in the evidence names it"}));
  EXPECT_EQ(incident.steps[1].text, "Secrets DEPLOY_KEY, REGISTRY, keys ASIA7, from 2026-03-14 12:02:00 UTC");
}

TEST_F(BuilderTest, PreserveStates) {
  world_.Feed(Story());
  world_.Healthy("audit", Clock("10:00:00"), Clock("13:00:00"));
  const Incident incident = world_.Build({Egress()});
  ASSERT_EQ(incident.preserve.size(), 4u);

  const PreserveState& flows = Item(incident, "R4");
  EXPECT_EQ(flows.state, "collected");
  EXPECT_EQ(flows.events, 2u);
  EXPECT_EQ(flows.first, Clock("12:06:00"));
  EXPECT_EQ(flows.last, Clock("12:12:00"));
  EXPECT_EQ(flows.expires_at, Clock("12:21:00"));
  EXPECT_EQ(flows.gaps, std::vector<std::string>{"proxy: not connected (proxy)"});

  const PreserveState& config = Item(incident, "R1");
  EXPECT_EQ(config.state, "empty");
  EXPECT_FALSE(config.expires_at.known());

  const PreserveState& memory = Item(incident, "R2");
  EXPECT_EQ(memory.state, "missing");
  EXPECT_EQ(memory.gaps, (std::vector<std::string>{"capture by hand: memory of x", "mounts: not connected (k8s)",
                                                   "nobody lists the mounts of x"}));
  EXPECT_EQ(memory.expires_at, Clock("12:07:00"));

  EXPECT_EQ(incident.preserve[0].id, "R2") << "it expires first";
  EXPECT_EQ(incident.preserve[1].id, "R4");
  EXPECT_EQ(incident.preserve[2].id, "R5");
  EXPECT_EQ(incident.preserve[3].id, "R1");
}

TEST_F(BuilderTest, SilenceIsNotEmptiness) {
  world_.Feed(Story());
  // The audit feed came back only at 12:01: what was registered at 11:40 would not have been seen.
  EXPECT_EQ(Item(world_.Build({Egress()}), "R1").state, "missing");
  const Incident later =
      world_.Build({Egress()}, event::EventTime{Clock("12:00:00").ns + 200ll * 86400 * 1'000'000'000});
  EXPECT_EQ(Item(later, "R1").state, "expired") << "the origin keeps 180 d";
  EXPECT_EQ(Item(later, "R1").gaps,
            (std::vector<std::string>{"registration: source audit silent 2026-03-14 11:32:00 - 12:01:00",
                                      "registration: source audit silent 2026-03-14 12:01:00 - 12:06:00"}));
}

TEST_F(BuilderTest, VerdictsFromEvidence) {
  world_.Feed(Story());
  world_.Healthy("cloud", Clock("11:00:00"), Clock("13:00:00"));
  world_.Healthy("audit", Clock("11:00:00"), Clock("13:00:00"));
  const Incident incident = world_.Build({Egress(), OffRunner()});
  EXPECT_EQ(ValueOf(incident, "reach.artifacts"), "yes-used");
  EXPECT_EQ(ValueOf(incident, "reach.secrets"), "yes-used");
  EXPECT_EQ(ValueOf(incident, "reach.repo_write"), "no");
  EXPECT_EQ(ValueOf(incident, "release_gate"), "hold");
  const TimelineRow* put = RowAt(incident, "12:11:00");
  EXPECT_EQ(incident.verdicts[0].because, std::vector<std::string>{"PutImage reg/api:2 at 2026-03-14 12:11:00 (event " +
                                                                   put->event_id.substr(0, 12) + ")"});
  EXPECT_EQ(incident.verdicts[1].because,
            std::vector<std::string>{"alert runner_cred_off_runner at 2026-03-14 12:11:00"});
}

TEST_F(BuilderTest, ReachableIsNotUsedAndSilenceIsUndetermined) {
  std::vector<std::string> lines = Story();
  lines.erase(lines.begin() + 4);  // no PutImage
  world_.Feed(lines);
  world_.Healthy("audit", Clock("11:00:00"), Clock("13:00:00"));
  Incident incident = world_.Build({Egress()});
  EXPECT_EQ(ValueOf(incident, "reach.artifacts"), "undetermined");
  EXPECT_EQ(incident.verdicts[0].because[0], "source cloud silent 2026-03-14 12:02:00 - 12:03:00");
  EXPECT_EQ(ValueOf(incident, "release_gate"), "hold");

  world_.Healthy("cloud", Clock("11:00:00"), Clock("13:00:00"));
  incident = world_.Build({Egress()});
  EXPECT_EQ(ValueOf(incident, "reach.artifacts"), "no");
  EXPECT_EQ(ValueOf(incident, "reach.secrets"), "reachable");
  EXPECT_EQ(ValueOf(incident, "reach.repo_write"), "no");
  EXPECT_EQ(ValueOf(incident, "release_gate"), "clear");
}

TEST_F(BuilderTest, WhatDecidesAVerdictIsInTheTimeline) {
  std::vector<std::string> lines = Story();
  lines.push_back(Line("push", "12:17:00", R"("kind":"audit","action":"push","repo":"acme/api","token":"tok-job")"));
  lines.push_back(
      Line("push-next-day", "20:17:00", R"("kind":"audit","action":"push","repo":"acme/api","token":"tok-dev")"));
  world_.Feed(lines);
  const Incident incident = world_.Build({Egress()});
  EXPECT_EQ(ValueOf(incident, "reach.repo_write"), "yes-used");
  ASSERT_EQ(incident.verdicts[2].because.size(), 1u) << "the evening's push is another story";
  EXPECT_NE(incident.verdicts[2].because[0].find("weak"), std::string::npos);
  EXPECT_EQ(RowAt(incident, "12:17:00")->why, "weak verdict reach.repo_write");
  EXPECT_EQ(RowAt(incident, "20:17:00"), nullptr);
}

TEST_F(BuilderTest, FlagsSayWhatWeakensIt) {
  world_.Feed(Story());
  correlate::Alert egress = Egress();
  egress.absence_unverified = true;
  egress.notes = {"unverified: source flow silent", "unbound"};
  egress.events.push_back({Clock("12:06:01"), content::SourceId(0), {1, 2}, {}});
  correlate::Alert release = world_.Alert("runner_release_contaminated", {"put"}, {{kRun, "gh:run:7"}});
  const Incident incident = world_.Build({egress, release});
  EXPECT_EQ(incident.flags, (std::vector<std::string>{"hold_release since 12:11", "absence_unverified",
                                                      "unverified: source flow silent",
                                                      "degraded: 1 alert event not in the look-back store"}));
}

TEST_F(BuilderTest, ASecondPlaybookAppendsItsSteps) {
  std::vector<std::string> lines = Story();
  lines.push_back(
      Line("clone", "11:55:00", R"("kind":"audit","action":"clone","repo":"acme/api","token":"tok-dev","run":7)"));
  world_.Feed(lines);
  const Incident incident = world_.Build(
      {Egress(), OffRunner(), world_.Alert("token_use", {"clone"}, {{kToken, "tok-dev"}, {kRun, "gh:run:7"}})});
  EXPECT_EQ(incident.playbook, "runner");
  ASSERT_EQ(incident.steps.size(), 3u);
  EXPECT_EQ(incident.steps[2].id, "token.1");
  EXPECT_EQ(incident.steps[2].text, "Revoke tok-dev");
  EXPECT_EQ(Item(incident, "T1").state, "collected");
}

TEST_F(BuilderTest, StopKeysAreRecordedNotFollowed) {
  World world({.rules = kRules, .sources = kSources, .playbooks = kPlaybooks, .lists = {{"ci_principals", "r/*\n"}}});
  world.Feed(Story());
  world.Feed({Line("same-role", "12:07:00", R"("kind":"cloud","call":"ListBuckets","role":"r/deploy")")}, "b");
  const auto build = [](World& w) {
    return w.Build(
        {w.Alert("runner_cred_off_runner", {"put"}, {{kAccessKey, "ASIA7"}, {kCloudPrincipal, "r/deploy"}})});
  };
  const Incident stopped = build(world);
  EXPECT_EQ(RowAt(stopped, "12:07:00"), nullptr);
  EXPECT_EQ(stopped.entities.at(kCloudPrincipal), std::vector<std::string>{"r/deploy"});
  world_.Feed(Story());
  world_.Feed({Line("same-role", "12:07:00", R"("kind":"cloud","call":"ListBuckets","role":"r/deploy")")}, "b");
  EXPECT_EQ(RowAt(build(world_), "12:07:00")->why, "weak pivot cloud_principal r/deploy");
}

TEST_F(BuilderTest, ABusyKeyDoesNotHideTheHourThatMatters) {
  std::vector<std::string> lines = Story();
  for (int i = 0; i < 2100; ++i) {
    char clock[16];
    snprintf(clock, sizeof(clock), "%02d:%02d:%02d", 5 + i / 3600, i / 60 % 60, i % 60);
    lines.push_back(Line("noise" + std::to_string(i), clock, R"("kind":"flow","host":"x","dest":"registry.example")"));
  }
  world_.Feed(lines);
  const Incident incident = world_.Build({Egress()});
  EXPECT_NE(RowAt(incident, "12:12:00"), nullptr);
  EXPECT_EQ(incident.timeline.size(), 7u + 2000u);
  ASSERT_FALSE(incident.flags.empty());
  EXPECT_EQ(incident.flags[0],
            "degraded: host x has more than 2,000 events in a stretch of the timeline; the later ones are not shown");
}

TEST_F(BuilderTest, TooManyKeysAreCountedNotFollowed) {
  std::vector<std::string> lines = Story();
  for (int i = 0; i < 250; ++i) {
    lines.push_back(
        Line("k" + std::to_string(i), "12:10:00",
             R"("kind":"cloud","call":"AssumeRole","key":"ASIA7","new_key":"ASIA-)" + std::to_string(i) + "\""));
  }
  world_.Feed(lines);
  const Incident incident = world_.Build({Egress(), OffRunner()});
  ASSERT_EQ(incident.flags.size(), 1u);
  EXPECT_EQ(incident.flags[0].substr(0, 29), "degraded: 200 keys followed, ") << incident.flags[0];
  EXPECT_EQ(incident.timeline.size(), 257u) << "their rows are there all the same";
}

TEST_F(BuilderTest, SecretsInSummariesAreMasked) {
  std::vector<std::string> lines = Story();
  const std::string secret = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
  lines.push_back(Line("leak", "12:09:00", R"("kind":"audit","action":"dump\n","run":7,"note":")" + secret + "\""));
  world_.Feed(lines);
  const Incident incident = world_.Build({Egress()});
  const TimelineRow* row = RowAt(incident, "12:09:00");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->summary.find(secret), std::string::npos);
  EXPECT_EQ(row->summary.find('\n'), std::string::npos);
  EXPECT_EQ(row->summary.substr(0, 5), "dump ");
}

TEST_F(BuilderTest, WithoutAnOpeningAlertThereIsNoIncident) {
  world_.Feed(Story());
  EXPECT_TRUE(
      absl::IsInvalidArgument(world_.TryBuild({world_.Alert("runner_release_contaminated", {"put"}, {})}).status()));
}

TEST(TimelineTest, WhatGoesOverTheLimitIsTheFurthest) {
  std::vector<std::unique_ptr<KnownEvent>> events;
  Timeline timeline;
  PivotResult pivots;
  for (size_t i = 0; i < kTimelineRows + 10; ++i) {
    auto event = std::make_unique<KnownEvent>();
    event->row.time = {static_cast<int64_t>(i)};
    event->identity = {1, i};
    if (i == 3) {
      timeline.AddAlertEvent(event.get(), "rule");
    } else {
      pivots.rows[event.get()] = {i < 9 ? 2 : 1, i == 20, "pivot"};
    }
    events.push_back(std::move(event));
  }
  timeline.AddPivots(pivots);
  size_t left_out = 0;
  const std::vector<TimelineRow> rows = timeline.Rows({{0}, {INT64_MAX}}, &left_out);
  EXPECT_EQ(rows.size(), kTimelineRows);
  EXPECT_EQ(left_out, 10u);
  EXPECT_EQ(rows[0].time.ns, 3) << "the alert's event stays, the long pivots before it go";
  EXPECT_EQ(rows[1].time.ns, 9);
}

}  // namespace
}  // namespace tocsin::incident
