// Content, alerts and an incident made by hand, for tests of what needs no evidence. Header only; nothing shipped
// includes it.
#ifndef TOCSIN_ENGINE_INCIDENT_TESTING_SAMPLE_H_
#define TOCSIN_ENGINE_INCIDENT_TESTING_SAMPLE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/correlate/alert.h"
#include "engine/incident/incident.h"

namespace tocsin::incident::sample {

using content::EntityKind;
using content::Level;

inline constexpr int64_t kSecond = 1'000'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute;

// 2026-03-14 12:00 UTC and so many minutes and seconds.
inline event::EventTime At(int64_t minutes, int64_t seconds = 0) {
  return {1773489600ll * kSecond + minutes * kMinute + seconds * kSecond};
}

inline content::Rule MakeRule(std::string name, std::string title, Level level, std::string playbook,
                              std::vector<uint32_t> over = {}) {
  content::Rule rule;
  rule.name = std::move(name);
  rule.title = std::move(title);
  rule.level = level;
  rule.playbook = std::move(playbook);
  rule.semantic_hash = "hash of " + rule.name;
  rule.is_correlation = !over.empty();
  for (const uint32_t ref : over) rule.correlation.refs.push_back({content::RuleId(ref), -1, -1});
  return rule;
}

enum : uint32_t {
  kEgress,
  kPrivilegedJob,
  kEgressPrivilegedJob,
  kCredOffRunner,
  kChain,
  kUnbound,
  kTokenUse,
  kNoPlaybookLoaded
};

inline std::shared_ptr<content::ContentSet> Content() {
  auto content = std::make_shared<content::ContentSet>();
  content->rules = {
      MakeRule("egress_not_allowed", "Egress to a destination that is not allowed", Level::kLow, ""),
      MakeRule("privileged_job", "Job with deployment secrets", Level::kInformational, ""),
      MakeRule("egress_privileged_job", "Egress from a runner during a privileged job", Level::kHigh, "runner", {0, 1}),
      MakeRule("runner_cred_off_runner", "Runner credential used from another network", Level::kCritical, "runner",
               {0}),
      MakeRule("chain_runner_before_release", "CI runner compromise before release", Level::kCritical, "runner",
               {2, 3}),
      MakeRule("root_login", "Root login", Level::kMedium, ""),
      MakeRule("token_use_new_asn", "Token used from a new network", Level::kHigh, "token"),
      MakeRule("bucket_opened", "Bucket opened", Level::kHigh, "bucket"),
  };
  content->playbooks.resize(2);
  content->playbooks[0].id = "runner";
  content->playbooks[1].id = "token";
  content->sources.resize(3);
  content->sources[0].name = "aws.cloudtrail";
  content->sources[1].name = "github.webhook";
  content->sources[2].name = "hubble";
  content->hash = std::string(64, 'c');
  return content;
}

inline correlate::Alert MakeAlert(const content::ContentSet& content, uint32_t rule, std::string id,
                                  event::EventTime first, event::EventTime last,
                                  std::vector<std::pair<EntityKind, std::string>> keys) {
  correlate::Alert alert;
  alert.id = std::move(id);
  alert.handle = alert.id;
  alert.rule = content::RuleId(rule);
  alert.level = content.rules[rule].level;
  alert.state = correlate::AlertState::kConfirmed;
  alert.first_event = first;
  alert.last_event = last;
  alert.first_firing = last;
  alert.last_firing = last;
  alert.firings = 1;
  alert.event_count = 2;
  for (auto& [kind, key] : keys) alert.entities[kind].push_back(std::move(key));
  return alert;
}

inline TimelineRow Row(event::EventTime time, std::string source, std::string summary, content::EvidenceClasses classes,
                       std::string why, std::vector<std::pair<EntityKind, std::string>> entities,
                       bool alert_event = false, std::vector<std::string> ticks = {}) {
  TimelineRow row;
  row.time = time;
  row.arrived = {time.ns + 20 * kSecond};
  row.source = std::move(source);
  row.event_id = std::string(28, '0') + std::to_string(1000 + time.ns / kSecond % 9000);
  row.classes = classes;
  row.why = std::move(why);
  row.entities = std::move(entities);
  row.summary = std::move(summary);
  row.sha256 = std::string(64, 'a');
  row.at = row.source + ".ndjson:line 12";
  row.alert_event = alert_event;
  row.ticks = std::move(ticks);
  return row;
}

// Scenario 3 of DETECTIONS section 6 as it stands at minute 19.
inline Incident FlagshipIncident() {
  const auto content = Content();
  using enum EntityKind;
  Incident incident;
  incident.id = "i-3fa9c1d2e4b5a697";
  incident.severity = Level::kCritical;
  incident.playbook = "runner";
  incident.title = "CI runner compromise before release";
  incident.first_event = At(1);
  incident.last_event = At(14);
  incident.now = At(19);
  incident.content_hash = content->hash;
  incident.alerts = {
      MakeAlert(*content, kEgressPrivilegedJob, "a-1", At(1), At(6),
                {{kJob, "gh:job:88001"}, {kRepo, "github.com/acme/api"}}),
      MakeAlert(*content, kChain, "a-2", At(1), At(14), {{kRepo, "github.com/acme/api"}}),
      MakeAlert(*content, kCredOffRunner, "a-3", At(3), At(14), {{kAccessKey, "ASIA7EXAMPLE"}}),
  };
  incident.alerts[0].group = {{"entity.job", "gh:job:88001"}};
  incident.alerts[0].absence_unverified = true;
  incident.alerts[1].group = {{"entity.repo", "github.com/acme/api"}};
  incident.alerts[2].group = {{"entity.access_key", "ASIA7EXAMPLE"}};
  incident.alerts[2].value = "2";
  for (const uint32_t rule : {kEgressPrivilegedJob, kChain, kCredOffRunner}) {
    incident.rules[content::RuleId(rule)] = {content->rules[rule].name, content->rules[rule].title};
  }
  incident.entities = {{kRepo, {"github.com/acme/api"}}, {kRun, {"gh:run:7001"}}, {kRunner, {"gh:runner:runner-x9f2"}}};
  const std::string digest = "sha256:d9" + std::string(62, '4');
  incident.timeline = {
      Row(At(0), "github.webhook", "deployment_review approved for production by lead, requested by dev", 0x20,
          "pivot run 7001", {{kRun, "gh:run:7001"}, {kRepo, "github.com/acme/api"}, {kActor, "gh:lead"}}),
      Row(At(1), "github.audit", "workflows.prepared_workflow_job: production, secrets DEPLOY_KEY, REGISTRY_TOKEN",
          0x03, "alert egress_privileged_job, chain_runner_before_release",
          {{kRun, "gh:run:7001"}, {kJob, "gh:job:88001"}}, true, {"R2"}),
      Row(At(2), "k8s.audit", "create pods ci/runner-x9f2 by system:serviceaccount:arc:controller", 0x08,
          "pivot runner runner-x9f2 -> pod prod/ci/runner-x9f2",
          {{kPod, "prod/ci/runner-x9f2"}, {kHost, "runner-x9f2"}}, false, {"R1", "R2"}),
      Row(At(2, 4), "hubble", "EGRESS FORWARDED ci/runner-x9f2 -> registry.acme.example:443", 0x20,
          "pivot host runner-x9f2", {{kHost, "runner-x9f2"}, {kDest, "registry.acme.example"}}, false, {"R4"}),
      Row(At(2, 9), "hubble", "EGRESS FORWARDED ci/runner-x9f2 -> registry.acme.example:443", 0x20,
          "pivot host runner-x9f2", {{kHost, "runner-x9f2"}, {kDest, "registry.acme.example"}}, false, {"R4"}),
      Row(At(2, 31), "hubble", "EGRESS FORWARDED ci/runner-x9f2 -> registry.acme.example:443", 0x20,
          "pivot host runner-x9f2", {{kHost, "runner-x9f2"}, {kDest, "registry.acme.example"}}, false, {"R4"}),
      Row(At(6), "hubble", "EGRESS FORWARDED ci/runner-x9f2 -> 198.51.100.23:443", 0x20,
          "alert egress_privileged_job, chain_runner_before_release",
          {{kHost, "runner-x9f2"}, {kDest, "198.51.100.23"}}, true, {"R4"}),
      Row(At(7), "tetragon",
          "process_exec /tmp/.u \x1b[2J in \xE2\x80\xAE"
          "2f9x-rennur",
          0x20, "pivot host runner-x9f2", {{kHost, "runner-x9f2"}, {kPod, "prod/ci/runner-x9f2"}}),
      Row(At(11), "aws.cloudtrail", "PutImage api:2.5.0 by arn:aws:sts::111122223333:assumed-role/api-deploy/gh-7001",
          0x04, "pivot access_key ASIA7EXAMPLE",
          {{kAccessKey, "ASIA7EXAMPLE"},
           {kTag, "registry.acme.example/api:2.5.0"},
           {kDigest, digest},
           {kIp, "192.0.2.20"}},
          false, {"R5"}),
      Row(At(14), "aws.cloudtrail",
          "GetSecretValue prod/payments by arn:aws:sts::111122223333:assumed-role/api-deploy/gh-7001", 0x03,
          "alert runner_cred_off_runner, chain_runner_before_release",
          {{kAccessKey, "ASIA7EXAMPLE"}, {kIp, "203.0.113.80"}}, true),
      Row(At(12 * 60 + 5), "github.audit", "git.push acme/api refs/heads/main", 0x01,
          "weak verdict runner_reach.repo_write", {{kRepo, "github.com/acme/api"}}),
  };
  incident.timeline.back().time_inferred = true;
  Step& first = incident.steps.emplace_back();
  first.id = "1";
  first.title = "quarantine the runner";
  first.text =
      "Isolate runner-x9f2: egress deny except to the capture host, keep power on; snapshot disk and memory; cancel "
      "only jobs 88001 "
      "after capture";
  first.parameters = {{"host", {"runner-x9f2"}}, {"jobs", {"gh:job:88001"}}};
  first.loses = "cancelling a job deletes an ephemeral pod and its workspace: capture first";
  first.undo = "lift the policy";
  first.verified_by = "Hubble verdict DROPPED from runner-x9f2; no egress for 10 min";
  Step& second = incident.steps.emplace_back();
  second.id = "2";
  second.title = "stop scheduling new jobs to it";
  second.text = "Move runner-x9f2 out of group {?runner_group}; do not delete the registration";
  second.parameters = {{"runner", {"gh:runner:runner-x9f2"}}, {"runner_group", {}}};
  second.unbound_hints = {"{?runner_group}: runner_group_name of workflow_job by runner"};
  incident.preserve = {
      {"R2",
       "mounted volumes and credentials",
       "collected",
       3,
       At(1),
       At(3),
       At(31),
       {"capture by hand: memory and disk of runner-x9f2, before the job ends"}},
      {"R4", "outbound network destinations", "collected", 4, At(2, 4), At(6), At(17, 4), {}},
      {"R1",
       "runner config",
       "collected",
       1,
       At(2),
       At(2),
       At(60 * 24 * 30),
       {"registration: source github.audit silent 2025-12-14 12:01:00 - 2026-03-14 11:02:00"}},
      {"R5",
       "registry or artifact-store access",
       "missing",
       0,
       {},
       {},
       {},
       {"S3 data events: not connected (aws.s3data)", "upper bound from the role's policies"}},
      {"R3", "recent job list and logs", "empty", 0, {}, {}, {}, {"workflow jobs: nothing there, sources healthy"}},
  };
  incident.verdicts = {
      {"runner_reach.artifacts", "yes-used", {"PutImage api:2.5.0 at 2026-03-14 12:11:00 (event 000000000000)"}},
      {"runner_reach.secrets",
       "reachable",
       {"workflows.prepared_workflow_job: production, secrets DEPLOY_KEY, REGISTRY_TOKEN at 2026-03-14 12:01:00 (event "
        "000000000000)"}},
      {"runner_reach.repo_write", "undetermined", {"source github.audit silent 2026-03-14 12:04:00 - 12:14:00"}},
      {"release_gate", "hold", {"runner_reach.artifacts is yes-used", "runner_reach.repo_write is undetermined"}},
  };
  incident.source_health = {
      {"aws.cloudtrail", 2, At(-120), At(14), {}},
      {"github.audit", 2, At(-58), At(4), {"silent 2026-03-14 12:04:00 - 12:14:00"}},
      {"hubble", 4, At(-5), At(14), {}},
  };
  incident.flags = {"hold_release since 12:11", "absence_unverified",
                    "degraded: host runner-x9f2 has more than 2,000 events in a stretch of the timeline; the later "
                    "ones are not shown"};
  return incident;
}

}  // namespace tocsin::incident::sample

#endif  // TOCSIN_ENGINE_INCIDENT_TESTING_SAMPLE_H_
