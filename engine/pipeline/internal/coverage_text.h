// A source's coverage as the store keeps it: `FIRST LAST` a line, event times in nanoseconds, in order.
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_COVERAGE_TEXT_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_COVERAGE_TEXT_H_

#include <string>
#include <string_view>

#include "engine/event/source_clock.h"

namespace tocsin::pipeline {

// What is older than this before the source's last event is left out. The longest span that an incident may have is 30 days.
inline constexpr int64_t kCoverageKeptNs = 32ll * 24 * 3600 * 1'000'000'000;

std::string CoverageText(const event::Coverage& coverage);
// Adds what the text says. False if it is no such text.
bool RestoreCoverage(std::string_view text, event::Coverage& coverage);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_COVERAGE_TEXT_H_
