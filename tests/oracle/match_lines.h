// What `tocsin match` prints, from the oracle: one line a hit or firing, in the order (time, event, rule). DESIGN section 7.
#ifndef TOCSIN_TESTS_ORACLE_MATCH_LINES_H_
#define TOCSIN_TESTS_ORACLE_MATCH_LINES_H_

#include <string>
#include <vector>

#include "tests/oracle/rules.h"

namespace tocsin::oracle {

// `time_field`: empty = no event has a time. `logsource_from_event`: a rule is asked of an event only if the event's own product,
// category and service do not contradict its logsource. A line that is not one JSON object is counted and hits nothing.
std::vector<std::string> MatchLines(const RuleSet& rules, const std::vector<std::string>& events, const std::string& time_field, bool logsource_from_event = false);

}  // namespace tocsin::oracle

#endif  // TOCSIN_TESTS_ORACLE_MATCH_LINES_H_
