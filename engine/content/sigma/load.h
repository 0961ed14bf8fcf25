// Sigma documents to checked rules. Used by content_set.cc and, for field tests in Sigma's spelling, by the readers of source
// definitions and playbooks. Internal to content.
//
// Phases: documents of all files are parsed first (ParseRuleDocument), in any order; then references, filters and silence are
// resolved over the whole set (ResolveRules). A document that is not understood whole is refused.
#ifndef TOCSIN_ENGINE_CONTENT_SIGMA_LOAD_H_
#define TOCSIN_ENGINE_CONTENT_SIGMA_LOAD_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/content/internal/yaml.h"

namespace tocsin::content {

using Lists = std::map<std::string, std::vector<ListEntry>>;

// Where rules name fields, for --portable.
struct FieldUses {
  struct Use {
    std::string field;
    Place place;
  };
  std::vector<Use> all;
};

struct SigmaContext {
  FieldTable& fields;
  const Lists& lists;
  Diagnostics& diagnostics;
  bool array_selectors = false;   // the document's sigma-version gives brackets in field names a meaning (17)
  int element_depth = 0;          // selectors around what is being read
  FieldUses* portable = nullptr;  // not null: report what other Sigma tools would refuse, and collect here where fields are used
  const std::function<bool(const ValueTest&, Diagnostics&)>* check_value = nullptr;   // LoadOptions::check_value

  // With `portable`: this stands in no rule that other tools are to read.
  void NotPortable(Place place, std::string_view what) const {
    if (portable != nullptr) diagnostics.Warning("T1201", place, std::string(what) + " is not plain Sigma");
  }
  void UsesField(Place place, std::string_view field) const {
    if (portable != nullptr) portable->all.push_back({std::string(field), place});
  }
};

// Rules, correlations and filters before their references are resolved. Opaque to others.
class RuleCollector {
 public:
  explicit RuleCollector(SigmaContext context);
  ~RuleCollector();
  // A document of a rule file, in load order. It stays valid while documents of the same file are added. Refusals are counted and reported.
  void Add(const YamlNode& document);
  // Resolves references among everything added, applies filters, decides who alerts and in which class, computes semantic
  // hashes and hit fields. Returns the rules in load order.
  std::vector<Rule> Resolve();
  size_t refused() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// `field|modifiers: values` entries of a map, ANDed. False if any was refused (reported).
bool ParseFieldTests(const YamlNode& map, SigmaContext context, std::vector<Item>& out);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_SIGMA_LOAD_H_
