#include "engine/content/sigma/print.h"

namespace tocsin::content {
namespace {

void AppendQuoted(std::string_view text, std::string& out) {
  static const char kHex[] = "0123456789abcdef";
  const auto plain = [](char c) { return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20; };
  out += '"';
  while (!text.empty()) {
    size_t run = 0;
    while (run < text.size() && plain(text[run])) run++;
    out.append(text, 0, run);
    text.remove_prefix(run);
    if (text.empty()) break;
    const char c = text[0];
    out += '\\';
    if (c == '"' || c == '\\') {
      out += c;
    } else {
      out += 'x';
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[c & 15];
    }
    text.remove_prefix(1);
  }
  out += '"';
}

void AppendPattern(const Pattern& pattern, std::string& out) {
  if (pattern.pieces.empty()) out += "\"\"";
  for (const Pattern::Piece& piece : pattern.pieces) {
    if (piece.kind == Pattern::Kind::kLiteral) AppendQuoted(piece.text, out);
    else out += piece.kind == Pattern::Kind::kAny ? '*' : '?';
  }
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

void AppendItem(const Item& item, const FieldTable& fields, std::string& out);
void AppendElements(const ElementTest& test, std::string& out);

void AppendTest(const ValueTest& test, const FieldTable& fields, std::string& out) {
  static constexpr std::string_view kParts[] = {"minute", "hour", "day", "week", "month", "year"};
  switch (test.kind) {
    case ValueTest::Kind::kPattern:
      AppendPattern(test.pattern, out);
      if (!test.number.empty()) out.append(" or =").append(test.number);
      break;
    case ValueTest::Kind::kBool: out += test.boolean ? "true" : "false"; break;
    case ValueTest::Kind::kNull: out += "null"; break;
    case ValueTest::Kind::kRegex:
      out += "re:";
      AppendQuoted(test.text, out);
      break;
    case ValueTest::Kind::kCidr: out.append("cidr:").append(test.text); break;
    case ValueTest::Kind::kCompare: out.append(CompareText(test.compare)).append(test.number); break;
    case ValueTest::Kind::kExists: out += test.boolean ? "exists" : "missing"; break;
    case ValueTest::Kind::kFieldRef:
      out += "field:";
      AppendPattern(test.pattern, out);
      AppendQuoted(fields.name(test.other_field), out);
      break;
    case ValueTest::Kind::kTimePart:
      out.append(kParts[static_cast<size_t>(test.time_part)]).append(CompareText(test.compare)).append(test.number);
      break;
    case ValueTest::Kind::kElements: AppendElements(*test.elements, out); break;
  }
  if (test.cased) out += " cased";
  if (test.windash) out += " windash";
  if (test.until_ns != INT64_MAX) out.append(" until ").append(std::to_string(test.until_ns));
}

void AppendExpr(const Expr& expr, const std::vector<Item>& items, const FieldTable& fields, std::string& out) {
  switch (expr.kind) {
    case Expr::Kind::kItem:
      AppendItem(items[expr.item], fields, out);
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

void AppendItem(const Item& item, const FieldTable& fields, std::string& out) {
  if (item.negated) out += "none-of ";
  if (item.field.valid()) AppendQuoted(fields.name(item.field), out);
  else out += "keywords";
  out += item.all ? " all[" : " any[";
  for (size_t i = 0; i < item.values.size(); i++) {
    if (i > 0) out += ", ";
    for (size_t k = 0; k < item.values[i].size(); k++) {
      if (k > 0) out += " | ";
      AppendTest(item.values[i][k], fields, out);
    }
  }
  out += ']';
}

void AppendElements(const ElementTest& test, std::string& out) {
  static constexpr std::string_view kOf[] = {"any of ", "all of ", "all of maybe no ", "none of ", "the value "};
  out += kOf[static_cast<size_t>(test.of)];
  for (const ElementPath::Step& step : test.path.steps) {
    if (step.key.empty()) out.append("[").append(std::to_string(step.index)).append("]");
    else AppendQuoted(step.key, out);
  }
  out += ": ";
  AppendExpr(test.condition, test.items, test.fields, out);
}

}  // namespace

std::string ItemText(const Item& item, const FieldTable& fields) {
  std::string out;
  AppendItem(item, fields, out);
  return out;
}

std::string DetectionText(const Detection& detection, const FieldTable& fields) {
  std::string out;
  out.reserve(1000);   // what most take
  out += "logsource " + detection.logsource.product + "/" + detection.logsource.category + "/" + detection.logsource.service + ": ";
  for (const auto& [name, value] : detection.logsource.custom) out += name + "=" + value + " ";
  AppendExpr(detection.condition, detection.items, fields, out);
  return out;
}

}  // namespace tocsin::content
