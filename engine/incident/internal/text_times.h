// Times as a tired person reads them, from RFC 3339 UTC text. All take "" (unknown) and answer "".
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_TEXT_TIMES_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_TEXT_TIMES_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::incident {

inline std::string DateOf(std::string_view time) { return std::string(time.substr(0, 10)); }  // 2026-03-14
inline std::string ClockOf(std::string_view time) {
  return time.size() < 19 ? "" : std::string(time.substr(11, 8));
}  // 12:06:00
std::string DateAndClock(std::string_view time);                  // 2026-03-14 12:06:00
std::string Span(std::string_view from, std::string_view until);  // 2026-03-14 12:06:00 - 12:19:00
// Every RFC 3339 time inside a text as DateAndClock gives it.
std::string PlainTimes(std::string_view text);
std::string Duration(int64_t ns);                                 // "40 s", "19 min", "3 h 5 min", "12 d"
// until - from in nanoseconds; 0 when one is unknown.
int64_t NanosBetween(std::string_view from, std::string_view until);

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_TEXT_TIMES_H_
