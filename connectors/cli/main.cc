// The `tocsin` program: one command line over the engine. Data goes to standard output, words to standard error.
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/cli/commands.h"

namespace {

// Options and commands of the command that was reached, for "did you mean".
std::vector<std::string> KnownWords(const CLI::App& app) {
  std::vector<std::string> words;
  const CLI::App* reached = &app;
  while (!reached->get_subcommands().empty()) reached = reached->get_subcommands().front();
  for (const CLI::Option* option : reached->get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  for (const CLI::App* command : reached->get_subcommands([](const CLI::App*) { return true; })) words.push_back(command->get_name());
  return words;
}

int UsageError(const CLI::App& app, const CLI::ParseError& error) {
  std::string message = error.what();
  std::string hint;
  const CLI::App* reached = &app;
  while (!reached->get_subcommands().empty()) reached = reached->get_subcommands().front();
  const std::vector<std::string> extras = app.remaining(true);
  if (!extras.empty()) {
    std::string wrong = extras.front();
    wrong = wrong.substr(0, wrong.find('='));
    message = (wrong.rfind("-", 0) == 0 ? "unknown option " : "unknown argument ") + wrong;
    const std::vector<std::string> words = KnownWords(app);
    const std::string nearest = tocsin::content::NearestWord(wrong, {words.begin(), words.end()});
    if (!nearest.empty()) hint = "; did you mean " + nearest + "?";
  }
  std::string command = "tocsin";
  if (reached != &app) command += " " + (reached->get_parent() != &app ? reached->get_parent()->get_name() + " " : "") + reached->get_name();
  fprintf(stderr, "%s: %s%s\n  %s --help tells what there is\n", command.c_str(), message.c_str(), hint.c_str(), command.c_str());
  return tocsin::cli::kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Tocsin: audit and CI events in, product-security incidents out.\n"
      "Matches logs against Sigma rules and correlations; every incident comes with its evidence timeline,\n"
      "its first-15-minutes steps and its preserve list.",
      "tocsin"};
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 a check failed, 2 usage or configuration, 3 something could not be read or written.\n"
      "Shipped content is taken from $TOCSIN_CONTENT, else from share/tocsin/rules beside the program's folder, else\n"
      "from the source tree it was built from.");
  app.get_formatter()->column_width(34);
  int exit_code = tocsin::cli::kDone;
  tocsin::cli::AddReplay(app, exit_code);
  tocsin::cli::AddRun(app, exit_code);
  tocsin::cli::AddIncidents(app, exit_code);
  tocsin::cli::AddMatch(app, exit_code);
  tocsin::cli::AddRules(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return UsageError(app, error);
  } catch (const std::exception& error) {
    // A library's exception that no file caught: a bug, but the run must end with words, not with a core.
    fprintf(stderr, "tocsin: internal error: %s\n", error.what());
    return tocsin::cli::kRuntime;
  }
  return exit_code;
}
