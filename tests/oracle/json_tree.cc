#include "tests/oracle/json_tree.h"

#include "tests/oracle/text.h"
#include "tests/oracle/yaml_tree.h"

namespace tocsin::oracle {
namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Json Whole() {
    Json value = Value();
    Blanks();
    if (at_ != text_.size()) throw Refused("text after the JSON value");
    return value;
  }

 private:
  void Blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) at_++;
  }
  char Peek() {
    Blanks();
    if (at_ == text_.size()) throw Refused("the JSON ends early");
    return text_[at_];
  }
  void Expect(char c) {
    if (Peek() != c) throw Refused(std::string("no ") + c);
    at_++;
  }
  bool Take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  Json Value() {
    Json value;
    const char first = Peek();
    if (first == '{') {
      value.kind = Json::Kind::kObject;
      Expect('{');
      while (Peek() != '}') {
        if (!value.members.empty()) Expect(',');
        Blanks();
        std::string key = String();
        Expect(':');
        value.members.emplace_back(std::move(key), Value());
      }
      Expect('}');
    } else if (first == '[') {
      value.kind = Json::Kind::kArray;
      Expect('[');
      while (Peek() != ']') {
        if (!value.items.empty()) Expect(',');
        value.items.push_back(Value());
      }
      Expect(']');
    } else if (first == '"') {
      value.kind = Json::Kind::kString;
      value.text = String();
    } else if (Take("null")) {
      value.kind = Json::Kind::kNull;
    } else if (Take("true")) {
      value.kind = Json::Kind::kBool;
      value.text = "true";
    } else if (Take("false")) {
      value.kind = Json::Kind::kBool;
      value.text = "false";
    } else {
      const size_t begin = at_;
      while (at_ < text_.size() && std::string_view("+-.0123456789eE").find(text_[at_]) != std::string_view::npos) at_++;
      value.kind = Json::Kind::kNumber;
      value.text = text_.substr(begin, at_ - begin);
      if (!IsJsonNumber(value.text)) throw Refused("not a JSON value");
    }
    if (value.IsScalar()) {
      value.points = CodePoints(value.text);
      value.folded = Folded(value.points);
    }
    return value;
  }

  unsigned Hex4() {
    if (at_ + 4 > text_.size()) throw Refused("a short \\u");
    unsigned unit = 0;
    for (int i = 0; i < 4; i++) {
      const size_t digit = std::string_view("0123456789abcdefABCDEF").find(text_[at_++]);
      if (digit == std::string_view::npos) throw Refused("a bad \\u");
      unit = unit * 16 + static_cast<unsigned>(digit < 16 ? digit : digit - 6);
    }
    return unit;
  }

  std::string String() {
    Expect('"');
    std::string out;
    for (;;) {
      if (at_ == text_.size()) throw Refused("a string is not closed");
      const char c = text_[at_++];
      if (c == '"') return out;
      if (static_cast<unsigned char>(c) < 0x20) throw Refused("a control character in a string");
      if (c != '\\') {
        out.push_back(c);
        continue;
      }
      if (at_ == text_.size()) throw Refused("a string is not closed");
      const char escape = text_[at_++];
      if (escape == 'u') {
        char32_t code = Hex4();
        if (code >= 0xD800 && code < 0xDC00 && Take("\\u")) code = 0x10000 + ((code - 0xD800) << 10) + (Hex4() - 0xDC00);
        out += Utf8(std::u32string(1, code));
        continue;
      }
      const size_t plain = std::string_view("\"\\/bfnrt").find(escape);
      if (plain == std::string_view::npos) throw Refused("a bad escape");
      out.push_back("\"\\/\b\f\n\r\t"[plain]);
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

// 16: an array is its elements, however deep.
void Flatten(const Json& value, std::vector<const Json*>& out) {
  if (value.kind != Json::Kind::kArray) {
    out.push_back(&value);
    return;
  }
  for (const Json& item : value.items) Flatten(item, out);
}

// 15: what `path` names inside `value`, arrays whole. Nothing = it does not exist.
std::vector<const Json*> Find(const Json& value, std::string_view path, bool splits) {
  std::vector<const Json*> found;
  const auto add = [&](const std::vector<const Json*>& more) { found.insert(found.end(), more.begin(), more.end()); };
  if (value.kind == Json::Kind::kArray) {
    for (const Json& item : value.items) add(Find(item, path, splits));
    return found;
  }
  if (value.kind != Json::Kind::kObject) return found;
  // The whole remaining path as a key ends the search.
  for (const auto& [key, member] : value.members) {
    if (key == path) found.push_back(&member);
  }
  if (!found.empty() || !splits) return found;
  // Else shorter prefixes, the longest first; one whose rest is missing does not end it.
  for (size_t dot = path.rfind('.'); dot != std::string_view::npos && dot > 0; dot = path.rfind('.', dot - 1)) {
    for (const auto& [key, member] : value.members) {
      if (key == path.substr(0, dot)) add(Find(member, path.substr(dot + 1), splits));
    }
    if (!found.empty()) return found;
  }
  return found;
}

void Collect(const Json& value, std::vector<const Json*>& leaves) {
  if (value.IsScalar()) leaves.push_back(&value);
  for (const Json& item : value.items) Collect(item, leaves);
  for (const auto& [key, member] : value.members) Collect(member, leaves);
}

// `a..b`, `a.b.` and `.a` lead nowhere: such a path is a key of the event itself or nothing.
bool HasEmptyPart(const std::string& path) {
  return path.empty() || path.front() == '.' || path.back() == '.' || path.find("..") != std::string::npos;
}

}  // namespace

Json ReadJson(std::string_view text) { return Parser(text).Whole(); }

Json::Json() = default;
Json::Json(const Json&) = default;
Json::Json(Json&&) noexcept = default;
Json& Json::operator=(const Json&) = default;
Json& Json::operator=(Json&&) noexcept = default;
Json::~Json() = default;

const Event::Found& Event::Field(const std::string& path) const {
  const auto [it, first_time] = found_.try_emplace(path);
  if (first_time) {
    const std::vector<const Json*> nodes = Find(root_, path, !HasEmptyPart(path));
    it->second.exists = !nodes.empty();
    for (const Json* node : nodes) Flatten(*node, it->second.values);
  }
  return it->second;
}

std::vector<const Json*> Event::NodesAt(const Path& path) const {
  std::vector<const Json*> nodes = {&root_};
  for (const PathStep& step : path) {
    std::vector<const Json*> next;
    for (const Json* node : nodes) {
      if (!step.keys.empty()) {
        const std::vector<const Json*> found = Find(*node, step.keys, !HasEmptyPart(step.keys));
        next.insert(next.end(), found.begin(), found.end());
      } else if (node->kind == Json::Kind::kArray) {
        const long size = static_cast<long>(node->items.size()), place = step.place < 0 ? size + step.place : step.place;
        if (place >= 0 && place < size) next.push_back(&node->items[static_cast<size_t>(place)]);
      }
    }
    nodes = std::move(next);
  }
  return nodes;
}

Event::Found Event::At(const Path& path) const {
  Found found;
  const std::vector<const Json*> nodes = NodesAt(path);
  found.exists = !nodes.empty();
  for (const Json* node : nodes) Flatten(*node, found.values);
  return found;
}

const std::vector<const Json*>& Event::Leaves() const {
  if (leaves_.empty()) Collect(root_, leaves_);
  return leaves_;
}

}  // namespace tocsin::oracle
