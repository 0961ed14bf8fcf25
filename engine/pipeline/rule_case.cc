#include "engine/pipeline/rule_case.h"

#include <simdjson.h>

#include <algorithm>
#include <set>
#include <utility>

#include "engine/content/find_rule.h"
#include "engine/event/secrets.h"
#include "engine/pipeline/internal/recorded_run.h"
#include "engine/pipeline/internal/source_option.h"

namespace tocsin::pipeline {
namespace {

using content::RuleId;
using Failure = CaseOutcome::Failure;

// Equal as JSON: numbers by value, objects whatever the order of their keys.
bool SameElement(simdjson::dom::element a, simdjson::dom::element b) {
  if (a.is_number() && b.is_number()) return a.get_double().value_unsafe() == b.get_double().value_unsafe();
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case simdjson::dom::element_type::ARRAY: {
      const simdjson::dom::array x = a.get_array().value_unsafe(), y = b.get_array().value_unsafe();
      return std::equal(x.begin(), x.end(), y.begin(), y.end(), SameElement);
    }
    case simdjson::dom::element_type::OBJECT: {
      const simdjson::dom::object x = a.get_object().value_unsafe(), y = b.get_object().value_unsafe();
      return x.size() == y.size() && std::all_of(x.begin(), x.end(), [&](const simdjson::dom::key_value_pair& field) {
               simdjson::dom::element other;
               return y.at_key(field.key).get(other) == simdjson::SUCCESS && SameElement(field.value, other);
             });
    }
    default:
      return simdjson::minify(a) == simdjson::minify(b);
  }
}

bool SameJson(const std::string& a, const std::string& b) {
  if (a == b) return true;
  simdjson::dom::parser first, second;
  simdjson::dom::element x, y;
  return first.parse(a).get(x) == simdjson::SUCCESS && second.parse(b).get(y) == simdjson::SUCCESS && SameElement(x, y);
}

std::string GroupText(const RuleCase::Group& group) {
  std::string out = "{";
  for (const auto& [name, value] : group) out += (out.size() > 1 ? ", " : "") + name + ": " + event::MaskSecrets(value);
  return out + "}";
}

std::string InParentheses(const std::string& why) { return why.empty() ? "" : " (" + why + ")"; }

// A hit or firing as it came.
struct Got {
  std::optional<RuleCase::Group> group;  // correlations
  std::string value;
  bool expected = false;
};

bool Answers(const RuleCase::Hit& wanted, const Got& got) {
  if (wanted.group && (!got.group || *wanted.group != *got.group)) return false;
  return wanted.value.empty() || SameJson(wanted.value, got.value);
}

std::string Describe(const std::optional<RuleCase::Group>& group, const std::string& value) {
  std::string out;
  if (group && !group->empty()) out += " for " + GroupText(*group);
  if (!value.empty()) out += " with value " + event::MaskSecrets(value);
  return out;
}

class Judge {
 public:
  Judge(const RuleCase& expected, const content::ContentSet& content, content::Diagnostics& diagnostics)
      : expected_(expected), content_(content), diagnostics_(diagnostics) {}

  CaseOutcome Run(std::shared_ptr<const content::ContentSet> content, BoundedInput* input) {
    content::SourceId source;
    const std::string wrong_source = ParseSourceOption(content_, expected_.source, source);
    if (!wrong_source.empty()) Fail(wrong_source);
    event::PlanOptions plan;
    plan.logsource_from_event = expected_.logsource_from_event;
    plan.time_field = expected_.time_field;
    RecordedRun run(CompileAll(content, plan, diagnostics_), source);
    if (input != nullptr) run.Read(*input, nullptr);
    JudgeDiagnostics();
    ChooseJudged();
    JudgeReading(run);
    JudgeHits(run, content);
    if (expected_.alerts) JudgeAlerts(run);
    return std::move(out_);
  }

 private:
  void Fail(std::string what) { out_.failures.push_back({std::move(what), "", std::nullopt}); }
  void Fail(std::string what, RuleId rule, uint64_t event) {
    out_.failures.push_back({std::move(what), content::RuleLabel(content_.rules[rule.value()]), event});
  }

  // The rule of that name; a failure, said once, when there is none. `may_be_refused`: not where the case expects
  // errors.
  RuleId Find(const std::string& name, bool may_be_refused) {
    const std::vector<RuleId> found = content::FindRules(content_, name);
    if (found.size() == 1) return found[0];
    if (found.empty() && may_be_refused && !expected_.errors.empty()) return RuleId();
    if (!named_.insert(name).second) return RuleId();
    if (found.size() > 1) {
      Fail("rule `" + name + "` is not the only one of that title: use name or id");
    } else {
      const std::string nearest = content::NearestRule(content_, name);
      Fail("no rule `" + name + "` is loaded" + (nearest.empty() ? "" : "; did you mean `" + nearest + "`?"));
    }
    return RuleId();
  }

  void ChooseJudged() {
    if (expected_.judge.empty()) {
      for (size_t i = 0; i < content_.rules.size(); i++) judged_.insert(RuleId(static_cast<uint32_t>(i)));
    }
    for (const std::string& name : expected_.judge) {
      const RuleId rule = Find(name, /*may_be_refused=*/true);
      if (rule.valid()) judged_.insert(rule);
    }
    out_.judged.assign(judged_.begin(), judged_.end());
  }

  void JudgeDiagnostics() {
    for (const auto severity : {content::Severity::kError, content::Severity::kWarning}) {
      const std::string word = severity == content::Severity::kError ? "error " : "warning ";
      std::multiset<std::string> wanted;
      for (const std::string& code : severity == content::Severity::kError ? expected_.errors : expected_.warnings)
        wanted.insert(code);
      for (const content::Diagnostic& each : diagnostics_.all()) {
        if (each.severity != severity) continue;
        const auto it = wanted.find(each.code);
        if (it != wanted.end()) {
          wanted.erase(it);
          continue;
        }
        std::string place;
        if (each.place.file < diagnostics_.files())
          place = diagnostics_.file_name(each.place.file) + ":" + std::to_string(each.place.line) + ":" +
                  std::to_string(each.place.column) + ": ";
        Fail(word + each.code + " is not expected: " + place + each.message);
      }
      for (const std::string& code : wanted) Fail(word + code + " did not come");
    }
  }

  void JudgeReading(const RecordedRun& run) {
    for (const std::string& each : run.unreadable()) Fail(each);
    for (const event::BadRecord& bad : run.bad())
      Fail(BadRecordPlace(bad, run.inputs()) + ": bad record: " + bad.reason);
    std::set<uint64_t> spoken_of;
    for (const RuleCase::Hit& hit : expected_.hits) spoken_of.insert(hit.event);
    for (const auto& [event, why] : expected_.misses) spoken_of.insert(event);
    for (const uint64_t event : spoken_of) {
      if (event >= run.records())
        Fail("event " + std::to_string(event) + " is expected something of, and there are only " +
             std::to_string(run.records()) + " (from 0)");
    }
    if (!expected_.every_event) return;
    for (uint64_t event = 0; event < run.records(); event++) {
      if (!spoken_of.contains(event))
        Fail("event " + std::to_string(event) + " stands neither in hits nor in misses: say why it is there");
    }
  }

  void JudgeHits(const RecordedRun& run, const std::shared_ptr<const content::ContentSet>& content) {
    std::map<std::pair<uint64_t, RuleId>, std::vector<Got>> got;
    for (const RecordedRun::DetectionHit& hit : run.hits()) {
      if (judged_.contains(hit.rule)) got[{hit.number, hit.rule}].push_back({std::nullopt, "", false});
    }
    for (const correlate::Firing& firing : run.Firings(content)) {
      if (judged_.contains(firing.rule))
        got[{firing.number, firing.rule}].push_back(
            {RuleCase::Group(firing.group.begin(), firing.group.end()), firing.value, false});
    }
    std::map<std::pair<uint64_t, RuleId>, std::vector<const RuleCase::Hit*>> wanted;
    for (const RuleCase::Hit& hit : expected_.hits) {
      const RuleId rule = Find(hit.rule, /*may_be_refused=*/false);
      if (!rule.valid()) continue;
      if (!judged_.contains(rule))
        Fail("a hit of " + hit.rule + " is expected, which `judge` does not name", rule, hit.event);
      else
        wanted[{hit.event, rule}].push_back(&hit);
    }
    std::set<std::pair<uint64_t, RuleId>> keys;
    for (const auto& [key, hits] : got) keys.insert(key);
    for (const auto& [key, hits] : wanted) keys.insert(key);
    for (const auto& key : keys) Compare(key.first, key.second, wanted[key], got[key]);
  }

  // The expectations that say most choose first.
  void Compare(uint64_t event, RuleId rule, std::vector<const RuleCase::Hit*> wanted, std::vector<Got>& got) {
    std::stable_sort(wanted.begin(), wanted.end(), [](const RuleCase::Hit* a, const RuleCase::Hit* b) {
      const auto said = [](const RuleCase::Hit* hit) { return hit->group.has_value() + !hit->value.empty(); };
      return said(a) > said(b);
    });
    const std::string at = "event " + std::to_string(event) + ": ",
                      name = content::RuleLabel(content_.rules[rule.value()]);
    std::vector<const RuleCase::Hit*> missing;
    for (const RuleCase::Hit* hit : wanted) {
      const auto answer =
          std::find_if(got.begin(), got.end(), [&](const Got& each) { return !each.expected && Answers(*hit, each); });
      if (answer == got.end())
        missing.push_back(hit);
      else
        answer->expected = true;
    }
    for (const RuleCase::Hit* hit : missing) {
      const auto instead = std::find_if(got.begin(), got.end(), [](const Got& each) { return !each.expected; });
      std::string what = at + name + " expected" + Describe(hit->group, hit->value) + InParentheses(hit->why);
      if (instead == got.end()) {
        what += ", did not come";
      } else {
        instead->expected = true;
        what += ", came" + Describe(instead->group, instead->value);
      }
      Fail(std::move(what), rule, event);
    }
    for (const Got& each : got) {
      if (each.expected) continue;
      const auto miss = expected_.misses.find(event);
      Fail(at + name + " came" + Describe(each.group, each.value) + ", not expected" +
               (miss == expected_.misses.end() ? "" : InParentheses(miss->second)),
           rule, event);
    }
  }

  void JudgeAlerts(const RecordedRun& run) {
    std::vector<correlate::Alert> got = run.Alerts();
    std::erase_if(got, [&](const correlate::Alert& alert) { return !judged_.contains(alert.rule); });
    for (const RuleCase::Alert& wanted : *expected_.alerts) {
      const RuleId rule = Find(wanted.rule, /*may_be_refused=*/false);
      if (!rule.valid()) continue;
      const auto same = std::find_if(got.begin(), got.end(), [&](const correlate::Alert& alert) {
        return alert.rule == rule && Differences(wanted, alert).empty();
      });
      if (same != got.end()) {
        got.erase(same);
        continue;
      }
      const auto near =
          std::find_if(got.begin(), got.end(), [&](const correlate::Alert& alert) { return alert.rule == rule; });
      std::string what = "alert of " + wanted.rule + " expected" + InParentheses(wanted.why);
      if (near == got.end()) {
        what += ", did not come";
      } else {
        what += ", came otherwise: " + Differences(wanted, *near);
        got.erase(near);
      }
      Fail(std::move(what));
    }
    for (const correlate::Alert& alert : got) {
      Fail("alert of " + content::RuleLabel(content_.rules[alert.rule.value()]) +
           " not expected: " + std::string(content::LevelName(alert.level)) + ", " + GroupText(GroupOf(alert)) + ", " +
           event::FormatTime(alert.first_event) + " to " + event::FormatTime(alert.last_event));
    }
  }

  static RuleCase::Group GroupOf(const correlate::Alert& alert) { return {alert.group.begin(), alert.group.end()}; }

  static std::string Differences(const RuleCase::Alert& wanted, const correlate::Alert& got) {
    std::string out;
    const auto differ = [&](const char* what, const std::string& a, const std::string& b) {
      out += (out.empty() ? "" : "; ") + std::string(what) + " " + b + ", expected " + a;
    };
    if (wanted.level && *wanted.level != content::LevelName(got.level))
      differ("level", *wanted.level, std::string(content::LevelName(got.level)));
    if (wanted.group && *wanted.group != GroupOf(got))
      differ("group", GroupText(*wanted.group), GroupText(GroupOf(got)));
    if (wanted.first.known() && wanted.first != got.first_event)
      differ("first event", event::FormatTime(wanted.first), event::FormatTime(got.first_event));
    if (wanted.last.known() && wanted.last != got.last_event)
      differ("last event", event::FormatTime(wanted.last), event::FormatTime(got.last_event));
    return out;
  }

  const RuleCase& expected_;
  const content::ContentSet& content_;
  content::Diagnostics& diagnostics_;
  std::set<RuleId> judged_;
  std::set<std::string> named_;  // that were looked for in vain
  CaseOutcome out_;
};

}  // namespace

CaseOutcome RunRuleCase(const RuleCase& expected, std::shared_ptr<const content::ContentSet> content,
                        content::Diagnostics diagnostics, BoundedInput* input) {
  return Judge(expected, *content, diagnostics).Run(content, input);
}

}  // namespace tocsin::pipeline
