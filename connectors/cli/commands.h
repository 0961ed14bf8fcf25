// The commands of the `tocsin` program, one file each. Contracts: DESIGN section 7; `--help` says the same to people.
#ifndef TOCSIN_CONNECTORS_CLI_COMMANDS_H_
#define TOCSIN_CONNECTORS_CLI_COMMANDS_H_

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/pipeline/ports.h"

namespace tocsin::cli {

enum ExitCode { kDone = 0, kCheckFailed = 1, kUsage = 2, kRuntime = 3 };

// Each adds its command to `app` and sets `exit_code` when it is called.
void AddReplay(CLI::App& app, int& exit_code);
void AddMatch(CLI::App& app, int& exit_code);
void AddRules(CLI::App& app, int& exit_code);
void AddRulesCheck(CLI::App& rules, int& exit_code);   // below `rules`
void AddIncidents(CLI::App& app, int& exit_code);
void AddRun(CLI::App& app, int& exit_code);
void AddRulesList(CLI::App& rules, int& exit_code);      // below `rules`
void AddRulesExplain(CLI::App& rules, int& exit_code);   // likewise
void AddRulesTest(CLI::App& rules, int& exit_code);      // likewise
void AddRulesProfile(CLI::App& rules, int& exit_code);   // likewise

// Content with its diagnostics printed to standard error. Null when nothing usable was left; `*seconds` is the time it took.
std::shared_ptr<const content::ContentSet> LoadAndReport(const content::LoadOptions& options, content::Diagnostics& diagnostics,
                                                         double* seconds);
// What the commands that match logs load: the rules named, with what reading the logs needs of them. The caller says whether the
// shipped rules join.
content::LoadOptions MatchingContent(const std::vector<std::string>& rules, const std::string& site, const std::string& lists, const std::string& time_field,
                                     bool logsource_from_event);
// Prints what `diagnostics` holds from number `first` on (a room's Compile adds to it after the load).
void PrintDiagnostics(const content::Diagnostics& diagnostics);

// "1 rule", "2 rules".
std::string Counted(size_t number, const char* one);

// Names the files of folders that were not read.
void PrintPassedOver(const std::vector<std::string>& paths);
// Names the bad records that were kept of `all`, then the inputs that could not be read.
void PrintUnread(const std::vector<event::BadRecord>& kept, uint64_t all, const event::InputTable& inputs, const std::vector<std::string>& unreadable);

// The machine's clock, for what is merely observed.
class WallClock : public pipeline::Clock {
 public:
  event::EventTime Now() override;
  void Sleep(int ms) override;
};

}  // namespace tocsin::cli

#endif  // TOCSIN_CONNECTORS_CLI_COMMANDS_H_
