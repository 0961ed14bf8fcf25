#include "engine/content/sigma/print.h"

namespace tocsin::content {
namespace {

std::string Quoted(std::string_view text) {
  static const char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\x";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[c & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string PatternText(const Pattern& pattern) {
  if (pattern.pieces.empty()) return "\"\"";
  std::string out;
  for (const Pattern::Piece& piece : pattern.pieces) {
    out += piece.kind == Pattern::Kind::kAny ? "*" : piece.kind == Pattern::Kind::kOne ? "?" : Quoted(piece.text);
  }
  return out;
}

std::string_view CompareText(Compare compare) {
  switch (compare) {
    case Compare::kLt: return "<";
    case Compare::kLte: return "<=";
    case Compare::kGt: return ">";
    case Compare::kGte: return ">=";
    case Compare::kEq: return "=";
    case Compare::kNeq: return "!=";
  }
  return "";
}

std::string ElementsText(const ElementTest& test);

std::string TestText(const ValueTest& test, const FieldTable& fields) {
  static constexpr std::string_view kParts[] = {"minute", "hour", "day", "week", "month", "year"};
  std::string out;
  switch (test.kind) {
    case ValueTest::Kind::kPattern:
      out = PatternText(test.pattern);
      if (!test.number.empty()) out += " or =" + test.number;
      break;
    case ValueTest::Kind::kBool: out = test.boolean ? "true" : "false"; break;
    case ValueTest::Kind::kNull: out = "null"; break;
    case ValueTest::Kind::kRegex: out = "re:" + Quoted(test.text); break;
    case ValueTest::Kind::kCidr: out = "cidr:" + test.text; break;
    case ValueTest::Kind::kCompare: out = std::string(CompareText(test.compare)) + test.number; break;
    case ValueTest::Kind::kExists: out = test.boolean ? "exists" : "missing"; break;
    case ValueTest::Kind::kFieldRef: out = "field:" + PatternText(test.pattern) + Quoted(fields.name(test.other_field)); break;
    case ValueTest::Kind::kTimePart:
      out = std::string(kParts[static_cast<size_t>(test.time_part)]) + std::string(CompareText(test.compare)) + test.number;
      break;
    case ValueTest::Kind::kElements: out = ElementsText(*test.elements); break;
  }
  if (test.cased) out += " cased";
  if (test.windash) out += " windash";
  if (test.until_ns != INT64_MAX) out += " until " + std::to_string(test.until_ns);
  return out;
}

void AppendExpr(const Expr& expr, const std::vector<Item>& items, const FieldTable& fields, std::string& out) {
  switch (expr.kind) {
    case Expr::Kind::kItem:
      out += ItemText(items[expr.item], fields);
      return;
    case Expr::Kind::kSelection:
      AppendExpr(expr.children[0], items, fields, out);
      return;
    case Expr::Kind::kNot:
      out += "not ";
      AppendExpr(expr.children[0], items, fields, out);
      return;
    case Expr::Kind::kAnd:
    case Expr::Kind::kOr:
      out += '(';
      for (size_t i = 0; i < expr.children.size(); i++) {
        if (i > 0) out += expr.kind == Expr::Kind::kAnd ? " and " : " or ";
        AppendExpr(expr.children[i], items, fields, out);
      }
      out += ')';
      return;
  }
}

std::string ElementsText(const ElementTest& test) {
  static constexpr std::string_view kOf[] = {"any of ", "all of ", "all of maybe no ", "none of ", "the value "};
  std::string out(kOf[static_cast<size_t>(test.of)]);
  for (const ElementPath::Step& step : test.path.steps) out += step.key.empty() ? "[" + std::to_string(step.index) + "]" : Quoted(step.key);
  out += ": ";
  AppendExpr(test.condition, test.items, test.fields, out);
  return out;
}

}  // namespace

std::string ItemText(const Item& item, const FieldTable& fields) {
  std::string out = item.negated ? "none-of " : "";
  out += item.field.valid() ? Quoted(fields.name(item.field)) : "keywords";
  out += item.all ? " all[" : " any[";
  for (size_t i = 0; i < item.values.size(); i++) {
    if (i > 0) out += ", ";
    for (size_t k = 0; k < item.values[i].size(); k++) {
      if (k > 0) out += " | ";
      out += TestText(item.values[i][k], fields);
    }
  }
  return out + "]";
}

std::string DetectionText(const Detection& detection, const FieldTable& fields) {
  std::string out = "logsource " + detection.logsource.product + "/" + detection.logsource.category + "/" + detection.logsource.service + ": ";
  for (const auto& [name, value] : detection.logsource.custom) out += name + "=" + value + " ";
  AppendExpr(detection.condition, detection.items, fields, out);
  return out;
}

}  // namespace tocsin::content
