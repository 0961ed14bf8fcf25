// YAML as a tree with places, over libyaml's events. YAML never leaves the content room.
//
// Typing is YAML 1.2 core over the scalar's own text (SIGMA.md 2): yes/no/on/off and dates stay strings, a leading zero stays
// text, quoted scalars are strings. Duplicate keys are errors. Bounded: depth kMaxYamlDepth, nodes kMaxYamlNodes a file,
// anchors and aliases are refused when their copies would go past that, or past kMaxCopiedBytes (YAML bombs).
#ifndef TOCSIN_ENGINE_CONTENT_INTERNAL_YAML_H_
#define TOCSIN_ENGINE_CONTENT_INTERNAL_YAML_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/content/diagnostics.h"

namespace tocsin::content {

inline constexpr int kMaxYamlDepth = 64;
inline constexpr size_t kMaxYamlNodes = 2'000'000;
inline constexpr size_t kMaxCopiedBytes = 64u << 20;   // of text that anchors keep and aliases repeat, in one file
inline constexpr size_t kMaxRuleFileBytes = 16u << 20;

struct YamlNode {
  enum class Kind : uint8_t { kScalar, kMap, kSequence };
  // Written out for clang 14: it needs the pairs of `entries` whole to make these up here, where they are not yet.
  YamlNode();
  YamlNode(const YamlNode&);
  YamlNode(YamlNode&&) noexcept;
  YamlNode& operator=(const YamlNode&);
  YamlNode& operator=(YamlNode&&) noexcept;
  ~YamlNode();

  Kind kind = Kind::kScalar;
  bool quoted = false;                                   // scalar in quotes or a block: always a string
  Place place;
  std::string text;                                      // scalar
  std::vector<std::pair<YamlNode, YamlNode>> entries;    // map, in file order; keys are scalars
  std::vector<YamlNode> items;                           // sequence

  bool IsScalar() const { return kind == Kind::kScalar; }
  bool IsMap() const { return kind == Kind::kMap; }
  bool IsSequence() const { return kind == Kind::kSequence; }
  bool IsNull() const;                                   // plain empty, ~, null, Null, NULL
  std::optional<bool> AsBool() const;                    // plain true/True/TRUE/false/...
  // Plain scalar that is a JSON number (no leading zero, no hex, no '+'): its text is the number's exact decimal form.
  bool IsNumber() const;
  const YamlNode* Find(std::string_view key) const;      // map value or null
};

// One tree a document. A syntax error is reported with its place; reading goes on at the next line that begins a document (`---`).
std::vector<YamlNode> ParseYaml(uint32_t file, std::string_view text, Diagnostics& diagnostics);

// Characters (code points) of a text: what columns count.
size_t Characters(std::string_view text);
// The place of a byte.
Place PlaceAt(uint32_t file, std::string_view text, size_t offset);

// "5m" -> nanoseconds: a number and s, m, h, d, w, M (a mean month) or y. nullopt when it is not that.
std::optional<int64_t> ParseSpan(std::string_view text);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_INTERNAL_YAML_H_
