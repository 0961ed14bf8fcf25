// A set of rules from documents: kinds of documents, legacy actions, logsources, filters and references. SIGMA.md 1-5, 25,
// 26, 33-37.
#ifndef TOCSIN_TESTS_ORACLE_RULES_H_
#define TOCSIN_TESTS_ORACLE_RULES_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/oracle/correlation.h"
#include "tests/oracle/detection.h"

namespace tocsin::oracle {

struct Logsource {
  std::string product, category, service;      // empty: not stated
  std::map<std::string, std::string> custom;   // the author's own attributes
};

struct Rule {
  std::string id, name, title;
  Logsource logsource;
  Expr condition;                              // detections
  std::optional<Correlation> correlation;
  // What tests call a rule: id, else name, else title.
  const std::string& Label() const { return !id.empty() ? id : !name.empty() ? name : title; }
};

struct Refusal {
  std::string label, reason;
};

struct RuleSet {
  std::vector<Rule> rules;                     // in load order
  std::vector<Refusal> refused;
};

// One file each.
RuleSet LoadRules(const std::vector<std::string>& files, const Lists& lists);
// Files below the paths that end with .yml or .yaml, in byte order of their paths.
RuleSet LoadRulesFrom(const std::vector<std::string>& paths, const Lists& lists);

// Throws Refused.
Logsource ParseLogsource(const Yaml& body);
// 25: does the rule apply to events of that source? No logsource: every rule does.
bool Applies(const Logsource& rule, const std::optional<Logsource>& source);
// 25, an event's own logsource: what it does not state excludes nothing.
bool Contradicts(const Logsource& stated, const Logsource& rule);

}  // namespace tocsin::oracle

#endif  // TOCSIN_TESTS_ORACLE_RULES_H_
