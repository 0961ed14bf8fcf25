// A YAML document as the oracle sees it: libyaml's events in a tree, and YAML 1.2 typing over each scalar's own text.
// SIGMA.md 2. Nothing here is the product's.
#ifndef TOCSIN_TESTS_ORACLE_YAML_TREE_H_
#define TOCSIN_TESTS_ORACLE_YAML_TREE_H_

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::oracle {

// Why a document, or a whole rule, is not taken.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Yaml {
  enum class Kind { kScalar, kMap, kSequence };
  // Written out for clang 14, which cannot make them up before the pairs are whole.
  Yaml();
  Yaml(const Yaml&);
  Yaml(Yaml&&) noexcept;
  Yaml& operator=(const Yaml&);
  Yaml& operator=(Yaml&&) noexcept;
  ~Yaml();

  Kind kind = Kind::kScalar;
  bool plain = true;             // not quoted, not a block
  std::string text;
  std::vector<std::pair<std::string, Yaml>> entries;
  std::vector<Yaml> items;

  bool IsMap() const { return kind == Kind::kMap; }
  bool IsList() const { return kind == Kind::kSequence; }
  bool IsScalar() const { return kind == Kind::kScalar; }
  bool IsNull() const { return IsScalar() && plain && (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL"); }
  bool IsTrue() const { return IsScalar() && plain && (text == "true" || text == "True" || text == "TRUE"); }
  bool IsFalse() const { return IsScalar() && plain && (text == "false" || text == "False" || text == "FALSE"); }
  const Yaml* Find(std::string_view key) const;
};

// The documents of a file, up to the first that is not YAML (a syntax error, a key that stands twice in one map).
std::vector<Yaml> ReadYaml(std::string_view text);

}  // namespace tocsin::oracle

#endif  // TOCSIN_TESTS_ORACLE_YAML_TREE_H_
