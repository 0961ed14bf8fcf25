#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>

#include "connectors/cli/commands.h"
#include "connectors/cli/terminal.h"
#include "connectors/files/file_input.h"
#include "engine/pipeline/rule_profile.h"

namespace tocsin::cli {
namespace {

struct ProfileArguments {
  std::vector<std::string> paths, rules;
  std::string site, lists;
  pipeline::RuleProfileOptions options;
  size_t top = 10;
  bool json = false;
};

int ProfileRulesCommand(const ProfileArguments& arguments) {
  content::LoadOptions load = MatchingContent(arguments.rules, arguments.site, arguments.lists, arguments.options.time_field, arguments.options.logsource_from_event);
  load.shipped_rules = arguments.rules.empty();
  content::Diagnostics diagnostics;
  double seconds = 0;
  const auto content = LoadAndReport(load, diagnostics, &seconds);
  if (content->rules.empty()) {
    PrintDiagnostics(diagnostics);
    fprintf(stderr, "tocsin rules profile: no rule is left to match with\n");
    return kUsage;
  }
  files::FileInput input(arguments.paths);
  const pipeline::RuleProfile profile = pipeline::ProfileRules(content, arguments.options, diagnostics, input);
  PrintDiagnostics(diagnostics);
  PrintPassedOver(input.skipped());
  if (!profile.usage_error.empty()) {
    fprintf(stderr, "tocsin rules profile: %s\n", profile.usage_error.c_str());
    return kUsage;
  }
  const std::string text = arguments.json ? pipeline::RuleProfileJson(profile, *content, diagnostics) + "\n"
                                          : pipeline::RuleProfileText(profile, *content, diagnostics, arguments.top, OutputWidth());
  fwrite(text.data(), 1, text.size(), stdout);
  PrintUnread(profile.bad_records, profile.bad, profile.inputs, profile.unreadable);
  return profile.unreadable.empty() ? kDone : kRuntime;
}

}  // namespace

void AddRulesProfile(CLI::App& rules, int& exit_code) {
  CLI::App* command = rules.add_subcommand("profile", "What each rule costs over some logs, and why");
  auto arguments = std::make_shared<ProfileArguments>();
  command->add_option("paths", arguments->paths, "Files, folders, or - for standard input")->required()->type_name("PATH");
  command->add_option("--rules", arguments->rules, "Rules to match with; the shipped ones when not given")->take_all()->allow_extra_args(false)->type_name("PATH");
  command->add_option("--source", arguments->options.source, "All events are of this source or of one that extends it")->type_name("NAME");
  command->add_flag("--logsource-from-event", arguments->options.logsource_from_event,
                    "The event's own product, category and service are its logsource");
  command->add_option("--time-field", arguments->options.time_field, "Field with the event's time")->type_name("FIELD");
  command->add_option("--site", arguments->site, "Site profile")->check(CLI::ExistingDirectory.description(""))->type_name("DIR");
  command->add_option("--lists", arguments->lists, "Folder of lists, NAME.txt each")->check(CLI::ExistingDirectory.description(""))->type_name("DIR");
  command->add_option("--top", arguments->top, "How many of the dearest rules and predicates to show")->check(CLI::Range(1, 100'000).description(""))->type_name("N")->capture_default_str();
  command->add_flag("--json", arguments->json, "One JSON object with every rule and predicate instead");
  command->footer(
      "How a rule is matched: something that must be in its events leads to it (a literal, a number, a keyword, a field). Where\n"
      "that stands, the rule is a candidate and its predicates are asked until its condition is decided. Rules that name nothing\n"
      "of the kind (a `not` alone, null, keywords under three bytes) are tried on every event of their logsource.\n"
      "  costs   time an event and a candidate; candidates, questions to predicates, hits: counts are exact\n"
      "  why     what led to the rule, and in how many events of its logsource that stood; or why nothing leads to it\n"
      "  mostly  the predicate that most of its time went to\n"
      "A predicate is evaluated at most once an event, whoever asks; its time is split among the rules that asked, by how often they did.\n"
      "Detections only: what correlations cost is not in it. A few thousand events of the kind in question are enough.\n\n"
      "  tocsin rules profile --rules my-rules logs/\n"
      "  tocsin rules profile --rules community --logsource-from-event --json events.ndjson");
  command->callback([arguments, &exit_code] { exit_code = ProfileRulesCommand(*arguments); });
}

}  // namespace tocsin::cli
