#include "engine/content/sigma/detection.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/content/sigma/condition.h"
#include "engine/content/sigma/item.h"

namespace tocsin::content {
namespace {

class DetectionParser {
 public:
  DetectionParser(SigmaContext context, ParsedDetection& out) : context_(context), out_(out) {}

  bool Parse(const YamlNode& body, const std::vector<std::string_view>& skip, bool condition_list_allowed) {
    bool ok = true, has_timeframe = false;
    const YamlNode* condition = nullptr;
    for (const auto& [key, value] : body.entries) {
      if (key.text == "condition") {
        condition = &value;
      } else if (key.text == "timeframe") {
        timeframe_ = value.text;
        has_timeframe = true;
        context_.diagnostics.Error("T0301", key.place, "`timeframe` was taken out of Sigma", "a correlation over this rule, with `timespan: " + (value.text.empty() ? "5m" : value.text) + "`");
      } else if (std::find(skip.begin(), skip.end(), key.text) == skip.end()) {
        ok &= ParseSelection(key, value);
      }
    }
    if (condition == nullptr) {
      std::vector<std::string_view> keys;
      for (const auto& [key, value] : body.entries) keys.push_back(key.text);
      const std::string nearest = NearestWord("condition", keys);
      const std::string name = Suggestion();
      context_.diagnostics.Error("T0302", body.place, nearest.empty() ? "there is no `condition`" : "there is no `condition` (is `" + nearest + "` meant?)", "condition: " + name);
      return false;
    }
    if (selections_.empty() && ok) {
      context_.diagnostics.Error("T0303", body.place, "there is no selection", "selection: {field: value}");
      return false;
    }
    if (!ok) return false;
    return ParseConditions(*condition, condition_list_allowed) && !has_timeframe;
  }

  // A map is AND, a list of maps OR, plain values keywords; a mixed list is OR of each (6).
  bool ParseBody(const YamlNode& node, Expr& out) {
    if (node.IsMap()) return ParseMap(node, out);
    if (node.IsScalar()) return ParseKeywordItem(node, out);
    if (node.items.empty()) {
      context_.diagnostics.Error("T0105", node.place, "an empty list matches nothing", "at least one value");
      return false;
    }
    const bool all_plain = std::all_of(node.items.begin(), node.items.end(), [](const YamlNode& item) { return item.IsScalar(); });
    if (all_plain) return ParseKeywordItem(node, out);
    out.kind = Expr::Kind::kOr;
    const bool any_plain = std::any_of(node.items.begin(), node.items.end(), [](const YamlNode& item) { return item.IsScalar(); });
    if (any_plain) context_.NotPortable(node.place, "a list of maps and plain values");
    WarnOfAlternatives(node);
    bool ok = true;
    for (const YamlNode& item : node.items) {
      if (item.IsSequence()) {
        context_.diagnostics.Error("T0104", item.place, "a list inside a list", "maps or plain values, one `- ` each");
        ok = false;
      } else {
        ok &= ParseBody(item, out.children.emplace_back());
      }
    }
    return ok;
  }

 private:
  // - eventSource: a
  // - eventName: b
  // is "one of them"; who writes whole values of different fields like that mostly means all of them.
  void WarnOfAlternatives(const YamlNode& node) {
    std::vector<std::string_view> fields;
    for (const YamlNode& item : node.items) {
      if (!item.IsMap() || item.entries.size() != 1) return;
      const auto& [key, value] = item.entries[0];
      if (!value.IsScalar() || value.IsNull() || key.text.find('|') != std::string::npos) return;
      if (std::find(fields.begin(), fields.end(), key.text) != fields.end()) return;
      fields.push_back(key.text);
    }
    if (fields.size() < 2) return;
    context_.diagnostics.Warning("T0353", node.place, "one of these fields is enough: a list of maps means `or`", "no `- ` before `" + std::string(fields[1]) + "`, if all must hold");
  }

  struct Selection {
    std::string name;
    Place place;
    Expr expr;
    bool used = false;
    size_t parts = 0;   // of `expr`
  };

  static size_t PartsOf(const Expr& expr) {
    size_t parts = 1;
    for (const Expr& child : expr.children) parts += PartsOf(child);
    return parts;
  }

  // A condition that uses what is there.
  std::string Suggestion() const {
    std::string wanted, unwanted;
    for (const Selection& each : selections_) {
      if (each.name.rfind("filter", 0) == 0) unwanted += " and not " + each.name;
      else wanted += (wanted.empty() ? "" : " and ") + each.name;
    }
    if (!wanted.empty()) return wanted + unwanted;
    return unwanted.empty() ? "selection" : unwanted.substr(5);
  }

  uint32_t AddItem(Item item) {
    out_.items.push_back(std::move(item));
    return static_cast<uint32_t>(out_.items.size() - 1);
  }

  bool ParseSelection(const YamlNode& key, const YamlNode& value) {
    Selection selection{key.text, key.place, {}, false};
    if (value.IsNull()) {
      context_.diagnostics.Error("T0304", key.place, "the selection `" + key.text + "` is empty", "its fields below it, indented further than its name");
      return false;
    }
    if (key.text.find('.') != std::string::npos) context_.NotPortable(key.place, "a dot in the name of a selection");
    if (!ParseBody(value, selection.expr)) return false;
    selection.parts = PartsOf(selection.expr);
    selections_.push_back(std::move(selection));
    return true;
  }

  bool ParseMap(const YamlNode& node, Expr& out) {
    if (node.entries.empty()) {
      context_.diagnostics.Error("T0306", node.place, "an empty map matches everything", "at least one field");
      return false;
    }
    out.kind = Expr::Kind::kAnd;
    bool ok = true;
    for (const auto& [key, value] : node.entries) {
      Item item;
      if (!ParseItem(key, value, context_, item)) {
        ok = false;
        continue;
      }
      Expr& child = out.children.emplace_back();
      child.kind = Expr::Kind::kItem;
      child.item = AddItem(std::move(item));
    }
    return ok;
  }

  bool ParseKeywordItem(const YamlNode& node, Expr& out) {
    Item item;
    if (!ParseKeywords(node, context_, item)) return false;
    out.kind = Expr::Kind::kItem;
    out.item = AddItem(std::move(item));
    return true;
  }

  bool ParseConditions(const YamlNode& node, bool list_allowed) {
    if (node.IsScalar()) {
      if (!ParseOne(node, out_.condition)) return false;
    } else if (node.IsSequence() && list_allowed && !node.items.empty()) {
      out_.condition.kind = Expr::Kind::kOr;
      for (const YamlNode& item : node.items) {
        if (!item.IsScalar()) {
          context_.diagnostics.Error("T0307", item.place, "a condition is text", "condition: selection");
          return false;
        }
        if (!ParseOne(item, out_.condition.children.emplace_back())) return false;
      }
    } else {
      context_.diagnostics.Error("T0307", node.place, list_allowed ? "a condition is text or a list of texts" : "a condition is one text", "condition: selection");
      return false;
    }
    for (const Selection& selection : selections_) {
      if (!selection.used) context_.diagnostics.Warning("T0351", selection.place, "the selection `" + selection.name + "` is not used by the condition");
    }
    return true;
  }

  bool ParseOne(const YamlNode& node, Expr& out) {
    std::vector<std::string_view> names;
    for (const Selection& selection : selections_) names.push_back(selection.name);
    ConditionNode condition;
    return ParseCondition(node, /*selectors=*/true, names, context_, condition, timeframe_) && Resolve(condition, names, out);
  }

  // The selection, put in. False when the condition grows too large: `1 of x*` a thousand times over a thousand selections.
  bool Use(Selection& selection, const ConditionNode& at, Expr& out) {
    selection.used = true;
    parts_ += selection.parts + 1;
    if (parts_ > kMaxParts) return TooLarge(at);
    out.kind = Expr::Kind::kSelection;
    out.name = selection.name;
    out.children.push_back(selection.expr);
    return true;
  }

  bool TooLarge(const ConditionNode& at) {
    context_.diagnostics.Error("T0211", at.place, "the condition grows to more than " + std::to_string(kMaxParts) + " parts", "fewer uses of large selections");
    return false;
  }

  bool Resolve(const ConditionNode& node, const std::vector<std::string_view>& names, Expr& out) {
    switch (node.kind) {
      case ConditionNode::Kind::kName: {
        const auto it = std::find_if(selections_.begin(), selections_.end(), [&](const Selection& each) { return each.name == node.name; });
        if (it == selections_.end()) {
          const std::string nearest = NearestWord(node.name, names);
          context_.diagnostics.Error("T0308", node.place, "there is no selection `" + node.name + "`", nearest.empty() ? "one of the selections above" : "`" + nearest + "`");
          return false;
        }
        return Use(*it, node, out);
      }
      case ConditionNode::Kind::kAnyOf:
      case ConditionNode::Kind::kAllOf: {
        out.kind = node.kind == ConditionNode::Kind::kAnyOf ? Expr::Kind::kOr : Expr::Kind::kAnd;
        for (Selection& selection : selections_) {
          if (SelectorTakes(node.name, selection.name) && !Use(selection, node, out.children.emplace_back())) return false;
        }
        if (!out.children.empty()) return true;
        return NothingTaken(node, names);
      }
      case ConditionNode::Kind::kCountOf: return ResolveCount(node, names, out);
      case ConditionNode::Kind::kNot:
        out.kind = Expr::Kind::kNot;
        return Resolve(node.children[0], names, out.children.emplace_back());
      case ConditionNode::Kind::kAnd:
      case ConditionNode::Kind::kOr:
        out.kind = node.kind == ConditionNode::Kind::kAnd ? Expr::Kind::kAnd : Expr::Kind::kOr;
        for (const ConditionNode& child : node.children) {
          if (!Resolve(child, names, out.children.emplace_back())) return false;
        }
        return true;
    }
    return false;
  }

  // `sel_a` is taken by `sel_*`; a name without a line, by itself.
  static std::string PatternFor(std::string_view name) {
    const size_t line = name.find_last_of("_-");
    return line == std::string_view::npos || line == 0 ? std::string(name) : std::string(name.substr(0, line + 1)) + "*";
  }

  bool NothingTaken(const ConditionNode& node, const std::vector<std::string_view>& names) {
    std::string nearest = NearestWord(node.name, names);
    if (nearest.empty() && !names.empty()) nearest = names.front();
    const std::string pattern = PatternFor(nearest);
    std::string taken;
    size_t count = 0;
    for (const std::string_view name : names) {
      if (SelectorTakes(pattern, name) && count++ < 3) taken += (taken.empty() ? "`" : ", `") + std::string(name) + "`";
    }
    if (count > 3) taken += " and " + std::to_string(count - 3) + " more";
    context_.diagnostics.Error("T0309", node.place, "no selection is called `" + node.name + "`", nearest.empty() ? "a pattern that takes a selection" : "`" + pattern + "`, which takes " + taken);
    return false;
  }

  // At least `count` of the selections taken, as and, or.
  bool ResolveCount(const ConditionNode& node, const std::vector<std::string_view>& names, Expr& out) {
    context_.NotPortable(node.place, "`" + std::to_string(node.count) + " of`");
    std::vector<Expr> taken;
    for (Selection& selection : selections_) {
      if (SelectorTakes(node.name, selection.name) && !Use(selection, node, taken.emplace_back())) return false;
    }
    if (taken.empty()) return NothingTaken(node, names);
    if (node.count > taken.size()) {
      context_.diagnostics.Error("T0210", node.place, "`" + node.name + "` takes " + std::to_string(taken.size()) + (taken.size() == 1 ? " selection" : " selections") + ", fewer than " + std::to_string(node.count), "all of " + node.name);
      return false;
    }
    // Each selection stands in `count` of `taken.size()` ways.
    double ways = 1, parts = 0;
    for (size_t i = 0; i < node.count; i++) ways = ways * static_cast<double>(taken.size() - i) / static_cast<double>(i + 1);
    for (const Expr& each : taken) parts += static_cast<double>(PartsOf(each)) * ways * static_cast<double>(node.count) / static_cast<double>(taken.size());
    if (ways <= kMaxChoices) {
      if (static_cast<double>(parts_) + parts > kMaxParts) return TooLarge(node);
      parts_ += static_cast<size_t>(parts);
      out.kind = Expr::Kind::kOr;
      std::vector<size_t> chosen;
      Choose(taken, node.count, 0, chosen, out);
      return true;
    }
    context_.diagnostics.Error("T0210", node.place, "more than " + std::to_string(kMaxChoices) + " ways to choose " + std::to_string(node.count) + " of " + std::to_string(taken.size()), "fewer selections");
    return false;
  }

  static void Choose(const std::vector<Expr>& from, size_t count, size_t next, std::vector<size_t>& chosen, Expr& out) {
    if (chosen.size() == count) {
      Expr& all = out.children.emplace_back();
      all.kind = Expr::Kind::kAnd;
      for (const size_t each : chosen) all.children.push_back(from[each]);
      return;
    }
    for (size_t i = next; i + (count - chosen.size()) <= from.size(); i++) {
      chosen.push_back(i);
      Choose(from, count, i + 1, chosen, out);
      chosen.pop_back();
    }
  }

  static constexpr size_t kMaxChoices = 1000;   // 5 of 10 are 252
  static constexpr size_t kMaxParts = 200'000;  // of conditions with their selections put in
  SigmaContext context_;
  ParsedDetection& out_;
  std::vector<Selection> selections_;
  std::string timeframe_;
  size_t parts_ = 0;
};

}  // namespace

bool ParseDetection(const YamlNode& body, const std::vector<std::string_view>& skip, bool condition_list_allowed, SigmaContext context, ParsedDetection& out) {
  if (!body.IsMap()) {
    const std::string_view said = body.IsNull() ? "is empty: what belongs to it is not indented below it" : body.IsSequence() ? "is a list" : "is not a map";
    context.diagnostics.Error("T0305", body.place, "`detection` " + std::string(said),
                              body.IsSequence() ? "its selections and `condition` without the `- ` before them"
                              : body.IsNull()   ? "its selections and `condition` below it, indented further than `detection`"
                                                : "detection: {selection: {field: value}, condition: selection}");
    return false;
  }
  return DetectionParser(context, out).Parse(body, skip, condition_list_allowed);
}

bool ParseElementBody(const YamlNode& node, SigmaContext context, std::vector<Item>& items, Expr& condition) {
  ParsedDetection parsed;
  DetectionParser parser(context, parsed);
  const bool extended = node.IsMap() && node.Find("condition") != nullptr;
  if (!(extended ? parser.Parse(node, {}, /*condition_list_allowed=*/false) : parser.ParseBody(node, parsed.condition))) return false;
  items = std::move(parsed.items);
  condition = std::move(parsed.condition);
  return true;
}

bool ParseLogsource(const YamlNode& node, Diagnostics& diagnostics, Logsource& out) {
  if (!node.IsMap()) {
    const std::string_view said = node.IsNull() ? "is empty: what belongs to it is not indented below it" : node.IsSequence() ? "is a list" : "is not a map";
    diagnostics.Error("T0310", node.place, "`logsource` " + std::string(said), node.IsSequence() ? "product, category, service without the `- ` before them" : node.IsNull() ? "product, category, service below it, indented further than `logsource`" : "logsource: {product: aws, service: cloudtrail}");
    return false;
  }
  bool any = false;
  for (const auto& [key, value] : node.entries) {
    if (key.text == "definition") continue;   // says something to people alone
    std::string* attribute = key.text == "product" ? &out.product : key.text == "category" ? &out.category : key.text == "service" ? &out.service : nullptr;
    if (attribute == nullptr) {
      // Other words are the author's own attributes; a slip of the fingers is told.
      const std::string nearest = NearestWord(key.text, {"product", "category", "service", "definition"});
      if (!nearest.empty()) diagnostics.Warning("T0352", key.place, "`" + key.text + "` is an attribute of your own", "`" + nearest + "`?");
    }
    if (!value.IsScalar()) {
      diagnostics.Error("T0310", value.place, "`" + key.text + "` is not a word", key.text + ": name");
      return false;
    }
    if (value.IsNull()) continue;
    if (attribute == nullptr) {
      out.custom.emplace_back(key.text, value.text);
      continue;
    }
    *attribute = value.text;
    any = true;
  }
  std::sort(out.custom.begin(), out.custom.end());
  if (!any) diagnostics.Error("T0311", node.place, "the logsource states nothing", "at least one of product, category, service");
  return any;
}

}  // namespace tocsin::content
