#include <sys/resource.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>

#include "connectors/cli/commands.h"
#include "connectors/files/file_input.h"
#include "engine/pipeline/match_run.h"

namespace tocsin::cli {
namespace {

struct MatchArguments {
  std::vector<std::string> rules, paths;
  std::string site, lists;
  pipeline::MatchRunOptions run;
  bool stats = false;
};

uint64_t PeakRssBytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

int RunMatchCommand(const MatchArguments& arguments) {
  content::LoadOptions load = MatchingContent(arguments.rules, arguments.site, arguments.lists, arguments.run.time_field, arguments.run.logsource_from_event);
  load.shipped_rules = false;
  content::Diagnostics diagnostics;
  double load_seconds = 0;
  const auto content = LoadAndReport(load, diagnostics, &load_seconds);
  if (content->rules.empty()) {
    PrintDiagnostics(diagnostics);
    fprintf(stderr, "tocsin match: no rule is left to match with\n");
    return kUsage;
  }
  files::FileInput input(arguments.paths.empty() ? std::vector<std::string>{"-"} : arguments.paths);
  const pipeline::MatchRunResult result = RunMatch(content, arguments.run, diagnostics, input, stdout);
  PrintDiagnostics(diagnostics);
  PrintPassedOver(input.skipped());
  if (result.usage_error) {
    fprintf(stderr, "tocsin match: %s\n", result.error.c_str());
    return kUsage;
  }
  PrintUnread(result.bad_records, result.bad, result.inputs, result.unreadable);
  const bool written = fflush(stdout) == 0 && !ferror(stdout);
  if (!written) fprintf(stderr, "tocsin match: standard output could not be written\n");
  if (arguments.stats) {
    fprintf(stderr,
            "{\"events\":%llu,\"bytes\":%llu,\"bad\":%llu,\"hits\":%llu,\"load_seconds\":%.6f,\"run_seconds\":%.6f,\"peak_rss_bytes\":%llu,\"matching\":%s}\n",
            static_cast<unsigned long long>(result.events), static_cast<unsigned long long>(result.bytes),
            static_cast<unsigned long long>(result.bad), static_cast<unsigned long long>(result.hits), load_seconds + result.compile_seconds, result.run_seconds,
            static_cast<unsigned long long>(PeakRssBytes()), result.matching.Json().c_str());
  }
  return result.unreadable.empty() && written ? kDone : kRuntime;
}

}  // namespace

void AddMatch(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("match", "Every rule hit and correlation firing as NDJSON; nothing is stored");
  auto arguments = std::make_shared<MatchArguments>();
  command->add_option("--rules", arguments->rules, "Rule file or folder; may be given several times")->required()->take_all()->allow_extra_args(false)->type_name("PATH");
  command->add_option("paths", arguments->paths, "Files, folders, or - for standard input (the default)")->type_name("PATH");
  command->add_option("--source", arguments->run.source, "All events are of this source or of one that extends it")->type_name("NAME");
  command->add_flag("--logsource-from-event", arguments->run.logsource_from_event,
                    "The event's own product, category and service are its logsource");
  command->add_option("--time-field", arguments->run.time_field, "Field with the event's time (RFC 3339, epoch seconds or milliseconds)")->type_name("FIELD");
  command->add_option("--site", arguments->site, "Site profile")->check(CLI::ExistingDirectory.description(""))->type_name("DIR");
  command->add_option("--lists", arguments->lists, "Folder of lists, NAME.txt each")->check(CLI::ExistingDirectory.description(""))->type_name("DIR");
  command->add_flag("--count", arguments->run.count, "Totals per rule instead of hits");
  command->add_option("--threads", arguments->run.threads, "Worker threads; the output does not depend on it")->check(CLI::Range(1, 256).description(""))->type_name("N")->capture_default_str();
  command->add_flag("--stats", arguments->stats, "One JSON object with counts and times as the last line of standard error");
  command->footer(
      "Each line: {\"event\":N,\"rule\":{\"id\",\"name\",\"title\"},\"kind\":\"detection\"|\"correlation\",\"time\", and for\n"
      "correlations \"group\",\"value\"}. N is the 0-based position of the event in the input. Sorted by (time, N, rule).");
  command->callback([arguments, &exit_code] { exit_code = RunMatchCommand(*arguments); });
}

}  // namespace tocsin::cli
