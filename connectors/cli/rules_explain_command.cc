#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>

#include "connectors/cli/commands.h"
#include "connectors/cli/terminal.h"
#include "connectors/files/file_input.h"
#include "engine/content/find_rule.h"
#include "engine/pipeline/explain.h"

namespace tocsin::cli {
namespace {

struct ExplainArguments {
  std::string rule, site, lists;
  std::vector<std::string> rules, events;
  pipeline::ExplainOptions options;
  int64_t number = -1;
  bool json = false;
};

// The rule that was asked for, or words on standard error.
content::RuleId ChooseRule(const content::ContentSet& content, const content::Diagnostics& diagnostics,
                           const std::string& text) {
  const std::vector<content::RuleId> found = content::FindRules(content, text);
  if (found.size() == 1) return found[0];
  if (found.empty()) {
    const std::string nearest = content::NearestRule(content, text);
    fprintf(stderr, "tocsin rules explain: no rule has the name, id or title `%s`%s\n", text.c_str(),
            nearest.empty() ? "" : ("; did you mean `" + nearest + "`?").c_str());
    return content::RuleId();
  }
  fprintf(stderr, "tocsin rules explain: %zu rules are called `%s`; name one by its id:\n", found.size(), text.c_str());
  for (const content::RuleId id : found) {
    const content::Rule& rule = content.rules[id.value()];
    fprintf(stderr, "  %s  %s:%u\n", rule.id.c_str(), diagnostics.file_name(rule.place.file).c_str(), rule.place.line);
  }
  return content::RuleId();
}

int ExplainRule(const ExplainArguments& arguments) {
  content::LoadOptions load = MatchingContent(arguments.rules, arguments.site, arguments.lists, arguments.options.time_field, arguments.options.logsource_from_event);
  load.shipped_rules = arguments.rules.empty();
  content::Diagnostics diagnostics;
  double seconds = 0;
  const auto content = LoadAndReport(load, diagnostics, &seconds);
  const content::RuleId rule = ChooseRule(*content, diagnostics, arguments.rule);
  if (!rule.valid()) {
    PrintDiagnostics(diagnostics);  // the rule may be one of those that were refused
    return kUsage;
  }
  pipeline::ExplainOptions options = arguments.options;
  if (arguments.number >= 0) options.number = static_cast<uint64_t>(arguments.number);
  files::FileInput input(arguments.events);
  const pipeline::ExplainResult result = pipeline::Explain(content, rule, options, diagnostics, input);
  if (!result.usage_error.empty()) {
    fprintf(stderr, "tocsin rules explain: %s\n", result.usage_error.c_str());
    return kUsage;
  }
  PrintDiagnostics(diagnostics);
  PrintPassedOver(input.skipped());
  const std::string text = arguments.json ? pipeline::ExplainJson(result, *content, diagnostics) + "\n"
                                          : pipeline::ExplainText(result, *content, diagnostics, OutputWidth());
  fwrite(text.data(), 1, text.size(), stdout);
  PrintUnread(result.bad, result.bad.size(), result.inputs, result.unreadable);
  for (const pipeline::EventExplanation& event : result.events) {
    if (event.agrees()) continue;
    fprintf(stderr,
            "tocsin rules explain: event %llu: the explanation is not what the engine found; please report it\n",
            static_cast<unsigned long long>(event.number));
    return kRuntime;
  }
  return result.unreadable.empty() ? kDone : kRuntime;
}

}  // namespace

void AddRulesExplain(CLI::App& rules, int& exit_code) {
  CLI::App* command = rules.add_subcommand("explain", "Why a rule hit an event, or did not; how far a correlation is");
  auto arguments = std::make_shared<ExplainArguments>();
  command->add_option("rule", arguments->rule, "Name, id or title of the rule")->required()->type_name("RULE");
  command
      ->add_option("--event", arguments->events,
                   "File or folder of events, - for standard input; may be given several times")
      ->required()
      ->take_all()
      ->allow_extra_args(false)
      ->type_name("FILE");
  command->add_option("--number", arguments->number, "This event alone, by the number that `match` gives it (from 0)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  command->add_option("--rules", arguments->rules, "Rules to look in; the shipped ones when not given")
      ->take_all()
      ->allow_extra_args(false)
      ->type_name("PATH");
  command->add_option("--source", arguments->options.source, "All events are of this source or of one that extends it")
      ->type_name("NAME");
  command->add_flag("--logsource-from-event", arguments->options.logsource_from_event,
                    "The event's own product, category and service are its logsource");
  command->add_option("--time-field", arguments->options.time_field, "Field with the event's time")->type_name("FIELD");
  command->add_option("--site", arguments->site, "Site profile")->check(CLI::ExistingDirectory.description(""))->type_name("DIR");
  command->add_option("--lists", arguments->lists, "Folder of lists, NAME.txt each")->check(CLI::ExistingDirectory.description(""))->type_name("DIR");
  command->add_flag("--json", arguments->json, "One JSON object instead");
  command->footer(
      "A detection, one event: where the event went (source, time, identity, entity keys, candidate, hits), then\n"
      "the condition as a tree: yes or no for every part, and where it decided, the event's own value and the\n"
      "line of the rule. Several events: a line each; --number N shows one in full.\n"
      "A correlation: its groups, event by event, with the value that each reached, when it fired, and what its\n"
      "window holds at the latest event (\"4 of 5; the oldest expires in 42 s\").\n"
      "Known secrets are masked in everything that is shown. Exits 0 whatever the outcome is.\n\n"
      "  tocsin rules explain privileged_job --event job.json\n"
      "  tocsin rules explain my_rule --rules my-rules --event log.ndjson --number 17");
  command->callback([arguments, &exit_code] { exit_code = ExplainRule(*arguments); });
}

}  // namespace tocsin::cli
