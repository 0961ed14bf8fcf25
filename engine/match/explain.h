// Why a detection rule matches an event, or does not: its condition with the outcome of every part and the event's own
// values.
//
// Outcomes are the engine's: each item is evaluated by the predicate that a Program would evaluate it by, and a
// Program's answer is that of `root` for events that are candidates. For people: it compiles and copies much, and is as
// fast as reading.
#ifndef TOCSIN_ENGINE_MATCH_EXPLAIN_H_
#define TOCSIN_ENGINE_MATCH_EXPLAIN_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/event.h"

namespace tocsin::match {

struct Explanation {
  // A value of the item's field as the event has it; for keywords a leaf that satisfies one of them.
  struct Value {
    std::string text;
    event::ValueKind kind = event::ValueKind::kNull;
    bool satisfies = false;  // some test of the item holds of this value alone
    std::string folded;      // what comparisons without case saw, where that is not plain ASCII lower case; else empty
  };
  struct Item {
    bool holds = false;                    // `negated` and `all` included
    std::vector<std::vector<bool>> tests;  // the outcome of each of content::Item::values
    std::vector<Value> values;             // the first kExplainedValues; empty: the field is missing
    size_t more_values = 0;
  };
  struct Node {
    const content::Expr* expr = nullptr;  // in the content set
    bool holds = false;
    std::vector<Node> children;
  };
  Node root;
  std::vector<Item> items;  // as Detection::items
};
inline constexpr size_t kExplainedValues = 16;

class Explainer {
 public:
  // Null, with diagnostics, where Program::Compile leaves the rule out.
  // REQUIRES: the rule is a detection; `content` outlives the explainer and its explanations.
  static std::unique_ptr<const Explainer> Compile(const content::ContentSet& content, const content::Rule& rule,
                                                  content::Diagnostics& diagnostics);
  ~Explainer();
  Explanation Explain(const event::EventView& event) const;

 private:
  struct CompiledItem;
  Explainer(const content::ContentSet& content, const content::Rule& rule);
  Explanation::Item ExplainItem(size_t item, const event::EventView& event) const;
  Explanation::Node ExplainNode(const content::Expr& expr, const Explanation& explanation) const;

  const content::ContentSet& content_;
  const content::Rule& rule_;
  std::vector<CompiledItem> items_;
};

// What an event says of its own logsource (LogsourceAttributes), as --logsource-from-event takes it.
content::Logsource EventLogsource(const content::ContentSet& content, const event::EventView& event);

// The first attribute (product, category, service, then the rule's own) in which a rule's logsource and an event's differ; empty: the rule
// applies. `unstated_excludes`: an attribute that the event's side does not state excludes rules that do (a recognised
// source).
std::string LogsourceConflict(const content::Logsource& rule, const content::Logsource& events, bool unstated_excludes);

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_EXPLAIN_H_
