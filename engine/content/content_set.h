// One checked, hashed content set: everything people wrote, as plain data. Start here.
//
// LoadContent reads all files first, then resolves references; it never throws and never stops at the first error. What is
// refused is left out of the set and stands in the diagnostics. The set is immutable and shared by every room.
#ifndef TOCSIN_ENGINE_CONTENT_CONTENT_SET_H_
#define TOCSIN_ENGINE_CONTENT_CONTENT_SET_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/content/diagnostics.h"
#include "engine/content/field_table.h"
#include "engine/content/ids.h"
#include "engine/content/playbook.h"
#include "engine/content/sigma/rule.h"
#include "engine/content/source.h"

namespace tocsin::content {

// One line of a list: a Sigma string, and until when it applies (event time; INT64_MAX = for ever).
struct ListEntry {
  std::string text;
  int64_t until_ns = INT64_MAX;
  std::string owner, reason;
  Place place;
};

struct Site {
  struct Prefix {
    std::string text;
    Place place;
  };
  std::string name;
  std::vector<std::string> connected;                  // sources that should answer; empty = those seen in the run
  std::vector<Prefix> internal_prefixes;               // CIDR
  int64_t clock_slack_ns = 0;
  std::map<std::string, std::map<std::string, std::string>> maps;  // runner_map -> key -> value
  std::vector<std::pair<EntityKind, std::string>> stop_keys;       // not followed by pivots, not grouped by
};

struct ContentSet {
  FieldTable fields;
  std::vector<Rule> rules;                             // by RuleId
  std::vector<SourceDef> sources;                      // by SourceId, sorted by name
  std::vector<Playbook> playbooks;                     // sorted by id
  std::vector<RuleBinding> bindings;
  std::map<std::string, std::vector<ListEntry>> lists;
  Site site;
  std::string hash;                                    // SHA-256, hex, over every file that was read
  size_t refused_documents = 0;

  const SourceDef* FindSource(std::string_view name) const;
  const Playbook* FindPlaybook(std::string_view id) const;
};

struct LoadOptions {
  // Folder of shipped content: sources/, lists/, playbooks/, demo/ and rule families. Empty = no shipped content at all.
  std::string content_dir;
  // Rules, and sources, lists, playbooks and bindings that add to or override the shipped ones by id. When empty, the
  // shipped rules are loaded; when `rules_only`, nothing but these is.
  std::vector<std::string> rules_paths;
  bool shipped_rules = true;                           // false for `match`: rules come from rules_paths alone
  std::string site_dir;                                // empty = none
  std::string lists_dir;                               // NAME.txt lists alone; empty = none
  bool portable = false;                               // warn of what other Sigma tools would refuse, in rules_paths
  std::vector<std::string> fields;                     // wanted besides what the content names (--time-field)
  // What only the matcher understands of a value of a rule (a regex, a network): false = refused, reported. A rule or filter is
  // refused with it, so that what refers to it is told. Without it, the matcher refuses such rules later, alone.
  std::function<bool(const ValueTest&, Diagnostics&)> check_value;
};

// Always returns a set, possibly empty; `diagnostics` says what was refused and why. A path that cannot be read is an error.
std::shared_ptr<const ContentSet> LoadContent(const LoadOptions& options, Diagnostics& diagnostics);

// $TOCSIN_CONTENT, else share/tocsin/rules beside the program, else the source tree it was built from.
std::string DefaultContentDir();

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_CONTENT_SET_H_
