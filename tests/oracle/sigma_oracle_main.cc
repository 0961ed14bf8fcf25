// sigma_oracle [--time-field FIELD] [--lists DIR] [--logsource-from-event] RULES... EVENTS: what `tocsin match` prints, from the slow
// evaluator. RULES are files or folders, EVENTS a file with a JSON object a line. Refused rules go to standard error.
// sigma_oracle --make N RULES...: N events a line, made for one rule after the other by EventMaker, always the same ones.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/oracle/event_maker.h"
#include "tests/oracle/match_lines.h"

int main(int argc, char** argv) {
  using namespace tocsin::oracle;
  namespace fs = std::filesystem;
  std::string time_field;
  size_t make = 0;
  bool logsource_from_event = false;
  Lists lists;
  std::vector<std::string> paths;
  const auto whole = [](const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  };
  for (int i = 1; i < argc; i++) {
    const std::string argument = argv[i];
    if (argument == "--time-field" && i + 1 < argc) {
      time_field = argv[++i];
    } else if (argument == "--make" && i + 1 < argc) {
      make = std::stoul(argv[++i]);
    } else if (argument == "--logsource-from-event") {
      logsource_from_event = true;
    } else if (argument == "--lists" && i + 1 < argc) {
      for (const auto& entry : fs::directory_iterator(argv[++i])) lists[entry.path().stem().string()] = ReadList(whole(entry.path()));
    } else {
      paths.push_back(argument);
    }
  }
  if (make > 0 && !paths.empty()) {
    const RuleSet rules = LoadRulesFrom(paths, lists);
    EventMaker maker(1);
    for (size_t i = 0; i < make; i++) printf("%s\n", maker.Make(rules.rules[i % rules.rules.size()].condition).c_str());
    return 0;
  }
  if (paths.size() < 2) {
    fprintf(stderr, "usage: sigma_oracle [--time-field FIELD] [--lists DIR] [--logsource-from-event] RULES... EVENTS\n       sigma_oracle --make N RULES...\n");
    return 2;
  }
  std::vector<std::string> events;
  std::ifstream in(paths.back(), std::ios::binary);
  for (std::string line; std::getline(in, line);) events.push_back(line);
  paths.pop_back();
  const RuleSet rules = LoadRulesFrom(paths, lists);
  for (const Refusal& refusal : rules.refused) fprintf(stderr, "refused: %s: %s\n", refusal.label.c_str(), refusal.reason.c_str());
  for (const std::string& line : MatchLines(rules, events, time_field, logsource_from_event)) printf("%s\n", line.c_str());
  return 0;
}
