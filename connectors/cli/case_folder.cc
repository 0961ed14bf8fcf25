#include "connectors/cli/case_folder.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <system_error>

#include "engine/content/diagnostics.h"
#include "engine/event/time.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;
namespace dom = simdjson::dom;

bool IsFile(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool IsFolder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool IsCase(const std::string& folder) {
  const bool rules = IsFile(folder + "/rules.yml"), events = IsFile(folder + "/events.ndjson");
  return IsFile(folder + "/expect.json") ? rules || events : rules && events;
}

// Takes expect.json apart; what is wrong with it goes to the folder's problems.
class ExpectReader {
 public:
  explicit ExpectReader(CaseFolder& out) : out_(out) {}

  void Read() {
    const std::string path = out_.path + "/expect.json";
    if (!IsFile(path)) return Problem("is not there: it says what must come");
    dom::parser parser;
    dom::element root;
    if (const simdjson::error_code error = parser.load(path).get(root))
      return Problem(std::string("is not JSON: ") + simdjson::error_message(error));
    if (!root.is_object()) return Problem("is no object");
    const dom::object object = root.get_object().value_unsafe();
    KnownKeys(object, "",
              {"judge", "rules", "options", "hits", "misses", "alerts", "errors", "warnings", "point", "note"});
    for (const dom::key_value_pair& field : object) {
      if (field.key == "judge") Texts(field.value, "judge", out_.expected.judge);
      if (field.key == "rules") ReadRules(field.value);
      if (field.key == "options") ReadOptions(field.value);
      if (field.key == "hits") ReadHits(field.value);
      if (field.key == "misses") ReadMisses(field.value);
      if (field.key == "alerts") ReadAlerts(field.value);
      if (field.key == "errors") Texts(field.value, "errors", out_.expected.errors);
      if (field.key == "warnings") Texts(field.value, "warnings", out_.expected.warnings);
    }
    if (out_.events.empty() && !out_.expected.hits.empty()) Problem("expects hits, and there is no events.ndjson");
  }

 private:
  void Problem(const std::string& what) { out_.problems.push_back(out_.path + "/expect.json: " + what); }

  void KnownKeys(const dom::object& object, const std::string& where, std::initializer_list<std::string_view> known) {
    for (const dom::key_value_pair& field : object) {
      if (std::find(known.begin(), known.end(), field.key) != known.end()) continue;
      const std::string nearest = content::NearestWord(field.key, known);
      Problem("unknown key `" + where + std::string(field.key) + "`" +
              (nearest.empty() ? "" : "; did you mean `" + nearest + "`?"));
    }
  }

  std::string Text(dom::element value, const std::string& where) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) return std::string(text);
    Problem("`" + where + "` is a text");
    return "";
  }

  void Texts(dom::element value, const std::string& where, std::vector<std::string>& out) {
    dom::array array;
    if (value.get(array) != simdjson::SUCCESS) return Problem("`" + where + "` is a list of texts");
    for (const dom::element each : array) out.push_back(Text(each, where));
  }

  pipeline::RuleCase::Group Group(dom::element value, const std::string& where) {
    pipeline::RuleCase::Group out;
    dom::object object;
    if (value.get(object) != simdjson::SUCCESS)
      Problem("`" + where + "` is an object of texts");
    else
      for (const dom::key_value_pair& field : object) out[std::string(field.key)] = Text(field.value, where);
    return out;
  }

  void ReadRules(dom::element value) {
    std::vector<std::string> paths;
    if (value.is_string())
      paths.push_back(Text(value, "rules"));
    else
      Texts(value, "rules", paths);
    if (!out_.rules.empty()) Problem("names `rules`, and there is a rules.yml: one of them");
    for (const std::string& path : paths)
      out_.rules.push_back(fs::path(out_.path + "/" + path).lexically_normal().string());
  }

  // The options of `tocsin match` that say how events are read.
  void ReadOptions(dom::element value) {
    std::vector<std::string> words;
    Texts(value, "options", words);
    for (size_t i = 0; i < words.size(); i++) {
      const auto argument = [&](std::string& into) {
        if (i + 1 < words.size())
          into = words[++i];
        else
          Problem("`options`: " + words[i] + " takes a value");
      };
      if (words[i] == "--logsource-from-event")
        out_.expected.logsource_from_event = true;
      else if (words[i] == "--time-field")
        argument(out_.expected.time_field);
      else if (words[i] == "--source")
        argument(out_.expected.source);
      else if (words[i] == "--site") {
        std::string site;
        argument(site);
        out_.site_dir = out_.path + "/" + site;
      } else {
        Problem("`options`: " + words[i] +
                " is none of --logsource-from-event, --time-field FIELD, --source NAME, --site DIR");
      }
    }
  }

  void ReadHits(dom::element value) {
    dom::array array;
    if (value.get(array) != simdjson::SUCCESS) return Problem("`hits` is a list");
    for (const dom::element each : array) {
      dom::object object;
      if (each.get(object) != simdjson::SUCCESS) return Problem("each of `hits` is an object");
      KnownKeys(object, "hits.", {"event", "rule", "why", "group", "value"});
      pipeline::RuleCase::Hit hit;
      bool numbered = false;
      for (const dom::key_value_pair& field : object) {
        if (field.key == "event") numbered = field.value.get(hit.event) == simdjson::SUCCESS;
        if (field.key == "rule") hit.rule = Text(field.value, "hits.rule");
        if (field.key == "why") hit.why = Text(field.value, "hits.why");
        if (field.key == "group") hit.group = Group(field.value, "hits.group");
        if (field.key == "value") hit.value = simdjson::minify(field.value);
      }
      if (!numbered || hit.rule.empty()) return Problem("each of `hits` has `event` (a number, from 0) and `rule`");
      out_.expected.hits.push_back(std::move(hit));
    }
  }

  void ReadMisses(dom::element value) {
    dom::object object;
    if (value.get(object) != simdjson::SUCCESS)
      return Problem("`misses` is an object: number of the event -> why it must not hit");
    for (const dom::key_value_pair& field : object) {
      uint64_t event = 0;
      const auto [end, error] = std::from_chars(field.key.data(), field.key.data() + field.key.size(), event);
      if (error != std::errc() || end != field.key.data() + field.key.size())
        Problem("`misses`: `" + std::string(field.key) + "` is no number of an event");
      else
        out_.expected.misses[event] = Text(field.value, "misses");
    }
    out_.expected.every_event = true;
  }

  void ReadAlerts(dom::element value) {
    dom::array array;
    if (value.get(array) != simdjson::SUCCESS) return Problem("`alerts` is a list");
    out_.expected.alerts.emplace();
    for (const dom::element each : array) {
      dom::object object;
      if (each.get(object) != simdjson::SUCCESS) return Problem("each of `alerts` is an object");
      KnownKeys(object, "alerts.", {"rule", "level", "group", "first", "last", "why"});
      pipeline::RuleCase::Alert alert;
      for (const dom::key_value_pair& field : object) {
        if (field.key == "rule") alert.rule = Text(field.value, "alerts.rule");
        if (field.key == "why") alert.why = Text(field.value, "alerts.why");
        if (field.key == "level") alert.level = Text(field.value, "alerts.level");
        if (field.key == "group") alert.group = Group(field.value, "alerts.group");
        if (field.key == "first") alert.first = Time(field.value, "alerts.first");
        if (field.key == "last") alert.last = Time(field.value, "alerts.last");
      }
      if (alert.level && !content::ParseLevel(*alert.level))
        Problem("`alerts.level`: `" + *alert.level + "` is no level");
      if (alert.rule.empty()) return Problem("each of `alerts` has `rule`");
      out_.expected.alerts->push_back(std::move(alert));
    }
  }

  event::EventTime Time(dom::element value, const std::string& where) {
    const event::EventTime time = event::ParseTime(Text(value, where)).time;
    if (!time.known()) Problem("`" + where + "` is no time: RFC 3339");
    return time;
  }

  CaseFolder& out_;
};

// The reason behind `NAME:` in the file KNOWN_FAILURES of the folder above.
std::string KnownFailure(const std::string& folder) {
  const fs::path path(folder);
  std::ifstream file(path.parent_path().string() + "/KNOWN_FAILURES");
  const std::string name = path.filename().string() + ":";
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    const size_t begin = line.find_first_not_of(' ', name.size());
    return begin == std::string::npos ? "no reason is given" : line.substr(begin);
  }
  return "";
}

}  // namespace

bool FindCases(const std::string& path, std::vector<std::string>& folders) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return false;
  std::vector<std::string> found;
  if (IsCase(path)) found.push_back(path);
  // Symbolic links are not followed, so there are no loops.
  for (auto it = fs::recursive_directory_iterator(path, error); !error && it != fs::recursive_directory_iterator();
       it.increment(error)) {
    if (it->is_directory() && IsCase(it->path().string())) found.push_back(it->path().string());
  }
  std::sort(found.begin(), found.end());
  folders.insert(folders.end(), found.begin(), found.end());
  return !error;
}

CaseFolder ReadCase(const std::string& folder) {
  CaseFolder out;
  out.path = folder;
  if (IsFile(folder + "/rules.yml")) out.rules.push_back(folder + "/rules.yml");
  if (IsFolder(folder + "/lists")) out.lists_dir = folder + "/lists";
  if (IsFile(folder + "/events.ndjson")) out.events = folder + "/events.ndjson";
  out.known_failure = KnownFailure(folder);
  ExpectReader(out).Read();
  return out;
}

}  // namespace tocsin::cli
