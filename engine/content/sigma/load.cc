#include "engine/content/sigma/load.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "engine/content/internal/sha256.h"
#include "engine/content/sigma/correlation.h"
#include "engine/content/sigma/detection.h"
#include "engine/content/sigma/pattern.h"
#include "engine/content/sigma/print.h"

namespace tocsin::content {
namespace {

constexpr int64_t kHourNs = 3600ll * 1'000'000'000;
constexpr int kMaxChainDepth = 10;
constexpr size_t kMaxCircle = 1000;   // a circle of more rules is told as a chain that is too long
constexpr size_t kMaxTitle = 256;

constexpr std::string_view kRuleKeys[] = {
    "title",   "id",         "name",           "related", "taxonomy", "status",      "description", "license",     "author", "references", "date",
    "modified", "logsource", "detection",      "fields",  "falsepositives", "level", "tags",        "scope",       "correlation", "filter", "generate",
    "action",  "alert",      "early",          "page",    "episode_gap", "episode_max", "sigma-version", "regression_tests_path", "simulation"};
constexpr std::string_view kStatuses[] = {"stable", "test", "experimental", "deprecated", "unsupported"};

constexpr std::string_view kRelations[] = {"derived", "obsolete", "merged", "renamed", "similar", "correlation"};
// Tocsin's own (SIGMA.md section 3).
constexpr std::string_view kOwnKeys[] = {"alert", "early", "page", "episode_gap", "episode_max"};

struct ParsedFilter {
  std::string title;
  Place place;
  bool any_rule = false;
  std::vector<ParsedCorrelation::Reference> rules;
  Logsource logsource;
  ParsedDetection body;
  bool refused = false;          // kept to tell which rules load without it
};

struct ParsedRule {
  Rule rule;
  ParsedCorrelation correlation;
  bool refused = false;
  std::vector<size_t> refs;      // of a correlation: places in `parsed_`
};

bool SameWord(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? x + 32 : x) == (y >= 'A' && y <= 'Z' ? y + 32 : y);
         });
}

// Does the filter's logsource apply: is every attribute it states the rule's too (37)?
bool LogsourceContains(const Logsource& filter, const Logsource& rule) {
  const auto fits = [](const std::string& wanted, const std::string& have) { return wanted.empty() || SameWord(wanted, have); };
  const auto has = [&](const std::pair<std::string, std::string>& wanted) {
    return std::any_of(rule.custom.begin(), rule.custom.end(), [&](const auto& have) { return have.first == wanted.first && SameWord(have.second, wanted.second); });
  };
  return fits(filter.product, rule.product) && fits(filter.category, rule.category) && fits(filter.service, rule.service) &&
         std::all_of(filter.custom.begin(), filter.custom.end(), has);
}

// Does the condition hold for an event that meets none of the selections, or, with `open`, only those that an event without
// the field meets (null, neq, exists: false)?
bool HoldsForOthers(const Expr& expr, const std::vector<Item>& items, bool open) {
  const auto holds = [&](const Expr& child) { return HoldsForOthers(child, items, open); };
  switch (expr.kind) {
    case Expr::Kind::kItem: {
      const Item& item = items[expr.item];
      const auto absent = [](const ValueTest& test) { return test.kind == ValueTest::Kind::kNull || (test.kind == ValueTest::Kind::kExists && !test.boolean) || test.kind == ValueTest::Kind::kElements; };
      const auto any_absent = [&](const ValueTests& tests) { return std::any_of(tests.begin(), tests.end(), absent); };
      return open && (item.negated || std::any_of(item.values.begin(), item.values.end(), any_absent));
    }
    case Expr::Kind::kNot: return !holds(expr.children[0]);
    case Expr::Kind::kSelection: return holds(expr.children[0]);
    case Expr::Kind::kAnd: return std::all_of(expr.children.begin(), expr.children.end(), holds);
    case Expr::Kind::kOr: return std::any_of(expr.children.begin(), expr.children.end(), holds);
  }
  return false;
}

bool IsDate(std::string_view text) {
  if (text.size() != 10 || (text[4] != '-' && text[4] != '/') || text[7] != text[4]) return false;
  const auto digits = [](std::string_view part) { return part.find_first_not_of("0123456789") == std::string_view::npos; };
  return digits(text.substr(0, 4)) && digits(text.substr(5, 2)) && digits(text.substr(8)) && text.substr(5, 2) <= "12" && text.substr(8) <= "31";
}

// Lays `over` on `base`: maps are merged key by key, everything else is replaced. For legacy `action:` documents.
void Merge(const YamlNode& over, YamlNode& base) {
  if (!over.IsMap() || !base.IsMap()) {
    base = over;
    return;
  }
  for (const auto& [key, value] : over.entries) {
    const auto it = std::find_if(base.entries.begin(), base.entries.end(), [&name = key.text](const auto& entry) { return entry.first.text == name; });
    if (it == base.entries.end()) base.entries.emplace_back(key, value);
    else Merge(value, it->second);
  }
}

AlertClass Weaker(AlertClass a, AlertClass b) { return std::max(a, b); }

bool HasNot(const CorrelationExpr& expr) {
  return expr.kind == CorrelationExpr::Kind::kNot || std::any_of(expr.children.begin(), expr.children.end(), HasNot);
}

// DESIGN section 4, "Classes", of the correlation alone.
AlertClass OwnClass(const Correlation& correlation) {
  const bool only_greater = std::all_of(correlation.thresholds.begin(), correlation.thresholds.end(), [](const Correlation::Threshold& each) {
    return each.compare == Compare::kGt || each.compare == Compare::kGte;
  });
  if (!only_greater || (correlation.expression && HasNot(*correlation.expression))) return AlertClass::kOnlyConfirmed;
  switch (correlation.type) {
    case CorrelationType::kEventCount:
    case CorrelationType::kValueCount:
    case CorrelationType::kTemporal:
    case CorrelationType::kTemporalOrdered:
      return AlertClass::kNeverRetracted;
    default:
      return AlertClass::kMayBeRetracted;
  }
}

std::string ExprText(const CorrelationExpr& expr) {
  if (expr.kind == CorrelationExpr::Kind::kRef) return std::to_string(expr.ref);
  std::string out = expr.kind == CorrelationExpr::Kind::kAnd ? "(and" : expr.kind == CorrelationExpr::Kind::kOr ? "(or" : "(not";
  for (const CorrelationExpr& child : expr.children) out += " " + ExprText(child);
  return out + ")";
}

}  // namespace

class RuleCollector::Impl {
 public:
  explicit Impl(SigmaContext context) : context_(context), diagnostics_(context.diagnostics) {}

  void Add(const YamlNode& document) {
    if (!document.IsMap()) {
      Refuse("T0501", document.place, document.IsScalar() ? "the document is one text" : "the document is not a map", "title:, logsource:, detection:");
      refused_++;
      return;
    }
    if (document.place.file != action_file_) {
      action_file_ = document.place.file;
      global_ = previous_ = YamlNode();
      last_ = nullptr;
      global_.kind = YamlNode::Kind::kMap;
    }
    const YamlNode* action = document.Find("action");
    if (action == nullptr && global_.entries.empty()) {
      AddRule(document);
      last_ = &document;
      return;
    }
    AddLegacy(document, action);
  }

  std::vector<Rule> Resolve() {
    CheckNames();
    ResolveReferences();
    RefuseOverRefused();
    RefuseCycles();
    RefuseOverRefused();
    ApplyFilters();
    return Finish();
  }

  size_t refused() const { return refused_; }

 private:
  bool Refuse(const char* code, Place place, std::string message, std::string expected = "") {
    diagnostics_.Error(code, place, std::move(message), std::move(expected));
    return false;
  }

  // action: global is laid under what follows in the file, reset forgets it, repeat is laid over the document before.
  void AddLegacy(const YamlNode& document, const YamlNode* action) {
    YamlNode body = document;
    std::erase_if(body.entries, [](const auto& entry) { return entry.first.text == "action"; });
    if (action != nullptr) context_.NotPortable(action->place, "`action` (documents that are merged)");
    if (action != nullptr && action->text == "global") {
      Merge(body, global_);
      return;
    }
    if (action != nullptr && action->text == "reset") {
      global_.entries.clear();
      return;
    }
    if (action != nullptr && action->text != "repeat") {
      Refuse("T0502", action->place, "unknown action `" + action->text + "`", "global, reset or repeat");
      refused_++;
      return;
    }
    if (last_ != nullptr) previous_ = *last_;   // copied only now: few files repeat anything
    last_ = nullptr;
    YamlNode merged = action != nullptr && previous_.IsMap() ? previous_ : global_;
    merged.place = document.place;
    Merge(body, merged);
    previous_ = merged;
    AddRule(merged);
  }

  void AddRule(const YamlNode& document) {
    const size_t errors_before = diagnostics_.errors();
    if (document.Find("filter") != nullptr && document.Find("detection") == nullptr && document.Find("correlation") == nullptr) {
      ParsedFilter filter;
      filter.refused = !ParseFilter(document, filter);
      if (filter.refused) refused_++;
      filters_.push_back(std::move(filter));
      return;
    }
    ParsedRule& parsed = parsed_.emplace_back();
    parsed.rule.place = document.place;
    ParseHeader(document, parsed.rule);
    if (const YamlNode* correlation = document.Find("correlation")) {
      parsed.rule.is_correlation = true;
      if (correlation->IsNull()) Refuse("T0401", correlation->place, "`correlation` is empty: what belongs to it is not indented below it", "correlation: {type: event_count, rules: [rule_a], timespan: 5m, condition: {gte: 5}}");
      else ParseCorrelation(*correlation, context_, parsed.correlation);
      if (const YamlNode* generate = document.Find("generate")) {
        if (const std::optional<bool> value = generate->AsBool()) parsed.correlation.correlation.generate = *value;
        else Refuse("T0402", generate->place, "`generate` is neither true nor false", "true or false");
      }
    } else {
      ParseDetectionRule(document, parsed.rule);
    }
    if (diagnostics_.errors() > errors_before) {
      refused_++;
      // Its name stays known, so that who refers to it is told the true reason.
      parsed.refused = true;
    }
  }

  void ParseDetectionRule(const YamlNode& document, Rule& rule) {
    const YamlNode* logsource = document.Find("logsource");
    const YamlNode* detection = document.Find("detection");
    if (detection == nullptr) {
      std::vector<std::string_view> keys;
      for (const auto& [key, value] : document.entries) keys.push_back(key.text);
      std::string nearest;
      for (const std::string_view wanted : {"detection", "correlation", "filter"}) {
        if (nearest.empty()) nearest = NearestWord(wanted, keys);
      }
      Refuse("T0503", document.place, "the document has no `detection`, `correlation` or `filter`" + (nearest.empty() ? "" : " (what is `" + nearest + "`?)"),
             "detection: {selection: {field: value}, condition: selection}");
      return;
    }
    if (logsource == nullptr) Refuse("T0504", document.place, "the rule has no `logsource`", "logsource: {product: aws, service: cloudtrail}");
    else ParseLogsource(*logsource, diagnostics_, rule.detection.logsource);
    // An event may state them too (--logsource-from-event).
    for (const auto& [name, value] : rule.detection.logsource.custom) context_.fields.Intern(name);
    ParsedDetection parsed;
    const auto beside = std::find_if(document.entries.begin(), document.entries.end(), [](const auto& entry) { return entry.first.text == "condition"; });
    if (detection->IsMap() && !detection->entries.empty() && detection->Find("condition") == nullptr && beside != document.entries.end()) {
      Refuse("T0302", beside->first.place, "`condition` stands beside `detection`, not in it", "indented as far as `" + detection->entries[0].first.text + "`");
      YamlNode whole = *detection;   // what else is wrong is told all the same
      whole.entries.push_back(*beside);
      ParseDetection(whole, {}, /*condition_list_allowed=*/true, ContextFor(document), parsed);
      return;
    }
    if (!ParseDetection(*detection, {}, /*condition_list_allowed=*/true, ContextFor(document), parsed)) return;
    rule.detection.items = std::move(parsed.items);
    rule.detection.condition = std::move(parsed.condition);
  }

  // The context that a document's sigma-version asks for: from 3 on, brackets in field names are selectors. Only the major number
  // counts; a document without one is of version 2.
  SigmaContext ContextFor(const YamlNode& document) {
    SigmaContext context = context_;
    const YamlNode* version = document.Find("sigma-version");
    if (version == nullptr) return context;
    const std::string major = version->IsScalar() ? version->text.substr(0, version->text.find('.')) : "";
    context.array_selectors = major == "3";
    if (major == "3") context_.NotPortable(version->place, "sigma-version 3");
    if (major != "1" && major != "2" && major != "3") Refuse("T0505", version->place, "`" + version->text + "` is no version of Sigma that is known here", "sigma-version: 2, or 3 for array selectors");
    return context;
  }

  // What warns and refuses nothing (4).
  void CheckRemarks(const YamlNode& document) {
    for (const char* key : {"date", "modified"}) {
      const YamlNode* date = document.Find(key);
      if (date != nullptr && !date->IsNull() && !IsDate(date->text)) diagnostics_.Warning("T0557", date->place, "`" + date->text + "` is no date", std::string(key) + ": 2026-11-30");
    }
    const YamlNode* related = document.Find("related");
    if (related == nullptr || related->IsNull()) return;
    if (!related->IsSequence()) diagnostics_.Warning("T0558", related->place, "`related` is not a list", "related: [{id: ..., type: derived}]");
    for (const YamlNode& each : related->items) {
      const YamlNode* type = each.Find("type");
      if (each.Find("id") == nullptr || type == nullptr) {
        diagnostics_.Warning("T0558", each.place, "a related rule has an `id` and a `type`", "{id: ..., type: derived}");
      } else if (std::find(std::begin(kRelations), std::end(kRelations), type->text) == std::end(kRelations)) {
        const std::string nearest = NearestWord(type->text, {std::begin(kRelations), std::end(kRelations)});
        diagnostics_.Warning("T0558", type->place, "unknown relation `" + type->text + "`", nearest.empty() ? "derived, obsolete, merged, renamed, similar or correlation" : "`" + nearest + "`");
      }
    }
  }

  void ParseHeader(const YamlNode& document, Rule& rule) {
    CheckRemarks(document);
    for (const std::string_view key : kOwnKeys) {
      for (const auto& [name, value] : document.entries) {
        if (name.text == key) context_.NotPortable(name.place, "`" + name.text + "`");
      }
    }
    if (const YamlNode* taxonomy = document.Find("taxonomy"); taxonomy != nullptr && !taxonomy->IsNull() && taxonomy->text != "sigma") {
      Refuse("T0515", taxonomy->place, "the taxonomy `" + taxonomy->text + "` is not known here", "taxonomy: sigma, and its field names");
    }
    for (const auto& [key, value] : document.entries) {
      if (std::find(std::begin(kRuleKeys), std::end(kRuleKeys), key.text) != std::end(kRuleKeys)) continue;
      // Unknown keys are the author's own attributes, unless they differ from a known one in spelling alone.
      for (const std::string_view known : kRuleKeys) {
        if (SameWord(NearestWord(key.text, {known}), known) && key.text.size() == known.size() && document.Find(known) == nullptr) {
          diagnostics_.Warning("T0551", key.place, "unknown key `" + key.text + "`", "`" + std::string(known) + "`?");
          break;
        }
      }
    }
    const auto text = [&](const char* key) {
      const YamlNode* node = document.Find(key);
      return node != nullptr && node->IsScalar() ? node->text : std::string();
    };
    rule.title = text("title");
    rule.id = text("id");
    rule.name = text("name");
    rule.description = text("description");
    rule.status = text("status");
    if (rule.title.empty()) Refuse("T0506", document.place, "the rule has no `title`", "title: what it detects");
    if (Characters(rule.title) > kMaxTitle) diagnostics_.Warning("T0552", document.Find("title")->place, "the title is longer than 256 characters");
    if (!rule.status.empty() && std::find(std::begin(kStatuses), std::end(kStatuses), rule.status) == std::end(kStatuses)) {
      const std::string nearest = NearestWord(rule.status, {std::begin(kStatuses), std::end(kStatuses)});
      diagnostics_.Warning("T0553", document.Find("status")->place, "unknown status `" + rule.status + "`", nearest.empty() ? "stable, test, experimental, deprecated or unsupported" : "`" + nearest + "`");
    }
    if (const YamlNode* level = document.Find("level"); level != nullptr && !level->IsNull()) {
      if (const std::optional<Level> parsed = ParseLevel(level->text)) {
        rule.level = *parsed;
      } else {
        const std::string nearest = NearestWord(level->text, {"informational", "low", "medium", "high", "critical"});
        diagnostics_.Warning("T0554", level->place, "unknown level `" + level->text + "`", nearest.empty() ? "informational, low, medium, high or critical" : "`" + nearest + "`");
      }
    }
    ReadTexts(document, "tags", rule.tags);
    ReadTexts(document, "falsepositives", rule.falsepositives);
    constexpr std::string_view kPlaybookTag = "tocsin.playbook.";
    for (const std::string& tag : rule.tags) {
      if (tag.rfind(kPlaybookTag, 0) == 0) rule.playbook = tag.substr(kPlaybookTag.size());
    }
    ReadFlag(document, "alert", rule.alerts);
    ReadFlag(document, "early", rule.early);
    if (const YamlNode* page = document.Find("page")) {
      if (page->IsScalar() && page->text == "early") rule.page_early = true;
      else Refuse("T0507", page->place, "`page` knows one value", "page: early");
    }
    ReadSpan(document, "episode_gap", rule.episode_gap_ns);
    ReadSpan(document, "episode_max", rule.episode_max_ns);
  }

  static void ReadTexts(const YamlNode& document, const char* key, std::vector<std::string>& out) {
    const YamlNode* node = document.Find(key);
    if (node == nullptr) return;
    if (node->IsScalar() && !node->IsNull()) out.push_back(node->text);
    for (const YamlNode& item : node->items) {
      if (item.IsScalar()) out.push_back(item.text);
    }
  }

  void ReadFlag(const YamlNode& document, const char* key, bool& out) {
    const YamlNode* node = document.Find(key);
    if (node == nullptr) return;
    if (const std::optional<bool> value = node->AsBool()) out = *value;
    else Refuse("T0507", node->place, "`" + std::string(key) + "` is neither true nor false", std::string(key) + ": true");
  }

  void ReadSpan(const YamlNode& document, const char* key, int64_t& out) {
    const YamlNode* node = document.Find(key);
    if (node == nullptr) return;
    if (const std::optional<int64_t> span = ParseSpan(node->text)) out = *span;
    else Refuse("T0407", node->place, "`" + node->text + "` is no span of time", "a number and s, m, h, d or w: 1h");
  }

  bool ParseFilter(const YamlNode& document, ParsedFilter& filter) {
    const YamlNode& body = *document.Find("filter");
    const YamlNode* title = document.Find("title");
    filter.title = title != nullptr && title->IsScalar() ? title->text : "filter";
    filter.place = document.place;
    const size_t errors_before = diagnostics_.errors();
    if (!body.IsMap()) return Refuse("T0508", body.place, body.IsNull() ? "`filter` is empty: what belongs to it is not indented below it" : "`filter` is not a map", "filter: {rules: [rule_a], selection: {field: value}, condition: not selection}");
    ParseFilterRules(body, filter);
    const YamlNode* logsource = document.Find("logsource");
    if (logsource != nullptr) ParseLogsource(*logsource, diagnostics_, filter.logsource);
    else context_.NotPortable(document.place, "a filter without `logsource`");
    if (logsource == nullptr && filter.any_rule) Refuse("T0509", document.place, "a filter for any rule has no `logsource`", "logsource: {product: windows}");
    if (!ParseDetection(body, {"rules"}, /*condition_list_allowed=*/false, ContextFor(document), filter.body)) return false;
    if (!HoldsForOthers(filter.body.condition, filter.body.items, false) && !HoldsForOthers(filter.body.condition, filter.body.items, true)) {
      const YamlNode& condition = *body.Find("condition");
      const bool word = condition.text.find_first_of(" ()") == std::string::npos;
      diagnostics_.Warning("T0555", condition.place, "the filter keeps only what its condition matches: every other event is dropped", "condition: not " + (word ? condition.text : "(" + condition.text + ")") + ", to exclude that");
    }
    return diagnostics_.errors() == errors_before;
  }

  void ParseFilterRules(const YamlNode& body, ParsedFilter& filter) {
    const YamlNode* rules = body.Find("rules");
    if (rules == nullptr) {
      Refuse("T0510", body.place, "the filter names no `rules`", "rules: [rule_a], or rules: any");
    } else if (rules->IsScalar()) {
      if (rules->text == "any") filter.any_rule = true;
      else filter.rules.push_back({rules->text, rules->place});
    } else {
      filter.any_rule = rules->IsSequence() && rules->items.empty();
      for (const YamlNode& item : rules->items) {
        if (item.IsScalar()) filter.rules.push_back({item.text, item.place});
        else Refuse("T0510", item.place, "`rules` holds something that is no name", "rules: [rule_a]");
      }
    }
  }

  // Ids and names are unique; the later of two is refused.
  void CheckNames() {
    for (size_t i = 0; i < parsed_.size(); i++) {
      Rule& rule = parsed_[i].rule;
      for (const std::string* key : {&rule.id, &rule.name}) {
        if (key->empty()) continue;
        const auto [it, fresh] = by_name_.try_emplace(*key, i);
        if (fresh || it->second == i) continue;
        const Place& first = parsed_[it->second].rule.place;
        Refuse("T0511", rule.place, (key == &rule.id ? "the id `" : "the name `") + *key + "` is taken", "another one; the first is at " + diagnostics_.file_name(first.file) + ":" + std::to_string(first.line));
        if (!parsed_[i].refused) refused_++;
        parsed_[i].refused = true;
      }
    }
  }

  const size_t* FindRule(const std::string& name) const {
    const auto it = by_name_.find(name);
    return it == by_name_.end() ? nullptr : &it->second;
  }

  void UnknownReference(const ParsedCorrelation::Reference& reference) {
    constexpr size_t kSuggested = 100;   // references that are compared with every name
    if (++unknown_ > kSuggested) {
      Refuse("T0512", reference.place, "there is no rule `" + reference.name + "`", "the name or id of a rule that is loaded");
      return;
    }
    std::vector<std::string_view> names;
    for (const auto& [name, index] : by_name_) names.push_back(name);
    std::sort(names.begin(), names.end());
    std::string nearest = NearestWord(reference.name, names);
    for (const ParsedRule& parsed : parsed_) {
      if (parsed.rule.title == reference.name && !RuleLabel(parsed.rule).empty()) nearest = RuleLabel(parsed.rule) == parsed.rule.title ? "" : RuleLabel(parsed.rule);
    }
    Refuse("T0512", reference.place, "there is no rule `" + reference.name + "`", nearest.empty() ? "the name or id of a rule that is loaded" : "`" + nearest + "`");
  }

  void RefuseRule(ParsedRule& parsed) {
    if (!parsed.refused) refused_++;
    parsed.refused = true;
  }

  void ResolveReferences() {
    for (ParsedRule& parsed : parsed_) {
      if (!parsed.rule.is_correlation || parsed.refused) continue;
      for (const auto& reference : parsed.correlation.references) {
        const size_t* index = FindRule(reference.name);
        if (index == nullptr) {
          UnknownReference(reference);
          RefuseRule(parsed);
        } else {
          parsed.refs.push_back(*index);
        }
      }
    }
  }

  // A rule over a refused rule cannot hold; say which.
  void RefuseOverRefused() {
    std::vector<std::vector<size_t>> over(parsed_.size());   // who refers to it
    std::vector<size_t> refused;
    for (size_t i = 0; i < parsed_.size(); i++) {
      if (parsed_[i].refused) refused.push_back(i);
      for (const size_t ref : parsed_[i].refs) over[ref].push_back(i);
    }
    for (size_t next = 0; next < refused.size(); next++) {
      for (const size_t i : over[refused[next]]) {
        ParsedRule& parsed = parsed_[i];
        if (parsed.refused) continue;
        const auto ref = std::find(parsed.refs.begin(), parsed.refs.end(), refused[next]);
        const auto& reference = parsed.correlation.references[static_cast<size_t>(ref - parsed.refs.begin())];
        Refuse("T0513", reference.place, "the rule `" + reference.name + "` was refused");
        RefuseRule(parsed);
        refused.push_back(i);
      }
    }
  }

  void RefuseCycles() {
    std::vector<int> depth(parsed_.size(), -1);  // -1 not seen
    for (size_t i = 0; i < parsed_.size(); i++) Depth(i, depth);
  }

  // Each rule of a circle is told, at its reference to the next.
  void RefuseCircle(const std::vector<size_t>& circle) {
    for (size_t i = 0; i < circle.size(); i++) {
      ParsedRule& parsed = parsed_[circle[i]];
      const size_t next = circle[(i + 1) % circle.size()];
      const auto ref = std::find(parsed.refs.begin(), parsed.refs.end(), next);
      std::string names;
      for (size_t k = 0; k < circle.size(); k++) names += RuleLabel(parsed_[circle[(i + k) % circle.size()]].rule) + " -> ";
      Refuse("T0514", parsed.correlation.references[static_cast<size_t>(ref - parsed.refs.begin())].place,
             "the correlation refers to itself: " + names + RuleLabel(parsed.rule), "rules that do not lead back to it");
      RefuseRule(parsed);
    }
  }

  // Longest chain of correlations that ends in a rule. One that leads back, or is too long, is refused.
  int Depth(size_t index, std::vector<int>& depth) {
    ParsedRule& parsed = parsed_[index];
    if (!parsed.rule.is_correlation || parsed.refused) return 0;
    if (depth[index] >= 0) return depth[index];
    if (path_.size() > kMaxCircle) {
      RefuseChain(parsed);
      return 0;
    }
    path_.push_back(index);
    int deepest = 0;
    for (size_t i = 0; i < parsed.refs.size(); i++) {
      const auto at = std::find(path_.begin(), path_.end(), parsed.refs[i]);
      if (at == path_.end()) {
        deepest = std::max(deepest, Depth(parsed.refs[i], depth));
        continue;
      }
      RefuseCircle(std::vector<size_t>(at, path_.end()));
      break;
    }
    path_.pop_back();
    depth[index] = deepest + 1;
    if (deepest < kMaxChainDepth || parsed.refused) return depth[index];
    RefuseChain(parsed);
    return 0;
  }

  void RefuseChain(ParsedRule& parsed) {
    Refuse("T0514", parsed.rule.place, "the chain of correlations is longer than " + std::to_string(kMaxChainDepth), "fewer rules over rules");
    RefuseRule(parsed);
  }

  void ApplyFilters() {
    for (ParsedFilter& filter : filters_) {
      const size_t errors_before = diagnostics_.errors();
      const std::vector<size_t> targets = TargetsOf(filter);
      if (!filter.refused && diagnostics_.errors() > errors_before) {
        refused_++;
        filter.refused = true;
      }
      if (filter.refused) {
        TellUnfiltered(filter, targets);
        continue;
      }
      for (const size_t target : targets) AddFilter(filter, parsed_[target].rule.detection);
      if (targets.empty()) diagnostics_.Warning("T0556", filter.place, "the filter `" + filter.title + "` applies to no rule");
    }
  }

  // The detection rules that a filter is for, in load order. What it names and is not there is reported.
  std::vector<size_t> TargetsOf(const ParsedFilter& filter) {
    std::set<size_t> named;
    for (const auto& reference : filter.rules) {
      const size_t* index = FindRule(reference.name);
      if (index == nullptr) UnknownReference(reference);
      else named.insert(*index);
    }
    // A filter over a correlation goes to the detections below it.
    std::vector<size_t> todo(named.begin(), named.end());
    while (!todo.empty()) {
      const ParsedRule& parsed = parsed_[todo.back()];
      todo.pop_back();
      for (const size_t ref : parsed.refs) {
        if (named.insert(ref).second) todo.push_back(ref);
      }
    }
    std::vector<size_t> targets;
    for (size_t i = 0; i < parsed_.size(); i++) {
      const Rule& rule = parsed_[i].rule;
      if (rule.is_correlation || parsed_[i].refused || (!filter.any_rule && !named.contains(i))) continue;
      if (LogsourceContains(filter.logsource, rule.detection.logsource)) targets.push_back(i);
    }
    return targets;
  }

  // A broken filter silences nothing, and is not passed over either.
  void TellUnfiltered(const ParsedFilter& filter, const std::vector<size_t>& targets) {
    constexpr size_t kNamed = 3;
    if (targets.empty()) return;
    std::string names;
    for (size_t i = 0; i < std::min(targets.size(), kNamed); i++) names += (i > 0 ? ", `" : "`") + RuleLabel(parsed_[targets[i]].rule) + "`";
    if (targets.size() > kNamed) names += " and " + std::to_string(targets.size() - kNamed) + " more";
    diagnostics_.Warning("T0559", filter.place, "the filter `" + filter.title + "` was refused: " + names + (targets.size() == 1 ? " loads" : " load") + " without it");
  }

  static void Shift(Expr& expr, uint32_t by) {
    if (expr.kind == Expr::Kind::kItem) expr.item += by;
    for (Expr& child : expr.children) Shift(child, by);
  }

  static void AddFilter(const ParsedFilter& filter, Detection& detection) {
    Expr body = filter.body.condition;
    Shift(body, static_cast<uint32_t>(detection.items.size()));
    detection.items.insert(detection.items.end(), filter.body.items.begin(), filter.body.items.end());
    Expr named;
    named.kind = Expr::Kind::kSelection;
    named.name = "filter " + filter.title;
    named.children.push_back(std::move(body));
    Expr both;
    both.kind = Expr::Kind::kAnd;
    both.children.push_back(std::move(detection.condition));
    both.children.push_back(std::move(named));
    detection.condition = std::move(both);
  }

  std::vector<Rule> Finish() {
    std::vector<uint32_t> id_of(parsed_.size(), UINT32_MAX);
    uint32_t next = 0;
    for (size_t i = 0; i < parsed_.size(); i++) {
      if (!parsed_[i].refused) id_of[i] = next++;
    }
    std::vector<bool> silenced(parsed_.size()), wanted(parsed_.size());
    for (size_t i = 0; i < parsed_.size(); i++) {
      ParsedRule& parsed = parsed_[i];
      if (parsed.refused) continue;
      if (parsed.rule.is_correlation) FinishCorrelation(parsed, id_of);
      for (const size_t ref : parsed.refs) {
        silenced[ref] = true;
        if (parsed.rule.correlation.generate) wanted[ref] = true;
      }
    }
    std::vector<bool> done(parsed_.size());
    std::vector<Rule> rules;
    rules.reserve(next);
    for (size_t i = 0; i < parsed_.size(); i++) {
      if (!parsed_[i].refused) Derive(i, done);
    }
    std::vector<std::set<uint32_t>> read(parsed_.size());
    for (size_t i = 0; i < parsed_.size(); i++) {
      if (!parsed_[i].refused && parsed_[i].rule.is_correlation) CollectHitFields(i, read);
    }
    for (size_t i = 0; i < parsed_.size(); i++) {
      if (parsed_[i].refused) continue;
      Rule& rule = parsed_[i].rule;
      rule.alerts = rule.alerts && (!silenced[i] || wanted[i]);
      for (const uint32_t field : read[i]) rule.hit_fields.push_back(FieldId(field));
      if (rule.episode_gap_ns == 0) rule.episode_gap_ns = rule.is_correlation ? std::min(rule.correlation.timespan_ns, kHourNs) : kHourNs;
      if (rule.episode_max_ns == 0) rule.episode_max_ns = 24 * kHourNs;
      rules.push_back(std::move(rule));
    }
    return rules;
  }

  void FinishCorrelation(ParsedRule& parsed, const std::vector<uint32_t>& id_of) {
    Correlation& out = parsed.rule.correlation;
    out = std::move(parsed.correlation.correlation);
    for (size_t i = 0; i < parsed.refs.size(); i++) {
      const auto& reference = parsed.correlation.references[i];
      out.refs.push_back({RuleId(id_of[parsed.refs[i]]), reference.before_ns, reference.after_ns});
    }
    for (const auto& group : parsed.correlation.group_by) out.group_by.push_back(ResolveGroupField(group.name, parsed));
    if (!parsed.correlation.learning_parent.empty()) out.learning_parent = ResolveGroupField(parsed.correlation.learning_parent, parsed);
    if (parsed.correlation.expression) out.expression = ResolveExpression(*parsed.correlation.expression, parsed);
  }

  // A field, or an alias that says which field of each rule.
  Correlation::GroupField ResolveGroupField(const std::string& name, const ParsedRule& parsed) {
    Correlation::GroupField field{name, {}};
    const auto alias = parsed.correlation.aliases.find(name);
    for (size_t i = 0; i < parsed.refs.size(); i++) {
      if (alias == parsed.correlation.aliases.end()) {
        field.per_ref.push_back(context_.fields.Intern(name));
        continue;
      }
      const Rule& rule = parsed_[parsed.refs[i]].rule;
      auto entry = alias->second.find(rule.name);
      if (entry == alias->second.end()) entry = alias->second.find(rule.id);
      field.per_ref.push_back(entry == alias->second.end() ? FieldId() : context_.fields.Intern(entry->second));
    }
    return field;
  }

  static CorrelationExpr ResolveExpression(const ConditionNode& node, const ParsedRule& parsed) {
    CorrelationExpr out;
    if (node.kind == ConditionNode::Kind::kName) {
      out.kind = CorrelationExpr::Kind::kRef;
      const auto& references = parsed.correlation.references;
      const auto it = std::find_if(references.begin(), references.end(), [&](const auto& each) { return each.name == node.name; });
      out.ref = static_cast<uint32_t>(it - references.begin());
      return out;
    }
    out.kind = node.kind == ConditionNode::Kind::kAnd ? CorrelationExpr::Kind::kAnd : node.kind == ConditionNode::Kind::kOr ? CorrelationExpr::Kind::kOr : CorrelationExpr::Kind::kNot;
    for (const ConditionNode& child : node.children) out.children.push_back(ResolveExpression(child, parsed));
    return out;
  }

  // Class and semantic hash, inner rules first. Cycles have been refused.
  void Derive(size_t index, std::vector<bool>& done) {
    if (done[index]) return;
    done[index] = true;
    Rule& rule = parsed_[index].rule;
    if (!rule.is_correlation) {
      rule.semantic_hash = Sha256Hex(DetectionText(rule.detection, context_.fields));
      return;
    }
    rule.alert_class = OwnClass(rule.correlation);
    std::string text = "correlation " + std::to_string(static_cast<int>(rule.correlation.type)) + " " + std::to_string(rule.correlation.timespan_ns) + " " +
                       std::to_string(rule.correlation.learning_ns) + " " + std::to_string(rule.correlation.percentile);
    for (size_t i = 0; i < parsed_[index].refs.size(); i++) {
      const size_t ref = parsed_[index].refs[i];
      Derive(ref, done);
      rule.alert_class = Weaker(rule.alert_class, parsed_[ref].rule.alert_class);
      text += " ref " + parsed_[ref].rule.semantic_hash + " " + std::to_string(rule.correlation.refs[i].before_ns) + " " + std::to_string(rule.correlation.refs[i].after_ns);
    }
    const auto add_group_field = [&](const Correlation::GroupField& group) {
      text += group.name;
      for (const FieldId field : group.per_ref) text += field.valid() ? ":" + context_.fields.name(field) : ":-";
    };
    for (const auto& group : rule.correlation.group_by) {
      text += " by ";
      add_group_field(group);
    }
    for (const FieldId field : rule.correlation.fields) text += " field " + context_.fields.name(field);
    for (const auto& threshold : rule.correlation.thresholds) text += " " + std::to_string(static_cast<int>(threshold.compare)) + " " + std::to_string(threshold.number);
    for (const Pattern& value : rule.correlation.values) text += " value " + PatternSource(value);
    if (rule.correlation.learning_fallback) text += " fallback";
    for (const Pattern& value : rule.correlation.learning_fallback.value_or(std::vector<Pattern>())) text += " known " + PatternSource(value);
    if (rule.correlation.learning_parent) {
      text += " parent ";
      add_group_field(*rule.correlation.learning_parent);
    }
    if (rule.correlation.expression) text += " " + ExprText(*rule.correlation.expression);
    rule.semantic_hash = Sha256Hex(text);
    if (rule.early && rule.alert_class == AlertClass::kOnlyConfirmed) rule.alert_class = AlertClass::kMayBeRetracted;
  }

  // What a correlation reads, it reads from the hits of the detections below it.
  void CollectHitFields(size_t index, std::vector<std::set<uint32_t>>& read) const {
    const ParsedRule& parsed = parsed_[index];
    for (size_t i = 0; i < parsed.refs.size(); i++) {
      std::set<uint32_t> fields;
      for (const FieldId field : parsed.rule.correlation.fields) fields.insert(field.value());
      const auto add = [&](const Correlation::GroupField& group) {
        if (group.per_ref[i].valid()) fields.insert(group.per_ref[i].value());
      };
      for (const auto& group : parsed.rule.correlation.group_by) add(group);
      if (parsed.rule.correlation.learning_parent) add(*parsed.rule.correlation.learning_parent);
      AddToLeaves(parsed.refs[i], fields, read);
    }
  }

  void AddToLeaves(size_t index, const std::set<uint32_t>& fields, std::vector<std::set<uint32_t>>& read) const {
    const ParsedRule& parsed = parsed_[index];
    if (!parsed.rule.is_correlation) read[index].insert(fields.begin(), fields.end());
    for (const size_t ref : parsed.refs) AddToLeaves(ref, fields, read);
  }

  SigmaContext context_;
  Diagnostics& diagnostics_;
  std::deque<ParsedRule> parsed_;   // large: they stay where they are
  std::vector<ParsedFilter> filters_;
  std::vector<size_t> path_;     // of Depth
  size_t unknown_ = 0;           // references to rules that are not there
  absl::flat_hash_map<std::string, size_t> by_name_;
  size_t refused_ = 0;
  uint32_t action_file_ = UINT32_MAX;
  YamlNode global_, previous_;
  const YamlNode* last_ = nullptr;   // the document before, of the same file, where no action was near
};

RuleCollector::RuleCollector(SigmaContext context) : impl_(std::make_unique<Impl>(context)) {}
RuleCollector::~RuleCollector() = default;
void RuleCollector::Add(const YamlNode& document) { impl_->Add(document); }
std::vector<Rule> RuleCollector::Resolve() { return impl_->Resolve(); }
size_t RuleCollector::refused() const { return impl_->refused(); }

const std::string& RuleLabel(const Rule& rule) { return !rule.name.empty() ? rule.name : !rule.id.empty() ? rule.id : rule.title; }

}  // namespace tocsin::content
