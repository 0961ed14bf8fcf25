#include "engine/content/sigma/item.h"

#include <algorithm>
#include <utility>

#include "engine/content/json_number.h"
#include "engine/content/sigma/element.h"
#include "engine/content/sigma/pattern.h"

namespace tocsin::content {
namespace {

enum class Modifier : uint8_t {
  kContains, kStartsWith, kEndsWith, kAll, kNeq, kCased, kExists, kBase64, kBase64Offset, kWide, kUtf16Le, kUtf16Be, kUtf16, kWindash, kRe,
  kIgnoreCase, kMultiLine, kDotAll, kCidr, kLt, kLte, kGt, kGte, kMinute, kHour, kDay, kWeek, kMonth, kYear, kExpand, kFieldRef, kCount
};

struct ModifierName {
  std::string_view name;
  Modifier modifier;
};
constexpr ModifierName kModifiers[] = {
    {"contains", Modifier::kContains},     {"startswith", Modifier::kStartsWith}, {"endswith", Modifier::kEndsWith},
    {"all", Modifier::kAll},               {"neq", Modifier::kNeq},               {"cased", Modifier::kCased},
    {"exists", Modifier::kExists},         {"base64", Modifier::kBase64},         {"base64offset", Modifier::kBase64Offset},
    {"wide", Modifier::kWide},             {"utf16le", Modifier::kUtf16Le},       {"utf16be", Modifier::kUtf16Be},
    {"utf16", Modifier::kUtf16},           {"windash", Modifier::kWindash},       {"re", Modifier::kRe},
    {"i", Modifier::kIgnoreCase},          {"ignorecase", Modifier::kIgnoreCase}, {"m", Modifier::kMultiLine},
    {"multiline", Modifier::kMultiLine},   {"s", Modifier::kDotAll},              {"dotall", Modifier::kDotAll},
    {"cidr", Modifier::kCidr},             {"lt", Modifier::kLt},                 {"lte", Modifier::kLte},
    {"gt", Modifier::kGt},                 {"gte", Modifier::kGte},               {"minute", Modifier::kMinute},
    {"hour", Modifier::kHour},             {"day", Modifier::kDay},               {"week", Modifier::kWeek},
    {"month", Modifier::kMonth},           {"year", Modifier::kYear},             {"expand", Modifier::kExpand},
    {"fieldref", Modifier::kFieldRef},
};

// A cross product of list placeholders above this is refused: it would be a mistake or an attack.
constexpr size_t kMaxExpansion = 1'000'000;

class ItemParser {
 public:
  ItemParser(SigmaContext context, Place place) : context_(context), place_(place) {}

  bool Parse(const YamlNode& key, const YamlNode& value, std::optional<std::string_view> other_field, Item& out) {
    out.place = key.place;
    std::string_view rest = key.text;
    const size_t bar = rest.find('|');
    const std::string_view field = other_field.value_or(rest.substr(0, bar));
    if (IsElementTest(field, value, context_)) return ParseElementItem(key, field, value, context_, out);
    if (!field.empty() && !InternField(field, key, out)) return false;
    rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
    size_t column = bar + 1;
    while (bar != std::string_view::npos) {
      const size_t next = rest.find('|');
      if (!AddModifier(rest.substr(0, next), key, column)) return false;
      if (next == std::string_view::npos) break;
      rest.remove_prefix(next + 1);
      column += next + 1;
    }
    if (!CheckModifiers(key, field.empty())) return false;
    out.all = Has(Modifier::kAll);
    out.negated = Has(Modifier::kNeq);
    const bool ok = ParseValues(value, field.empty(), out);
    out.lists = std::move(lists_);
    return ok;
  }

 private:
  bool Has(Modifier modifier) const { return set_ >> static_cast<int>(modifier) & 1; }
  template <class... M>
  int CountOf(M... modifiers) const {
    return (static_cast<int>(Has(modifiers)) + ...);
  }
  int TimeParts() const {
    return CountOf(Modifier::kMinute, Modifier::kHour, Modifier::kDay, Modifier::kWeek, Modifier::kMonth, Modifier::kYear);
  }
  int Comparisons() const { return CountOf(Modifier::kLt, Modifier::kLte, Modifier::kGt, Modifier::kGte); }
  int Anchors() const { return CountOf(Modifier::kContains, Modifier::kStartsWith, Modifier::kEndsWith); }
  int Encodings() const { return CountOf(Modifier::kWide, Modifier::kUtf16Le, Modifier::kUtf16Be, Modifier::kUtf16); }
  int Base64s() const { return CountOf(Modifier::kBase64, Modifier::kBase64Offset); }
  int Flags() const { return CountOf(Modifier::kIgnoreCase, Modifier::kMultiLine, Modifier::kDotAll); }

  bool Refuse(const char* code, Place place, std::string message, std::string expected = "") {
    context_.diagnostics.Error(code, place, std::move(message), std::move(expected));
    return false;
  }

  bool InternField(std::string_view field, const YamlNode& key, Item& out) {
    const bool inside = context_.element_depth > 0;
    context_.UsesField(key.place, field);
    if (context_.array_selectors && !inside && field == ".") return Refuse("T0117", key.place, "`.` outside a selector", "`.` inside the map below field[any]");
    if (!context_.array_selectors && LooksLikeSelector(field)) {
      context_.diagnostics.Warning("T0153", key.place, "`" + std::string(field) + "` is the name of a field here, brackets included", "sigma-version: 3 beside the title, for a selector");
    }
    // Inside an element names keep their escapes: they are taken apart as paths later.
    out.field = context_.fields.Intern(context_.array_selectors && !inside ? UnescapeBrackets(field) : std::string(field));
    return true;
  }

  bool AddModifier(std::string_view name, const YamlNode& key, size_t column) {
    for (const ModifierName& each : kModifiers) {
      if (each.name == name) {
        const bool flag = each.modifier == Modifier::kIgnoreCase || each.modifier == Modifier::kMultiLine || each.modifier == Modifier::kDotAll;
        if (flag && !Has(Modifier::kRe)) return Refuse("T0102", PlaceIn(key, column), "`" + std::string(name) + "` is a flag of `re` and stands behind it", "re|" + std::string(name));
        if (each.modifier == Modifier::kNeq) context_.NotPortable(PlaceIn(key, column), "`neq`");
        set_ |= 1ull << static_cast<int>(each.modifier);
        return true;
      }
    }
    std::vector<std::string_view> names;
    for (const ModifierName& each : kModifiers) names.push_back(each.name);
    const std::string nearest = NearestWord(name, names);
    return Refuse("T0101", PlaceIn(key, column), "unknown modifier `" + std::string(name) + "`", nearest.empty() ? "a modifier of SIGMA.md 1.4" : "`" + nearest + "`");
  }

  static Place PlaceIn(const YamlNode& key, size_t byte) {
    Place place = key.place;
    place.column += static_cast<uint32_t>(Characters(key.text.substr(0, byte)) + (key.quoted ? 1 : 0));
    return place;
  }

  bool CheckModifiers(const YamlNode& key, bool no_field) {
    const auto contradiction = [&](std::string message, std::string expected = "one of them") {
      return Refuse("T0102", key.place, std::move(message), std::move(expected));
    };
    if (Anchors() > 1) return contradiction("contains, startswith and endswith contradict each other");
    if (Encodings() > 1) return contradiction("two UTF-16 encodings");
    if (Base64s() > 1) return contradiction("base64 and base64offset contradict each other");
    if (Comparisons() > 1) return contradiction("two comparisons in one item", "one item for each, in one map");
    if (TimeParts() > 1) return contradiction("two parts of a time in one item", "one item for each, in one map");
    // What kind of test it is; each goes only with the modifiers that mean something for it.
    const int kinds = CountOf(Modifier::kRe, Modifier::kCidr, Modifier::kExists, Modifier::kFieldRef) + (TimeParts() > 0) + (Comparisons() > 0 && TimeParts() == 0);
    if (kinds > 1) return contradiction("modifiers of different kinds of tests (re, cidr, exists, fieldref, comparisons, time parts)");
    const bool text_shape = Anchors() > 0;
    const bool encoded = Encodings() + Base64s() > 0;
    if (Has(Modifier::kRe) && (text_shape || encoded || Has(Modifier::kWindash))) return contradiction("`re` searches the whole value", "`re` with i, m, s, all, neq or expand alone");
    if (Has(Modifier::kRe) && Has(Modifier::kCased)) return contradiction("`re` is case-sensitive already", "`re`, or `re|i`");
    if (Has(Modifier::kExists) && set_ != 1ull << static_cast<int>(Modifier::kExists)) return contradiction("`exists` combines with nothing", "`exists: true` or `exists: false`");
    if (Has(Modifier::kExists) && no_field) return Refuse("T0103", key.place, "`exists` needs a field", "field|exists: true");
    if ((Has(Modifier::kCidr) || kinds == 1) && !Has(Modifier::kRe) && !Has(Modifier::kFieldRef) && (text_shape || encoded || Has(Modifier::kWindash) || Has(Modifier::kCased))) {
      return contradiction("text modifiers do not go with cidr, comparisons or time parts");
    }
    if (Has(Modifier::kFieldRef) && (encoded || Has(Modifier::kWindash) || Has(Modifier::kExpand))) return contradiction("`fieldref` goes with contains, startswith, endswith, cased, neq and all alone");
    if (no_field && (kinds > 0 && !Has(Modifier::kRe))) return Refuse("T0103", key.place, "keywords take text modifiers alone", "a field name before the `|`");
    return true;
  }

  bool ParseValues(const YamlNode& value, bool keyword, Item& out) {
    if (value.IsMap()) {
      return Refuse("T0104", value.place, "a map as a field's value", "a value or a list of values; nested fields are written `outer.inner: value`");
    }
    if (value.IsScalar()) {
      if (out.all) context_.diagnostics.Warning("T0151", place_, "`all` with one value changes nothing");
      return ParseEntry(value, keyword, out.values.emplace_back());
    }
    if (value.items.empty()) return Refuse("T0105", value.place, "an empty list matches nothing", "at least one value");
    out.values.reserve(value.items.size());
    for (const YamlNode& item : value.items) {
      if (item.IsMap()) return Refuse("T0104", item.place, "a map inside a field's values", "plain values; fields of their own stand beside this one, without `- `");
      if (!item.IsScalar()) return Refuse("T0104", item.place, "a list inside a field's values", "plain values, one `- ` each");
      if (item.IsNull() && !keyword) context_.diagnostics.Warning("T0152", item.place, "null inside a list of values", "a second selection with `field: null`");
      if (!ParseEntry(item, keyword, out.values.emplace_back())) return false;
    }
    if (out.all && value.items.size() == 1) context_.diagnostics.Warning("T0151", place_, "`all` with one value changes nothing");
    return true;
  }

  bool ParseEntry(const YamlNode& node, bool keyword, ValueTests& out) {
    if (!ParseValue(node, keyword, out)) return false;
    bool ok = true;
    for (ValueTest& test : out) {
      test.place = node.place;
      const bool matchers = test.kind == ValueTest::Kind::kRegex || test.kind == ValueTest::Kind::kCidr;
      if (matchers && context_.check_value != nullptr) ok &= (*context_.check_value)(test, context_.diagnostics);
    }
    return ok;
  }

  bool ParseValue(const YamlNode& node, bool keyword, ValueTests& out) {
    if (Has(Modifier::kExpand)) return ParseExpanded(node, keyword, out);
    if (Has(Modifier::kExists)) return ParseExists(node, out);
    if (Has(Modifier::kFieldRef)) return ParseFieldRef(node, out);
    if (Comparisons() > 0 || TimeParts() > 0) return ParseNumberTest(node, out);
    const bool shaped = Anchors() + Encodings() + Base64s() > 0 || Has(Modifier::kRe) || Has(Modifier::kCidr);
    if (node.IsNull()) {
      if (keyword) return Refuse("T0106", node.place, "null as a keyword", "a text");
      if (shaped) return Refuse("T0107", node.place, "null with a text modifier", "`field: null`, or a text in quotes");
      if (node.text.empty()) context_.diagnostics.Warning("T0157", place_, "no value: that asks for an event without the field", "`null`, if that is meant; else its values behind it, or below it and indented further");
      out.push_back({.kind = ValueTest::Kind::kNull});
      return true;
    }
    if (const std::optional<bool> boolean = node.AsBool(); boolean && !keyword && !shaped) {
      out.push_back({.kind = ValueTest::Kind::kBool, .boolean = *boolean});
      return true;
    }
    if (shaped && !node.quoted && IsJsonNumber(node.text)) context_.NotPortable(node.place, "a number without quotes under a text modifier");
    if (!Has(Modifier::kRe) && !Has(Modifier::kCidr)) WarnOfText(node);
    return ParseText(node.text, node.place, INT64_MAX, out, !keyword && IsJsonNumber(node.text));
  }

  // Backslashes and percent signs that do not do what they look like.
  void WarnOfText(const YamlNode& node) {
    const std::string& text = node.text;
    if (const size_t end = text.size() > 2 && text[0] == '%' ? text.find('%', 1) : std::string::npos; end != std::string::npos && context_.lists.contains(text.substr(1, end - 1))) {
      context_.diagnostics.Warning("T0154", node.place, "`" + text.substr(0, end + 1) + "` stays as it is without `expand`", "the modifier `expand`");
    }
    if (text.find('\\') == std::string::npos) return;
    bool path = text.size() > 2 && text[1] == ':' && text[2] == '\\';
    size_t star = std::string::npos;
    for (size_t i = 0; i < text.size(); i++) {
      if (text[i] != '\\') continue;
      const char next = i + 1 < text.size() ? text[i + 1] : '\0';
      if (next == '\\') {
        i++;
      } else if (next == '*' || next == '?') {
        const bool after_pair = i > 0 && text[i - 1] == '\\';
        if (star == std::string::npos && !after_pair) star = i;
        i++;
      } else if (i > 0) {
        path = true;   // a single backslash inside: somebody wrote a path as it is
      }
    }
    if (path && star != std::string::npos) {
      const std::string sign(1, text[star + 1]);
      context_.diagnostics.Warning("T0155", node.place, "`\\" + sign + "` is the character " + sign + ", not a backslash and a wildcard", text.substr(0, star) + "\\\\" + text.substr(star + 1));
    } else if (path && text.rfind("\\\\", 0) == 0 && text.size() > 2 && text[2] != '\\' && text[2] != '*' && text[2] != '?') {
      context_.diagnostics.Warning("T0155", node.place, "`\\\\` is one backslash", "\\\\" + text + ", for two");
    }
  }

  bool ParseExists(const YamlNode& node, ValueTests& out) {
    const std::optional<bool> boolean = node.AsBool();
    if (!boolean) return Refuse("T0108", node.place, "`exists` with `" + node.text + "`", "true or false");
    out.push_back({.kind = ValueTest::Kind::kExists, .boolean = *boolean});
    return true;
  }

  bool ParseFieldRef(const YamlNode& node, ValueTests& out) {
    if (node.text.empty() || node.IsNull()) return Refuse("T0109", node.place, "`fieldref` without a field", "the name of another field");
    ValueTest test{.kind = ValueTest::Kind::kFieldRef, .cased = Has(Modifier::kCased)};
    // Inside an element names keep their escapes, as in InternField.
    const bool name = context_.array_selectors && context_.element_depth == 0;
    if (name && HasSelector(node.text)) return Refuse("T0117", node.place, "a selector in the value of `fieldref`", "a field without brackets, or `\\[` and `\\]` for the characters themselves");
    test.other_field = context_.fields.Intern(name ? UnescapeBrackets(node.text) : node.text);
    context_.UsesField(node.place, node.text);
    if (Anchors() > 0) {
      test.pattern.pieces.push_back({Pattern::Kind::kLiteral, ""});
      if (!Has(Modifier::kStartsWith)) AddAnyBefore(test.pattern);
      if (!Has(Modifier::kEndsWith)) AddAnyAfter(test.pattern);
    }
    out.push_back(std::move(test));
    return true;
  }

  bool ParseNumberTest(const YamlNode& node, ValueTests& out) {
    if (!IsJsonNumber(node.text)) return Refuse("T0110", node.place, "`" + node.text + "` is no number", "a number such as 4688 or 0.5");
    if (node.quoted) context_.NotPortable(node.place, "a number in quotes");
    ValueTest test{.kind = ValueTest::Kind::kCompare};
    test.number = node.text;
    test.compare = Has(Modifier::kLt) ? Compare::kLt : Has(Modifier::kLte) ? Compare::kLte : Has(Modifier::kGt) ? Compare::kGt : Has(Modifier::kGte) ? Compare::kGte : Compare::kEq;
    if (TimeParts() > 0) {
      test.kind = ValueTest::Kind::kTimePart;
      test.time_part = Has(Modifier::kMinute)  ? TimePart::kMinute
                       : Has(Modifier::kHour)  ? TimePart::kHour
                       : Has(Modifier::kDay)   ? TimePart::kDay
                       : Has(Modifier::kWeek)  ? TimePart::kWeek
                       : Has(Modifier::kMonth) ? TimePart::kMonth
                                               : TimePart::kYear;
    }
    out.push_back(std::move(test));
    return true;
  }

  // One text in the canonical order of modifiers (9): windash, utf16, base64, then contains, startswith, endswith.
  bool ParseText(const std::string& text, Place place, int64_t until_ns, ValueTests& out, bool number_allowed) {
    ValueTest test{.cased = Has(Modifier::kCased)};
    test.until_ns = until_ns;
    if (Has(Modifier::kRe)) {
      test.kind = ValueTest::Kind::kRegex;
      std::string flags;
      if (Has(Modifier::kIgnoreCase)) flags += 'i';
      if (Has(Modifier::kMultiLine)) flags += 'm';
      if (Has(Modifier::kDotAll)) flags += 's';
      test.text = flags.empty() ? text : "(?" + flags + ")" + text;
      out.push_back(std::move(test));
      return true;
    }
    if (Has(Modifier::kCidr)) {
      test.kind = ValueTest::Kind::kCidr;
      test.text = text;
      out.push_back(std::move(test));
      return true;
    }
    test.pattern = ParsePattern(text, /*around=*/Has(Modifier::kContains) ? 2 : Anchors());
    std::vector<std::string> encoded;
    if (Encodings() + Base64s() > 0) {
      if (!test.pattern.IsLiteral()) return Refuse("T0111", place, "a wildcard in a value that is encoded", "`\\*` or `\\?` for the characters themselves");
      std::string bytes = test.pattern.pieces.empty() ? "" : test.pattern.pieces[0].text;
      if (Has(Modifier::kWindash)) return ParseDashForms(bytes, std::move(test), place, out);
      encoded = Encoded(std::move(bytes));
      if (encoded.empty()) return Refuse("T0112", place, "too short to be found in base64", "a longer value");
    }
    test.windash = Has(Modifier::kWindash);
    if (number_allowed && Anchors() == 0 && encoded.empty()) test.number = text;
    if (encoded.empty()) {
      AddAnchors(test.pattern);
      out.push_back(std::move(test));
      return true;
    }
    AddForms(encoded, test, out);
    return true;
  }

  // Dashes come before encodings: every form of the text is encoded.
  bool ParseDashForms(const std::string& text, ValueTest test, Place place, ValueTests& out) {
    const std::vector<std::string> forms = DashForms(text);
    if (forms.empty()) return Refuse("T0119", place, "more than four flag dashes in a value that is encoded", "fewer, or no `windash`");
    for (const std::string& form : forms) {
      const std::vector<std::string> encoded = Encoded(form);
      if (encoded.empty()) return Refuse("T0112", place, "too short to be found in base64", "a longer value");
      AddForms(encoded, test, out);
    }
    return true;
  }

  std::vector<std::string> Encoded(std::string bytes) const {
    if (Has(Modifier::kWide) || Has(Modifier::kUtf16Le)) bytes = ToUtf16(bytes, Utf16Form::kLittleEndian);
    if (Has(Modifier::kUtf16Be)) bytes = ToUtf16(bytes, Utf16Form::kBigEndian);
    if (Has(Modifier::kUtf16)) bytes = ToUtf16(bytes, Utf16Form::kWithMark);
    if (Has(Modifier::kBase64)) return {Base64(bytes)};
    if (Has(Modifier::kBase64Offset)) return Base64Offsets(bytes);
    return {bytes};
  }

  void AddForms(const std::vector<std::string>& encoded, const ValueTest& test, ValueTests& out) const {
    for (const std::string& bytes : encoded) {
      ValueTest form = test;
      form.pattern.pieces.clear();
      if (!bytes.empty()) form.pattern.pieces.push_back({Pattern::Kind::kLiteral, bytes});
      AddAnchors(form.pattern);
      out.push_back(std::move(form));
    }
  }

  void AddAnchors(Pattern& pattern) const {
    if (Has(Modifier::kContains) || Has(Modifier::kEndsWith)) AddAnyBefore(pattern);
    if (Has(Modifier::kContains) || Has(Modifier::kStartsWith)) AddAnyAfter(pattern);
  }

  struct Expansion {
    std::string text;
    int64_t until_ns = INT64_MAX;
  };

  // %name% -> each entry of the list, every combination; `\%` is a percent sign. Entries are Sigma strings of their own: a
  // backslash before a placeholder takes nothing from what comes in its place.
  bool ParseExpanded(const YamlNode& node, bool keyword, ValueTests& out) {
    std::vector<Expansion> texts = {{}};
    std::string literal;
    const auto flush = [&] {
      const std::string part = IsPatternText() ? PatternSource(ParsePattern(literal)) : literal;
      for (Expansion& each : texts) each.text += part;
      literal.clear();
    };
    for (std::string_view rest = node.text; !rest.empty();) {
      if (rest.size() > 1 && rest[0] == '\\' && rest[1] == '%') {
        literal += '%';
        rest.remove_prefix(2);
        continue;
      }
      if (rest.size() > 1 && rest[0] == '\\' && rest[1] == '\\') {   // an escaped backslash escapes no percent sign
        literal += rest.substr(0, 2);
        rest.remove_prefix(2);
        continue;
      }
      const size_t end = rest[0] == '%' ? rest.find('%', 1) : std::string_view::npos;
      if (end == std::string_view::npos || end == 1) {
        literal += rest[0];
        rest.remove_prefix(1);
        continue;
      }
      flush();
      if (!Multiply(std::string(rest.substr(1, end - 1)), node.place, texts)) return false;
      rest.remove_prefix(end + 1);
    }
    flush();
    for (const Expansion& each : texts) {
      if (Comparisons() + TimeParts() > 0) {
        YamlNode value = node;
        value.text = each.text;
        value.quoted = false;   // the quotes are the placeholder's
        if (!ParseNumberTest(value, out)) return false;
        out.back().until_ns = each.until_ns;
      } else if (!ParseText(each.text, node.place, each.until_ns, out, !keyword && IsJsonNumber(each.text))) {
        return false;
      }
    }
    return true;
  }

  // Is the value a Sigma string, with wildcards and escapes?
  bool IsPatternText() const { return !Has(Modifier::kRe) && !Has(Modifier::kCidr) && Comparisons() + TimeParts() == 0; }

  bool Multiply(const std::string& name, Place place, std::vector<Expansion>& texts) {
    const auto list = context_.lists.find(name);
    if (list == context_.lists.end()) {
      std::vector<std::string_view> names;
      for (const auto& [each, entries] : context_.lists) names.push_back(each);
      const std::string nearest = NearestWord(name, names);
      return Refuse("T0114", place, "there is no list `" + name + "`",
                    nearest.empty() ? "a file lists/" + name + ".txt in the site profile, or --lists DIR with it" : "%" + nearest + "%, or a file lists/" + name + ".txt");
    }
    if (list->second.empty()) context_.diagnostics.Warning("T0156", place, "the list `" + name + "` is empty: this value matches nothing", "an entry in it");
    if (std::find(lists_.begin(), lists_.end(), name) == lists_.end()) lists_.push_back(name);
    if (texts.size() * list->second.size() > kMaxExpansion) return Refuse("T0115", place, "the lists expand to more than " + std::to_string(kMaxExpansion) + " values");
    std::vector<Expansion> product;
    for (const Expansion& text : texts) {
      for (const ListEntry& entry : list->second) {
        const std::string entry_text = Has(Modifier::kRe) ? RegexOf(entry.text) : IsPatternText() ? PatternSource(ParsePattern(entry.text)) : entry.text;
        product.push_back({text.text + entry_text, std::min(text.until_ns, entry.until_ns)});
      }
    }
    texts = std::move(product);
    return true;
  }

  // A list entry inside a regex: its characters, and its wildcards as regexes.
  static std::string RegexOf(const std::string& entry) {
    std::string out;
    for (const Pattern::Piece& piece : ParsePattern(entry).pieces) {
      if (piece.kind == Pattern::Kind::kAny) out += "(?s:.*)";
      else if (piece.kind == Pattern::Kind::kOne) out += "(?s:.)";
      for (const char c : piece.text) {
        if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) out += '\\';
        out += c;
      }
    }
    return out;
  }

  SigmaContext context_;
  const Place place_;
  uint64_t set_ = 0;
  std::vector<std::string> lists_;   // read so far
  static_assert(static_cast<int>(Modifier::kCount) <= 64);
};

}  // namespace

bool ParseItem(const YamlNode& key, const YamlNode& value, SigmaContext context, Item& out, std::optional<std::string_view> field) {
  return ItemParser(context, key.place).Parse(key, value, field, out);
}

bool ParseKeywords(const YamlNode& values, SigmaContext context, Item& out) {
  YamlNode key;
  key.place = values.place;
  return ItemParser(context, values.place).Parse(key, values, std::nullopt, out);
}

bool ParseFieldTests(const YamlNode& map, SigmaContext context, std::vector<Item>& out) {
  if (!map.IsMap()) {
    context.diagnostics.Error("T0116", map.place, "field tests are a map", "{field: value, field|contains: value}");
    return false;
  }
  bool ok = true;
  for (const auto& [key, value] : map.entries) {
    Item item;
    if (ParseItem(key, value, context, item)) out.push_back(std::move(item));
    else ok = false;
  }
  return ok;
}

}  // namespace tocsin::content
