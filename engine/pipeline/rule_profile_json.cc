// `rules profile --json`.

#include <fmt/format.h>

#include "engine/content/sigma/print.h"
#include "engine/pipeline/internal/profile_words.h"
#include "engine/pipeline/json_writer.h"
#include "engine/pipeline/rule_profile.h"

namespace tocsin::pipeline {
namespace {

using match::Cost;

class ProfileJsonWriter {
 public:
  ProfileJsonWriter(const RuleProfile& profile, const content::ContentSet& content, const content::Diagnostics& diagnostics)
      : profile_(profile), cost_(profile.cost), content_(content), diagnostics_(diagnostics) {}

  std::string Write() {
    json_.BeginObject();
    json_.Key("events").Number(profile_.events);
    json_.Key("skipped").Number(profile_.skipped);
    json_.Key("bytes").Number(profile_.bytes);
    json_.Key("bad").Number(profile_.bad);
    json_.Key("hits").Number(profile_.hits);
    WriteParts();
    json_.Key("rules").BeginArray();
    for (const match::RuleCost& rule : cost_.rules) WriteRule(rule);
    json_.EndArray();
    json_.Key("predicates").BeginArray();
    for (const match::PredicateCost& predicate : cost_.predicates) WritePredicate(predicate);
    json_.EndArray();
    json_.EndObject();
    return json_.Take();
  }

 private:
  void WriteNs(const char* key, double ns) { json_.Key(key).Raw(fmt::format("{:.0f}", ns)); }
  void WriteShare(double ns) { json_.Key("share").Raw(fmt::format("{:.6f}", cost_.counted_ns() > 0 ? ns / cost_.counted_ns() : 0)); }

  void WriteParts() {
    json_.Key("ns").BeginObject();
    WriteNs("reading", profile_.reading_ns);
    WriteNs("matching", cost_.ordinary_ns);
    WriteNs("counted", cost_.counted_ns());
    json_.Key("of_counted").BeginObject();
    WriteNs("start", cost_.start_ns);
    WriteNs("fields", cost_.fields_ns);
    WriteNs("keywords", cost_.keywords_ns);
    WriteNs("led", cost_.led_ns);
    WriteNs("always", cost_.always_ns);
    WriteNs("order", cost_.order_ns);
    json_.EndObject();
    WriteNs("predicates", cost_.predicates_ns);
    WriteNs("clock", cost_.clock_ns);
    WriteNs("interrupted", cost_.interrupted_ns);
    WriteNs("classes", cost_.classes_ns);
    json_.EndObject();
    json_.Key("interruptions").Number(cost_.interruptions);
    json_.Key("classes").Number(cost_.classes);
  }

  void WriteRule(const match::RuleCost& cost) {
    const content::Rule& rule = content_.rules[cost.rule.value()];
    json_.BeginObject();
    json_.Key("id").TextOrNull(rule.id);
    json_.Key("name").TextOrNull(rule.name);
    json_.Key("title").Text(rule.title);
    json_.Key("file").Text(rule.place.file < diagnostics_.files() ? diagnostics_.file_name(rule.place.file) : "");
    json_.Key("line").Number(uint64_t{rule.place.line});
    WriteShare(cost.ns);
    WriteNs("ns", cost.ns);
    json_.Key("candidates").Number(cost.candidates);
    json_.Key("asked").Number(cost.asked);
    json_.Key("hits").Number(cost.hits);
    json_.Key("alike").Number(uint64_t{cost.alike});
    json_.Key("always").Bool(cost.always);
    json_.Key("leads").BeginArray();
    for (const match::Lead& lead : cost.leads) {
      json_.BeginObject();
      json_.Key("what").Text(LeadWords(lead, content_.fields));
      json_.Key("events").Number(lead.events);
      json_.EndObject();
    }
    json_.EndArray();
    json_.Key("obstacles").BeginArray();
    for (const match::Obstacle& obstacle : cost.obstacles) json_.Text(ObstacleWords(obstacle, content_.fields));
    json_.EndArray();
    json_.Key("dearest_predicate");
    if (cost.dearest_ns > 0) json_.Number(uint64_t{cost.dearest});
    else json_.Raw("null");
    WriteNs("dearest_predicate_ns", cost.dearest_ns);
    json_.EndObject();
  }

  void WritePredicate(const match::PredicateCost& cost) {
    json_.BeginObject();
    json_.Key("text").Text(content::ItemText(*cost.item, content_.fields));
    WriteShare(cost.ns);
    WriteNs("ns", cost.ns);
    json_.Key("asked").Number(cost.asked);
    json_.Key("evaluated").Number(cost.evaluated);
    json_.Key("true").Number(cost.held);
    json_.Key("rules").BeginArray();
    for (const content::RuleId rule : cost.rules) json_.Text(content::RuleLabel(content_.rules[rule.value()]));
    json_.EndArray();
    json_.EndObject();
  }

  const RuleProfile& profile_;
  const Cost& cost_;
  const content::ContentSet& content_;
  const content::Diagnostics& diagnostics_;
  JsonWriter json_;
};

}  // namespace

std::string RuleProfileJson(const RuleProfile& profile, const content::ContentSet& content, const content::Diagnostics& diagnostics) {
  return ProfileJsonWriter(profile, content, diagnostics).Write();
}

}  // namespace tocsin::pipeline
