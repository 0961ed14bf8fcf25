// Checked rules in words, for people who ask what a rule wants. print.h is the exact form, for machines.
#ifndef TOCSIN_ENGINE_CONTENT_SIGMA_DESCRIBE_H_
#define TOCSIN_ENGINE_CONTENT_SIGMA_DESCRIBE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/content/content_set.h"

namespace tocsin::content {

// `is "push"`, `starts with "git/"`, `is like "a*b?"`, `matches /^x/`, `lies in 10.0.0.0/8`. One line of UTF-8 without
// control characters, whatever bytes the rule looks for.
std::string TestWords(const ValueTest& test, const FieldTable& fields);

// ">= 4 hits of a, b within 10 min for each entity.repo".
std::string CorrelationWords(const Correlation& correlation, const ContentSet& content);

// ">= 4", ">= 100 and <= 200".
std::string ThresholdWords(const Correlation& correlation);

std::string_view CorrelationTypeName(CorrelationType type);  // "event_count"
std::string_view AlertClassName(AlertClass alert_class);     // "never retracted"

// "0 s", "42 s", "90 min" as "1 h 30 min", "2 d": the two largest units that are there.
std::string SpanWords(int64_t ns);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_SIGMA_DESCRIBE_H_
