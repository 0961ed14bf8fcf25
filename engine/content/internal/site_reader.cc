#include "engine/content/internal/site_reader.h"

#include <chrono>
#include <optional>
#include <utility>

#include "engine/content/internal/map_reader.h"

namespace tocsin::content {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '\r')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// Calls f(line number, text) for each line.
template <class F>
void EachLine(std::string_view text, F f) {
  uint32_t number = 1;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    f(number++, text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

// The end of the day, UTC: an entry holds on its last day.
std::optional<int64_t> ParseDate(std::string_view text) {
  const auto number = [&](size_t at, size_t n) {
    int value = 0;
    for (size_t i = at; i < at + n; i++) {
      if (text[i] < '0' || text[i] > '9') return -1;
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)), std::chrono::month(static_cast<unsigned>(number(5, 2))), std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  if (!day.ok() || number(0, 4) < 1970 || number(0, 4) > 2261) return std::nullopt;
  return (std::chrono::sys_days(day).time_since_epoch().count() + 1) * 86'400ll * 1'000'000'000 - 1;
}

// owner=.. reason=.. until=..: words up to the next key.
bool ParseNotes(std::string_view notes, ListEntry& out) {
  std::string* open = nullptr;
  while (!(notes = Trim(notes)).empty()) {
    const size_t end = notes.find(' ');
    const std::string_view word = notes.substr(0, end);
    notes.remove_prefix(end == std::string_view::npos ? notes.size() : end);
    if (word.rfind("owner=", 0) == 0) {
      out.owner = word.substr(6);
      open = &out.owner;
    } else if (word.rfind("reason=", 0) == 0) {
      out.reason = word.substr(7);
      open = &out.reason;
    } else if (word.rfind("until=", 0) == 0) {
      const std::optional<int64_t> until = ParseDate(word.substr(6));
      if (!until) return false;
      out.until_ns = *until;
      open = nullptr;
    } else if (open != nullptr) {
      *open += " " + std::string(word);
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

std::vector<ListEntry> ParseList(uint32_t file, std::string_view text, Diagnostics& diagnostics) {
  std::vector<ListEntry> out;
  EachLine(text, [&](uint32_t number, std::string_view whole) {
    std::string_view line = Trim(whole);
    if (line.empty() || line[0] == '#') return;
    ListEntry entry;
    entry.place = {file, number, 1};
    std::string_view notes;
    if (line[0] == '"') {
      const size_t end = line.find('"', 1);
      if (end == std::string_view::npos) {
        diagnostics.Error("T0701", entry.place, "a quote that is not closed", "\"value\" # owner=.. reason=.. until=2027-01-31");
        return;
      }
      entry.text = line.substr(1, end - 1);
      notes = Trim(line.substr(end + 1));
      if (!notes.empty() && notes[0] != '#') {
        diagnostics.Error("T0701", entry.place, "text behind the closing quote", "` # ` before notes");
        return;
      }
      if (!notes.empty()) notes.remove_prefix(1);
    } else {
      const size_t hash = line.find(" # ");
      entry.text = Trim(line.substr(0, hash));
      if (hash != std::string_view::npos) notes = line.substr(hash + 3);
    }
    if (!ParseNotes(notes, entry)) {
      diagnostics.Error("T0702", entry.place, "notes that are not understood", "# owner=team reason=why until=2027-01-31");
      return;
    }
    out.push_back(std::move(entry));
  });
  return out;
}

bool ReadSite(const YamlNode& document, Diagnostics& diagnostics, Site& out) {
  MapReader map(document, "a site profile", {"name", "connected", "internal_prefixes", "clock_slack", "stop_keys"}, diagnostics);
  map.Text("name", out.name);
  map.Texts("connected", out.connected);
  std::vector<std::string> prefixes;
  map.Texts("internal_prefixes", prefixes);
  if (const YamlNode* node = map.Find("internal_prefixes")) {
    out.internal_prefixes.clear();
    if (node->IsScalar()) out.internal_prefixes.push_back({node->text, node->place});
    for (const YamlNode& item : node->items) out.internal_prefixes.push_back({item.text, item.place});
  }
  map.Span("clock_slack", out.clock_slack_ns);
  if (const YamlNode* keys = map.Find("stop_keys")) {
    for (const auto& [kind, values] : keys->entries) {
      EntityKind parsed;
      if (!ParseEntityName(kind, diagnostics, parsed)) continue;
      if (values.IsScalar()) out.stop_keys.emplace_back(parsed, values.text);
      for (const YamlNode& value : values.items) out.stop_keys.emplace_back(parsed, value.text);
    }
    if (!keys->IsMap()) map.Fail(keys->place, "`stop_keys` is not a map", "stop_keys: {ip: [192.0.2.1]}");
  }
  return map.ok();
}

bool ReadMap(uint32_t file, std::string_view text, Diagnostics& diagnostics, std::map<std::string, std::string>& out) {
  bool ok = true;
  EachLine(text, [&](uint32_t number, std::string_view whole) {
    const std::string_view line = Trim(whole);
    if (line.empty() || line[0] == '#' || (number == 1 && line == "key,value")) return;
    const size_t comma = line.find(',');
    if (comma == std::string_view::npos || comma == 0) {
      diagnostics.Error("T0703", {file, number, 1}, "not a key and a value", "key,value");
      ok = false;
      return;
    }
    const auto [it, fresh] = out.try_emplace(std::string(Trim(line.substr(0, comma))), Trim(line.substr(comma + 1)));
    if (!fresh) {
      diagnostics.Error("T0703", {file, number, 1}, "the key `" + it->first + "` stands twice", "one line for it");
      ok = false;
    }
  });
  return ok;
}

}  // namespace tocsin::content
