// The subcommands of `tocsin rules`, one file each.
#ifndef TOCSIN_CONNECTORS_CLI_RULES_COMMANDS_H_
#define TOCSIN_CONNECTORS_CLI_RULES_COMMANDS_H_

#include "connectors/cli/commands.h"

namespace tocsin::cli {

void AddRulesList(CLI::App& rules, int& exit_code);
void AddRulesExplain(CLI::App& rules, int& exit_code);
void AddRulesTest(CLI::App& rules, int& exit_code);

}  // namespace tocsin::cli

#endif  // TOCSIN_CONNECTORS_CLI_RULES_COMMANDS_H_
