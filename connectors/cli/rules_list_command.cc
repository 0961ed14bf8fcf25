#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>

#include "connectors/cli/commands.h"
#include "connectors/cli/terminal.h"
#include "engine/pipeline/rule_list.h"

namespace tocsin::cli {
namespace {

struct ListArguments {
  std::vector<std::string> paths;
  std::string site;
  pipeline::RuleFilter filter;
  bool json = false;
};

int ListRulesCommand(const ListArguments& arguments) {
  content::LoadOptions load;
  load.content_dir = content::DefaultContentDir();
  load.rules_paths = arguments.paths;
  load.shipped_rules = arguments.paths.empty();
  load.site_dir = arguments.site;
  content::Diagnostics diagnostics;
  double seconds = 0;
  const auto content = LoadAndReport(load, diagnostics, &seconds);
  PrintDiagnostics(diagnostics);
  const std::string wrong = pipeline::CheckRuleFilter(arguments.filter, *content);
  if (!wrong.empty()) {
    fprintf(stderr, "tocsin rules list: %s\n", wrong.c_str());
    return kUsage;
  }
  const std::vector<pipeline::RuleFacts> rules = pipeline::ListRules(*content, arguments.filter);
  const std::string text = arguments.json ? pipeline::RuleListJson(rules, *content, diagnostics) + "\n"
                                          : pipeline::RuleListText(rules, *content, OutputWidth());
  fwrite(text.data(), 1, text.size(), stdout);
  return kDone;
}

}  // namespace

void AddRulesList(CLI::App& rules, int& exit_code) {
  CLI::App* command = rules.add_subcommand("list", "What each rule is, what it needs, whether and when it alerts");
  auto arguments = std::make_shared<ListArguments>();
  command->add_option("paths", arguments->paths, "Rule files or folders; the shipped rules when none is given")
      ->type_name("PATH");
  command->add_option("--source", arguments->filter.source, "Rules that can match this source, or that wait for it")
      ->type_name("NAME");
  command->add_option("--level", arguments->filter.level, "informational, low, medium, high or critical")
      ->type_name("LEVEL");
  command->add_option("--tag", arguments->filter.tag, "Rules with this tag")->type_name("TAG");
  command->add_option("--playbook", arguments->filter.playbook, "Rules bound to this playbook")->type_name("ID");
  command->add_option("--site", arguments->site, "Site profile: what is connected, and its lists")->check(CLI::ExistingDirectory.description(""))->type_name("DIR");
  command->add_flag("--json", arguments->json, "One JSON array instead");
  command->footer(
      "Filters add up; one that ends in * takes what begins so: --source 'github.*' --tag 'attack.t1041*'.\n"
      "  sources  whose events its logsource takes, and those that give a key it groups by\n"
      "  alerts   when: a correlation waits for its slowest source's lateness, and for absences after its event\n"
      "  INACTIVE it asks for an absence that no connected source could show\n"
      "The most severe come first. A rule that cannot be loaded is named on standard error.");
  command->callback([arguments, &exit_code] { exit_code = ListRulesCommand(*arguments); });
}

}  // namespace tocsin::cli
