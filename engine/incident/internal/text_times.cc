#include "engine/incident/internal/text_times.h"

#include "engine/event/time.h"

namespace tocsin::incident {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string DateAndClock(std::string_view time) {
  return time.size() < 19 ? std::string() : DateOf(time) + " " + ClockOf(time);
}

std::string Span(std::string_view from, std::string_view until) {
  if (from.empty()) return "";
  if (until.empty() || DateAndClock(from) == DateAndClock(until)) return DateAndClock(from);
  return DateAndClock(from) + " - " + (DateOf(from) == DateOf(until) ? ClockOf(until) : DateAndClock(until));
}

std::string PlainTimes(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t size = 0;
    while (size < kShape.size() && at + size < text.size() &&
           (kShape[size] == '0' ? IsDigit(text[at + size]) : text[at + size] == kShape[size])) {
      ++size;
    }
    size_t end = at + size;
    if (size == kShape.size() && end < text.size() && text[end] == '.') {
      while (++end < text.size() && IsDigit(text[end])) continue;
    }
    if (size < kShape.size() || end == text.size() || text[end] != 'Z') {
      out += text[at++];
      continue;
    }
    out += DateAndClock(text.substr(at, size));
    at = end + 1;
  }
  return out;
}

std::string Duration(int64_t ns) {
  const int64_t seconds = ns / 1'000'000'000;
  const int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
  if (minutes == 0) return std::to_string(seconds) + " s";
  if (hours == 0) return std::to_string(minutes) + " min";
  if (days == 0)
    return std::to_string(hours) + " h" + (minutes % 60 == 0 ? "" : " " + std::to_string(minutes % 60) + " min");
  return std::to_string(days) + " d" + (hours % 24 == 0 ? "" : " " + std::to_string(hours % 24) + " h");
}

int64_t NanosBetween(std::string_view from, std::string_view until) {
  const event::EventTime a = event::ParseTime(from).time, b = event::ParseTime(until).time;
  return a.known() && b.known() ? b.ns - a.ns : 0;
}

}  // namespace tocsin::incident
