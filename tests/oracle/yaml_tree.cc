#include "tests/oracle/yaml_tree.h"

#include <yaml.h>

#include <map>

namespace tocsin::oracle {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  ~Reader() { yaml_parser_delete(&parser_); }

  std::vector<Yaml> Documents() {
    std::vector<Yaml> documents;
    try {
      for (;;) {
        yaml_event_t event = Next();
        const yaml_event_type_t type = event.type;
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT) break;
        if (type == YAML_DOCUMENT_START_EVENT) {
          anchors_.clear();
          documents.push_back(Node(Next()));
        }
      }
    } catch (const Refused&) {
      // What stood before the error counts.
    }
    return documents;
  }

 private:
  yaml_event_t Next() {
    yaml_event_t event;
    if (!yaml_parser_parse(&parser_, &event)) throw Refused("not YAML");
    return event;
  }

  // The node that `event` opens. Takes the event.
  Yaml Node(yaml_event_t event) {
    Yaml node;
    std::string anchor;
    const auto take_anchor = [&](const unsigned char* name) {
      if (name != nullptr) anchor = reinterpret_cast<const char*>(name);
    };
    switch (event.type) {
      case YAML_SCALAR_EVENT:
        node.text.assign(reinterpret_cast<const char*>(event.data.scalar.value), event.data.scalar.length);
        node.plain = event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        take_anchor(event.data.scalar.anchor);
        break;
      case YAML_ALIAS_EVENT: {
        const std::string name = reinterpret_cast<const char*>(event.data.alias.anchor);
        yaml_event_delete(&event);
        if (!anchors_.contains(name)) throw Refused("an alias without an anchor");
        return anchors_[name];
      }
      case YAML_SEQUENCE_START_EVENT:
        node.kind = Yaml::Kind::kSequence;
        take_anchor(event.data.sequence_start.anchor);
        for (yaml_event_t item = Next(); item.type != YAML_SEQUENCE_END_EVENT; item = Next()) node.items.push_back(Node(item));
        break;
      case YAML_MAPPING_START_EVENT:
        node.kind = Yaml::Kind::kMap;
        take_anchor(event.data.mapping_start.anchor);
        for (yaml_event_t key = Next(); key.type != YAML_MAPPING_END_EVENT; key = Next()) {
          const Yaml name = Node(key);
          if (!name.IsScalar()) throw Refused("a key that is no scalar");
          if (node.Find(name.text) != nullptr) throw Refused("the key " + name.text + " stands twice");
          Yaml value = Node(Next());
          node.entries.emplace_back(name.text, std::move(value));
        }
        break;
      default:
        yaml_event_delete(&event);
        throw Refused("not a node");
    }
    yaml_event_delete(&event);
    if (!anchor.empty()) anchors_[anchor] = node;
    return node;
  }

  yaml_parser_t parser_;
  std::map<std::string, Yaml> anchors_;
};

}  // namespace

Yaml::Yaml() = default;
Yaml::Yaml(const Yaml&) = default;
Yaml::Yaml(Yaml&&) noexcept = default;
Yaml& Yaml::operator=(const Yaml&) = default;
Yaml& Yaml::operator=(Yaml&&) noexcept = default;
Yaml::~Yaml() = default;

const Yaml* Yaml::Find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::vector<Yaml> ReadYaml(std::string_view text) { return Reader(text).Documents(); }

}  // namespace tocsin::oracle
