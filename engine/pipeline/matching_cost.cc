#include "engine/pipeline/matching_cost.h"

#include <fmt/format.h>

#include "engine/pipeline/json_writer.h"

namespace tocsin::pipeline {

std::string MatchingCost::Words() const {
  std::string out = ns_an_event < 1000 ? fmt::format("{:.0f} ns an event", ns_an_event) : fmt::format("{:.1f} us an event", ns_an_event / 1000);
  if (!dearest.empty()) out += fmt::format("; the dearest rule, {}, {:.0f} %", dearest, share * 100);
  return out + fmt::format(" ({} event{} counted, 1 of {})", counted, counted == 1 ? "" : "s", kSampledOneOf);
}

std::string MatchingCost::Json() const {
  if (counted == 0) return "null";
  JsonWriter json;
  json.BeginObject();
  json.Key("counted").Number(counted);
  json.Key("one_of").Number(uint64_t{kSampledOneOf});
  json.Key("ns_an_event").Raw(fmt::format("{:.1f}", ns_an_event));
  json.Key("dearest_rule").TextOrNull(dearest);
  json.Key("share").Raw(fmt::format("{:.4f}", share));
  json.EndObject();
  return json.Take();
}

MatchingCost MatchingCostOf(const match::Profile& profile, const content::ContentSet& content) {
  MatchingCost out;
  if (profile.counted() == 0) return out;
  const match::Cost cost = profile.Report();
  out.counted = cost.events;
  if (cost.ordinary_events > 0) out.ns_an_event = cost.ordinary_ns / static_cast<double>(cost.ordinary_events);
  if (!cost.rules.empty() && cost.rules[0].ns > 0) {
    out.dearest = content::RuleLabel(content.rules[cost.rules[0].rule.value()]);
    out.share = cost.rules[0].ns / cost.counted_ns();
  }
  return out;
}

}  // namespace tocsin::pipeline
