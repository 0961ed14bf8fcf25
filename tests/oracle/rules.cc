#include "tests/oracle/rules.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace tocsin::oracle {
namespace {

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

// 3: maps are merged key by key, everything else is replaced.
void Merge(const Yaml& over, Yaml& base) {
  if (!over.IsMap() || !base.IsMap()) {
    base = over;
    return;
  }
  for (const auto& [key, value] : over.entries) {
    const auto it = std::find_if(base.entries.begin(), base.entries.end(), [&name = key](const auto& entry) { return entry.first == name; });
    if (it == base.entries.end()) base.entries.emplace_back(key, value);
    else Merge(value, it->second);
  }
}

// The documents of one file with `action:` done away with.
std::vector<Yaml> WithoutActions(const std::vector<Yaml>& documents) {
  std::vector<Yaml> out;
  Yaml global, previous;
  global.kind = Yaml::Kind::kMap;
  for (const Yaml& document : documents) {
    if (!document.IsMap()) {
      out.push_back(document);
      continue;
    }
    const Yaml* action_node = document.Find("action");
    const std::string action = action_node == nullptr ? "" : action_node->text;
    Yaml body = document;
    std::erase_if(body.entries, [](const auto& entry) { return entry.first == "action"; });
    if (action == "global") {
      Merge(body, global);
    } else if (action == "reset") {
      global.entries.clear();
    } else {
      Yaml merged = action == "repeat" && previous.IsMap() ? previous : global;
      Merge(body, merged);
      if (action_node != nullptr && action != "repeat") {
        // None of the three: refused below, as a document that says nothing. It is not what a later one repeats.
        merged.entries.clear();
      } else {
        previous = merged;
      }
      out.push_back(std::move(merged));
    }
  }
  return out;
}

// 17: from version 3 on brackets in field names are selectors.
bool HasSelectors(const Yaml& document) {
  const Yaml* version = document.Find("sigma-version");
  if (version == nullptr) return false;
  const std::string major = version->IsScalar() ? version->text.substr(0, version->text.find('.')) : "";
  if (major != "1" && major != "2" && major != "3") throw Refused("an unknown version of Sigma");
  return major == "3";
}

struct Filter {
  bool any = false;
  std::vector<std::string> rules;
  Logsource logsource;
  Expr condition;
};

Filter ParseFilter(const Yaml& document, const Lists& lists) {
  const Yaml& body = *document.Find("filter");
  if (!body.IsMap()) throw Refused("filter is not a map");
  Filter out;
  const Yaml* rules = body.Find("rules");
  if (rules == nullptr) throw Refused("a filter without rules");
  if (rules->IsScalar()) {
    out.any = rules->text == "any";
    if (!out.any) out.rules = {rules->text};
  } else {
    out.any = rules->items.empty();
    for (const Yaml& item : rules->items) out.rules.push_back(item.text);
  }
  const Yaml* logsource = document.Find("logsource");
  if (logsource != nullptr) out.logsource = ParseLogsource(*logsource);
  else if (out.any) throw Refused("a filter for any rule without a logsource");
  out.condition = ParseDetection(body, {"rules"}, false, lists, HasSelectors(document));
  return out;
}

class Loader {
 public:
  explicit Loader(const Lists& lists) : lists_(lists) {}

  void Add(const Yaml& document) {
    Rule rule;
    const auto text = [&](const char* key) {
      const Yaml* node = document.Find(key);
      return node != nullptr && node->IsScalar() ? node->text : std::string();
    };
    rule.title = text("title");
    rule.id = text("id");
    rule.name = text("name");
    try {
      if (document.Find("filter") != nullptr && document.Find("detection") == nullptr) {
        filters_.push_back(ParseFilter(document, lists_));
        return;
      }
      if (rule.title.empty()) throw Refused("no title");
      if (const Yaml* correlation = document.Find("correlation")) rule.correlation = ParseCorrelation(*correlation);
      else AddDetection(document, rule);
      rules_.push_back({std::move(rule), true});
    } catch (const Refused& refused) {
      refusals_.push_back({rule.Label(), refused.what()});
      // Its name is known: what refers to it is refused too.
      rules_.push_back({std::move(rule), false});
    }
  }

  RuleSet Finish() {
    RefuseTakenNames();
    ResolveReferences();
    for (const Filter& filter : filters_) Apply(filter);
    RuleSet set;
    std::vector<size_t> place(rules_.size());
    for (size_t i = 0; i < rules_.size(); i++) {
      place[i] = set.rules.size();
      if (rules_[i].taken) set.rules.push_back(rules_[i].rule);
    }
    for (Rule& rule : set.rules) {
      if (!rule.correlation) continue;
      for (auto& reference : rule.correlation->refs) reference.rule = place[reference.rule];
    }
    set.refused = refusals_;
    return set;
  }

 private:
  struct Read {
    Rule rule;
    bool taken;
  };

  void AddDetection(const Yaml& document, Rule& rule) {
    const Yaml* detection = document.Find("detection");
    if (detection == nullptr) throw Refused("no detection");
    const Yaml* logsource = document.Find("logsource");
    if (logsource == nullptr) throw Refused("no logsource");
    rule.logsource = ParseLogsource(*logsource);
    rule.condition = ParseDetection(*detection, {}, true, lists_, HasSelectors(document));
  }

  void Refuse(size_t i, const std::string& reason) {
    if (!rules_[i].taken) return;
    rules_[i].taken = false;
    refusals_.push_back({rules_[i].rule.Label(), reason});
  }

  // The first that has it keeps an id or a name.
  void RefuseTakenNames() {
    for (size_t i = 0; i < rules_.size(); i++) {
      for (const std::string& name : {rules_[i].rule.id, rules_[i].rule.name}) {
        if (name.empty()) continue;
        if (by_name_.try_emplace(name, i).first->second != i) Refuse(i, "a name that is taken");
      }
    }
  }

  void ResolveReferences() {
    for (size_t i = 0; i < rules_.size(); i++) {
      if (!rules_[i].rule.correlation) continue;
      for (auto& reference : rules_[i].rule.correlation->refs) {
        const auto it = by_name_.find(reference.name);
        if (it == by_name_.end()) Refuse(i, "no rule " + reference.name);
        else reference.rule = it->second;
      }
    }
    // As long as something changes: what stands on a refused rule, or on itself. A chain is at most ten long.
    for (size_t round = 0; round <= rules_.size(); round++) {
      for (size_t i = 0; i < rules_.size(); i++) {
        if (rules_[i].taken && rules_[i].rule.correlation && !Stands(i, 10)) Refuse(i, "it stands on a refused rule, or on itself");
      }
    }
  }
  bool Stands(size_t i, int depth) const {
    if (!rules_[i].taken) return false;
    if (!rules_[i].rule.correlation) return true;
    const auto& refs = rules_[i].rule.correlation->refs;
    return depth > 0 && std::all_of(refs.begin(), refs.end(), [&](const auto& reference) { return Stands(reference.rule, depth - 1); });
  }

  // 37: the rules it names, the base rules of correlations it names, if their logsource has every attribute of the filter's.
  void Apply(const Filter& filter) {
    std::set<size_t> targets;
    for (const std::string& name : filter.rules) {
      if (const auto it = by_name_.find(name); it != by_name_.end()) AddBase(it->second, targets);
    }
    for (size_t i = 0; i < rules_.size(); i++) {
      Rule& rule = rules_[i].rule;
      if (!rules_[i].taken || rule.correlation || !(filter.any || targets.contains(i))) continue;
      if (Applies(filter.logsource, rule.logsource)) rule.condition = Expr{Expr::Kind::kAnd, {rule.condition, filter.condition}, nullptr, 0};
    }
  }
  void AddBase(size_t i, std::set<size_t>& targets) const {
    if (!targets.insert(i).second || !rules_[i].rule.correlation || !rules_[i].taken) return;
    for (const auto& reference : rules_[i].rule.correlation->refs) AddBase(reference.rule, targets);
  }

  const Lists& lists_;
  std::vector<Read> rules_;
  std::vector<Filter> filters_;
  std::map<std::string, size_t> by_name_;
  std::vector<Refusal> refusals_;
};

}  // namespace

Logsource ParseLogsource(const Yaml& body) {
  if (!body.IsMap()) throw Refused("logsource is not a map");
  Logsource out;
  for (const auto& [key, value] : body.entries) {
    if (key == "definition") continue;
    if (!value.IsScalar()) throw Refused("logsource");
    if (value.IsNull()) continue;
    (key == "product" ? out.product : key == "category" ? out.category : key == "service" ? out.service : out.custom[key]) = Lower(value.text);
  }
  if (out.product.empty() && out.category.empty() && out.service.empty()) throw Refused("a logsource that states nothing");
  return out;
}

RuleSet LoadRules(const std::vector<std::string>& files, const Lists& lists) {
  Loader loader(lists);
  for (const std::string& file : files) {
    for (const Yaml& document : WithoutActions(ReadYaml(file))) loader.Add(document);
  }
  return loader.Finish();
}

RuleSet LoadRulesFrom(const std::vector<std::string>& paths, const Lists& lists) {
  namespace fs = std::filesystem;
  std::vector<std::string> names, files;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) names.push_back(path);
    else for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_regular_file() && (entry.path().extension() == ".yml" || entry.path().extension() == ".yaml")) names.push_back(entry.path().string());
    }
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    std::ifstream in(name, std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return LoadRules(files, lists);
}

bool Applies(const Logsource& rule, const std::optional<Logsource>& source) {
  if (!source) return true;
  const auto fits = [](const std::string& wanted, const std::string& has) { return wanted.empty() || wanted == Lower(has); };
  const auto has = [&](const auto& wanted) {
    const auto it = source->custom.find(wanted.first);
    return it != source->custom.end() && Lower(it->second) == wanted.second;
  };
  return fits(rule.product, source->product) && fits(rule.category, source->category) && fits(rule.service, source->service) && std::all_of(rule.custom.begin(), rule.custom.end(), has);
}

bool Contradicts(const Logsource& stated, const Logsource& rule) {
  const auto differ = [](const std::string& has, const std::string& wanted) { return !has.empty() && !wanted.empty() && Lower(has) != wanted; };
  const auto differs = [&](const auto& wanted) {
    const auto it = stated.custom.find(wanted.first);
    return it != stated.custom.end() && differ(it->second, wanted.second);
  };
  return differ(stated.product, rule.product) || differ(stated.category, rule.category) || differ(stated.service, rule.service) || std::any_of(rule.custom.begin(), rule.custom.end(), differs);
}

}  // namespace tocsin::oracle
