// What `tocsin match` prints, from the oracle: one line a hit or firing, in the order (time, event, rule). DESIGN section 7.
#ifndef TOCSIN_TESTS_ORACLE_MATCH_LINES_H_
#define TOCSIN_TESTS_ORACLE_MATCH_LINES_H_

#include <string>
#include <vector>

#include "tests/oracle/rules.h"

namespace tocsin::oracle {

// `time_field`: empty = no event has a time. A line that is not one JSON object is counted and hits nothing.
std::vector<std::string> MatchLines(const RuleSet& rules, const std::vector<std::string>& events, const std::string& time_field);

}  // namespace tocsin::oracle

#endif  // TOCSIN_TESTS_ORACLE_MATCH_LINES_H_
