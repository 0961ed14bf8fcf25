#include "engine/content/internal/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "engine/content/json_number.h"

namespace tocsin::content {
namespace {

// libyaml's parser and its current event, freed whatever happens.
class EventStream {
 public:
  explicit EventStream(std::string_view text) {
    ok_ = yaml_parser_initialize(&parser_) != 0;
    if (ok_) yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    if (ok_) yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  }
  ~EventStream() {
    if (have_event_) yaml_event_delete(&event_);
    if (ok_) yaml_parser_delete(&parser_);
  }
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  bool Next() {
    if (have_event_) yaml_event_delete(&event_);
    have_event_ = ok_ && yaml_parser_parse(&parser_, &event_) != 0;
    return have_event_;
  }
  const yaml_event_t& event() const { return event_; }
  std::string problem() const { return ok_ && parser_.problem ? parser_.problem : "not YAML"; }
  // The reader of characters knows the offset alone.
  bool in_reader() const { return parser_.error == YAML_READER_ERROR; }
  size_t problem_offset() const { return parser_.problem_offset; }
  yaml_mark_t problem_mark() const { return parser_.problem_mark; }

 private:
  yaml_parser_t parser_;
  yaml_event_t event_;
  bool ok_ = false, have_event_ = false;
};

// Growing from one entry on would move the nodes of most maps three times over. Together they are under a kilobyte, which
// malloc has at hand.
constexpr size_t kUsualEntries = 5, kUsualItems = 8;

class TreeBuilder {
 public:
  // `text` begins in line `line` of the file, counted from 0.
  TreeBuilder(uint32_t file, std::string_view text, uint32_t line, Diagnostics& diagnostics)
      : file_(file), line_(line), text_(text), stream_(text), diagnostics_(diagnostics) {}

  // Where the text ceased to be YAML: a line of it, counted from 0.
  std::optional<size_t> broken_line() const { return broken_line_; }

  std::vector<YamlNode> Build() {
    std::vector<YamlNode> documents;
    while (Advance()) {
      if (stream_.event().type == YAML_STREAM_END_EVENT) break;
      if (stream_.event().type != YAML_DOCUMENT_START_EVENT) continue;
      anchors_.clear();
      const size_t errors_before = diagnostics_.errors();
      YamlNode root;
      if (!Advance() || !ReadNode(root, 0)) break;
      if (!Advance()) break;  // document end
      // `---` with nothing behind it is no document.
      if (root.IsScalar() && !root.quoted && root.text.empty()) continue;
      if (diagnostics_.errors() == errors_before) documents.push_back(std::move(root));
    }
    return documents;
  }

 private:
  struct NodeSize {
    size_t nodes = 0, bytes = 0;
  };
  struct Anchored {
    YamlNode node;
    NodeSize size;
  };

  Place PlaceOf(const yaml_mark_t& mark) const {
    return {file_, line_ + static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1)};
  }

  bool Advance() {
    if (stopped_) return false;
    if (stream_.Next()) return true;
    Place place = PlaceOf(stream_.problem_mark());
    if (stream_.in_reader()) {
      place = PlaceAt(file_, text_, stream_.problem_offset());
      place.line += line_;
    }
    broken_line_ = place.line - 1 - line_;
    diagnostics_.Error("T0001", place, "not YAML: " + stream_.problem(), Advice(stream_.problem()));
    stopped_ = true;
    return false;
  }

  // What people meant who wrote what libyaml calls so.
  static std::string Advice(const std::string& problem) {
    if (problem.find("cannot start any token") != std::string::npos) return "spaces, not tabs, before a key; quotes around a value that begins with @, ` or %";
    if (problem.find("mapping values are not allowed") != std::string::npos) return "quotes around a value with `: ` in it; keys of one map in one column";
    if (problem.find("expected ':'") != std::string::npos) return "`key: value`, with a space behind the colon";
    if (problem.find("alphabetic or numeric character") != std::string::npos) return "quotes around a value that begins with * or &: '*text'";
    if (problem.find("expected <block end>") != std::string::npos || problem.find("did not find expected key") != std::string::npos) {
      return "keys of one map in one column; quotes around a value that begins with a quote, [ or {";
    }
    if (problem.find("unexpected end of stream") != std::string::npos || problem.find("end of stream") != std::string::npos) return "the quote, ] or } that closes it";
    if (problem.find("unknown escape character") != std::string::npos) return "single quotes around a value with backslashes: 'C:\\Windows'";
    return "";
  }

  bool Stop(const yaml_mark_t& mark, const char* code, std::string message, std::string expected = "") {
    diagnostics_.Error(code, PlaceOf(mark), std::move(message), std::move(expected));
    stopped_ = true;
    return false;
  }

  // Reads the node that the current event begins. False when the file cannot be read on.
  bool ReadNode(YamlNode& node, int depth) {
    const yaml_event_t& event = stream_.event();
    const yaml_mark_t mark = event.start_mark;
    node.place = PlaceOf(mark);
    if (depth > kMaxYamlDepth) return Stop(event.start_mark, "T0002", "nested deeper than " + std::to_string(kMaxYamlDepth) + " levels");
    if (++nodes_ > kMaxYamlNodes) return Stop(event.start_mark, "T0003", "more than " + std::to_string(kMaxYamlNodes) + " values in one file");
    std::string anchor;
    switch (event.type) {
      case YAML_SCALAR_EVENT:
        node.kind = YamlNode::Kind::kScalar;
        node.text.assign(reinterpret_cast<const char*>(event.data.scalar.value), event.data.scalar.length);
        node.quoted = event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        if (event.data.scalar.anchor) anchor = reinterpret_cast<const char*>(event.data.scalar.anchor);
        break;
      case YAML_SEQUENCE_START_EVENT:
        if (event.data.sequence_start.anchor) anchor = reinterpret_cast<const char*>(event.data.sequence_start.anchor);
        if (!ReadSequence(node, depth)) return false;
        break;
      case YAML_MAPPING_START_EVENT:
        if (event.data.mapping_start.anchor) anchor = reinterpret_cast<const char*>(event.data.mapping_start.anchor);
        if (!ReadMap(node, depth)) return false;
        break;
      case YAML_ALIAS_EVENT:
        return ReadAlias(node);
      default:
        return Stop(event.start_mark, "T0001", "not YAML: a value was expected");
    }
    if (anchor.empty()) return true;
    return KeepAnchor(anchor, node, mark);
  }

  // Keeps a copy for the aliases to come.
  bool KeepAnchor(const std::string& anchor, const YamlNode& node, const yaml_mark_t& mark) {
    NodeSize size;
    AddSize(node, size);
    if (!CountCopy(size, mark, "anchors that keep")) return false;
    anchors_[anchor] = {node, size};
    return true;
  }

  // A few aliases of aliases, or anchors around anchors, would fill the memory: copies count like written nodes.
  bool CountCopy(const NodeSize& size, const yaml_mark_t& mark, const std::string& what) {
    nodes_ += size.nodes;
    copied_bytes_ += size.bytes;
    if (nodes_ > kMaxYamlNodes) return Stop(mark, "T0003", what + " more than " + std::to_string(kMaxYamlNodes) + " values");
    if (copied_bytes_ > kMaxCopiedBytes) return Stop(mark, "T0003", what + " more than " + std::to_string(kMaxCopiedBytes >> 20) + " MiB of text");
    return true;
  }

  bool ReadSequence(YamlNode& node, int depth) {
    node.kind = YamlNode::Kind::kSequence;
    node.items.reserve(kUsualItems);
    while (Advance()) {
      if (stream_.event().type == YAML_SEQUENCE_END_EVENT) return true;
      if (!ReadNode(node.items.emplace_back(), depth + 1)) return false;
    }
    return false;
  }

  bool ReadMap(YamlNode& node, int depth) {
    node.kind = YamlNode::Kind::kMap;
    node.entries.reserve(kUsualEntries);
    while (Advance()) {
      if (stream_.event().type == YAML_MAPPING_END_EVENT) {
        CheckKeys(node);
        return true;
      }
      auto& [key, value] = node.entries.emplace_back();
      if (!ReadNode(key, depth + 1) || !Advance() || !ReadNode(value, depth + 1)) return false;
      if (!key.IsScalar()) {
        diagnostics_.Error("T0004", key.place, "a key is a list or a map", "a plain word");
        node.entries.pop_back();
      }
    }
    return false;
  }

  void CheckKeys(const YamlNode& node) {
    if (node.entries.size() < 2) return;
    std::vector<const YamlNode*> keys;
    for (const auto& [key, value] : node.entries) keys.push_back(&key);
    std::stable_sort(keys.begin(), keys.end(), [](const YamlNode* a, const YamlNode* b) { return a->text < b->text; });
    for (size_t i = 1; i < keys.size(); i++) {
      if (keys[i]->text != keys[i - 1]->text) continue;
      diagnostics_.Error("T0005", keys[i]->place, "the key `" + keys[i]->text + "` stands twice in one map",
                         "one `" + keys[i]->text + "` (the first is in line " + std::to_string(keys[i - 1]->place.line) + ")");
    }
  }

  bool ReadAlias(YamlNode& node) {
    const yaml_event_t& event = stream_.event();
    const std::string name = reinterpret_cast<const char*>(event.data.alias.anchor);
    const auto it = anchors_.find(name);
    if (it == anchors_.end()) return Stop(event.start_mark, "T0006", "the alias *" + name + " has no anchor before it", "quotes around a value that begins with *: '*" + name + "'");
    if (!CountCopy(it->second.size, event.start_mark, "aliases that expand to")) return false;
    const Place place = node.place;
    node = it->second.node;
    node.place = place;
    return true;
  }

  static void AddSize(const YamlNode& node, NodeSize& size) {
    size.nodes++;
    size.bytes += node.text.size();
    for (const YamlNode& item : node.items) AddSize(item, size);
    for (const auto& [key, value] : node.entries) {
      AddSize(key, size);
      AddSize(value, size);
    }
  }

  const uint32_t file_, line_;
  const std::string_view text_;
  EventStream stream_;
  Diagnostics& diagnostics_;
  size_t nodes_ = 0;
  bool stopped_ = false;
  std::optional<size_t> broken_line_;
  size_t copied_bytes_ = 0;
  std::map<std::string, Anchored> anchors_;
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

size_t Characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Place PlaceAt(uint32_t file, std::string_view text, size_t offset) {
  Place place{file, 1, 1};
  for (size_t i = 0; i < std::min(offset, text.size()); i++) {
    if (text[i] == '\n') {
      place.line++;
      place.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
      place.column++;
    }
  }
  return place;
}

YamlNode::YamlNode() = default;
YamlNode::YamlNode(const YamlNode&) = default;
YamlNode::YamlNode(YamlNode&&) noexcept = default;
YamlNode& YamlNode::operator=(const YamlNode&) = default;
YamlNode& YamlNode::operator=(YamlNode&&) noexcept = default;
YamlNode::~YamlNode() = default;

bool YamlNode::IsNull() const {
  return IsScalar() && !quoted && (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL");
}

std::optional<bool> YamlNode::AsBool() const {
  if (!IsScalar() || quoted) return std::nullopt;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

bool YamlNode::IsNumber() const { return IsScalar() && !quoted && IsJsonNumber(text); }

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.text == key) return &value;
  }
  return nullptr;
}

std::vector<YamlNode> ParseYaml(uint32_t file, std::string_view text, Diagnostics& diagnostics) {
  if (text.size() > kMaxRuleFileBytes) {
    diagnostics.Error("T0007", {file, 0, 0}, "larger than " + std::to_string(kMaxRuleFileBytes >> 20) + " MiB");
    return {};
  }
  // Behind what is broken the next document is read on: one bad document hides no other.
  std::vector<YamlNode> documents;
  for (uint32_t line = 0;;) {
    TreeBuilder builder(file, text, line, diagnostics);
    for (YamlNode& document : builder.Build()) documents.push_back(std::move(document));
    if (!builder.broken_line()) return documents;
    // The first line from there on, but not this text's first, that begins a document.
    size_t at = 0;
    for (size_t skipped = 0;; skipped++) {
      at = skipped == 0 ? 0 : text.find('\n', at);
      if (at == std::string_view::npos) return documents;
      at += skipped == 0 ? 0 : 1;
      const std::string_view rest = text.substr(at);
      const bool begins = rest.substr(0, 3) == "---" && (rest.size() == 3 || rest[3] == ' ' || rest[3] == '\r' || rest[3] == '\n');
      if (skipped == 0 || skipped < *builder.broken_line() || !begins) continue;
      text = rest;
      line += static_cast<uint32_t>(skipped);
      break;
    }
  }
}

std::optional<int64_t> ParseSpan(std::string_view text) {
  size_t i = 0;
  int64_t number = 0;
  while (i < text.size() && IsDigit(text[i])) {
    number = number * 10 + (text[i++] - '0');
    if (number > 1'000'000'000) return std::nullopt;
  }
  if (i == 0 || i + 1 != text.size()) return std::nullopt;
  int64_t unit_s = 0;
  switch (text[i]) {
    case 's': unit_s = 1; break;
    case 'm': unit_s = 60; break;
    case 'h': unit_s = 3600; break;
    case 'd': unit_s = 86400; break;
    case 'w': unit_s = 7 * 86400; break;
    case 'M': unit_s = 2'629'746; break;   // as pySigma counts: a twelfth of the mean Gregorian year
    case 'y': unit_s = 12 * 2'629'746; break;
    default: return std::nullopt;
  }
  // 200 years fit into nanoseconds; more is a slip.
  if (number > 200ll * 365 * 86400 / unit_s) return std::nullopt;
  return number * unit_s * 1'000'000'000;
}

}  // namespace tocsin::content
