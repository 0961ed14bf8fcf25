#include <signal.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <atomic>
#include <cstdio>
#include <memory>

#include "connectors/cli/commands.h"
#include "connectors/kafka/kafka_input.h"
#include "connectors/kafka/kafka_sink.h"
#include "engine/content/run_config.h"
#include "engine/pipeline/live.h"

namespace tocsin::cli {
namespace {

std::atomic<bool> stop_requested = false;
std::atomic<bool> counts_requested = false;
void RequestStop(int) { stop_requested = true; }
void RequestCounts(int) { counts_requested = true; }

struct RunArguments {
  std::string config;
  bool print_config = false;
};

int Fail(const absl::Status& status) {
  fprintf(stderr, "tocsin run: %s\n", std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) || absl::IsFailedPrecondition(status) ? kUsage : kRuntime;
}

// Topic sources by name. False, with words, when one is unknown.
bool ResolveTopics(const content::RunConfig& config, const content::ContentSet& content, std::vector<kafka::Topic>& out) {
  std::vector<std::string_view> names;
  for (const content::SourceDef& source : content.sources) names.push_back(source.name);
  for (const content::RunConfig::Topic& topic : config.topics) {
    kafka::Topic resolved{topic.name, {}};
    for (size_t i = 0; i < names.size(); i++) {
      if (names[i] == topic.source) resolved.source = content::SourceId(static_cast<uint16_t>(i));
    }
    if (!topic.source.empty() && !resolved.source.valid()) {
      const std::string nearest = content::NearestWord(topic.source, names);
      fprintf(stderr, "tocsin run: topic %s: no source is called %s%s\n", topic.name.c_str(), topic.source.c_str(),
              nearest.empty() ? "" : ("; did you mean " + nearest + "?").c_str());
      return false;
    }
    out.push_back(resolved);
  }
  return true;
}

int RunRunCommand(const RunArguments& arguments) {
  if (arguments.config.empty()) {
    if (arguments.print_config) {
      printf("%s", content::RunConfigText(content::RunConfig()).c_str());
      return kDone;
    }
    fprintf(stderr, "tocsin run: --config FILE is required\n  tocsin run --print-config shows every key with its default\n");
    return kUsage;
  }
  content::Diagnostics diagnostics;
  const content::RunConfig config = content::LoadRunConfig(arguments.config, diagnostics);
  if (diagnostics.errors() > 0) {
    PrintDiagnostics(diagnostics);
    return kUsage;
  }
  if (arguments.print_config) {
    printf("%s", RunConfigText(config).c_str());
    return kDone;
  }
  content::LoadOptions load;
  load.content_dir = content::DefaultContentDir();
  load.rules_paths = config.rules;
  load.shipped_rules = config.rules.empty();
  load.site_dir = config.site;
  double seconds = 0;
  const auto content = LoadAndReport(load, diagnostics, &seconds);
  PrintDiagnostics(diagnostics);
  if (content->rules.empty()) {
    fprintf(stderr, "tocsin run: no rule is left to match with\n");
    return kUsage;
  }
  kafka::KafkaInputOptions input_options{config.brokers, config.group, {}, config.kafka_properties};
  if (!ResolveTopics(config, *content, input_options.topics)) return kUsage;
  auto input = kafka::KafkaInput::Create(input_options);
  if (!input.ok()) return Fail(input.status());
  std::unique_ptr<kafka::KafkaSink> sink;
  if (!config.output_topic.empty()) {
    auto made = kafka::KafkaSink::Create({config.brokers, config.output_topic, config.group, config.kafka_properties});
    if (!made.ok()) return Fail(made.status());
    sink = *std::move(made);
  }
  struct sigaction action = {};
  action.sa_handler = RequestStop;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  action.sa_handler = RequestCounts;
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, nullptr);
  pipeline::LiveOptions options;
  options.store_path = config.store;
  options.commit_interval_ms = config.commit_interval_ms;
  options.log = [](const std::string& line) { fprintf(stderr, "tocsin run: %s\n", line.c_str()); };
  options.counts_wanted = &counts_requested;
  WallClock clock;
  content::Diagnostics compile_diagnostics;
  const absl::Status status = RunLive(content, options, compile_diagnostics, **input, sink.get(), clock, stop_requested);
  PrintDiagnostics(compile_diagnostics);
  return status.ok() ? kDone : Fail(status);
}

}  // namespace

void AddRun(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("run", "The always-on feed: Kafka in; store and topic out");
  auto arguments = std::make_shared<RunArguments>();
  command->add_option("--config", arguments->config, "Configuration (YAML)")->type_name("FILE");
  command->add_flag("--print-config", arguments->print_config, "Print the configuration with every default, and end; without --config, the defaults alone");
  command->footer("SIGTERM ends it cleanly: everything that was read is durable. A start goes on where the last one stopped.\n"
                  "What was read and found, and how much is still to be read, is said on standard error every minute, on SIGUSR1 and at the end.");
  command->callback([arguments, &exit_code] { exit_code = RunRunCommand(*arguments); });
}

}  // namespace tocsin::cli
