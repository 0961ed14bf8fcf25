#include "engine/pipeline/explain.h"

#include <algorithm>

#include "engine/pipeline/internal/correlation_probe.h"
#include "engine/pipeline/internal/recorded_run.h"
#include "engine/pipeline/internal/source_option.h"

namespace tocsin::pipeline {
namespace {

using content::RuleId;

// Detections that a correlation stands on, through every level.
void CollectLeaves(const content::ContentSet& content, RuleId rule, std::vector<RuleId>& out) {
  const content::Rule& of = content.rules[rule.value()];
  if (!of.is_correlation) {
    out.push_back(rule);
    return;
  }
  for (const auto& ref : of.correlation.refs) CollectLeaves(content, ref.rule, out);
}

EventExplanation ExplainEvent(const event::EventView& event, const content::ContentSet& content,
                              const event::InputTable& inputs) {
  EventExplanation out;
  out.number = event.number;
  if (event.input.valid()) out.input = inputs[event.input.value()].name;
  out.line = event.line;
  out.offset = event.offset;
  out.bytes = event.raw.size();
  out.source = event.source;
  out.time = event.time;
  out.flags = event.flags;
  out.precision_ns = event.precision_ns;
  out.identity = event::IdentityText(event.identity);
  for (const event::EntityKey& key : event.entities())
    out.entities.emplace_back(content::EntityKindName(key.kind), key.text);
  std::sort(out.entities.begin(), out.entities.end());
  out.links = event.links().size();
  if (event.source.valid()) out.logsource = content.sources[event.source.value()].logsource;
  return out;
}

}  // namespace

ExplainResult Explain(std::shared_ptr<const content::ContentSet> content, RuleId rule_id, const ExplainOptions& options,
                      content::Diagnostics& diagnostics, BoundedInput& input) {
  ExplainResult out;
  out.rule = rule_id;
  content::SourceId source;
  out.usage_error = ParseSourceOption(*content, options.source, source);
  if (!out.usage_error.empty()) return out;
  const content::Rule& rule = content->rules[rule_id.value()];
  std::unique_ptr<const match::Explainer> explainer;
  if (!rule.is_correlation) {
    content::Diagnostics said_by_the_program;
    explainer = match::Explainer::Compile(*content, rule, said_by_the_program);
  }
  std::vector<RuleId> leaves;
  CollectLeaves(*content, rule_id, leaves);

  event::PlanOptions plan_options;
  plan_options.logsource_from_event = options.logsource_from_event;
  plan_options.time_field = options.time_field;
  RecordedRun run(CompileAll(content, plan_options, diagnostics), source);
  run.Read(input, [&](const event::EventView& event, std::span<const RuleId> hits) {
    if (options.number && event.number != *options.number) return;
    // Of a correlation's events only those matter that hit a rule below it.
    const auto is_hit = [&](RuleId leaf) { return std::find(hits.begin(), hits.end(), leaf) != hits.end(); };
    if (rule.is_correlation && !options.number && std::none_of(leaves.begin(), leaves.end(), is_hit)) return;
    if (out.events.size() == kExplainedEvents) {
      out.more_events++;
      return;
    }
    EventExplanation& explained = out.events.emplace_back(ExplainEvent(event, *content, run.inputs()));
    explained.hits.assign(hits.begin(), hits.end());
    if (options.logsource_from_event) explained.logsource = match::EventLogsource(*content, event);
    if (rule.is_correlation || explainer == nullptr) return;
    explained.hit = is_hit(rule_id);
    if (options.logsource_from_event || event.source.valid()) {
      explained.conflict =
          match::LogsourceConflict(rule.detection.logsource, explained.logsource, !options.logsource_from_event);
    }
    if (explained.conflict.empty()) explained.why = explainer->Explain(event);
  });
  out.now = run.last_time();
  out.records = run.records();
  if (rule.is_correlation) ExplainCorrelation(content, run, out);
  out.bad = run.bad();
  out.inputs = run.inputs();
  out.unreadable = run.unreadable();
  return out;
}

}  // namespace tocsin::pipeline
