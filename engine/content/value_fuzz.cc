// Any bytes as a value under any modifiers: escapes, wildcards, encodings, placeholders. The first two bytes choose up to
// two modifiers, the rest is the value.
#include <cstdint>
#include <iterator>
#include <string>

#include "engine/content/sigma/item.h"
#include "engine/content/sigma/pattern.h"
#include "engine/content/sigma/print.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tocsin::content;
  constexpr size_t kMaxInput = 16u << 10;
  static constexpr const char* kModifiers[] = {"", "|contains", "|startswith", "|endswith", "|all", "|neq", "|cased", "|exists", "|base64", "|base64offset", "|wide", "|utf16be", "|utf16", "|windash",
                                               "|re", "|cidr", "|lt", "|gte", "|hour", "|week", "|expand", "|fieldref", "|i"};
  if (size < 2 || size > kMaxInput) return 0;
  YamlNode key, value;
  key.text = std::string("field") + kModifiers[data[0] % std::size(kModifiers)] + kModifiers[data[1] % std::size(kModifiers)];
  value.text.assign(reinterpret_cast<const char*>(data) + 2, size - 2);
  value.quoted = data[0] >= 128;
  Diagnostics diagnostics;
  key.place = value.place = {diagnostics.AddFile("rule.yml", key.text + ": " + value.text), 1, 1};
  FieldTable fields;
  const Lists lists = {{"users", {{.text = "root"}, {.text = "adm*"}}}, {"none", {}}};
  Item item;
  const bool parsed = ParseItem(key, value, {fields, lists, diagnostics}, item);
  if (parsed == (diagnostics.errors() > 0)) __builtin_trap();
  if (parsed) ItemText(item, fields);
  diagnostics.Text();
  for (const auto& piece : ParsePattern(value.text).pieces) {
    if (piece.kind == Pattern::Kind::kLiteral && piece.text.empty()) __builtin_trap();
  }
  return 0;
}
