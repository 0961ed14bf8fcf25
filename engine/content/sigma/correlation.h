// `correlation:` documents before their references are resolved. Internal to content.
#ifndef TOCSIN_ENGINE_CONTENT_SIGMA_CORRELATION_H_
#define TOCSIN_ENGINE_CONTENT_SIGMA_CORRELATION_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/content/sigma/condition.h"
#include "engine/content/sigma/load.h"

namespace tocsin::content {

struct ParsedCorrelation {
  struct Reference {
    std::string name;
    Place place;
    int64_t before_ns = -1, after_ns = -1;
    Place before_place, after_place;
  };
  struct GroupName {
    std::string name;
    Place place;
  };
  Correlation correlation;                       // refs, group fields and expression are filled at resolution
  std::vector<Reference> references;             // in the order of `rules`, else of the condition
  std::vector<GroupName> group_by;
  std::string learning_parent;                   // a field or an alias; empty when there is none
  std::map<std::string, std::map<std::string, std::string>> aliases;   // alias -> rule name or id -> field
  std::optional<ConditionNode> expression;       // extended condition, names unresolved
};

// `node` is the value of `correlation`.
bool ParseCorrelation(const YamlNode& node, SigmaContext context, ParsedCorrelation& out);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_SIGMA_CORRELATION_H_
