#include "engine/content/sigma/element.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "engine/content/sigma/detection.h"
#include "engine/content/sigma/item.h"

namespace tocsin::content {
namespace {

using Of = ElementTest::Of;

constexpr std::pair<std::string_view, Of> kQuantifiers[] = {
    {"any", Of::kAny}, {"all", Of::kAll}, {"all_or_empty", Of::kAllOrEmpty}, {"none", Of::kNone}};
constexpr size_t kMaxIndexDigits = 7;   // no array of an event that may be read has more elements

std::optional<Of> QuantifierOf(std::string_view word) {
  for (const auto& [name, of] : kQuantifiers) {
    if (name == word) return of;
  }
  return std::nullopt;
}

bool IsIndex(std::string_view word) {
  if (!word.empty() && word[0] == '-') word.remove_prefix(1);
  return !word.empty() && word.size() <= kMaxIndexDigits && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A list with a map in it, or a map: what stands below a selector is said of one element.
bool IsBody(const YamlNode& value) {
  return value.IsMap() || std::any_of(value.items.begin(), value.items.end(), [](const YamlNode& item) { return item.IsMap(); });
}

// A path up to its first quantifier.
struct SplitPath {
  ElementPath path;
  std::optional<Of> quantifier;
  std::string_view rest;         // behind the quantifier, without the dot
  std::string error, expected;   // empty when it was understood
  size_t error_at = 0;
};

SplitPath Split(std::string_view text) {
  SplitPath out;
  if (text == ".") return out;
  std::string key;
  const auto flush = [&] {
    if (!key.empty()) out.path.steps.push_back({std::move(key), 0});
    key.clear();
  };
  const auto fail = [&](size_t at, std::string message, std::string expected) {
    out.error = std::move(message);
    out.expected = std::move(expected);
    out.error_at = at;
  };
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '[' || text[i + 1] == ']')) {
      key += text[i + 1];
      i += 2;
      continue;
    }
    if (text[i] == ']') {
      fail(i, "a `]` that closes nothing", "`\\]` for the character itself");
      return out;
    }
    if (text[i] != '[') {
      key += text[i++];
      continue;
    }
    flush();
    const size_t close = text.find(']', i);
    const std::string_view word = text.substr(i + 1, close == std::string_view::npos ? std::string_view::npos : close - i - 1);
    if (close == std::string_view::npos) {
      fail(i, "a `[` that is not closed", "`]`, or `\\[` for the character itself");
      return out;
    }
    size_t next = close + 1;
    if (next < text.size() && text[next] != '.' && text[next] != '[') {
      fail(next, "text behind a selector", "`.` before the next key, or `\\[` and `\\]` for the characters themselves");
      return out;
    }
    if (next < text.size() && text[next] == '.') next++;
    if (next == text.size() && text.back() == '.') {
      fail(next - 1, "a path that ends with a dot", "a key behind it");
      return out;
    }
    if (IsIndex(word)) {
      out.path.steps.push_back({"", std::strtoll(std::string(word).c_str(), nullptr, 10)});
      i = next;
      continue;
    }
    out.quantifier = QuantifierOf(word);
    if (!out.quantifier) {
      const std::string nearest = NearestWord(word, {"any", "all", "all_or_empty", "none"});
      fail(i, "unknown selector `[" + std::string(word) + "]`", nearest.empty() ? "[any], [all], [all_or_empty], [none] or a number" : "`[" + nearest + "]`");
      return out;
    }
    out.rest = text.substr(next);
    return out;
  }
  flush();
  return out;
}

bool Refuse(const SigmaContext& context, const char* code, Place place, std::string message, std::string expected) {
  context.diagnostics.Error(code, place, std::move(message), std::move(expected));
  return false;
}

std::string EscapeBrackets(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '[' || c == ']') out += '\\';
    out += c;
  }
  return out;
}

// The paths of the names that the body used.
bool ResolveFields(const YamlNode& key, const SigmaContext& context, ElementTest& test) {
  for (size_t i = 0; i < test.fields.size(); i++) {
    SplitPath split = Split(test.fields.name(FieldId(static_cast<uint32_t>(i))));
    if (!split.error.empty() || split.quantifier) {
      return Refuse(context, "T0117", key.place, "`" + test.fields.name(FieldId(static_cast<uint32_t>(i))) + "` is no path to a value", "keys and places alone, such as a.b[0]");
    }
    test.field_paths.push_back(std::move(split.path));
  }
  return true;
}

}  // namespace

bool HasSelector(std::string_view field) {
  for (size_t i = 0; i < field.size(); i++) {
    if (field[i] == '\\' && i + 1 < field.size() && (field[i + 1] == '[' || field[i + 1] == ']')) i++;
    else if (field[i] == '[' || field[i] == ']') return true;
  }
  return false;
}

bool LooksLikeSelector(std::string_view field) {
  const size_t open = field.find('[');
  const size_t close = open == std::string_view::npos ? open : field.find(']', open);
  return close != std::string_view::npos && QuantifierOf(field.substr(open + 1, close - open - 1)).has_value();
}

std::string UnescapeBrackets(std::string_view field) {
  std::string out;
  for (size_t i = 0; i < field.size(); i++) {
    if (field[i] == '\\' && i + 1 < field.size() && (field[i + 1] == '[' || field[i + 1] == ']')) i++;
    out += field[i];
  }
  return out;
}

bool IsElementTest(std::string_view field, const YamlNode& value, const SigmaContext& context) {
  if (!context.array_selectors || !HasSelector(field)) return false;
  if (context.element_depth == 0 || IsBody(value)) return true;
  const SplitPath split = Split(field);
  return split.quantifier.has_value() || !split.error.empty();
}

bool ParseElementItem(const YamlNode& key, std::string_view field, const YamlNode& value, SigmaContext context, Item& out) {
  SplitPath split = Split(field);
  // `field` is the end of the key's name: what stands behind the selectors that were read before.
  const size_t name_size = std::min(key.text.find('|'), key.text.size());
  if (!split.error.empty()) {
    Place place = key.place;
    place.column += static_cast<uint32_t>(Characters(key.text.substr(0, name_size - field.size() + split.error_at)) + (key.quoted ? 1 : 0));
    return Refuse(context, "T0117", place, std::move(split.error), std::move(split.expected));
  }
  const bool starts_with_key = !split.path.steps.empty() && !split.path.steps[0].key.empty();
  if (context.element_depth == 0 && !starts_with_key) return Refuse(context, "T0117", key.place, "a selector without a field", "field[any]");
  if (context.element_depth >= kMaxElementDepth) return Refuse(context, "T0118", key.place, "selectors nested deeper than " + std::to_string(kMaxElementDepth) + " levels", "");
  if (context.element_depth == 0) context.NotPortable(key.place, "an array selector (sigma-version 3)");
  auto test = std::make_shared<ElementTest>();
  SigmaContext inside{test->fields, context.lists, context.diagnostics};
  inside.array_selectors = true;
  inside.element_depth = context.element_depth + 1;
  out.place = key.place;
  // What the event's walk must find; inside an element names keep their escapes.
  const std::string first = starts_with_key ? split.path.steps[0].key : ".";
  out.field = context.fields.Intern(context.element_depth == 0 ? first : EscapeBrackets(first));
  bool ok;
  if (IsBody(value) && (!split.quantifier || split.rest.empty())) {
    if (key.text.size() != name_size) return Refuse(context, "T0104", value.place, "modifiers with a map", "modifiers on the fields inside it");
    test->of = split.quantifier.value_or(Of::kValue);
    test->path = std::move(split.path);
    ok = ParseElementBody(value, inside, test->items, test->condition);
  } else {
    // `tags[all]|contains: x` says of each element what `.|contains: x` says in a body; `args[0]: x` is a path from the event.
    std::string_view local = field;
    test->of = Of::kValue;
    if (split.quantifier) {
      test->of = *split.quantifier;
      test->path = std::move(split.path);
      local = split.rest.empty() ? "." : split.rest;
    }
    test->condition.kind = Expr::Kind::kItem;
    ok = ParseItem(key, value, inside, test->items.emplace_back(), local);
  }
  if (!ok || !ResolveFields(key, context, *test)) return false;
  ValueTest& wrapped = out.values.emplace_back().emplace_back();
  wrapped.kind = ValueTest::Kind::kElements;
  wrapped.place = key.place;
  wrapped.elements = std::move(test);
  return true;
}

}  // namespace tocsin::content
