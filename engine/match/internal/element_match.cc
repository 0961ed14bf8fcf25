#include "engine/match/internal/element_match.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "engine/event/reader.h"

namespace tocsin::match {
namespace {

namespace ondemand = simdjson::ondemand;
using content::ElementPath;
using content::ElementTest;
using content::Expr;
using event::Value;
using event::ValueKind;

constexpr uint32_t kNone = UINT32_MAX;
constexpr uint32_t kRoot = 0;

// A JSON value. Children of arrays and objects are a list in document order.
struct JsonNode {
  ondemand::json_type type;
  std::string_view key;         // in an object
  std::string_view text;        // of a scalar: escapes undone; a number's digits as they stand
  uint32_t first_child = kNone, next = kNone;
};

std::string_view TrimRight(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// One event's JSON as nodes. Texts are views into it, or into the parser's memory of unescaped ones: one pass, so that holds all.
class JsonTree {
 public:
  // What cannot be read ends the tree; the reader has judged the event already.
  void Parse(std::string_view json) {
    nodes_.clear();
    nodes_.push_back({ondemand::json_type::null, {}, {}});
    ondemand::document document;
    if (parser_.iterate(json.data(), json.size(), json.size() + simdjson::SIMDJSON_PADDING).get(document)) return;
    ondemand::value root;
    if (!document.get_value().get(root)) Fill(kRoot, root, 0);
  }
  const JsonNode& operator[](uint32_t node) const { return nodes_[node]; }

 private:
  bool Fill(uint32_t node, ondemand::value& value, int depth) {
    ondemand::json_type type;
    if (value.type().get(type)) return false;
    nodes_[node].type = type;
    switch (type) {
      case ondemand::json_type::object: return FillObject(node, value, depth);
      case ondemand::json_type::array: return FillArray(node, value, depth);
      case ondemand::json_type::string: {
        std::string_view text;
        if (value.get_string().get(text)) return false;
        nodes_[node].text = text;
        return true;
      }
      default: nodes_[node].text = TrimRight(value.raw_json_token()); return true;
    }
  }

  // The next child of `node`; `last` is the one before.
  uint32_t AddChild(uint32_t node, uint32_t& last, std::string_view key) {
    const uint32_t child = static_cast<uint32_t>(nodes_.size());
    nodes_.push_back({ondemand::json_type::null, key, {}});
    (last == kNone ? nodes_[node].first_child : nodes_[last].next) = child;
    last = child;
    return child;
  }

  bool FillObject(uint32_t node, ondemand::value& value, int depth) {
    ondemand::object object;
    if (value.get_object().get(object)) return false;
    if (depth >= event::kMaxDepth) return true;   // what lies deeper no field reaches either
    uint32_t last = kNone;
    for (auto result : object) {
      ondemand::field field;
      std::string_view key;
      if (std::move(result).get(field) || field.unescaped_key().get(key)) return false;
      const uint32_t child = AddChild(node, last, key);
      if (!Fill(child, field.value(), depth + 1)) return false;
    }
    return true;
  }

  bool FillArray(uint32_t node, ondemand::value& value, int depth) {
    ondemand::array array;
    if (value.get_array().get(array)) return false;
    if (depth >= event::kMaxDepth) return true;
    uint32_t last = kNone;
    for (auto result : array) {
      ondemand::value element;
      if (std::move(result).get(element)) return false;
      if (!Fill(AddChild(node, last, {}), element, depth + 1)) return false;
    }
    return true;
  }

  ondemand::parser parser_;
  std::vector<JsonNode> nodes_;
};

// The nodes at a path from `node`, appended to `out`.
void Find(const JsonTree& tree, uint32_t node, const ElementPath& path, size_t step, std::vector<uint32_t>& out);

// `keys` from an object or, any-member, from the objects of an array, and the steps behind them: the longest literal key first; a
// prefix whose rest is missing gives way to the next shorter, the whole as a key ends the search, whatever lies behind it (15). A
// key that stands twice gives both. False when the keys lead nowhere.
bool FindKeys(const JsonTree& tree, uint32_t node, std::string_view keys, const ElementPath& path, size_t step, std::vector<uint32_t>& out) {
  bool found = false;
  if (tree[node].type == ondemand::json_type::array) {
    for (uint32_t child = tree[node].first_child; child != kNone; child = tree[child].next) found |= FindKeys(tree, child, keys, path, step, out);
    return found;
  }
  if (tree[node].type != ondemand::json_type::object) return false;
  for (size_t end = keys.size();; ) {
    const std::string_view key = keys.substr(0, end);
    for (uint32_t child = tree[node].first_child; child != kNone; child = tree[child].next) {
      if (tree[child].key != key) continue;
      if (end < keys.size()) {
        found |= FindKeys(tree, child, keys.substr(end + 1), path, step, out);
        continue;
      }
      found = true;
      Find(tree, child, path, step + 1, out);
    }
    if (found) return true;
    end = end == 0 ? std::string_view::npos : keys.rfind('.', end - 1);
    if (end == std::string_view::npos) return false;
  }
}

void Find(const JsonTree& tree, uint32_t node, const ElementPath& path, size_t step, std::vector<uint32_t>& out) {
  if (step == path.steps.size()) {
    out.push_back(node);
    return;
  }
  const ElementPath::Step& wanted = path.steps[step];
  if (!wanted.key.empty()) {
    FindKeys(tree, node, wanted.key, path, step, out);
    return;
  }
  if (tree[node].type != ondemand::json_type::array) return;
  int64_t index = wanted.index;
  if (index < 0) {
    for (uint32_t child = tree[node].first_child; child != kNone; child = tree[child].next) index++;
    if (index < 0) return;
  }
  for (uint32_t child = tree[node].first_child; child != kNone; child = tree[child].next) {
    if (index-- != 0) continue;
    Find(tree, child, path, step + 1, out);
    return;
  }
}

ValueKind KindOf(ondemand::json_type type) {
  switch (type) {
    case ondemand::json_type::string: return ValueKind::kString;
    case ondemand::json_type::number: return ValueKind::kNumber;
    case ondemand::json_type::boolean: return ValueKind::kBool;
    case ondemand::json_type::object: return ValueKind::kObject;
    case ondemand::json_type::array: return ValueKind::kEmptyArray;
    default: return ValueKind::kNull;
  }
}

// An element's fields as an event's are given; one for each level of nesting.
struct Frame {
  FoldedTexts texts;
  std::vector<uint32_t> members, found;
  std::vector<Value> values;
  std::vector<event::Slot> slots;

  // A value of a field; arrays fan out.
  void Append(const JsonTree& tree, uint32_t node, uint32_t field) {
    if (tree[node].type == ondemand::json_type::array && tree[node].first_child != kNone) {
      for (uint32_t child = tree[node].first_child; child != kNone; child = tree[child].next) Append(tree, child, field);
      return;
    }
    event::Slot& slot = slots[field];
    const uint32_t place = static_cast<uint32_t>(values.size());
    values.push_back({tree[node].text, KindOf(tree[node].type), event::kNoValue, content::FieldId(field)});
    if (slot.first == event::kNoValue) slot.first = place;
    else values[slot.last].next = place;
    slot.last = place;
  }

  void AppendLeaves(const JsonTree& tree, uint32_t node) {
    const ValueKind kind = KindOf(tree[node].type);
    if (kind == ValueKind::kString || kind == ValueKind::kNumber || kind == ValueKind::kBool) values.push_back({tree[node].text, kind, event::kNoValue, {}, /*leaf=*/true});
    for (uint32_t child = tree[node].first_child; child != kNone; child = tree[child].next) AppendLeaves(tree, child);
  }
};

}  // namespace

struct ElementMatcher::Workspace {
  JsonTree tree;
  Frame frames[content::kMaxElementDepth];
};

bool ElementMatcher::Compile(const ElementTest& test, content::Diagnostics& diagnostics) {
  test_ = &test;
  bool ok = true;
  for (const content::Item& item : test.items) {
    Test& compiled = tests_.emplace_back();
    const content::ValueTest* only = item.values.empty() || item.values[0].empty() ? nullptr : &item.values[0][0];
    if (only != nullptr && only->kind == content::ValueTest::Kind::kElements) {
      compiled.nested = std::make_unique<ElementMatcher>();
      ok &= compiled.nested->Compile(*only->elements, diagnostics);
    } else {
      keywords_ |= !item.field.valid();
      ok &= compiled.predicate.Compile(item, GramCounts(), diagnostics);
    }
  }
  return ok;
}

bool ElementMatcher::Holds(const event::EventView& event) const {
  static thread_local Workspace work;
  work.tree.Parse(event.body);
  return HoldsIn(kRoot, 0, event, work);
}

bool ElementMatcher::HoldsIn(uint32_t node, size_t depth, const event::EventView& event, Workspace& work) const {
  Frame& frame = work.frames[depth];
  frame.found.clear();
  frame.members.clear();
  Find(work.tree, node, test_->path, 0, frame.found);
  for (const uint32_t found : frame.found) {
    if (test_->of == ElementTest::Of::kValue || work.tree[found].type != ondemand::json_type::array) {
      if (test_->of == ElementTest::Of::kValue || work.tree[found].type != ondemand::json_type::null) frame.members.push_back(found);
      continue;
    }
    for (uint32_t child = work.tree[found].first_child; child != kNone; child = work.tree[child].next) frame.members.push_back(child);
  }
  const auto holds = [&](uint32_t member) { return BodyHolds(member, depth, event, work); };
  switch (test_->of) {
    case ElementTest::Of::kAny:
    case ElementTest::Of::kValue: return std::any_of(frame.members.begin(), frame.members.end(), holds);
    case ElementTest::Of::kAll: return !frame.members.empty() && std::all_of(frame.members.begin(), frame.members.end(), holds);
    case ElementTest::Of::kAllOrEmpty: return std::all_of(frame.members.begin(), frame.members.end(), holds);
    case ElementTest::Of::kNone: return std::none_of(frame.members.begin(), frame.members.end(), holds);
  }
  return false;
}

bool ElementMatcher::BodyHolds(uint32_t element, size_t depth, const event::EventView& event, Workspace& work) const {
  Frame& frame = work.frames[depth];
  frame.values.clear();
  frame.slots.assign(test_->fields.size(), {event.epoch, event::kNoValue, event::kNoValue});
  for (uint32_t i = 0; i < test_->field_paths.size(); i++) {
    frame.found.clear();
    Find(work.tree, element, test_->field_paths[i], 0, frame.found);
    for (const uint32_t found : frame.found) frame.Append(work.tree, found, i);
  }
  if (keywords_) frame.AppendLeaves(work.tree, element);
  event::EventView as_event = event;
  as_event.plain = {};   // an element's texts are folded one by one, not the event for each element
  as_event.value_base = frame.values.data();
  as_event.value_count = static_cast<uint32_t>(frame.values.size());
  as_event.slots = frame.slots.data();
  frame.texts.Begin(as_event);
  return ExprHolds(test_->condition, element, depth, as_event, work);
}

bool ElementMatcher::ExprHolds(const Expr& expr, uint32_t element, size_t depth, const event::EventView& as_event, Workspace& work) const {
  const auto holds = [&](const Expr& child) { return ExprHolds(child, element, depth, as_event, work); };
  switch (expr.kind) {
    case Expr::Kind::kItem: {
      const Test& test = tests_[expr.item];
      return test.nested ? test.nested->HoldsIn(element, depth + 1, as_event, work) : test.predicate.Holds(as_event, work.frames[depth].texts);
    }
    case Expr::Kind::kNot: return !holds(expr.children[0]);
    case Expr::Kind::kSelection: return holds(expr.children[0]);
    case Expr::Kind::kAnd: return std::all_of(expr.children.begin(), expr.children.end(), holds);
    case Expr::Kind::kOr: return std::any_of(expr.children.begin(), expr.children.end(), holds);
  }
  return false;
}

}  // namespace tocsin::match
