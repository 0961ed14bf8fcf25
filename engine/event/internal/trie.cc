#include "engine/event/internal/trie.h"

#include <algorithm>

namespace tocsin::event {

uint32_t TrieBuilder::Child(uint32_t node, const std::string& key, bool dotted, bool unwrap, int8_t envelope) {
  auto [it, fresh] = nodes_[node].edges.try_emplace(key);
  if (fresh) it->second.child = static_cast<uint32_t>(nodes_.size());
  it->second.dotted |= dotted;
  it->second.unwrap |= unwrap;
  if (envelope >= 0) it->second.envelope = envelope;
  const uint32_t child = it->second.child;
  if (fresh) nodes_.emplace_back();
  return child;
}

void TrieBuilder::Insert(uint32_t node, const std::vector<std::string_view>& segments, size_t from, content::FieldId field) {
  std::string key;
  for (size_t end = from + 1; end <= segments.size(); end++) {
    if (end > from + 1) key += '.';
    key += segments[end - 1];
    const uint32_t child = Child(node, key, end > from + 1, false, -1);
    if (end < segments.size()) {
      Insert(child, segments, end, field);
    } else if (std::find(nodes_[child].fields.begin(), nodes_[child].fields.end(), field) == nodes_[child].fields.end()) {
      nodes_[child].fields.push_back(field);
    }
  }
}

bool TrieBuilder::Add(std::string_view path, content::FieldId field) {
  std::vector<std::string_view> segments;
  for (std::string_view rest = path;;) {
    const size_t dot = rest.find('.');
    segments.push_back(rest.substr(0, dot));
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  // `a..b` and `a.b.` do not exist as paths; as one literal key they might.
  if (std::any_of(segments.begin(), segments.end(), [](std::string_view s) { return s.empty(); })) segments = {path};
  if (segments.size() > kMaxPathSegments) return false;
  Insert(0, segments, 0, field);
  return true;
}

Trie TrieBuilder::Build() const {
  Trie out;
  size_t text_size = 0;
  for (const Node& node : nodes_) {
    for (const auto& [key, edge] : node.edges) text_size += key.size();
  }
  out.text_.reserve(text_size + 8);  // keys are pointed into: no growth after this; and they are read beyond their ends
  for (const Node& node : nodes_) {
    TrieNode built;
    built.first_field = static_cast<uint32_t>(out.fields_.size());
    built.fields = static_cast<uint32_t>(node.fields.size());
    out.fields_.insert(out.fields_.end(), node.fields.begin(), node.fields.end());
    if (!node.edges.empty()) {
      const uint32_t size = std::bit_ceil(static_cast<uint32_t>(node.edges.size() * 2));
      built.mask = size - 1;
      built.first_slot = static_cast<uint32_t>(out.table_.size());
      out.table_.resize(out.table_.size() + size);
      for (const auto& [key, edge] : node.edges) {
        const char* text = out.text_.data() + out.text_.size();
        out.text_.insert(out.text_.end(), key.begin(), key.end());
        const uint32_t hash = Trie::Hash({text, key.size()});
        uint32_t at = hash & built.mask;
        while (out.table_[built.first_slot + at].edge != Trie::kEmpty) at = (at + 1) & built.mask;
        out.table_[built.first_slot + at] = {hash, static_cast<uint32_t>(out.edges_.size())};
        out.edges_.push_back({text, static_cast<uint32_t>(key.size()), edge.child, edge.dotted, edge.unwrap || edge.envelope >= 0, edge.unwrap, edge.envelope});
      }
    }
    out.nodes_.push_back(built);
  }
  out.text_.resize(out.text_.size() + 8);
  return out;
}

}  // namespace tocsin::event
