#include <stdlib.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "connectors/cli/commands.h"
#include "connectors/cli/incidents_view.h"
#include "connectors/cli/terminal.h"
#include "connectors/files/file_input.h"
#include "engine/content/counted.h"
#include "engine/event/time.h"
#include "engine/pipeline/replay.h"

namespace tocsin::cli {
namespace {

struct ReplayArguments {
  std::vector<std::string> rules, paths;
  std::string site, store, from, until, now;
  bool json = false;
};

// A folder that goes with the process.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const char* base = getenv("TMPDIR");
    path_ = std::string(base && *base ? base : "/tmp") + "/tocsin-replay-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void PrintRows(const char* heading, const std::vector<pipeline::CountRow>& rows, int name_width) {
  constexpr int kCountWidth = 15;
  fprintf(stderr, "%s\n", heading);
  for (const pipeline::CountRow& row : rows) {
    fprintf(stderr, "  %-*s %*s%s%s\n", name_width, row.name.c_str(), kCountWidth, content::WithThousands(row.value).c_str(), row.note.empty() ? "" : "  ", row.note.c_str());
  }
}

// Counts below each other: as wide as the shipped sources' names need, or wider for a longer one.
void PrintCounts(const pipeline::RunCounts& counts, const std::string& bad_path) {
  size_t name_width = 38;
  const std::vector<pipeline::CountRow> read = ReadRows(counts, bad_path), found = FoundRows(counts);
  for (const pipeline::CountRow& row : read) name_width = std::max(name_width, row.name.size());
  PrintRows("\nRead", read, static_cast<int>(name_width));
  PrintRows("Found", found, static_cast<int>(name_width));
}

void PrintInputs(const std::vector<std::string>& named, uint64_t count, const char* what) {
  for (const std::string& name : named) fprintf(stderr, "note: %s: %s\n", name.c_str(), what);
  if (count > named.size()) fprintf(stderr, "note: ... and %s more: %s\n", content::WithThousands(count - named.size()).c_str(), what);
}

// What a person wants to know of a run: what was read, what was not, what came out.
void PrintSummary(const pipeline::ReplaySummary& summary, const std::string& bad_path) {
  PrintCounts(summary, bad_path);
  const double seconds = summary.run_seconds > 0 ? summary.run_seconds : 1e-9;
  fprintf(stderr, "Took %.2f s, %s ev/s\n", summary.run_seconds, content::WithThousands(static_cast<uint64_t>(static_cast<double>(summary.events) / seconds)).c_str());
  if (summary.matching.counted > 0) fprintf(stderr, "Matching took %s\n", summary.matching.Words().c_str());
  for (const std::string& note : summary.alert_notes) fprintf(stderr, "note: %s\n", note.c_str());
  PrintInputs(summary.unknown_inputs, summary.unknown_input_count, "no known source");
  PrintInputs(summary.empty_inputs, summary.empty_input_count, "no records in it");
  for (const std::string& sample : summary.bad_samples) fprintf(stderr, "bad: %s\n", sample.c_str());
  if (summary.bad > summary.bad_samples.size()) {
    fprintf(stderr, "bad: ... and %s more%s\n", content::WithThousands(summary.bad - summary.bad_samples.size()).c_str(), bad_path.empty() ? "; --store FILE keeps each with its place" : ", each with its place in the file above");
  }
  for (const std::string& path : summary.unreadable) fprintf(stderr, "unreadable: %s\n", path.c_str());
}

// "2026-03-04T12:00:00Z", or a day: its beginning in UTC. A bare number is none: 2026 would be a second of 1970. False with a
// message when it is no time.
bool ParseOption(const char* name, const std::string& text, event::EventTime* out) {
  if (text.empty()) return true;
  constexpr size_t kDay = 10;
  const bool dated = text.size() >= kDay && text[4] == '-' && text[7] == '-';
  if (dated) *out = event::ParseTime(text.size() == kDay ? text + "T00:00:00Z" : text).time;
  if (out->known()) return true;
  fprintf(stderr, "tocsin replay: %s %s: not a time; write 2026-03-04T12:00:00Z or 2026-03-04\n", name, text.c_str());
  return false;
}

int RunReplayCommand(const ReplayArguments& arguments) {
  pipeline::ReplayOptions options;
  if (!ParseOption("--from", arguments.from, &options.from) || !ParseOption("--until", arguments.until, &options.until) ||
      !ParseOption("--now", arguments.now, &options.now)) {
    return kUsage;
  }
  if (options.from.known() && options.until.known() && options.from.ns > options.until.ns) {
    fprintf(stderr, "tocsin replay: --from %s is after --until %s: no event lies between\n", arguments.from.c_str(), arguments.until.c_str());
    return kUsage;
  }
  content::LoadOptions load;
  load.content_dir = content::DefaultContentDir();
  load.rules_paths = arguments.rules;
  load.shipped_rules = arguments.rules.empty();
  load.site_dir = arguments.site;
  content::Diagnostics diagnostics;
  double load_seconds = 0;
  const auto content = LoadAndReport(load, diagnostics, &load_seconds);
  if (content->rules.empty()) {
    PrintDiagnostics(diagnostics);
    fprintf(stderr, "tocsin replay: no rule is left to match with\n");
    return kUsage;
  }
  std::unique_ptr<TemporaryFolder> temporary;
  options.store_path = arguments.store;
  if (arguments.store.empty()) {
    temporary = std::make_unique<TemporaryFolder>();
    if (temporary->path().empty()) {
      fprintf(stderr, "tocsin replay: no temporary folder can be made; give --store FILE\n");
      return kRuntime;
    }
    options.store_path = temporary->path() + "/replay";
  }
  files::FileInput input(arguments.paths);
  auto progress = std::make_unique<ProgressBar>();
  options.progress = [&](uint64_t done, uint64_t total, uint64_t events) { progress->Draw(done, total, events); };
  WallClock clock;
  absl::StatusOr<pipeline::ReplaySummary> summary = RunReplay(content, options, diagnostics, input, clock);
  progress.reset();
  PrintDiagnostics(diagnostics);
  if (!summary.ok()) {
    fprintf(stderr, "tocsin replay: %s\n", std::string(summary.status().message()).c_str());
    return absl::IsFailedPrecondition(summary.status()) ? kUsage : kRuntime;
  }
  summary->load_seconds = load_seconds;
  PrintPassedOver(input.skipped());
  if (summary->already_done) fprintf(stderr, "%s holds this very run already: nothing was read again\n", arguments.store.c_str());
  const int shown = ShowReplayResult(options.store_path, {.json = arguments.json, .kept = !arguments.store.empty()});
  if (shown != kDone) return shown;
  fflush(stdout);  // the summary comes last, wherever both go
  if (!summary->already_done) PrintSummary(*summary, arguments.store.empty() ? "" : arguments.store + ".bad.ndjson");
  if (arguments.store.empty() && !arguments.json) fprintf(stderr, "\nNothing was kept; --store FILE keeps incidents, evidence and bad records.\n");
  if (!arguments.store.empty() && !arguments.json) {
    const char* const store = arguments.store.c_str();
    fprintf(stderr, "\nKept. To look at it: tocsin incidents list [--alerts] --store %s\n                     tocsin incidents show --store %s ID\n", store, store);
  }
  if (arguments.json) {
    const std::string counts = summary->already_done ? summary->stored_json : summary->Json();
    printf("%s\n", counts.c_str());
  }
  return summary->unreadable.empty() ? kDone : kRuntime;
}

}  // namespace

void AddReplay(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("replay", "Historical logs to incidents: all files merged by event time");
  auto arguments = std::make_shared<ReplayArguments>();
  command->add_option("paths", arguments->paths, "Files, folders, or - for standard input")->required()->type_name("PATH");
  command->add_option("--rules", arguments->rules, "Rules and filters instead of the shipped ones; may be given several times")->take_all()->allow_extra_args(false)->type_name("PATH");
  command->add_option("--site", arguments->site, "Site profile")->check(CLI::ExistingDirectory.description(""))->type_name("DIR");
  command->add_option("--store", arguments->store, "Keep incidents in FILE (SQLite), evidence in FILE.evidence/, bad records in FILE.bad.ndjson")->type_name("FILE");
  command->add_option("--from", arguments->from, "Leave out events before this time")->type_name("TIME");
  command->add_option("--until", arguments->until, "Leave out events after this time")->type_name("TIME");
  command->add_option("--now", arguments->now, "Count expiry from this moment (default: an incident's last event)")->type_name("TIME");
  command->add_flag("--json", arguments->json, "Incidents as JSON, and one closing object with the counts");
  command->footer(
      "NDJSON, single JSON documents, arrays, envelopes ({\"Records\":[..]}), gzip and zstd are told apart by their bytes.\n"
      "In a folder, files whose names end in .json, .ndjson, .jsonl or .log are read, also with what rotation adds (.1, -20260101) and\n"
      "with .gz or .zst behind that, in upper or lower case; others are named.\n"
      "The same run into the same store changes nothing; a store of another run is refused.");
  command->callback([arguments, &exit_code] { exit_code = RunReplayCommand(*arguments); });
}

}  // namespace tocsin::cli
