#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <set>

#include "connectors/cli/case_folder.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/terminal.h"
#include "connectors/files/file_input.h"
#include "engine/content/counted.h"
#include "engine/content/diagnostics.h"
#include "engine/match/value_check.h"
#include "engine/pipeline/json_writer.h"
#include "engine/pipeline/rule_case.h"

namespace tocsin::cli {
namespace {

using Failure = pipeline::CaseOutcome::Failure;

struct TestArguments {
  std::vector<std::string> paths, rules;
  std::string junit;
  bool json = false;
};

struct Result {
  std::string path;
  std::vector<Failure> failures;
  bool unreadable = false;    // it could not be run; failures say why
  std::string known_failure;  // it fails, and is known to: the reason
  bool failed() const { return !unreadable && known_failure.empty() && !failures.empty(); }
  double seconds = 0;
  std::vector<std::string> case_rules;  // for the command that explains a failure
  std::string case_options;
};

// Runs cases one after the other; rules that several cases share are loaded once.
class Tester {
 public:
  explicit Tester(std::vector<std::string> rules) : rules_(std::move(rules)) {}

  Result Run(const std::string& folder) {
    const auto start = std::chrono::steady_clock::now();
    Result out;
    out.path = folder;
    const CaseFolder read = ReadCase(folder);
    out.case_rules = read.rules.empty() ? rules_ : read.rules;
    out.case_options = OptionsText(read);
    for (const std::string& problem : read.problems) out.failures.push_back({problem, "", std::nullopt});
    out.unreadable = !out.failures.empty();
    if (!out.unreadable) {
      Load(read);
      std::unique_ptr<files::FileInput> input;
      if (!read.events.empty()) input = std::make_unique<files::FileInput>(std::vector{read.events});
      pipeline::CaseOutcome outcome = pipeline::RunRuleCase(read.expected, content_, diagnostics_, input.get());
      out.failures = std::move(outcome.failures);
      if (!read.known_failure.empty()) {
        if (out.failures.empty())
          out.failures.push_back(
              {"passes now: strike it off KNOWN_FAILURES (" + read.known_failure + ")", "", std::nullopt});
        else
          out.known_failure = read.known_failure;
      }
      if (read.rules.empty()) {
        has_shared_ = true;
        for (const content::RuleId rule : outcome.judged) {
          if (!read.expected.judge.empty()) judged_.insert(content::RuleLabel(content_->rules[rule.value()]));
        }
        for (const content::Rule& rule : content_->rules) shared_.insert(content::RuleLabel(rule));
      }
    }
    out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return out;
  }

  // Of the rules that are not a case's own: those that no case names under `judge`.
  std::vector<std::string> RulesWithoutCase() const {
    std::vector<std::string> out;
    for (const std::string& rule : shared_) {
      if (!judged_.contains(rule)) out.push_back(rule);
    }
    return out;
  }
  bool has_shared() const { return has_shared_; }

 private:
  static std::string OptionsText(const CaseFolder& folder) {
    std::string out;
    if (!folder.lists_dir.empty()) out += " --lists " + folder.lists_dir;
    if (!folder.site_dir.empty()) out += " --site " + folder.site_dir;
    if (!folder.expected.source.empty()) out += " --source " + folder.expected.source;
    if (!folder.expected.time_field.empty()) out += " --time-field " + folder.expected.time_field;
    if (folder.expected.logsource_from_event) out += " --logsource-from-event";
    return out;
  }

  void Load(const CaseFolder& folder) {
    content::LoadOptions load;
    load.content_dir = content::DefaultContentDir();
    load.rules_paths = folder.rules.empty() ? rules_ : folder.rules;
    load.shipped_rules = load.rules_paths.empty();
    load.lists_dir = folder.lists_dir;
    load.site_dir = folder.site_dir;
    load.check_value = match::CheckValue;
    if (!folder.expected.time_field.empty()) load.fields.push_back(folder.expected.time_field);
    if (folder.expected.logsource_from_event) load.fields.insert(load.fields.end(), {"product", "category", "service"});
    std::vector<std::string> key = load.rules_paths;
    key.insert(key.end(), {"", load.lists_dir, load.site_dir});
    key.insert(key.end(), load.fields.begin(), load.fields.end());
    if (content_ != nullptr && key == loaded_) return;
    loaded_ = std::move(key);
    diagnostics_ = {};
    content_ = content::LoadContent(load, diagnostics_);
  }

  const std::vector<std::string> rules_;
  std::vector<std::string> loaded_;  // what content_ was loaded by
  std::shared_ptr<const content::ContentSet> content_;
  content::Diagnostics diagnostics_;
  std::set<std::string> shared_, judged_;  // labels of rules
  bool has_shared_ = false;
};

struct Totals {
  uint64_t passed = 0, failed = 0, known = 0, unreadable = 0;
  void Count(const Result& result) {
    ++(result.unreadable ? unreadable : result.failed() ? failed : result.failures.empty() ? passed : known);
  }
};

// XML text: characters that XML 1.0 has no place for become '?'.
std::string Xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return out;
}

// As Jenkins, GitLab and GitHub read it: a suite, a testcase each, its failures in one element.
std::string JUnit(const std::vector<Result>& results, const Totals& totals, double seconds) {
  char time[32];
  const auto timed = [&](double value) {
    snprintf(time, sizeof time, "%.3f", value);
    return std::string(time);
  };
  const std::string counts = " tests=\"" + std::to_string(results.size()) + "\" failures=\"" +
                             std::to_string(totals.failed) + "\" errors=\"" + std::to_string(totals.unreadable) +
                             "\" skipped=\"" + std::to_string(totals.known) + "\" time=\"" + timed(seconds) + "\"";
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + counts +
                    ">\n  <testsuite name=\"tocsin rules test\"" + counts + ">\n";
  for (const Result& result : results) {
    const size_t slash = result.path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : result.path.substr(0, slash),
                      name = slash == std::string::npos ? result.path : result.path.substr(slash + 1);
    out += "    <testcase classname=\"" + Xml(folder) + "\" name=\"" + Xml(name) + "\" time=\"" +
           timed(result.seconds) + "\"";
    if (result.failures.empty()) {
      out += "/>\n";
      continue;
    }
    const std::string kind = result.unreadable ? "error" : result.failed() ? "failure" : "skipped";
    out += ">\n      <" + kind + " message=\"" +
           Xml(result.known_failure.empty() ? result.failures[0].what : result.known_failure) + "\">";
    for (const Failure& failure : result.failures) out += Xml(failure.what) + "\n";
    out += "</" + kind + ">\n    </testcase>\n";
  }
  return out + "  </testsuite>\n</testsuites>\n";
}

std::string Json(const std::vector<Result>& results, const Totals& totals, const Tester& tester) {
  pipeline::JsonWriter json;
  json.BeginObject();
  json.Key("cases").BeginArray();
  for (const Result& result : results) {
    json.BeginObject();
    json.Key("path").Text(result.path);
    json.Key("outcome").Text(result.unreadable         ? "unreadable"
                             : result.failed()         ? "failed"
                             : result.failures.empty() ? "passed"
                                                       : "known failure");
    json.Key("failures").BeginArray();
    for (const Failure& failure : result.failures) {
      json.BeginObject();
      json.Key("what").Text(failure.what);
      if (failure.event) {
        json.Key("rule").Text(failure.rule);
        json.Key("event").Number(*failure.event);
      }
      json.EndObject();
    }
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
  json.Key("passed").Number(totals.passed);
  json.Key("failed").Number(totals.failed);
  json.Key("known_failures").Number(totals.known);
  json.Key("unreadable").Number(totals.unreadable);
  json.Key("rules_without_case").BeginArray();
  for (const std::string& rule : tester.RulesWithoutCase()) json.Text(rule);
  json.EndArray();
  json.EndObject();
  return json.Take();
}

// What to type to see why.
std::string ExplainCommand(const Result& result, const Failure& failure) {
  std::string rules;
  for (const std::string& path : result.case_rules) rules += " --rules " + path;
  return "tocsin rules explain " + failure.rule + rules + result.case_options + " --event " + result.path +
         "/events.ndjson --number " + std::to_string(*failure.event);
}

void PrintResult(const Result& result) {
  printf("%s  %s\n", result.unreadable ? "UNREADABLE" : "FAILED", result.path.c_str());
  for (const Failure& failure : result.failures) printf("  %s\n", failure.what.c_str());
  const auto first = std::find_if(result.failures.begin(), result.failures.end(),
                                  [](const Failure& failure) { return failure.event.has_value(); });
  if (first != result.failures.end()) printf("  why: %s\n", ExplainCommand(result, *first).c_str());
}

int TestRules(const TestArguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::string> folders;
  bool unlisted = false;
  for (const std::string& path : arguments.paths) {
    std::string trimmed = path;
    while (trimmed.size() > 1 && trimmed.back() == '/') trimmed.pop_back();
    const size_t before = folders.size();
    if (!FindCases(trimmed, folders)) {
      fprintf(stderr, "tocsin rules test: %s: no folder that can be read\n", path.c_str());
      unlisted = true;
    } else if (folders.size() == before) {
      fprintf(stderr,
              "tocsin rules test: no golden case below %s: a folder with expect.json and events.ndjson or rules.yml\n",
              path.c_str());
      unlisted = true;
    }
  }
  Tester tester(arguments.rules);
  std::vector<Result> results;
  Totals totals;
  for (const std::string& folder : folders) {
    results.push_back(tester.Run(folder));
    const Result& result = results.back();
    totals.Count(result);
    if (!arguments.json && (result.failed() || result.unreadable)) PrintResult(result);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (arguments.json) {
    printf("%s\n", Json(results, totals, tester).c_str());
  } else {
    printf("%s: %s passed, %s failed", Counted(results.size(), "case").c_str(), content::WithThousands(totals.passed).c_str(),
           content::WithThousands(totals.failed).c_str());
    if (totals.unreadable > 0) printf(", %s unreadable", content::WithThousands(totals.unreadable).c_str());
    if (totals.known > 0) printf(", %s known to fail", content::WithThousands(totals.known).c_str());
    printf("\n");
    const std::vector<std::string> without = tester.RulesWithoutCase();
    if (tester.has_shared() && !without.empty()) {
      printf("%s that no case names:", Counted(without.size(), "rule").c_str());
      constexpr size_t kNamesShown = 10;
      for (size_t i = 0; i < without.size() && i < kNamesShown; i++) printf(" %s", without[i].c_str());
      printf(without.size() > kNamesShown ? " ...\n" : "\n");
    }
  }
  if (!arguments.junit.empty()) {
    const std::string text = JUnit(results, totals, seconds);
    FILE* file = fopen(arguments.junit.c_str(), "wb");
    const bool written = file != nullptr && fwrite(text.data(), 1, text.size(), file) == text.size();
    if ((file != nullptr && fclose(file) != 0) || !written) {
      fprintf(stderr, "tocsin rules test: %s could not be written\n", arguments.junit.c_str());
      return kRuntime;
    }
  }
  if (totals.unreadable > 0 || unlisted) return kUsage;
  return totals.failed > 0 ? kCheckFailed : kDone;
}

}  // namespace

void AddRulesTest(CLI::App& rules, int& exit_code) {
  CLI::App* command =
      rules.add_subcommand("test", "Run golden cases: what rules must do over a few events, and nothing else");
  auto arguments = std::make_shared<TestArguments>();
  command->add_option("paths", arguments->paths, "Folders of cases, searched to their ends")
      ->required()
      ->type_name("PATH");
  command
      ->add_option("--rules", arguments->rules, "Rules of the cases that bring none; the shipped ones when not given")
      ->take_all()
      ->allow_extra_args(false)
      ->type_name("PATH");
  command->add_option("--junit", arguments->junit, "Also write JUnit XML there")->type_name("FILE");
  command->add_flag("--json", arguments->json, "One JSON object instead of lines");
  command->footer(
      "A case is a folder:\n"
      "  events.ndjson   events, numbered from 0\n"
      "  rules.yml       rules of its own; without, the rules under test are judged\n"
      "  lists/NAME.txt  lists for its %NAME%\n"
      "  expect.json     what must come, and nothing else:\n"
      "    {\"judge\": [\"rule\"],\n"
      "     \"hits\": [{\"event\": 0, \"rule\": \"rule\", \"group\": {\"user\": \"a\"}, \"value\": 5, \"why\": "
      "\"..\"}],\n"
      "     \"misses\": {\"1\": \"why it must not hit\"},\n"
      "     \"alerts\": [{\"rule\": \"rule\", \"level\": \"high\", \"first\": TIME, \"last\": TIME}],\n"
      "     \"errors\": [\"T0101\"], \"warnings\": [], \"options\": [\"--time-field\", \"t\"]}\n"
      "Every key may be left out; CASES.md beside the shipped rules says what each means.\n\n"
      "Exits 1 if a case fails, 2 if one cannot be read. A failing case names the command that explains it:\n"
      "  tocsin rules test my-rules --rules my-rules --junit report.xml");
  command->callback([arguments, &exit_code] { exit_code = TestRules(*arguments); });
}

}  // namespace tocsin::cli
