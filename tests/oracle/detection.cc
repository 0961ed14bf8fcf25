#include "tests/oracle/detection.h"

#include <arpa/inet.h>
#include <re2/re2.h>

#include <algorithm>
#include <set>

namespace tocsin::oracle {
namespace {

constexpr std::string_view kTimeParts[] = {"minute", "hour", "day", "week", "month", "year"};
constexpr std::string_view kComparisons[] = {"lt", "lte", "gt", "gte"};
constexpr std::string_view kAnchors[] = {"contains", "startswith", "endswith"};
constexpr std::string_view kUtf16Forms[] = {"wide", "utf16le", "utf16be", "utf16"};
constexpr std::string_view kFlags[] = {"i", "ignorecase", "m", "multiline", "s", "dotall"};
constexpr std::string_view kOthers[] = {"all", "neq", "cased", "exists", "base64", "base64offset", "windash", "re", "cidr", "expand", "fieldref"};

template <size_t N>
bool IsOneOf(const std::string& word, const std::string_view (&words)[N]) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

std::vector<std::string> Split(const std::string& text, char at) {
  std::vector<std::string> parts = {""};
  for (const char c : text) {
    if (c == at) parts.emplace_back();
    else parts.back() += c;
  }
  return parts;
}

// The bits of an address; empty when it is none. Addresses of another family never are in a network.
std::vector<bool> AddressBits(const std::string& text, int family) {
  unsigned char bytes[16];
  std::vector<bool> bits;
  if (inet_pton(family, text.c_str(), bytes) != 1 || text.find('\0') != std::string::npos) return bits;
  for (int i = 0; i < (family == AF_INET ? 32 : 128); i++) bits.push_back(bytes[i / 8] >> (7 - i % 8) & 1);
  return bits;
}

class ItemParser {
 public:
  ItemParser(const std::string& key, const Lists& lists) : lists_(lists) {
    const std::vector<std::string> parts = Split(key, '|');
    item_.field = parts[0];
    item_.keyword = parts[0].empty();
    for (size_t i = 1; i < parts.size(); i++) {
      const std::string& word = parts[i];
      if (!IsOneOf(word, kTimeParts) && !IsOneOf(word, kComparisons) && !IsOneOf(word, kAnchors) && !IsOneOf(word, kUtf16Forms) && !IsOneOf(word, kFlags) && !IsOneOf(word, kOthers)) {
        throw Refused("unknown modifier " + word);
      }
      if (IsOneOf(word, kFlags) && !Has("re")) throw Refused("a flag that does not follow re");   // "only after `re`"
      modifiers_.insert(word);
    }
    Check();
    item_.all = Has("all");
    item_.negated = Has("neq");
  }

  Item Parse(const Yaml& value) {
    if (value.IsMap()) throw Refused("a map as a value");
    if (value.IsList() && value.items.empty()) throw Refused("an empty list");
    if (value.IsScalar()) item_.values.push_back(Value(value));
    for (const Yaml& each : value.items) {
      if (!each.IsScalar()) throw Refused("a list or map inside a list of values");
      item_.values.push_back(Value(each));
    }
    return std::move(item_);
  }

 private:
  bool Has(std::string_view word) const { return modifiers_.contains(std::string(word)); }
  // The modifiers that are among `words`.
  template <size_t N>
  std::vector<std::string> Among(const std::string_view (&words)[N]) const {
    std::vector<std::string> out;
    for (const std::string& word : modifiers_) {
      if (IsOneOf(word, words)) out.push_back(word);
    }
    return out;
  }

  void Check() const {
    const size_t anchors = Among(kAnchors).size(), utf16 = Among(kUtf16Forms).size(), base64 = Has("base64") + Has("base64offset");
    const size_t comparisons = Among(kComparisons).size(), parts = Among(kTimeParts).size();
    if (anchors > 1 || utf16 > 1 || base64 > 1 || comparisons > 1 || parts > 1) throw Refused("modifiers that contradict each other");
    const size_t text = anchors + utf16 + base64 + Has("windash");
    const size_t kinds = Has("re") + Has("cidr") + Has("exists") + Has("fieldref") + (comparisons + parts > 0);
    if (kinds > 1) throw Refused("two kinds of test");
    if (Has("re") && (text > 0 || Has("cased"))) throw Refused("re takes flags, all, neq and expand");
    if (Has("exists") && (modifiers_.size() > 1 || item_.keyword)) throw Refused("exists combines with nothing and needs a field");
    if ((Has("cidr") || comparisons + parts > 0) && (text > 0 || Has("cased"))) throw Refused("text modifiers on what is no text");
    if (Has("fieldref") && (text > anchors || Has("expand"))) throw Refused("fieldref takes contains, startswith, endswith and cased");
    if (item_.keyword && kinds > 0 && !Has("re")) throw Refused("keywords take text modifiers");
  }

  std::vector<Test> Value(const Yaml& value) const {
    if (Has("exists")) {
      if (!value.IsTrue() && !value.IsFalse()) throw Refused("exists takes true or false");
      Test test;
      test.kind = Test::Kind::kExists;
      test.boolean = value.IsTrue();
      return {test};
    }
    if (Has("fieldref")) {
      if (value.IsNull() || value.text.empty()) throw Refused("fieldref without a field");
      Test test;
      test.kind = Test::Kind::kFieldRef;
      test.text = value.text;
      test.cased = Has("cased");
      const auto anchors = Among(kAnchors);
      if (!anchors.empty()) test.word = anchors[0];
      return {test};
    }
    if (!Among(kComparisons).empty() || !Among(kTimeParts).empty()) {
      std::vector<Test> tests;
      for (const ListEntry& text : Expanded(value.text)) {
        tests.push_back(NumberTest(text.text));
        tests.back().until_ns = text.until_ns;
      }
      return tests;
    }
    const bool as_text = !Among(kAnchors).empty() || !Among(kUtf16Forms).empty() || Has("base64") || Has("base64offset") || Has("re") || Has("cidr");
    if (value.IsNull() && !Has("expand")) {
      if (as_text || item_.keyword) throw Refused("null as a text");
      Test test;
      test.kind = Test::Kind::kNull;
      return {test};
    }
    if ((value.IsTrue() || value.IsFalse()) && !as_text && !item_.keyword && !Has("expand")) {
      Test test;
      test.kind = Test::Kind::kBool;
      test.boolean = value.IsTrue();
      return {test};
    }
    std::vector<Test> tests;
    for (const ListEntry& text : Expanded(value.text)) {
      for (Test& test : TextTests(text.text)) {
        test.until_ns = text.until_ns;
        tests.push_back(std::move(test));
      }
    }
    return tests;
  }

  Test NumberTest(const std::string& number) const {
    if (!IsJsonNumber(number)) throw Refused("not a number");
    Test test;
    test.kind = Test::Kind::kCompare;
    test.number = number;
    const auto comparisons = Among(kComparisons), parts = Among(kTimeParts);
    test.word = comparisons.empty() ? "eq" : comparisons[0];
    if (!parts.empty()) {
      test.kind = Test::Kind::kTimePart;
      test.part = parts[0];
    }
    return test;
  }

  // `expand`: %name% becomes each entry of the list, every combination; `\%` is a percent sign.
  std::vector<ListEntry> Expanded(const std::string& text) const {
    std::vector<ListEntry> out = {{}};
    if (!Has("expand")) return {{text, std::nullopt}};
    for (size_t i = 0; i < text.size();) {
      std::vector<ListEntry> nexts = {{text.substr(i, 1), std::nullopt}};
      size_t used = 1;
      const size_t end = text[i] == '%' ? text.find('%', i + 1) : std::string::npos;
      if (text.compare(i, 2, "\\\\") == 0) {  // a backslash, which then escapes nothing (11)
        nexts[0].text = "\\\\";
        used = 2;
      } else if (text.compare(i, 2, "\\%") == 0) {
        nexts[0].text = "%";
        used = 2;
      } else if (end != std::string::npos && end > i + 1) {
        const auto list = lists_.find(text.substr(i + 1, end - i - 1));
        if (list == lists_.end()) throw Refused("no list " + text.substr(i + 1, end - i - 1));
        nexts = list->second;
        if (Has("re")) {
          for (ListEntry& next : nexts) next.text = AsRegex(next.text);
        }
        used = end + 1 - i;
      }
      std::vector<ListEntry> longer;
      for (const ListEntry& begin : out) {
        for (const ListEntry& next : nexts) {
          std::optional<int64_t> until = begin.until_ns;
          if (next.until_ns && (!until || *next.until_ns < *until)) until = next.until_ns;
          longer.push_back({begin.text + next.text, until});
        }
      }
      out = std::move(longer);
      i += used;
    }
    return out;
  }

  // A list entry is a Sigma string wherever it stands, inside a regex too.
  static std::string AsRegex(const std::string& entry) {
    std::string out;
    for (const Token& token : ParseSigmaString(entry)) {
      if (token.kind == Token::Kind::kAny) out += "(?s:.*)";
      else if (token.kind == Token::Kind::kOne) out += "(?s:.)";
      else out += re2::RE2::QuoteMeta(Utf8(std::u32string(1, token.code)));
    }
    return out;
  }

  std::vector<Test> TextTests(const std::string& text) const {
    Test test;
    test.cased = Has("cased");
    test.text = text;
    if (Has("re")) return {Regex(std::move(test))};
    if (Has("cidr")) return {Network(std::move(test))};
    const auto utf16 = Among(kUtf16Forms), anchors = Among(kAnchors);
    const bool base64 = Has("base64") || Has("base64offset");
    std::vector<SigmaString> forms = {ParseSigmaString(text)};
    if (Has("windash")) MarkFlagDashes(forms[0]);
    if (!utf16.empty() || base64) forms = Encoded(forms[0], utf16.empty() ? "" : utf16[0]);
    if (!item_.keyword && IsJsonNumber(text) && anchors.empty() && utf16.empty() && !base64) test.number = text;
    std::vector<Test> tests;
    for (SigmaString form : forms) {
      const bool before = item_.keyword || Has("contains") || Has("endswith"), after = item_.keyword || Has("contains") || Has("startswith");
      if (before) form.insert(form.begin(), {Token::Kind::kAny, 0});
      if (after) form.push_back({Token::Kind::kAny, 0});
      tests.push_back(test);
      tests.back().pattern = test.cased ? form : Folded(form);
    }
    return tests;
  }

  // windash has marked its dashes already: each of the five is encoded for each, as one text cannot say "any of them".
  std::vector<SigmaString> Encoded(const SigmaString& pattern, const std::string& utf16) const {
    if (HasWildcard(pattern)) throw Refused("a wildcard in what is encoded");
    // The product's limit: 5^4 texts.
    if (std::count_if(pattern.begin(), pattern.end(), [](const Token& token) { return token.kind == Token::Kind::kDash; }) > 4) throw Refused("more than four dashes in what is encoded");
    std::vector<std::u32string> texts = {U""};
    for (const Token& token : pattern) {
      const std::u32string codes = token.kind == Token::Kind::kDash ? U"-/\u2013\u2014\u2015" : std::u32string(1, token.code);
      std::vector<std::u32string> longer;
      for (const std::u32string& begin : texts) {
        for (const char32_t code : codes) longer.push_back(begin + code);
      }
      texts = std::move(longer);
    }
    std::vector<SigmaString> out;
    for (const std::u32string& text : texts) {
      std::string bytes = Utf8(text);
      if (!utf16.empty()) bytes = ToUtf16(bytes, utf16 == "utf16be" ? Utf16::kBig : utf16 == "utf16" ? Utf16::kMarked : Utf16::kLittle);
      std::vector<std::string> forms = {bytes};
      if (Has("base64")) forms = {Base64(bytes)};
      if (Has("base64offset")) forms = Base64Offsets(bytes);
      for (const std::string& form : forms) {
        // Of a very short text one form or another has no character of its own: it would be found in everything.
        if (form.empty() && Has("base64offset")) continue;
        SigmaString literal;
        for (const char32_t code : CodePoints(form)) literal.push_back({Token::Kind::kChar, code});
        out.push_back(std::move(literal));
      }
    }
    if (out.empty()) throw Refused("too short for base64offset");
    return out;
  }

  Test Regex(Test test) const {
    std::string flags;
    if (Has("i") || Has("ignorecase")) flags += 'i';
    if (Has("m") || Has("multiline")) flags += 'm';
    if (Has("s") || Has("dotall")) flags += 's';
    test.kind = Test::Kind::kRegex;
    test.regex = std::make_shared<re2::RE2>(flags.empty() ? test.text : "(?" + flags + ")" + test.text, re2::RE2::Quiet);
    if (!test.regex->ok()) throw Refused("a regex that RE2 does not take");
    return test;
  }

  static Test Network(Test test) {
    test.kind = Test::Kind::kNetwork;
    const std::vector<std::string> parts = Split(test.text, '/');
    test.family = parts[0].find(':') != std::string::npos ? AF_INET6 : AF_INET;
    test.prefix = AddressBits(parts[0], test.family);
    if (test.prefix.empty() || parts.size() > 2) throw Refused("not a network");
    if (parts.size() == 2) {
      const bool digits = !parts[1].empty() && parts[1].size() <= 3 && parts[1].find_first_not_of("0123456789") == std::string::npos;
      if (!digits || static_cast<size_t>(std::stoi(parts[1])) > test.prefix.size()) throw Refused("not a network");
      test.prefix.resize(static_cast<size_t>(std::stoi(parts[1])));
    }
    return test;
  }

  const Lists& lists_;
  std::set<std::string> modifiers_;
  Item item_;
};

Expr ItemExpr(Item item) {
  Expr expr;
  expr.kind = Expr::Kind::kItem;
  expr.item = std::make_shared<const Item>(std::move(item));
  return expr;
}

constexpr int kDeepest = 8;   // selectors inside selectors, in the product

// Where a field is named: whether brackets mean something, and how many selectors stand around it.
struct Scope {
  const Lists& lists;
  bool selectors = false;
  int depth = 0;
};

// `a.b[0].c[any].rest` up to its first quantifier.
struct FieldName {
  Path path;
  std::string quantifier, rest;
};

FieldName ReadFieldName(const std::string& text) {
  FieldName out;
  if (text == ".") return out;
  std::string keys;
  const auto flush = [&] {
    if (!keys.empty()) out.path.push_back({keys, 0});
    keys.clear();
  };
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '[' || text[i + 1] == ']')) {
      keys += text[++i];
    } else if (text[i] == ']') {
      throw Refused("a ] that closes nothing");
    } else if (text[i] != '[') {
      keys += text[i];
    } else {
      flush();
      const size_t close = text.find(']', i);
      if (close == std::string::npos) throw Refused("a [ that is not closed");
      const std::string word = text.substr(i + 1, close - i - 1);
      std::string behind = text.substr(close + 1);
      if (behind == "." || (!behind.empty() && behind[0] != '.' && behind[0] != '[')) throw Refused("no key behind a selector");
      if (!behind.empty() && behind[0] == '.') behind.erase(0, 1);
      const std::string digits = !word.empty() && word[0] == '-' ? word.substr(1) : word;
      if (digits.empty() || digits.size() > 7 || digits.find_first_not_of("0123456789") != std::string::npos) {
        if (word != "any" && word != "all" && word != "all_or_empty" && word != "none") throw Refused("no such selector");
        out.quantifier = word;
        out.rest = behind;
        return out;
      }
      out.path.push_back({"", std::stol(word)});
      i = text.size() - behind.size() - 1;
    }
  }
  flush();
  return out;
}

std::string Unescaped(std::string text) {
  for (size_t at = 0; at + 1 < text.size(); at++) {
    if (text[at] == '\\' && (text[at + 1] == '[' || text[at + 1] == ']')) text.erase(at, 1);
  }
  return text;
}

bool HasBracket(std::string text) {
  for (const char* escaped : {"\\[", "\\]"}) {
    for (size_t at; (at = text.find(escaped)) != std::string::npos;) text.erase(at, 2);
  }
  return text.find_first_of("[]") != std::string::npos;
}

Expr Selection(const Yaml& body, const Scope& scope);
Expr DetectionIn(const Yaml& body, const std::vector<std::string>& skip, bool condition_list_allowed, const Scope& scope);

// One entry of a map. `field` and `modifiers` are the halves of its key.
Expr FieldExpr(const std::string& field, const std::string& modifiers, const Yaml& value, const Scope& scope) {
  ItemParser parser(field + modifiers, scope.lists);
  const auto plain = [&](std::optional<Path> path, std::string literal) {
    Item item = parser.Parse(value);
    for (auto& tests : item.values) {
      for (Test& test : tests) {
        if (!scope.selectors || test.kind != Test::Kind::kFieldRef) continue;
        // The other field: a path where this one is, else a name without brackets.
        if (!ReadFieldName(test.text).quantifier.empty() || (!path && HasBracket(test.text))) throw Refused("a selector in a fieldref");
        if (!path) test.text = Unescaped(test.text);
      }
    }
    if (!item.keyword) item.path = std::move(path);
    if (!literal.empty()) item.field = std::move(literal);
    return ItemExpr(std::move(item));
  };
  if (!scope.selectors || field.empty()) return plain(std::nullopt, "");
  if (scope.depth == 0 && field == ".") throw Refused(". outside a selector");
  FieldName name = ReadFieldName(field);
  // Without brackets it is the field of that name, escapes undone.
  if (scope.depth == 0 && !HasBracket(field)) return plain(std::nullopt, Unescaped(field));
  if (scope.depth == 0 && HasBracket(field) && (name.path.empty() || name.path[0].keys.empty())) throw Refused("a selector without a field");
  const bool body = value.IsMap() || std::any_of(value.items.begin(), value.items.end(), [](const Yaml& item) { return item.IsMap(); });
  if (name.quantifier.empty() && (!body || !HasBracket(field))) return plain(name.path, "");
  if (scope.depth >= kDeepest) throw Refused("selectors too deep");
  Elements elements;
  using Of = Elements::Of;
  elements.of = name.quantifier == "any" ? Of::kAny : name.quantifier == "all" ? Of::kAll : name.quantifier == "all_or_empty" ? Of::kAllOrEmpty : name.quantifier == "none" ? Of::kNone : Of::kItself;
  elements.path = name.path;
  const Scope inside{scope.lists, true, scope.depth + 1};
  if (body && name.rest.empty()) {
    if (!modifiers.empty()) throw Refused("modifiers with a map");
    elements.body = value.Find("condition") != nullptr ? DetectionIn(value, {}, false, inside) : Selection(value, inside);
  } else {
    elements.body = FieldExpr(name.rest.empty() ? "." : name.rest, modifiers, value, inside);
  }
  Item item;
  item.elements = std::make_shared<const Elements>(std::move(elements));
  return ItemExpr(std::move(item));
}

// 6: a map is AND, a list of maps OR, plain values keywords, a mixed list OR of each.
Expr Selection(const Yaml& body, const Scope& scope) {
  if (body.IsNull()) throw Refused("an empty selection");
  if (body.IsScalar()) return ItemExpr(ItemParser("", scope.lists).Parse(body));
  if (body.IsMap()) {
    if (body.entries.empty()) throw Refused("an empty map");
    Expr expr;
    for (const auto& [key, value] : body.entries) {
      const size_t bar = std::min(key.find('|'), key.size());
      expr.children.push_back(FieldExpr(key.substr(0, bar), key.substr(bar), value, scope));
    }
    return expr;
  }
  if (body.items.empty()) throw Refused("an empty list");
  Expr expr;
  expr.kind = Expr::Kind::kOr;
  for (const Yaml& each : body.items) {
    if (each.IsList()) throw Refused("a list inside a list");
    if (each.IsNull()) throw Refused("null as a keyword");
    expr.children.push_back(Selection(each, scope));
  }
  return expr;
}

// 22: `*` anywhere, any number; `_x` only for a pattern that begins with `_`; `them` is all that do not.
bool Selects(const std::string& pattern, const std::string& name) {
  if (name[0] == '_' && (pattern == "them" || pattern[0] != '_')) return false;
  if (pattern == "them") return true;
  SigmaString tokens;
  for (const char c : pattern) tokens.push_back(c == '*' ? Token{Token::Kind::kAny, 0} : Token{Token::Kind::kChar, static_cast<char32_t>(c)});
  return Matches(tokens, CodePoints(name));
}

Expr Resolve(const Condition& condition, const std::vector<std::pair<std::string, Expr>>& selections) {
  Expr expr;
  switch (condition.kind) {
    case Condition::Kind::kName:
      for (const auto& [name, selection] : selections) {
        if (name == condition.name) return selection;
      }
      throw Refused("no selection " + condition.name);
    case Condition::Kind::kAny:
    case Condition::Kind::kAll:
    case Condition::Kind::kAtLeast:
      expr.kind = condition.kind == Condition::Kind::kAny ? Expr::Kind::kOr : condition.kind == Condition::Kind::kAll ? Expr::Kind::kAnd : Expr::Kind::kAtLeast;
      expr.count = condition.count;
      for (const auto& [name, selection] : selections) {
        if (Selects(condition.name, name)) expr.children.push_back(selection);
      }
      if (expr.children.empty()) throw Refused("no selection is called " + condition.name);
      if (expr.children.size() < expr.count) throw Refused("fewer than so many selections are called " + condition.name);
      return expr;
    case Condition::Kind::kNot: expr.kind = Expr::Kind::kNot; break;
    case Condition::Kind::kAnd: expr.kind = Expr::Kind::kAnd; break;
    case Condition::Kind::kOr: expr.kind = Expr::Kind::kOr; break;
  }
  for (const Condition& child : condition.children) expr.children.push_back(Resolve(child, selections));
  return expr;
}

Expr DetectionIn(const Yaml& body, const std::vector<std::string>& skip, bool condition_list_allowed, const Scope& scope) {
  if (!body.IsMap()) throw Refused("a detection that is no map");
  std::vector<std::pair<std::string, Expr>> selections;
  std::vector<std::string> names;
  for (const auto& [key, value] : body.entries) {
    if (key == "condition" || std::find(skip.begin(), skip.end(), key) != skip.end()) continue;
    if (key == "timeframe") throw Refused("timeframe");
    selections.emplace_back(key, Selection(value, scope));
    names.push_back(key);
  }
  const Yaml* condition = body.Find("condition");
  if (condition == nullptr) throw Refused("no condition");
  if (selections.empty()) throw Refused("no selection");
  if (condition->IsScalar()) return Resolve(ParseCondition(condition->text, names, true), selections);
  if (!condition->IsList() || condition->items.empty() || !condition_list_allowed) throw Refused("a condition that is no text");
  Expr any;
  any.kind = Expr::Kind::kOr;
  for (const Yaml& each : condition->items) {
    if (!each.IsScalar()) throw Refused("a condition that is no text");
    any.children.push_back(Resolve(ParseCondition(each.text, names, true), selections));
  }
  return any;
}

std::u32string_view TextOf(const Json& value, bool cased) { return cased ? value.points : value.folded; }

bool FieldRefHolds(const Item& item, const Test& test, const Json& value, const Event& event) {
  // Inside an element the other field is a path from it, as this one is.
  const Event::Found other_field = item.path ? event.At(ReadFieldName(test.text).path) : event.Field(test.text);
  for (const Json* other : other_field.values) {
    if (!other->IsScalar()) continue;
    const std::u32string_view a = TextOf(value, test.cased), b = TextOf(*other, test.cased);
    if (test.word == "contains" ? a.find(b) != a.npos : test.word == "startswith" ? a.starts_with(b) : test.word == "endswith" ? a.ends_with(b) : a == b) return true;
  }
  return false;
}

bool Compares(int order, std::string_view word) {
  return word == "lt" ? order < 0 : word == "lte" ? order <= 0 : word == "gt" ? order > 0 : word == "gte" ? order >= 0 : order == 0;
}

bool IsNumber(const Json& value) { return value.kind != Json::Kind::kBool && IsJsonNumber(value.text); }

bool ValueHolds(const Item& item, const Test& test, const Json& value, const Event& event) {
  if (test.kind == Test::Kind::kNull) return value.kind == Json::Kind::kNull;
  if (!value.IsScalar()) return false;
  switch (test.kind) {
    case Test::Kind::kString:
      if (Matches(test.pattern, TextOf(value, test.cased))) return true;
      return !test.number.empty() && IsNumber(value) && CompareNumbers(value.text, test.number) == 0;
    case Test::Kind::kBool: return value.folded == (test.boolean ? U"true" : U"false");
    case Test::Kind::kRegex: return re2::RE2::PartialMatch(value.text, *test.regex);
    case Test::Kind::kNetwork: {
      const std::vector<bool> bits = AddressBits(value.text, test.family);
      return !bits.empty() && std::equal(test.prefix.begin(), test.prefix.end(), bits.begin());
    }
    case Test::Kind::kCompare: return IsNumber(value) && Compares(CompareNumbers(value.text, test.number), test.word);
    case Test::Kind::kTimePart: {
      const std::optional<Instant> moment = ParseInstant(value.text);
      return moment && Compares(CompareNumbers(std::to_string(PartOf(moment->seconds, test.part)), test.number), test.word);
    }
    case Test::Kind::kFieldRef: return FieldRefHolds(item, test, value, event);
    case Test::Kind::kNull:
    case Test::Kind::kExists: break;
  }
  return false;
}

bool TestHolds(const Item& item, const Test& test, const Event& event, std::optional<int64_t> event_ns) {
  if (test.until_ns && event_ns && *event_ns > *test.until_ns) return false;
  const auto holds = [&](const Json* value) { return ValueHolds(item, test, *value, event); };
  if (item.keyword) return std::any_of(event.Leaves().begin(), event.Leaves().end(), holds);
  const Event::Found& found = item.path ? event.At(*item.path) : event.Field(item.field);
  if (test.kind == Test::Kind::kExists) return found.exists == test.boolean;
  if (test.kind == Test::Kind::kNull && !found.exists) return true;
  return std::any_of(found.values.begin(), found.values.end(), holds);
}

}  // namespace

// 17. Null and a value that is missing are an empty array, any other value that is none an array of one.
bool Holds(const Elements& test, const Event& event, std::optional<int64_t> event_ns) {
  std::vector<Event> elements;
  for (const Json* node : event.NodesAt(test.path)) {
    if (test.of == Elements::Of::kItself || (node->kind != Json::Kind::kArray && node->kind != Json::Kind::kNull)) elements.emplace_back(*node);
    else for (const Json& item : node->items) elements.emplace_back(item);
  }
  const auto holds = [&](const Event& element) { return Holds(test.body, element, event_ns); };
  switch (test.of) {
    case Elements::Of::kAny:
    case Elements::Of::kItself: return std::any_of(elements.begin(), elements.end(), holds);
    case Elements::Of::kAll: return !elements.empty() && std::all_of(elements.begin(), elements.end(), holds);
    case Elements::Of::kAllOrEmpty: return std::all_of(elements.begin(), elements.end(), holds);
    case Elements::Of::kNone: return std::none_of(elements.begin(), elements.end(), holds);
  }
  return false;
}

bool Holds(const Item& item, const Event& event, std::optional<int64_t> event_ns) {
  if (item.elements != nullptr) return Holds(*item.elements, event, event_ns);
  const auto value_holds = [&](const std::vector<Test>& forms) {
    return std::any_of(forms.begin(), forms.end(), [&](const Test& test) { return TestHolds(item, test, event, event_ns); });
  };
  const bool holds = item.all ? std::all_of(item.values.begin(), item.values.end(), value_holds) : std::any_of(item.values.begin(), item.values.end(), value_holds);
  return holds != item.negated;
}

bool Holds(const Expr& expr, const Event& event, std::optional<int64_t> event_ns) {
  const auto holds = [&](const Expr& child) { return Holds(child, event, event_ns); };
  switch (expr.kind) {
    case Expr::Kind::kAnd: return std::all_of(expr.children.begin(), expr.children.end(), holds);
    case Expr::Kind::kOr: return std::any_of(expr.children.begin(), expr.children.end(), holds);
    case Expr::Kind::kNot: return !holds(expr.children[0]);
    case Expr::Kind::kAtLeast: return static_cast<size_t>(std::count_if(expr.children.begin(), expr.children.end(), holds)) >= expr.count;
    case Expr::Kind::kItem: return Holds(*expr.item, event, event_ns);
  }
  return false;
}

Expr ParseDetection(const Yaml& body, const std::vector<std::string>& skip, bool condition_list_allowed, const Lists& lists, bool selectors) {
  return DetectionIn(body, skip, condition_list_allowed, Scope{lists, selectors, 0});
}

std::vector<ListEntry> ReadList(std::string_view text) {
  std::vector<ListEntry> out;
  for (std::string line : Split(std::string(text), '\n')) {
    const size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos || line[first] == '#') continue;
    line = line.substr(first, line.find_last_not_of(" \t\r") + 1 - first);
    ListEntry entry;
    std::string said;
    const size_t close = line[0] == '"' ? line.find('"', 1) : std::string::npos;
    if (close != std::string::npos) {
      entry.text = line.substr(1, close - 1);
      said = line.substr(close + 1);
    } else {
      const size_t hash = line.find(" # ");
      entry.text = line.substr(0, hash);
      entry.text.erase(entry.text.find_last_not_of(" \t") + 1);
      if (hash != std::string::npos) said = line.substr(hash);
    }
    // A date is its last moment: the entry no longer applies to events after it.
    const size_t until = said.find("until=");
    if (until != std::string::npos) {
      const std::optional<Moment> day = ParseMoment(said.substr(until + 6, 10) + "T00:00:00Z");
      if (day) entry.until_ns = day->ns + 86400ll * 1'000'000'000 - 1;
    }
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace tocsin::oracle
