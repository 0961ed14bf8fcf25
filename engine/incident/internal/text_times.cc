#include "engine/incident/internal/text_times.h"

#include "engine/event/time.h"

namespace tocsin::incident {

std::string DateAndClock(std::string_view time) {
  return time.size() < 19 ? std::string() : DateOf(time) + " " + ClockOf(time);
}

std::string Span(std::string_view from, std::string_view until) {
  if (from.empty()) return "";
  if (until.empty() || DateAndClock(from) == DateAndClock(until)) return DateAndClock(from);
  return DateAndClock(from) + " - " + (DateOf(from) == DateOf(until) ? ClockOf(until) : DateAndClock(until));
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
