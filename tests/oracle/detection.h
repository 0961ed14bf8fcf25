// Detections and their conditions, straight from the YAML tree: SIGMA.md 6-14, 16-24 and the modifier table.
#ifndef TOCSIN_TESTS_ORACLE_DETECTION_H_
#define TOCSIN_TESTS_ORACLE_DETECTION_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/oracle/json_tree.h"
#include "tests/oracle/text.h"
#include "tests/oracle/yaml_tree.h"

namespace re2 {
class RE2;
}

namespace tocsin::oracle {

// One line of a list: a Sigma string, and after when it holds no longer.
struct ListEntry {
  std::string text;
  std::optional<int64_t> until_ns;
};
using Lists = std::map<std::string, std::vector<ListEntry>>;
// `NAME.txt`: a line is a Sigma string; ` # ` begins what is said of it; a value with ` # ` in it is quoted (DESIGN section 4).
std::vector<ListEntry> ReadList(std::string_view text);

struct Test {
  enum class Kind { kString, kBool, kNull, kRegex, kNetwork, kCompare, kExists, kFieldRef, kTimePart };
  Kind kind = Kind::kString;
  SigmaString pattern;           // kString; folded unless cased
  bool cased = false;
  bool boolean = false;          // kBool, kExists
  std::string number;            // kString: of a plain scalar that is a JSON number; kCompare, kTimePart
  std::string word;              // kCompare: lt, lte, gt, gte; kTimePart: the same or eq; kFieldRef: contains ... or ""
  std::string part;              // kTimePart
  std::string text;              // kFieldRef: the other field; kRegex, kNetwork: as written
  std::shared_ptr<const re2::RE2> regex;
  int family = 0;                // kNetwork
  std::vector<bool> prefix;      // kNetwork: the bits that count
  std::optional<int64_t> until_ns;
};

struct Elements;

struct Item {
  std::string field;
  std::optional<Path> path;      // 17: instead of `field`
  std::shared_ptr<const Elements> elements;   // 17: the item says this, and nothing else
  bool keyword = false;          // no field: any leaf
  bool all = false, negated = false;
  std::vector<std::vector<Test>> values;   // each value is an OR of tests: base64offset's forms, a list's entries
};

// A condition, its selections put in. `kItem` ends it.
struct Expr {
  enum class Kind { kAnd, kOr, kNot, kItem, kAtLeast };
  Kind kind = Kind::kAnd;
  std::vector<Expr> children;
  std::shared_ptr<const Item> item;
  size_t count = 0;              // kAtLeast: so many of the children
};

// 17: `path[any]` and its kin. Each element is an event of its own to `body`.
struct Elements {
  enum class Of { kAny, kAll, kAllOrEmpty, kNone, kItself };   // kItself: the value at the path, no array of elements
  Of of = Of::kAny;
  Path path;
  Expr body;
};

// `detection:` or the body of a filter. `skip`: keys that are not selections (a filter's `rules`). `selectors`: the document is of
// version 3 (17). Throws Refused.
Expr ParseDetection(const Yaml& body, const std::vector<std::string>& skip, bool condition_list_allowed, const Lists& lists, bool selectors);

// `event_ns`: for list entries that expire; none = no time.
bool Holds(const Expr& expr, const Event& event, std::optional<int64_t> event_ns);
bool Holds(const Item& item, const Event& event, std::optional<int64_t> event_ns);

// A condition over names: detections and correlations share the words.
struct Condition {
  enum class Kind { kAnd, kOr, kNot, kName, kAny, kAll, kAtLeast };
  Kind kind = Kind::kName;
  std::string name;              // kName, and the pattern of kAny, kAll and kAtLeast
  std::vector<Condition> children;
  size_t count = 0;              // kAtLeast
};
// 22, 23. `names`: what a word that looks like a keyword in capitals may be. Throws Refused.
Condition ParseCondition(const std::string& text, const std::vector<std::string>& names, bool selectors);

}  // namespace tocsin::oracle

#endif  // TOCSIN_TESTS_ORACLE_DETECTION_H_
