#include <chrono>
#include <cstdio>
#include <thread>

#include "connectors/cli/commands.h"
#include "engine/match/value_check.h"

namespace tocsin::cli {

void PrintDiagnostics(const content::Diagnostics& diagnostics) {
  const std::string text = diagnostics.Text();
  fwrite(text.data(), 1, text.size(), stderr);
}

std::shared_ptr<const content::ContentSet> LoadAndReport(const content::LoadOptions& options, content::Diagnostics& diagnostics,
                                                         double* seconds) {
  const auto start = std::chrono::steady_clock::now();
  content::LoadOptions checked = options;
  checked.check_value = match::CheckValue;
  std::shared_ptr<const content::ContentSet> content = content::LoadContent(checked, diagnostics);
  *seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return content;
}

content::LoadOptions MatchingContent(const std::vector<std::string>& rules, const std::string& site, const std::string& lists, const std::string& time_field,
                                     bool logsource_from_event) {
  content::LoadOptions load;
  load.content_dir = content::DefaultContentDir();
  load.rules_paths = rules;
  load.site_dir = site;
  load.lists_dir = lists;
  if (!time_field.empty()) load.fields.push_back(time_field);
  if (logsource_from_event) load.fields.insert(load.fields.end(), {"product", "category", "service"});
  return load;
}

void PrintPassedOver(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) fprintf(stderr, "note: %s: passed over, it is no file or its name does not end like a log's\n", path.c_str());
}

void PrintUnread(const std::vector<event::BadRecord>& kept, uint64_t all, const event::InputTable& inputs, const std::vector<std::string>& unreadable) {
  for (const event::BadRecord& bad : kept) fprintf(stderr, "%s: bad record: %s\n", pipeline::BadRecordPlace(bad, inputs).c_str(), bad.reason);
  if (all > kept.size()) fprintf(stderr, "... and %llu more bad records\n", static_cast<unsigned long long>(all - kept.size()));
  for (const std::string& path : unreadable) fprintf(stderr, "%s\n", path.c_str());
}

std::string Counted(size_t number, const char* one) { return std::to_string(number) + ' ' + one + (number == 1 ? "" : "s"); }

event::EventTime WallClock::Now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return event::EventTime{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
}

void WallClock::Sleep(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

}  // namespace tocsin::cli
