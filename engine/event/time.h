// Time of an event: nanoseconds since 1970 UTC, and reading it in every spelling that sources use.
#ifndef TOCSIN_ENGINE_EVENT_TIME_H_
#define TOCSIN_ENGINE_EVENT_TIME_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::event {

struct EventTime {
  int64_t ns = INT64_MIN;
  constexpr bool known() const { return ns != INT64_MIN; }
  friend constexpr auto operator<=>(EventTime, EventTime) = default;
};

struct ParsedTime {
  EventTime time;              // !known(): the text is in no known spelling
  int64_t precision_ns = 1;    // 1 s for a whole-second stamp, 1 ms for milliseconds, ... ; at least 1
};

// The spellings of DETECTIONS section 1: epoch integer seconds or milliseconds (from 1e11 on; micro from 1e14, nano from
// 1e17), epoch float seconds, the text of either; RFC 3339 with Z, an offset or none (UTC) and 0-9 fraction digits, 'T' or
// blank between; `YYYY-MM-DD hh:mm:ss UTC`; `[06/Feb/2019:00:00:38 +0000]` with and without brackets; `Jul 10, 2023,
// 12:09:47 PM` (UTC). Years 1900-2191, which leaves room for the difference of any two times. Second 60 is the next second; an
// epoch float from 1e11 on is scaled as an integer is; a number below 0 says that there is no time; anything before or after a
// spelling refuses it. No allocation; linear in the (at most 64) bytes looked at.
ParsedTime ParseTime(std::string_view text);
// The same of any year from 0000 to 9999, in whole seconds since 1970, rounded down: a certificate may expire in 9999.
std::optional<int64_t> ParseSeconds(std::string_view text);

// RFC 3339 UTC with as many fraction digits as the time needs: none, or 3, 6 or 9. Empty for an unknown time.
std::string FormatTime(EventTime time);

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_TIME_H_
