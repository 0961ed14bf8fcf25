// `tocsin rules list`: what each rule is, what it needs, and what becomes of its hits.
#ifndef TOCSIN_ENGINE_PIPELINE_RULE_LIST_H_
#define TOCSIN_ENGINE_PIPELINE_RULE_LIST_H_

#include <string>
#include <string_view>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/correlate/decision.h"

namespace tocsin::pipeline {

// Each empty = all. A trailing * takes what begins so; case does not matter.
struct RuleFilter {
  std::string source;  // rules that can match it, or that wait for it
  std::string level, tag, playbook;
};

struct RuleFacts {
  content::RuleId rule;
  correlate::RuleDecision decision;
  std::vector<std::string> fields;       // that it reads, sorted
  bool keywords = false;                 // and every value of the event
  std::vector<std::string> lists;        // that it was expanded by, sorted
  std::vector<content::RuleId> inner;    // rules that it references
  std::vector<content::RuleId> used_by;  // correlations that reference it
};

// What is wrong with the filter, with the nearest right word; empty when nothing is.
std::string CheckRuleFilter(const RuleFilter& filter, const content::ContentSet& content);

// Rules that pass, the most severe first, then in load order.
std::vector<RuleFacts> ListRules(const content::ContentSet& content, const RuleFilter& filter);

// The views. `diagnostics` names the files; `width` in columns.
std::string RuleListText(const std::vector<RuleFacts>& rules, const content::ContentSet& content, int width);
std::string RuleListJson(const std::vector<RuleFacts>& rules, const content::ContentSet& content,
                         const content::Diagnostics& diagnostics);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_RULE_LIST_H_
