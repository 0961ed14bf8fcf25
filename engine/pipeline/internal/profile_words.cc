#include "engine/pipeline/internal/profile_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/content/counted.h"
#include "engine/content/sigma/describe.h"

namespace tocsin::pipeline {
namespace {

using match::Lead;
using match::Obstacle;
using match::RuleCost;

constexpr size_t kLeadsShown = 3, kObstaclesShown = 3;
// A rule is told to find a rarer literal when it is tried on more than this part of the events and hits on fewer than one of so
// many of them.
constexpr uint64_t kOftenOneOf = 20, kSeldomOneOf = 100;

std::string Logsource(const content::Rule& rule) {
  std::string out;
  const content::Logsource& logsource = rule.detection.logsource;
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) out += (out.empty() ? "" : ", ") + name + ' ' + value;
  };
  add("product", logsource.product);
  add("category", logsource.category);
  add("service", logsource.service);
  for (const auto& [name, value] : logsource.custom) add(name, value);
  return out;
}

std::string ItemName(const content::Item& item, const content::FieldTable& fields) { return item.field.valid() ? fields.name(item.field) : "a keyword"; }

std::string ObstaclesWords(const RuleCost& cost, const content::FieldTable& fields) {
  std::vector<std::string> reasons;    // several `not`s are one
  for (const Obstacle& obstacle : cost.obstacles) {
    std::string words = ObstacleWords(obstacle, fields);
    if (std::find(reasons.begin(), reasons.end(), words) == reasons.end()) reasons.push_back(std::move(words));
  }
  std::string out;
  for (size_t i = 0; i < std::min(reasons.size(), kObstaclesShown); i++) out += (i > 0 ? "; " : "") + reasons[i];
  return reasons.size() > kObstaclesShown ? out + "; and more" : out;
}

bool ByPresence(const RuleCost& cost) { return !cost.leads.empty() && cost.leads[0].kind == Lead::Kind::kPresent; }

}  // namespace

std::string LeadWords(const Lead& lead, const content::FieldTable& fields) {
  switch (lead.kind) {
    case Lead::Kind::kLiteral: return fields.name(lead.field) + ' ' + content::TestWords(lead.test, fields);
    case Lead::Kind::kNumber: return fields.name(lead.field) + " is one of its numbers";
    case Lead::Kind::kPresent: return fields.name(lead.field) + " is there";
    case Lead::Kind::kKeyword: return "a keyword: some value " + content::TestWords(lead.test, fields);
  }
  return "";
}

std::string ObstacleWords(const Obstacle& obstacle, const content::FieldTable& fields) {
  using Why = Obstacle::Why;
  if (obstacle.why == Why::kNot) return "a `not` names nothing that must be there";
  const std::string name = ItemName(*obstacle.item, fields);
  if (obstacle.why == Why::kNegated) return name + " with `neq` names nothing that must be there";
  const std::string test = name + ' ' + content::TestWords(*obstacle.test, fields);
  switch (obstacle.why) {
    case Why::kNot:
    case Why::kNegated: break;
    case Why::kNull:
    case Why::kMissing: return test + ", which holds where the field is missing";
    case Why::kElements: return test + ": nothing leads to array selectors";
    case Why::kKeyword: return test + ": no literal of three bytes or more, and shorter ones are not sought as keywords";
    case Why::kRegex: return test + ": no literal that must stand in what it matches";
    case Why::kText: return test + ": no literal of two bytes or more";
    case Why::kExists: return test + ": that is all it asks";
    case Why::kNetwork: return test + ": networks are compared, not sought";
    case Why::kCompare: return test + ": numbers that are compared are not sought";
    case Why::kFieldRef: return test + ": what it compares with is in the event itself";
    case Why::kTimePart: return test + ": times are compared, not sought";
  }
  return test;
}

std::string WhyWords(const RuleCost& cost, const content::Rule& rule, const content::FieldTable& fields) {
  if (cost.candidates == 0) return "";
  if (cost.always) {
    const std::string logsource = Logsource(rule);
    return "tried on every event" + (logsource.empty() ? "" : " of " + logsource) + ": " + ObstaclesWords(cost, fields);
  }
  std::string out;
  for (size_t i = 0; i < std::min(cost.leads.size(), kLeadsShown); i++) {
    if (i > 0) out += "; ";
    out += LeadWords(cost.leads[i], fields) + " (" + content::Counted(cost.leads[i].events, "event") + ")";
  }
  if (cost.leads.size() > kLeadsShown) out += fmt::format("; {} more", cost.leads.size() - kLeadsShown);
  if (ByPresence(cost)) out += ": " + (cost.obstacles.empty() ? "its literals are so many or so common that the field alone is sought" : ObstaclesWords(cost, fields));
  return out;
}

std::string AdviceWords(const RuleCost& cost, uint64_t events) {
  if (cost.always) return "beside it, ask for something that must be there: a field's value, a literal in it, a keyword of three bytes or more";
  if (cost.leads.empty()) return "";
  if (ByPresence(cost)) return cost.obstacles.empty() ? "" : "beside it, ask for a literal of two bytes or more that must stand in the field, or for another field's value";
  if (cost.candidates * kOftenOneOf < events || cost.hits * kSeldomOneOf >= cost.candidates) return "";
  return fmt::format("tried on {:.0f} % of all events and hit {} of them: beside it, ask for a rarer literal", 100.0 * static_cast<double>(cost.candidates) / static_cast<double>(events),
                     cost.hits == 0 ? "none" : fmt::format("{:.2g} %", 100.0 * static_cast<double>(cost.hits) / static_cast<double>(cost.candidates)));
}

}  // namespace tocsin::pipeline
