// A YAML map whose keys are all known: reads values and reports what does not fit, with the nearest right key.
#ifndef TOCSIN_ENGINE_CONTENT_INTERNAL_MAP_READER_H_
#define TOCSIN_ENGINE_CONTENT_INTERNAL_MAP_READER_H_

#include <string>
#include <string_view>
#include <vector>

#include "engine/content/ids.h"
#include "engine/content/internal/yaml.h"

namespace tocsin::content {

// REQUIRES: node and diagnostics outlive it. `what` names the thing in messages: "a source definition".
class MapReader {
 public:
  MapReader(const YamlNode& node, std::string_view what, const std::vector<std::string_view>& known, Diagnostics& diagnostics);

  bool ok() const { return ok_; }
  const YamlNode* Find(std::string_view key) const { return node_.IsMap() ? node_.Find(key) : nullptr; }
  const YamlNode& node() const { return node_; }
  // Each leaves `out` alone when the key is absent.
  void Text(std::string_view key, std::string& out);
  void Texts(std::string_view key, std::vector<std::string>& out);       // one or a list
  void Span(std::string_view key, int64_t& out_ns);
  void Flag(std::string_view key, bool& out);
  void Entity(std::string_view key, EntityKind& out);
  void Entities(std::string_view key, std::vector<EntityKind>& out);
  void Classes(std::string_view key, EvidenceClasses& out);              // [E1, E4]
  void Require(std::string_view key, std::string_view example);
  void Fail(Place place, std::string message, std::string expected = "");

 private:
  const YamlNode& node_;
  const std::string what_;
  Diagnostics& diagnostics_;
  bool ok_ = true;
};

bool ParseEntityName(const YamlNode& node, Diagnostics& diagnostics, EntityKind& out);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_INTERNAL_MAP_READER_H_
