// Correlations by their definitions (SIGMA.md 26-35, DESIGN section 4): for every occurrence, look at all the others.
#ifndef TOCSIN_TESTS_ORACLE_CORRELATION_H_
#define TOCSIN_TESTS_ORACLE_CORRELATION_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/oracle/detection.h"

namespace tocsin::oracle {

struct Correlation {
  struct Reference {
    std::string name;
    std::optional<int64_t> before_ns, after_ns;
    size_t rule = 0;                        // place in the set; known after all documents are read
  };
  std::string type;
  std::vector<Reference> refs;
  std::vector<std::string> group_by;
  std::map<std::string, std::map<std::string, std::string>> aliases;   // alias -> rule's name or id -> field
  int64_t timespan_ns = 0;
  std::vector<std::pair<std::string, double>> thresholds;             // gte 5: all hold
  std::vector<std::string> fields;
  double percentile = 50;
  std::optional<Condition> expression;
  int64_t learning_ns = 0;
};
// Throws Refused.
Correlation ParseCorrelation(const Yaml& body);

// A detection's hit, or a correlation's firing: to the rule above they are the same.
struct Occurrence {
  size_t rule = 0;
  size_t leaf = 0;                          // the detection whose hit it is, or whose hit completed it
  Moment time;
  size_t number = 0;                        // of the event; decides between equal times
  const Event* event = nullptr;
  std::vector<std::pair<std::string, std::string>> group;   // of a firing, by group-by name
  std::string value;                        // of a firing, JSON
};

struct Rule;
// All firings of all correlations, those of one rule in the order of their occurrences.
std::vector<Occurrence> Correlate(const std::vector<Rule>& rules, const std::vector<Occurrence>& hits);

}  // namespace tocsin::oracle

#endif  // TOCSIN_TESTS_ORACLE_CORRELATION_H_
