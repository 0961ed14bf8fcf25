#include "tests/oracle/match_lines.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <tuple>

namespace tocsin::oracle {
namespace {

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    char hex[8];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      snprintf(hex, sizeof hex, "\\u%04x", static_cast<unsigned>(c));
      out += hex;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string QuotedOrNull(const std::string& text) { return text.empty() ? "null" : Quoted(text); }

std::string TimeText(int64_t ns) {
  using namespace std::chrono;
  const sys_time<nanoseconds> time{nanoseconds(ns)};
  const sys_days day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  char text[64];
  snprintf(text, sizeof text, "\"%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
           static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  std::string out = text;
  const long long rest = clock.subseconds().count();
  if (rest != 0) {
    const int digits = rest % 1'000'000 == 0 ? 3 : rest % 1000 == 0 ? 6 : 9;
    snprintf(text, sizeof text, ".%09lld", rest);
    out += std::string(text).substr(0, static_cast<size_t>(digits) + 1);
  }
  return out + "Z\"";
}

std::string Line(const Rule& rule, const Occurrence& hit, bool timed) {
  std::string out = "{\"event\":" + std::to_string(hit.number) + ",\"rule\":{\"id\":" + QuotedOrNull(rule.id) + ",\"name\":" + QuotedOrNull(rule.name) + ",\"title\":" + QuotedOrNull(rule.title) + "},\"kind\":";
  out += rule.correlation ? "\"correlation\"" : "\"detection\"";
  out += ",\"time\":" + (timed ? TimeText(hit.time.ns) : "null");
  if (!rule.correlation) return out + "}";
  out += ",\"group\":{";
  for (size_t i = 0; i < hit.group.size(); i++) out += (i > 0 ? "," : "") + Quoted(hit.group[i].first) + ":" + Quoted(hit.group[i].second);
  return out + "},\"value\":" + hit.value + "}";
}

std::optional<Moment> TimeOf(const Event& event, const std::string& field) {
  if (field.empty()) return std::nullopt;
  for (const Json* value : event.Field(field).values) {
    if (value->kind != Json::Kind::kString && value->kind != Json::Kind::kNumber) continue;
    if (const auto moment = ParseMoment(value->text)) return moment;
  }
  return std::nullopt;
}

// 25: what the event states of itself, the first text of each attribute that has one.
Logsource LogsourceOf(const Event& event, const std::set<std::string>& own_attributes) {
  const auto stated = [&](const char* field) {
    for (const Json* value : event.Field(field).values) {
      if (value->kind == Json::Kind::kString && !value->text.empty()) return value->text;
    }
    return std::string();
  };
  Logsource out{stated("product"), stated("category"), stated("service"), {}};
  for (const std::string& name : own_attributes) out.custom[name] = stated(name.c_str());
  return out;
}

}  // namespace

std::vector<std::string> MatchLines(const RuleSet& rules, const std::vector<std::string>& lines, const std::string& time_field, bool logsource_from_event) {
  std::set<std::string> own_attributes;
  for (const Rule& rule : rules.rules) {
    for (const auto& [name, value] : rule.logsource.custom) own_attributes.insert(name);
  }
  std::deque<Event> events;          // occurrences point at them
  std::vector<Occurrence> hits;
  std::vector<std::tuple<bool, int64_t, size_t, size_t, std::string>> out;
  for (size_t number = 0; number < lines.size(); number++) {
    try {
      events.emplace_back(std::string_view(lines[number]));
    } catch (const Refused&) {
      continue;
    }
    const Event& event = events.back();
    const std::optional<Moment> time = TimeOf(event, time_field);
    const Logsource stated = logsource_from_event ? LogsourceOf(event, own_attributes) : Logsource();
    for (size_t i = 0; i < rules.rules.size(); i++) {
      const Rule& rule = rules.rules[i];
      if (rule.correlation || Contradicts(stated, rule.logsource) || !Holds(rule.condition, event, time ? std::optional(time->ns) : std::nullopt)) continue;
      Occurrence hit{i, i, time.value_or(Moment()), number, &event, {}, ""};
      out.emplace_back(time.has_value(), time ? time->ns : 0, number, i, Line(rule, hit, time.has_value()));
      if (time) hits.push_back(std::move(hit));
    }
  }
  for (const Occurrence& firing : Correlate(rules.rules, hits)) {
    out.emplace_back(true, firing.time.ns, firing.number, firing.rule, Line(rules.rules[firing.rule], firing, true));
  }
  std::sort(out.begin(), out.end());
  std::vector<std::string> texts;
  for (auto& [timed, ns, number, rule, text] : out) texts.push_back(std::move(text));
  return texts;
}

}  // namespace tocsin::oracle
