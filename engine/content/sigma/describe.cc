#include "engine/content/sigma/describe.h"

#include <algorithm>
#include <charconv>

#include "engine/content/sigma/pattern.h"

namespace tocsin::content {
namespace {

// Text between quotes: what would break the line, or is no UTF-8 (UTF-16 forms), by its bytes.
std::string Quoted(std::string_view text) {
  static const char kHex[] = "0123456789abcdef";
  const bool utf8 = FindBadUtf8(text) == std::string_view::npos;
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

std::string Wildcards(const std::vector<Pattern::Piece>& pieces) {
  std::string text;
  for (const Pattern::Piece& piece : pieces) {
    text += piece.kind == Pattern::Kind::kAny ? "*" : piece.kind == Pattern::Kind::kOne ? "?" : piece.text;
  }
  return text;
}

std::string PatternWords(const Pattern& pattern) {
  std::vector<Pattern::Piece> pieces = pattern.pieces;
  if (pieces.empty()) return "is \"\"";
  const auto any = [](const Pattern::Piece& piece) { return piece.kind == Pattern::Kind::kAny; };
  if (pieces.size() == 1 && any(pieces[0])) return "is any text";
  const bool before = any(pieces.front()), after = any(pieces.back());
  const bool plain = std::all_of(pieces.begin() + before, pieces.end() - after,
                                 [](const auto& piece) { return piece.kind == Pattern::Kind::kLiteral; });
  if (!plain) return "is like " + Quoted(Wildcards(pieces));
  const std::string inner = Quoted(Wildcards({pieces.begin() + before, pieces.end() - after}));
  if (before && after) return "contains " + inner;
  if (before) return "ends with " + inner;
  if (after) return "starts with " + inner;
  return "is " + inner;
}

std::string_view CompareSign(Compare compare) {
  switch (compare) {
    case Compare::kLt:
      return "<";
    case Compare::kLte:
      return "<=";
    case Compare::kGt:
      return ">";
    case Compare::kGte:
      return ">=";
    case Compare::kEq:
      return "=";
    case Compare::kNeq:
      return "!=";
  }
  return "";
}

std::string FieldRefWords(const ValueTest& test, const FieldTable& fields) {
  const auto& pieces = test.pattern.pieces;
  const bool before = !pieces.empty() && pieces.front().kind == Pattern::Kind::kAny,
             after = !pieces.empty() && pieces.back().kind == Pattern::Kind::kAny;
  const std::string_view how = before && after ? "contains" : before ? "ends with" : after ? "starts with" : "is";
  return std::string(how) + " what " + fields.name(test.other_field) + " is";
}

std::string NumberText(double number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

std::string Joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += between;
    out += word;
  }
  return out;
}

std::string ExpressionWords(const CorrelationExpr& expr, const std::vector<std::string>& names, bool inner) {
  switch (expr.kind) {
    case CorrelationExpr::Kind::kRef:
      return names[expr.ref];
    case CorrelationExpr::Kind::kNot:
      return "not " + ExpressionWords(expr.children[0], names, true);
    case CorrelationExpr::Kind::kAnd:
    case CorrelationExpr::Kind::kOr:
      break;
  }
  std::vector<std::string> parts;
  for (const CorrelationExpr& child : expr.children) parts.push_back(ExpressionWords(child, names, true));
  const std::string text = Joined(parts, expr.kind == CorrelationExpr::Kind::kAnd ? " and " : " or ");
  return inner && parts.size() > 1 ? "(" + text + ")" : text;
}

// The aggregate in words, before its group and span.
std::string WhatWords(const Correlation& correlation, const std::vector<std::string>& names,
                      const ContentSet& content) {
  std::vector<std::string> field_names;
  for (const FieldId field : correlation.fields) field_names.push_back(content.fields.name(field));
  const std::string field = Joined(field_names, ", "), rules = Joined(names, ", "), bound = ThresholdWords(correlation);
  switch (correlation.type) {
    case CorrelationType::kEventCount:
      return bound + " hits of " + rules;
    case CorrelationType::kValueCount:
      return bound + " distinct " + field + " in hits of " + rules;
    case CorrelationType::kValueSum:
      return "sum of " + field + " in hits of " + rules + " " + bound;
    case CorrelationType::kValueAvg:
      return "average of " + field + " in hits of " + rules + " " + bound;
    case CorrelationType::kValueMedian:
      return "median of " + field + " in hits of " + rules + " " + bound;
    case CorrelationType::kValuePercentile:
      return "percentile " + NumberText(correlation.percentile) + " of " + field + " in hits of " + rules + " " + bound;
    case CorrelationType::kValueFirstSeen:
      return "a " + field + " not seen before in hits of " + rules;
    case CorrelationType::kValueChange:
      return "another " + field + " than before in hits of " + rules;
    case CorrelationType::kTemporal:
    case CorrelationType::kTemporalOrdered:
      break;
  }
  const bool ordered = correlation.type == CorrelationType::kTemporalOrdered;
  std::string out;
  if (correlation.expression)
    out = ExpressionWords(*correlation.expression, names, false);
  else if (!correlation.thresholds.empty())
    out = "of " + rules + ": how many " + bound;
  else
    out = Joined(names, ordered ? ", then " : " and ");
  if (ordered && (correlation.expression || !correlation.thresholds.empty())) out += ", in order";
  return out;
}

}  // namespace

// Of an element's own tests only how many there are: they are read in the rule.
std::string ElementWords(const ElementTest& test) {
  static constexpr std::string_view kOf[] = {"has an element that meets", "has elements that all meet", "has no element that does not meet",
                                             "has no element that meets", "meets"};
  const size_t count = test.items.size();
  return std::string(kOf[static_cast<size_t>(test.of)]) + (count == 1 ? " the test on it" : " the " + std::to_string(count) + " tests on it");
}

std::string TestWords(const ValueTest& test, const FieldTable& fields) {
  static constexpr std::string_view kParts[] = {"minute", "hour", "day", "ISO week", "month", "year"};
  std::string out;
  switch (test.kind) {
    case ValueTest::Kind::kPattern:
      out = PatternWords(test.pattern);
      if (!test.number.empty()) out += " or the number " + test.number;
      break;
    case ValueTest::Kind::kBool:
      out = test.boolean ? "is true" : "is false";
      break;
    case ValueTest::Kind::kNull:
      out = "is missing or null";
      break;
    case ValueTest::Kind::kRegex: {
      const std::string quoted = Quoted(test.text);
      out = "matches /" + quoted.substr(1, quoted.size() - 2) + "/";
      break;
    }
    case ValueTest::Kind::kCidr:
      out = "lies in " + test.text;
      break;
    case ValueTest::Kind::kCompare:
      out = "is " + std::string(CompareSign(test.compare)) + " " + test.number;
      break;
    case ValueTest::Kind::kExists:
      out = test.boolean ? "exists" : "does not exist";
      break;
    case ValueTest::Kind::kFieldRef:
      out = FieldRefWords(test, fields);
      break;
    case ValueTest::Kind::kTimePart:
      out = "has a UTC " + std::string(kParts[static_cast<size_t>(test.time_part)]) + " " +
            std::string(CompareSign(test.compare)) + " " + test.number;
      break;
    case ValueTest::Kind::kElements:
      out = ElementWords(*test.elements);
      break;
  }
  if (test.cased) out += ", in this case";
  if (test.windash) out += ", with any dash";
  return out;
}

std::string ThresholdWords(const Correlation& correlation) {
  std::vector<std::string> parts;
  for (const Correlation::Threshold& threshold : correlation.thresholds) {
    parts.push_back(std::string(CompareSign(threshold.compare)) + " " + NumberText(threshold.number));
  }
  return Joined(parts, " and ");
}

std::string CorrelationWords(const Correlation& correlation, const ContentSet& content) {
  std::vector<std::string> names, groups;
  for (const Correlation::Ref& ref : correlation.refs) names.push_back(RuleLabel(content.rules[ref.rule.value()]));
  for (const Correlation::GroupField& field : correlation.group_by) groups.push_back(field.name);
  std::string out = WhatWords(correlation, names, content);
  if (correlation.timespan_ns > 0) out += " within " + SpanWords(correlation.timespan_ns);
  return groups.empty() ? out + ", over everything" : out + " for each " + Joined(groups, ", ");
}

std::string_view CorrelationTypeName(CorrelationType type) {
  switch (type) {
    case CorrelationType::kEventCount:
      return "event_count";
    case CorrelationType::kValueCount:
      return "value_count";
    case CorrelationType::kValueSum:
      return "value_sum";
    case CorrelationType::kValueAvg:
      return "value_avg";
    case CorrelationType::kValueMedian:
      return "value_median";
    case CorrelationType::kValuePercentile:
      return "value_percentile";
    case CorrelationType::kTemporal:
      return "temporal";
    case CorrelationType::kTemporalOrdered:
      return "temporal_ordered";
    case CorrelationType::kValueFirstSeen:
      return "value_first_seen";
    case CorrelationType::kValueChange:
      return "value_change";
  }
  return "";
}

std::string_view AlertClassName(AlertClass alert_class) {
  switch (alert_class) {
    case AlertClass::kNeverRetracted:
      return "never retracted";
    case AlertClass::kMayBeRetracted:
      return "may be retracted";
    case AlertClass::kOnlyConfirmed:
      return "only confirmed";
  }
  return "";
}

std::string SpanWords(int64_t ns) {
  static constexpr std::pair<int64_t, const char*> kUnits[] = {{86'400'000'000'000, "d"},
                                                               {3'600'000'000'000, "h"},
                                                               {60'000'000'000, "min"},
                                                               {1'000'000'000, "s"},
                                                               {1'000'000, "ms"}};
  std::string out;
  int shown = 0;
  for (const auto& [unit, name] : kUnits) {
    const int64_t count = ns / unit;
    ns %= unit;
    if (count == 0) {
      if (shown > 0) break;
      continue;
    }
    if (shown++ > 0) out += ' ';
    out += std::to_string(count);
    out += ' ';
    out += name;
    if (shown == 2) break;
  }
  return out.empty() ? "0 s" : out;
}

}  // namespace tocsin::content
