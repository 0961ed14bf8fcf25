#include "connectors/cli/commands.h"

namespace tocsin::cli {

void AddRules(CLI::App& app, int& exit_code) {
  CLI::App* rules = app.add_subcommand("rules", "Work with rules");
  rules->require_subcommand(1);
  AddRulesCheck(*rules, exit_code);
  AddRulesTest(*rules, exit_code);
  AddRulesExplain(*rules, exit_code);
  AddRulesList(*rules, exit_code);
  AddRulesProfile(*rules, exit_code);
}

}  // namespace tocsin::cli
