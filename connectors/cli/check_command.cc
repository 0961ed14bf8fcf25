#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>

#include "connectors/cli/commands.h"
#include "engine/content/diagnostics_json.h"
#include "engine/pipeline/check.h"

namespace tocsin::cli {
namespace {

struct CheckArguments {
  std::vector<std::string> paths;
  std::string site, lists;
  bool portable = false, json = false, sarif = false;
};

int CheckRules(const CheckArguments& arguments) {
  content::LoadOptions load;
  load.content_dir = content::DefaultContentDir();
  load.rules_paths = arguments.paths;
  load.shipped_rules = arguments.paths.empty();
  load.site_dir = arguments.site;
  load.lists_dir = arguments.lists;
  load.portable = arguments.portable;
  content::Diagnostics diagnostics;
  double seconds = 0;
  const auto content = LoadAndReport(load, diagnostics, &seconds);
  pipeline::CompileEverything(content, diagnostics);
  if (arguments.json) {
    puts(content::DiagnosticsJson(diagnostics).c_str());
  } else if (arguments.sarif) {
    puts(content::DiagnosticsSarif(diagnostics, TOCSIN_VERSION).c_str());
  } else {
    PrintDiagnostics(diagnostics);
    size_t correlations = 0;
    for (const content::Rule& rule : content->rules) correlations += rule.is_correlation;
    printf("%s, %s, %s, %s: %s, %s\n", Counted(content->rules.size() - correlations, "detection").c_str(),
           Counted(correlations, "correlation").c_str(), Counted(content->sources.size(), "source").c_str(),
           Counted(content->playbooks.size(), "playbook").c_str(), Counted(diagnostics.errors(), "error").c_str(),
           Counted(diagnostics.warnings(), "warning").c_str());
  }
  return diagnostics.errors() > 0 ? kCheckFailed : kDone;
}

}  // namespace

void AddRulesCheck(CLI::App& rules, int& exit_code) {
  CLI::App* check = rules.add_subcommand("check", "Load and compile; every error with file, line and what was expected");
  auto arguments = std::make_shared<CheckArguments>();
  check->add_option("paths", arguments->paths, "Rule files or folders; the shipped rules when none is given")->type_name("PATH");
  check->add_option("--site", arguments->site, "Site profile")->check(CLI::ExistingDirectory.description(""))->type_name("DIR");
  check->add_option("--lists", arguments->lists, "Folder of NAME.txt lists alone")->check(CLI::ExistingDirectory.description(""))->type_name("DIR");
  check->add_flag("--portable", arguments->portable, "Warn of everything that other Sigma tools would refuse or read differently");
  CLI::Option* json = check->add_flag("--json", arguments->json, "Diagnostics as one JSON object");
  check->add_flag("--sarif", arguments->sarif, "Diagnostics as SARIF 2.1.0, for code hosts")->excludes(json);
  check->footer("Exits 1 if any document is refused, 0 with warnings only.");
  check->callback([arguments, &exit_code] { exit_code = CheckRules(*arguments); });
}

}  // namespace tocsin::cli
