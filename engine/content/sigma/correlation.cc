#include "engine/content/sigma/correlation.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <utility>

#include "engine/content/json_number.h"
#include "engine/content/sigma/pattern.h"

namespace tocsin::content {
namespace {

struct TypeName {
  std::string_view name;
  CorrelationType type;
};
constexpr TypeName kTypes[] = {
    {"event_count", CorrelationType::kEventCount},         {"value_count", CorrelationType::kValueCount},
    {"value_sum", CorrelationType::kValueSum},             {"value_avg", CorrelationType::kValueAvg},
    {"value_median", CorrelationType::kValueMedian},       {"value_percentile", CorrelationType::kValuePercentile},
    {"temporal", CorrelationType::kTemporal},              {"temporal_ordered", CorrelationType::kTemporalOrdered},
    {"value_first_seen", CorrelationType::kValueFirstSeen}, {"value_change", CorrelationType::kValueChange},
};

constexpr std::string_view kKeys[] = {"type",   "rules",    "group-by", "timespan",          "condition", "aliases",
                                      "generate", "learning", "values",   "learning_fallback"};

class CorrelationParser {
 public:
  CorrelationParser(SigmaContext context, ParsedCorrelation& out) : context_(context), diagnostics_(context.diagnostics), out_(out) {}

  bool Parse(const YamlNode& node) {
    if (!node.IsMap()) return Refuse("T0401", node.place, node.IsSequence() ? "`correlation` is a list" : "`correlation` is not a map", node.IsSequence() ? "its keys without the `- ` before them" : "correlation: {type: event_count, rules: [...], timespan: 5m, condition: {gte: 5}}");
    bool ok = true;
    for (const auto& [key, value] : node.entries) ok &= CheckKey(key);
    ok &= ParseType(node);
    ok &= ParseReferences(node);
    ok &= ParseGroupBy(node);
    ok &= ParseTimespan(node);
    ok &= ParseAliases(node);
    if (const YamlNode* generate = node.Find("generate")) {
      const std::optional<bool> value = generate->AsBool();
      if (!value) ok = Refuse("T0402", generate->place, "`generate` is neither true nor false", "true or false");
      else out_.correlation.generate = *value;
    }
    if (!ok) return false;
    return ParseCondition(node) && ParseLearning(node) && ParseValues(node) && ParseFallback(node) && CheckAbsence() && CheckAliases();
  }

 private:
  CorrelationType type() const { return out_.correlation.type; }
  bool IsTemporal() const { return type() == CorrelationType::kTemporal || type() == CorrelationType::kTemporalOrdered; }

  bool Refuse(const char* code, Place place, std::string message, std::string expected = "") {
    diagnostics_.Error(code, place, std::move(message), std::move(expected));
    return false;
  }

  bool CheckKey(const YamlNode& key) {
    if (std::find(std::begin(kKeys), std::end(kKeys), key.text) != std::end(kKeys)) {
      if (key.text == "learning" || key.text == "values" || key.text == "learning_fallback") context_.NotPortable(key.place, "`" + key.text + "`");
      return true;
    }
    const std::string nearest = key.text == "timeframe" ? "timespan" : NearestWord(key.text, {std::begin(kKeys), std::end(kKeys)});
    return Refuse("T0404", key.place, "unknown key `" + key.text + "` in a correlation", nearest.empty() ? "type, rules, group-by, timespan, condition, aliases, generate" : "`" + nearest + "`");
  }

  bool ParseType(const YamlNode& node) {
    const YamlNode* type = node.Find("type");
    if (type == nullptr) return Refuse("T0405", node.place, "the correlation has no `type`", "type: event_count, value_count, temporal, temporal_ordered, ...");
    std::vector<std::string_view> names;
    for (const TypeName& each : kTypes) {
      names.push_back(each.name);
      if (type->IsScalar() && each.name == type->text) {
        out_.correlation.type = each.type;
        if (each.type == CorrelationType::kValueFirstSeen || each.type == CorrelationType::kValueChange) context_.NotPortable(type->place, "`" + type->text + "`");
        return true;
      }
    }
    const std::string nearest = NearestWord(type->text, names);
    return Refuse("T0405", type->place, "unknown correlation type `" + type->text + "`", nearest.empty() ? "event_count, value_count, temporal, temporal_ordered, ..." : "`" + nearest + "`");
  }

  // `rules:` is a name or a list; an entry may be {rule: NAME, before: SPAN, after: SPAN}.
  bool ParseReferences(const YamlNode& node) {
    const YamlNode* rules = node.Find("rules");
    if (rules == nullptr) return true;  // taken from an extended condition
    rules_written_ = true;
    if (rules->IsScalar() && !rules->IsNull()) {
      out_.references.push_back({rules->text, rules->place});
      return true;
    }
    if (!rules->IsSequence() || rules->items.empty()) return Refuse("T0406", rules->place, "`rules` is not a list of rule names", "rules: [rule_a, rule_b]");
    bool ok = true;
    for (const YamlNode& item : rules->items) {
      if (item.IsScalar() && !item.IsNull()) out_.references.push_back({item.text, item.place});
      else if (item.IsMap()) ok &= ParseReferenceMap(item);
      else ok = Refuse("T0406", item.place, "a reference is a rule's name or id", "rule_a, or {rule: rule_a, before: 24h}");
    }
    return ok;
  }

  bool ParseReferenceMap(const YamlNode& item) {
    ParsedCorrelation::Reference reference;
    reference.place = item.place;
    for (const auto& [key, value] : item.entries) {
      if (key.text == "rule" && value.IsScalar()) {
        reference.name = value.text;
      } else if ((key.text == "before" || key.text == "after") && value.IsScalar()) {
        const std::optional<int64_t> span = ParseSpan(value.text);
        if (!span) return Refuse("T0407", value.place, "`" + value.text + "` is no span of time", "a number and s, m, h, d or w: 24h");
        (key.text == "before" ? reference.before_ns : reference.after_ns) = *span;
        (key.text == "before" ? reference.before_place : reference.after_place) = key.place;
        context_.NotPortable(key.place, "`" + key.text + "` of a reference");
      } else {
        return Refuse("T0404", key.place, "unknown key `" + key.text + "` in a reference", "rule, before, after");
      }
    }
    if (reference.before_ns < 0 && reference.after_ns < 0) context_.NotPortable(item.place, "a reference that is a map");
    if (reference.name.empty()) return Refuse("T0406", item.place, "the reference names no rule", "{rule: rule_a, before: 24h}");
    out_.references.push_back(std::move(reference));
    return true;
  }

  bool ParseGroupBy(const YamlNode& node) {
    const YamlNode* group_by = node.Find("group-by");
    if (group_by == nullptr || group_by->IsNull()) return true;
    if (group_by->IsScalar()) {
      context_.UsesField(group_by->place, group_by->text);
      out_.group_by.push_back({group_by->text, group_by->place});
      return true;
    }
    if (!group_by->IsSequence()) return Refuse("T0408", group_by->place, "`group-by` is not a list of fields", "group-by: [field]");
    for (const YamlNode& item : group_by->items) {
      if (!item.IsScalar() || item.IsNull()) return Refuse("T0408", item.place, "`group-by` holds something that is no field", "group-by: [field]");
      context_.UsesField(item.place, item.text);
      out_.group_by.push_back({item.text, item.place});
    }
    return true;
  }

  bool ParseTimespan(const YamlNode& node) {
    const YamlNode* timespan = node.Find("timespan");
    if (timespan == nullptr) {
      // `timeframe` has been told already.
      return node.Find("timeframe") != nullptr ? false : Refuse("T0409", node.place, "the correlation has no `timespan`", "timespan: 5m");
    }
    const std::optional<int64_t> span = timespan->IsScalar() ? ParseSpan(timespan->text) : std::nullopt;
    if (!span || *span == 0) return Refuse("T0407", timespan->place, "`" + timespan->text + "` is no span of time", "a number and s, m, h, d or w: 5m");
    out_.correlation.timespan_ns = *span;
    if (std::string_view("smhd").find(timespan->text.back()) == std::string_view::npos) context_.NotPortable(timespan->place, "a span in `" + timespan->text.substr(timespan->text.size() - 1) + "`");
    return true;
  }

  bool ParseAliases(const YamlNode& node) {
    const YamlNode* aliases = node.Find("aliases");
    if (aliases == nullptr) return true;
    if (!aliases->IsMap()) return Refuse("T0410", aliases->place, "`aliases` is not a map", "aliases: {user: {rule_a: field_a, rule_b: field_b}}");
    for (const auto& [alias, fields] : aliases->entries) {
      alias_places_[alias.text] = alias.place;
      if (!fields.IsMap()) return Refuse("T0410", fields.place, "the alias `" + alias.text + "` is not a map", "{rule_a: field_a, rule_b: field_b}");
      for (const auto& [rule, field] : fields.entries) {
        if (!field.IsScalar()) return Refuse("T0410", field.place, "the alias `" + alias.text + "` names no field", "rule_a: field_a");
        context_.UsesField(field.place, field.text);
        out_.aliases[alias.text][rule.text] = field.text;
      }
    }
    return true;
  }

  bool ParseCondition(const YamlNode& node) {
    const YamlNode* condition = node.Find("condition");
    if (condition == nullptr || condition->IsNull()) {
      if (IsTemporal()) return RequireReferences(node);
      return Refuse("T0411", node.place, "the correlation has no `condition`",
                    type() == CorrelationType::kEventCount ? "condition: {gte: 5}" : "condition: {field: name, gte: 5}");
    }
    if (condition->IsScalar()) return ParseExpression(*condition);
    if (condition->IsSequence()) return Refuse("T0412", condition->place, "`condition` is a list", "its operators without the `- ` before them: {gte: 5}");
    if (!condition->IsMap()) return Refuse("T0412", condition->place, "`condition` is neither a map nor an expression", "condition: {gte: 5}");
    return ParseThresholds(*condition) && RequireReferences(node);
  }

  bool RequireReferences(const YamlNode& node) {
    return !out_.references.empty() || Refuse("T0406", node.place, "the correlation has no `rules`", "rules: [rule_a, rule_b]");
  }

  bool ParseExpression(const YamlNode& condition) {
    if (!IsTemporal()) return Refuse("T0413", condition.place, "an expression over rules belongs to temporal and temporal_ordered alone", "condition: {gte: 5}");
    std::vector<std::string_view> names;
    for (const auto& reference : out_.references) names.push_back(reference.name);
    context_.NotPortable(condition.place, "an expression over rules");
    ConditionNode expression;
    if (!tocsin::content::ParseCondition(condition, /*selectors=*/false, names, context_, expression)) return false;
    std::vector<const ConditionNode*> used;
    Names(expression, used);
    if (out_.references.empty()) {
      for (const ConditionNode* name : used) {
        const bool known = std::any_of(out_.references.begin(), out_.references.end(), [&](const auto& each) { return each.name == name->name; });
        if (!known) out_.references.push_back({name->name, name->place});
      }
    } else {
      for (const ConditionNode* name : used) {
        if (std::find(names.begin(), names.end(), name->name) != names.end()) continue;
        const std::string nearest = NearestWord(name->name, names);
        return Refuse("T0414", name->place, "`" + name->name + "` does not stand under `rules`", nearest.empty() ? "a name that stands there" : "`" + nearest + "`");
      }
      for (const auto& reference : out_.references) {
        const bool in_use = std::any_of(used.begin(), used.end(), [&](const ConditionNode* each) { return each->name == reference.name; });
        if (!in_use) return Refuse("T0414", reference.place, "`" + reference.name + "` does not occur in the condition", "every rule of `rules` in the condition");
      }
    }
    out_.expression = std::move(expression);
    return true;
  }

  static void Names(const ConditionNode& node, std::vector<const ConditionNode*>& out) {
    if (node.kind == ConditionNode::Kind::kName) out.push_back(&node);
    for (const ConditionNode& child : node.children) Names(child, out);
  }

  bool ParseThresholds(const YamlNode& condition) {
    static constexpr std::pair<std::string_view, Compare> kOperators[] = {{"lt", Compare::kLt}, {"lte", Compare::kLte}, {"gt", Compare::kGt},
                                                                          {"gte", Compare::kGte}, {"eq", Compare::kEq}, {"neq", Compare::kNeq}};
    Correlation& correlation = out_.correlation;
    for (const auto& [key, value] : condition.entries) {
      const auto op = std::find_if(std::begin(kOperators), std::end(kOperators), [&name = key.text](const auto& each) { return each.first == name; });
      if (op != std::end(kOperators)) {
        if (!value.IsScalar() || !IsJsonNumber(value.text)) return Refuse("T0415", value.place, "`" + value.text + "` is no number", key.text + ": 5");
        correlation.thresholds.push_back({op->second, strtod(value.text.c_str(), nullptr)});
        if (value.text.find_first_of(".eE") != std::string::npos) context_.NotPortable(value.place, "a number that is not written as an integer");
      } else if (key.text == "field") {
        if (!ParseFields(value)) return false;
      } else if (key.text == "percentile") {
        if (!value.IsScalar() || !IsJsonNumber(value.text)) return Refuse("T0415", value.place, "`" + value.text + "` is no number", "percentile: 95");
        correlation.percentile = strtod(value.text.c_str(), nullptr);
        if (correlation.percentile < 0 || correlation.percentile > 100) return Refuse("T0415", value.place, "a percentile lies between 0 and 100", "percentile: 95");
      } else {
        const std::string nearest = NearestWord(key.text, {"lt", "lte", "gt", "gte", "eq", "neq", "field", "percentile"});
        return Refuse("T0416", key.place, "unknown key `" + key.text + "` in a correlation's condition", nearest.empty() ? "gte, gt, lte, lt, eq, neq, field" : "`" + nearest + "`");
      }
    }
    return CheckCondition(condition);
  }

  bool ParseFields(const YamlNode& value) {
    std::vector<const YamlNode*> fields;
    if (value.IsScalar()) fields.push_back(&value);
    for (const YamlNode& item : value.items) fields.push_back(&item);
    for (const YamlNode* field : fields) {
      if (!field->IsScalar() || field->IsNull()) return Refuse("T0417", field->place, "`field` is no field name", "field: name");
      context_.UsesField(field->place, field->text);
      out_.correlation.fields.push_back(context_.fields.Intern(field->text));
    }
    return true;
  }

  bool CheckCondition(const YamlNode& condition) {
    const Correlation& correlation = out_.correlation;
    if (condition.Find("percentile") != nullptr && type() != CorrelationType::kValuePercentile) {
      return Refuse("T0418", condition.Find("percentile")->place, "`percentile` belongs to value_percentile", "type: value_percentile");
    }
    if (correlation.thresholds.size() > 1) context_.NotPortable(condition.place, "a range of numbers");
    if (!CanHold(correlation.thresholds)) return Refuse("T0420", condition.place, "no number meets this condition", "bounds that leave something between them");
    const bool counts_events = type() == CorrelationType::kEventCount || IsTemporal();
    const bool watches_values = type() == CorrelationType::kValueFirstSeen || type() == CorrelationType::kValueChange;
    if (!counts_events && correlation.fields.empty()) return Refuse("T0417", condition.place, "the condition names no `field`", "condition: {field: name, gte: 5}");
    if (counts_events && !correlation.fields.empty()) return Refuse("T0417", condition.place, "`field` means nothing for this type", "a value_ type, or no field");
    if (correlation.fields.size() > 1 && type() != CorrelationType::kValueCount) return Refuse("T0418", condition.place, "several fields go with value_count alone", "field: name");
    if (watches_values && !correlation.thresholds.empty()) return Refuse("T0416", condition.place, "this type takes no comparison", "condition: {field: name}");
    if (!watches_values && correlation.thresholds.empty()) return Refuse("T0411", condition.place, "the condition compares with nothing", "gte: 5");
    return true;
  }

  // Is there a number that meets all of them? Counts could be looked at more closely: gt 4, lt 5 is empty for them; no reader errs there.
  static bool CanHold(const std::vector<Correlation::Threshold>& thresholds) {
    double low = -HUGE_VAL, high = HUGE_VAL;
    bool low_open = false, high_open = false;
    const auto raise = [&](double number, bool open) {
      if (number > low || (number == low && open)) low_open = open;
      low = std::max(low, number);
    };
    const auto lower = [&](double number, bool open) {
      if (number < high || (number == high && open)) high_open = open;
      high = std::min(high, number);
    };
    for (const Correlation::Threshold& each : thresholds) {
      const bool open = each.compare == Compare::kGt || each.compare == Compare::kLt;
      if (each.compare == Compare::kGt || each.compare == Compare::kGte || each.compare == Compare::kEq) raise(each.number, open);
      if (each.compare == Compare::kLt || each.compare == Compare::kLte || each.compare == Compare::kEq) lower(each.number, open);
    }
    if (low > high || (low == high && (low_open || high_open))) return false;
    return low < high || std::none_of(thresholds.begin(), thresholds.end(), [&](const Correlation::Threshold& each) { return each.compare == Compare::kNeq && each.number == low; });
  }

  // `before` and `after` say over what time something must be absent; and in an order, what is absent has its place in `rules`.
  bool CheckAbsence() {
    std::vector<std::string_view> negated;
    if (out_.expression) Negated(*out_.expression, false, negated);
    for (size_t i = 0; i < out_.references.size(); i++) {
      if (!CheckSpans(i, negated)) return false;
    }
    if (negated.empty() || type() != CorrelationType::kTemporalOrdered || rules_written_) return true;
    return Refuse("T0421", out_.expression->place, "an order with `not` needs the place of what is absent", "rules: [first, second, ...], in order");
  }

  // A span that nothing would read is not what its author meant.
  bool CheckSpans(size_t at, const std::vector<std::string_view>& negated) {
    const auto& reference = out_.references[at];
    const bool before = reference.before_ns >= 0, after = reference.after_ns >= 0;
    if (!before && !after) return true;
    const auto is_negated = [&](const std::string& name) { return std::find(negated.begin(), negated.end(), name) != negated.end(); };
    if (!is_negated(reference.name)) {
      return Refuse("T0424", before ? reference.before_place : reference.after_place,
                    std::string("`") + (before ? "before" : "after") + "` says how long something must be absent, and `" + reference.name + "` stands under no `not`",
                    "condition: ... and not " + reference.name + ", or no `" + (before ? "before" : "after") + "`");
    }
    if (type() == CorrelationType::kTemporal && after) {
      return Refuse("T0425", reference.after_place, "`after` in a temporal correlation, whose `not` looks back alone", "before: SPAN, or type: temporal_ordered with `" + reference.name + "` last in `rules`");
    }
    // With `or` a reference may be first in one alternative and not in another.
    if (type() != CorrelationType::kTemporalOrdered || HasOr(*out_.expression)) return true;
    const auto positive = [&](const auto& each) { return !is_negated(each.name); };
    const auto here = out_.references.begin() + static_cast<ptrdiff_t>(at);
    if (before && std::any_of(out_.references.begin(), here, positive)) {
      return Refuse("T0425", reference.before_place, "`before` of `" + reference.name + "`, which is not the first of `rules`: it must be absent between its neighbours, or after the last", "`" + reference.name + "` first in `rules`, or no `before`");
    }
    if (after && std::any_of(here + 1, out_.references.end(), positive)) {
      return Refuse("T0425", reference.after_place, "`after` of `" + reference.name + "`, which is not the last of `rules`: it must be absent between its neighbours, or before the first", "`" + reference.name + "` last in `rules`, or no `after`");
    }
    return true;
  }

  // `or`, and what becomes one under `not`.
  static bool HasOr(const ConditionNode& node, bool under_not = false) {
    if (node.kind == (under_not ? ConditionNode::Kind::kAnd : ConditionNode::Kind::kOr)) return true;
    const bool below = under_not != (node.kind == ConditionNode::Kind::kNot);
    return std::any_of(node.children.begin(), node.children.end(), [&](const ConditionNode& child) { return HasOr(child, below); });
  }

  static void Negated(const ConditionNode& node, bool under_not, std::vector<std::string_view>& out) {
    if (node.kind == ConditionNode::Kind::kName && under_not) out.push_back(node.name);
    for (const ConditionNode& child : node.children) Negated(child, under_not != (node.kind == ConditionNode::Kind::kNot), out);
  }

  bool CheckAliases() {
    for (const auto& [alias, fields] : out_.aliases) {
      const bool used = std::any_of(out_.group_by.begin(), out_.group_by.end(), [&name = alias](const auto& group) { return group.name == name; });
      if (!used && alias != out_.learning_parent) diagnostics_.Warning("T0452", alias_places_[alias], "the alias `" + alias + "` does not stand under `group-by`", "group-by: [" + alias + "]");
    }
    return true;
  }

  // One Sigma string or a list of them.
  bool ParsePatterns(const YamlNode& node, std::vector<Pattern>& out) {
    if (node.IsScalar() && !node.IsNull()) out.push_back(ParsePattern(node.text));
    for (const YamlNode& item : node.items) {
      if (!item.IsScalar() || item.IsNull()) return Refuse("T0422", item.place, "`values` holds something that is no text", "values: [anonymous]");
      out.push_back(ParsePattern(item.text));
    }
    return !out.empty() || Refuse("T0422", node.place, "`values` names no value", "values: [anonymous]");
  }

  bool ParseValues(const YamlNode& node) {
    const YamlNode* values = node.Find("values");
    if (values == nullptr) return true;
    if (type() != CorrelationType::kValueFirstSeen) return Refuse("T0419", values->place, "`values` belongs to value_first_seen", "type: value_first_seen");
    return ParsePatterns(*values, out_.correlation.values);
  }

  // What is compared with while a group learns: a list, `%name%`, or a parent, which is a field or an alias as under `group-by`.
  bool ParseFallback(const YamlNode& node) {
    const YamlNode* fallback = node.Find("learning_fallback");
    if (fallback == nullptr) return true;
    if (type() != CorrelationType::kValueFirstSeen) return Refuse("T0419", fallback->place, "`learning_fallback` belongs to value_first_seen", "type: value_first_seen");
    if (out_.correlation.learning_ns == 0) return Refuse("T0423", fallback->place, "`learning_fallback` without `learning`", "learning: 14d");
    const std::string& text = fallback->text;
    if (!fallback->IsScalar() || fallback->IsNull() || text.empty()) {
      return Refuse("T0423", fallback->place, "`learning_fallback` is neither a list's name nor a field", "learning_fallback: '%name%', with a list of that name, or learning_fallback: entity.actor");
    }
    if (text.front() != '%' && text.back() != '%') return ParseParent(*fallback);
    if (text.size() < 3 || text.front() != '%' || text.back() != '%') {
      return Refuse("T0423", fallback->place, "`" + text + "` is no list", "learning_fallback: '%name%', with a list of that name");
    }
    const auto list = context_.lists.find(text.substr(1, text.size() - 2));
    if (list == context_.lists.end()) return Refuse("T0114", fallback->place, "there is no list `" + text.substr(1, text.size() - 2) + "`", "a file lists/" + text.substr(1, text.size() - 2) + ".txt in the site profile");
    auto& known = out_.correlation.learning_fallback.emplace();
    for (const ListEntry& entry : list->second) known.push_back(ParsePattern(entry.text));
    return true;
  }

  bool ParseParent(const YamlNode& fallback) {
    if (out_.group_by.empty()) return Refuse("T0423", fallback.place, "a rule without `group-by` has one group, and that has no parent", "group-by, or a list: learning_fallback: '%name%'");
    if (out_.group_by.size() == 1 && out_.group_by[0].name == fallback.text) {
      return Refuse("T0423", fallback.place, "`" + fallback.text + "` is the group itself", "what the group belongs to: the actor of a token, the org of a repo");
    }
    context_.UsesField(fallback.place, fallback.text);
    out_.learning_parent = fallback.text;
    return true;
  }

  bool ParseLearning(const YamlNode& node) {
    const YamlNode* learning = node.Find("learning");
    if (learning == nullptr) return true;
    if (type() != CorrelationType::kValueFirstSeen) return Refuse("T0419", learning->place, "`learning` belongs to value_first_seen", "type: value_first_seen");
    const std::optional<int64_t> span = learning->IsScalar() ? ParseSpan(learning->text) : std::nullopt;
    if (!span) return Refuse("T0407", learning->place, "`" + learning->text + "` is no span of time", "a number and s, m, h, d or w: 14d");
    out_.correlation.learning_ns = *span;
    return true;
  }

  SigmaContext context_;
  Diagnostics& diagnostics_;
  ParsedCorrelation& out_;
  std::map<std::string, Place> alias_places_;
  bool rules_written_ = false;
};

}  // namespace

bool ParseCorrelation(const YamlNode& node, SigmaContext context, ParsedCorrelation& out) { return CorrelationParser(context, out).Parse(node); }

}  // namespace tocsin::content
