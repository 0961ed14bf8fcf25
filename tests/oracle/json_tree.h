// An event as the oracle sees it: JSON with its numbers' own text and its keys in order, twice when they stand twice.
#ifndef TOCSIN_TESTS_ORACLE_JSON_TREE_H_
#define TOCSIN_TESTS_ORACLE_JSON_TREE_H_

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tocsin::oracle {

struct Json {
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };
  // Written out for clang 14, which cannot make them up before the pairs are whole.
  Json();
  Json(const Json&);
  Json(Json&&) noexcept;
  Json& operator=(const Json&);
  Json& operator=(Json&&) noexcept;
  ~Json();

  Kind kind = Kind::kNull;
  std::string text;                                  // scalars: a string's text, a number's digits, "true", "false"
  std::u32string points, folded;                     // of `text`
  std::vector<Json> items;
  std::vector<std::pair<std::string, Json>> members;

  bool IsScalar() const { return kind == Kind::kBool || kind == Kind::kNumber || kind == Kind::kString; }
};

// Throws Refused (yaml_tree.h) for what is not one JSON value.
Json ReadJson(std::string_view text);

// A path with places in arrays (17): `a.b[0].c` is the keys "a.b", place 0, the keys "c".
struct PathStep {
  std::string keys;                                  // dotted; empty: a place
  long place = 0;                                    // from 0; negative counts from the end
};
using Path = std::vector<PathStep>;

// Looks fields up (SIGMA.md 15, 16) and remembers what it found.
class Event {
 public:
  explicit Event(Json root) : root_(std::move(root)) {}
  explicit Event(std::string_view json) : Event(ReadJson(json)) {}
  struct Found {
    bool exists = false;
    std::vector<const Json*> values;                 // arrays are their elements, however deep
  };
  const Found& Field(const std::string& path) const;
  // 17. No step: the event itself.
  Found At(const Path& path) const;
  // The same, arrays whole.
  std::vector<const Json*> NodesAt(const Path& path) const;
  // Strings, numbers and bools of the whole event.
  const std::vector<const Json*>& Leaves() const;
  const Json& root() const { return root_; }

 private:
  Json root_;
  mutable std::unordered_map<std::string, Found> found_;
  mutable std::vector<const Json*> leaves_;
};

}  // namespace tocsin::oracle

#endif  // TOCSIN_TESTS_ORACLE_JSON_TREE_H_
