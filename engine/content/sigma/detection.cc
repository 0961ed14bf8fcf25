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
    bool ok = true;
    const YamlNode* condition = nullptr;
    for (const auto& [key, value] : body.entries) {
      if (key.text == "condition") {
        condition = &value;
      } else if (key.text == "timeframe") {
        context_.diagnostics.Error("T0301", key.place, "`timeframe` was taken out of Sigma", "a correlation with `timespan` over this rule");
        ok = false;
      } else if (std::find(skip.begin(), skip.end(), key.text) == skip.end()) {
        ok &= ParseSelection(key, value);
      }
    }
    if (condition == nullptr) {
      std::vector<std::string_view> keys;
      for (const auto& [key, value] : body.entries) keys.push_back(key.text);
      const std::string nearest = NearestWord("condition", keys);
      const std::string name = selections_.empty() ? "selection" : selections_.front().name;
      context_.diagnostics.Error("T0302", body.place, nearest.empty() ? "there is no `condition`" : "there is no `condition` (is `" + nearest + "` meant?)", "condition: " + name);
      return false;
    }
    if (selections_.empty() && ok) {
      context_.diagnostics.Error("T0303", body.place, "there is no selection", "selection: {field: value}");
      return false;
    }
    if (!ok) return false;
    return ParseConditions(*condition, condition_list_allowed);
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
    bool ok = true;
    for (const YamlNode& item : node.items) {
      if (item.IsSequence()) {
        context_.diagnostics.Error("T0104", item.place, "a list inside a list", "maps or plain values");
        ok = false;
      } else {
        ok &= ParseBody(item, out.children.emplace_back());
      }
    }
    return ok;
  }

 private:
  struct Selection {
    std::string name;
    Place place;
    Expr expr;
    bool used = false;
  };

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
    if (!ParseBody(value, selection.expr)) return false;
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
    return ParseCondition(node, /*selectors=*/true, names, context_.diagnostics, condition) && Resolve(condition, names, out);
  }

  Expr Use(Selection& selection) {
    selection.used = true;
    Expr expr;
    expr.kind = Expr::Kind::kSelection;
    expr.name = selection.name;
    expr.children.push_back(selection.expr);
    return expr;
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
        out = Use(*it);
        return true;
      }
      case ConditionNode::Kind::kAnyOf:
      case ConditionNode::Kind::kAllOf: {
        out.kind = node.kind == ConditionNode::Kind::kAnyOf ? Expr::Kind::kOr : Expr::Kind::kAnd;
        for (Selection& selection : selections_) {
          if (SelectorTakes(node.name, selection.name)) out.children.push_back(Use(selection));
        }
        if (!out.children.empty()) return true;
        const std::string nearest = NearestWord(node.name, names);
        context_.diagnostics.Error("T0309", node.place, "no selection is called `" + node.name + "`", nearest.empty() ? "a pattern that takes a selection" : "a pattern that takes `" + nearest + "`");
        return false;
      }
      case ConditionNode::Kind::kNot:
        out_.has_not = true;
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

  SigmaContext context_;
  ParsedDetection& out_;
  std::vector<Selection> selections_;
};

}  // namespace

bool ParseDetection(const YamlNode& body, const std::vector<std::string_view>& skip, bool condition_list_allowed, SigmaContext context, ParsedDetection& out) {
  if (!body.IsMap()) {
    context.diagnostics.Error("T0305", body.place, body.IsNull() ? "`detection` is empty: what belongs to it is not indented below it" : "`detection` is not a map",
                              "detection: {selection: {field: value}, condition: selection}");
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
    diagnostics.Error("T0310", node.place, "`logsource` is not a map", "logsource: {product: aws, service: cloudtrail}");
    return false;
  }
  bool any = false;
  for (const auto& [key, value] : node.entries) {
    std::string* attribute = key.text == "product" ? &out.product : key.text == "category" ? &out.category : key.text == "service" ? &out.service : nullptr;
    if (attribute == nullptr) {
      // Custom attributes and `definition` say something to people alone; a slip of the fingers is told.
      if (key.text == "definition") continue;
      const std::string nearest = NearestWord(key.text, {"product", "category", "service", "definition"});
      if (!nearest.empty()) diagnostics.Warning("T0352", key.place, "`" + key.text + "` means nothing in a logsource", "`" + nearest + "`");
      continue;
    }
    if (!value.IsScalar()) {
      diagnostics.Error("T0310", value.place, "`" + key.text + "` is not a word", key.text + ": name");
      return false;
    }
    if (value.IsNull()) continue;
    *attribute = value.text;
    any = true;
  }
  if (!any) diagnostics.Error("T0311", node.place, "the logsource states nothing", "at least one of product, category, service");
  return any;
}

}  // namespace tocsin::content
