#include "engine/content/sigma/condition.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <utility>

namespace tocsin::content {
namespace {

struct Token {
  enum class Kind : uint8_t { kWord, kOpen, kClose, kPipe, kOther, kEnd };
  Kind kind = Kind::kEnd;
  std::string_view text;
  Place place;
};

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.' || c == '*' || static_cast<unsigned char>(c) >= 0x80;
}

std::vector<Token> Tokens(const YamlNode& node) {
  std::vector<Token> out;
  const std::string_view text = node.text;
  // Columns hold for conditions in one line; a folded one points at its beginning.
  const bool one_line = text.find('\n') == std::string_view::npos;
  size_t counted = 0, characters = node.quoted ? 1 : 0;   // before `counted`
  const auto place_at = [&](size_t i) {
    Place place = node.place;
    characters += Characters(text.substr(counted, i - counted));
    counted = i;
    if (one_line) place.column += static_cast<uint32_t>(characters);
    return place;
  };
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (std::isspace(static_cast<unsigned char>(c))) {
      i++;
      continue;
    }
    size_t end = i + 1;
    Token::Kind kind = Token::Kind::kOther;
    if (c == '(') kind = Token::Kind::kOpen;
    else if (c == ')') kind = Token::Kind::kClose;
    else if (c == '|') kind = Token::Kind::kPipe;
    else if (IsWordCharacter(c)) {
      kind = Token::Kind::kWord;
      while (end < text.size() && IsWordCharacter(text[end])) end++;
    }
    out.push_back({kind, text.substr(i, end - i), place_at(i)});
    i = end;
  }
  out.push_back({Token::Kind::kEnd, "", place_at(text.size())});
  return out;
}

// `count(field) by group > 5`, as conditions had it behind a `|`, as the correlation that says the same over this rule. The span
// stood in `timeframe`.
std::string CorrelationFor(std::string_view aggregation, std::string_view timeframe) {
  const std::string span(timeframe.empty() ? "5m" : timeframe);
  std::vector<std::string> words;
  for (size_t i = 0; i < aggregation.size();) {
    size_t end = i + 1;
    const auto in_word = [&](size_t at) { return IsWordCharacter(aggregation[at]) || aggregation[at] == ','; };
    const auto in_sign = [&](size_t at) { return aggregation[at] == '<' || aggregation[at] == '>' || aggregation[at] == '='; };
    while (end < aggregation.size() && ((in_word(i) && in_word(end)) || (in_sign(i) && in_sign(end)))) end++;
    if (!std::isspace(static_cast<unsigned char>(aggregation[i]))) words.emplace_back(aggregation.substr(i, end - i));
    i = end;
  }
  const auto word = [&](size_t i) { return i < words.size() ? words[i] : std::string(); };
  const auto behind = [&](std::string_view wanted) -> std::string {
    const auto it = std::find(words.begin(), words.end(), wanted);
    return it == words.end() || it + 1 == words.end() ? "" : *(it + 1);
  };
  if (word(0) == "near") return std::string("a correlation beside this rule: {type: temporal, rules: [NAMES], timespan: ") + span + "}, with a rule and its `name` for each selection";
  static constexpr std::pair<std::string_view, std::string_view> kSigns[] = {{">", "gt"}, {">=", "gte"}, {"<", "lt"}, {"<=", "lte"}, {"=", "eq"}, {"==", "eq"}};
  std::string condition = "gte: 5";
  for (const auto& [sign, name] : kSigns) {
    if (const std::string number = behind(sign); !number.empty()) condition = std::string(name) + ": " + number;
  }
  const std::string field = word(1) == "(" && word(2) != ")" ? word(2) : "";
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {"count", "value_count"}, {"sum", "value_sum"}, {"avg", "value_avg"}, {"min", "value_percentile"}, {"max", "value_percentile"}};
  std::string type = "event_count";
  for (const auto& [function, name] : kTypes) {
    if (function == word(0) && !field.empty()) type = name;
  }
  const std::string group = behind("by").empty() ? "" : ", group-by: [" + behind("by") + "]";
  if (!field.empty()) condition = "field: " + field + ", " + condition;
  if (type == "value_percentile") condition += word(0) == "min" ? ", percentile: 0" : ", percentile: 100";
  return "a correlation beside this rule: {type: " + type + ", rules: [NAME]" + group + ", timespan: " + span + ", condition: {" + condition + "}}, NAME being this rule's `name`";
}

class ConditionParser {
 public:
  ConditionParser(const YamlNode& node, bool selectors, const std::vector<std::string_view>& names, const SigmaContext& context, std::string_view timeframe)
      : text_(node.text), tokens_(Tokens(node)), selectors_(selectors), names_(names), context_(context), timeframe_(timeframe) {}

  bool Parse(ConditionNode& out) {
    if (context_.portable != nullptr) TellCapitals();
    if (Peek().kind == Token::Kind::kEnd) return Refuse("T0201", "the condition is empty", "the name of a selection");
    if (!ParseOr(out, 0)) return false;
    const Token& token = Peek();
    if (token.kind == Token::Kind::kEnd) return true;
    if (token.kind == Token::Kind::kPipe) {
      return Refuse("T0202", "`|` in a condition: aggregations were taken out of Sigma", CorrelationFor(text_.substr(static_cast<size_t>(token.text.data() - text_.data()) + 1), timeframe_));
    }
    if (token.kind == Token::Kind::kClose) return Refuse("T0203", "a `)` that closes nothing");
    return Refuse("T0204", "`" + std::string(token.text) + "` where `and`, `or` or the end was due", "and, or");
  }

 private:
  const Token& Peek() const { return tokens_[at_]; }

  bool Refuse(const char* code, std::string message, std::string expected = "") {
    context_.diagnostics.Error(code, Peek().place, std::move(message), std::move(expected));
    return false;
  }

  // Keywords in any case, unless a selection has that very name.
  bool IsKeyword(const Token& token, std::string_view keyword) const {
    if (token.kind != Token::Kind::kWord || token.text.size() != keyword.size()) return false;
    for (size_t i = 0; i < keyword.size(); i++) {
      if (std::tolower(static_cast<unsigned char>(token.text[i])) != keyword[i]) return false;
    }
    return token.text == keyword || std::find(names_.begin(), names_.end(), token.text) == names_.end();
  }

  void TellCapitals() const {
    for (const Token& token : tokens_) {
      for (const std::string_view keyword : {"and", "or", "not", "of", "all", "any", "them"}) {
        if (token.text != keyword && IsKeyword(token, keyword)) context_.NotPortable(token.place, "`" + std::string(token.text) + "` in capitals");
      }
    }
  }

  bool ParseOr(ConditionNode& out, int depth) { return ParseList(out, depth, "or", ConditionNode::Kind::kOr); }
  bool ParseAnd(ConditionNode& out, int depth) { return ParseList(out, depth, "and", ConditionNode::Kind::kAnd); }

  bool ParseList(ConditionNode& out, int depth, std::string_view keyword, ConditionNode::Kind kind) {
    const bool is_or = kind == ConditionNode::Kind::kOr;
    out.place = Peek().place;
    ConditionNode first;
    if (!(is_or ? ParseAnd(first, depth) : ParseNot(first, depth))) return false;
    if (!IsKeyword(Peek(), keyword)) {
      out = std::move(first);
      return true;
    }
    out.kind = kind;
    out.children.push_back(std::move(first));
    while (IsKeyword(Peek(), keyword)) {
      at_++;
      ConditionNode next;
      if (!(is_or ? ParseAnd(next, depth) : ParseNot(next, depth))) return false;
      out.children.push_back(std::move(next));
    }
    return true;
  }

  bool ParseNot(ConditionNode& out, int depth) {
    if (depth > kMaxConditionDepth) return Refuse("T0205", "nested deeper than " + std::to_string(kMaxConditionDepth) + " levels");
    if (!IsKeyword(Peek(), "not")) return ParseOperand(out, depth);
    out.kind = ConditionNode::Kind::kNot;
    out.place = Peek().place;
    at_++;
    return ParseNot(out.children.emplace_back(), depth + 1);
  }

  bool ParseOperand(ConditionNode& out, int depth) {
    const Token token = Peek();
    out.place = token.place;
    if (token.kind == Token::Kind::kOpen) {
      at_++;
      if (Peek().kind == Token::Kind::kClose) return Refuse("T0206", "empty parentheses", "a selection between them");
      if (!ParseOr(out, depth + 1)) return false;
      if (Peek().kind != Token::Kind::kClose) return Refuse("T0203", "a `(` that is not closed", "`)`");
      at_++;
      return true;
    }
    if (token.kind == Token::Kind::kEnd) return Refuse("T0207", "the condition ends where a selection was due", "the name of a selection");
    if (token.kind != Token::Kind::kWord || IsKeyword(token, "and") || IsKeyword(token, "or") || IsKeyword(token, "of")) {
      return Refuse("T0207", "`" + std::string(token.text) + "` where a selection was due", "the name of a selection");
    }
    if (selectors_ && IsKeyword(tokens_[at_ + 1], "of") && tokens_[at_ + 1].kind == Token::Kind::kWord) return ParseSelector(out);
    if (token.text.find('*') != std::string_view::npos) return Refuse("T0208", "`" + std::string(token.text) + "` without `1 of` or `all of`", "1 of " + std::string(token.text));
    out.kind = ConditionNode::Kind::kName;
    out.name = std::string(token.text);
    at_++;
    return true;
  }

  bool ParseSelector(ConditionNode& out) {
    const Token& quantifier = Peek();
    if (quantifier.text == "1" || IsKeyword(quantifier, "any")) {
      out.kind = ConditionNode::Kind::kAnyOf;
    } else if (IsKeyword(quantifier, "all")) {
      out.kind = ConditionNode::Kind::kAllOf;
    } else if (quantifier.text.size() <= 3 && quantifier.text.find_first_not_of("0123456789") == std::string_view::npos && quantifier.text[0] != '0') {
      out.kind = ConditionNode::Kind::kCountOf;
      out.count = static_cast<size_t>(std::atoi(std::string(quantifier.text).c_str()));
    } else {
      return Refuse("T0209", "`" + std::string(quantifier.text) + " of` counts nothing", "1 of, any of, all of, or a number such as 2 of");
    }
    at_ += 2;
    if (Peek().kind != Token::Kind::kWord) return Refuse("T0207", "`of` without a pattern", "a pattern such as selection_*, or them");
    out.name = std::string(Peek().text);
    if (IsKeyword(Peek(), "them")) out.name = "them";
    out.place = Peek().place;
    at_++;
    return true;
  }

  const std::string_view text_;
  const std::vector<Token> tokens_;
  const bool selectors_;
  const std::vector<std::string_view>& names_;
  const SigmaContext& context_;
  const std::string_view timeframe_;
  size_t at_ = 0;
};

// `*` anywhere, any number.
bool GlobMatches(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      p++;
      t++;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') p++;
  return p == pattern.size();
}

}  // namespace

bool ParseCondition(const YamlNode& node, bool selectors, const std::vector<std::string_view>& names, const SigmaContext& context, ConditionNode& out, std::string_view timeframe) {
  return ConditionParser(node, selectors, names, context, timeframe).Parse(out);
}

bool SelectorTakes(std::string_view pattern, std::string_view identifier) {
  const bool hidden = !identifier.empty() && identifier[0] == '_';
  if (pattern == "them") return !hidden;
  if (hidden && (pattern.empty() || pattern[0] != '_')) return false;
  return GlobMatches(pattern, identifier);
}

}  // namespace tocsin::content
