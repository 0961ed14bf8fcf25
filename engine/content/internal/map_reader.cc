#include "engine/content/internal/map_reader.h"

#include <algorithm>
#include <utility>

namespace tocsin::content {

MapReader::MapReader(const YamlNode& node, std::string_view what, const std::vector<std::string_view>& known, Diagnostics& diagnostics)
    : node_(node), what_(what), diagnostics_(diagnostics) {
  if (!node.IsMap()) {
    Fail(node.place, what_ + " is not a map");
    return;
  }
  for (const auto& [key, value] : node.entries) {
    if (std::find(known.begin(), known.end(), key.text) != known.end()) continue;
    const std::string nearest = NearestWord(key.text, known);
    std::string all;
    for (const std::string_view each : known) all += (all.empty() ? "" : ", ") + std::string(each);
    Fail(key.place, "unknown key `" + key.text + "` in " + what_, nearest.empty() ? all : "`" + nearest + "`");
  }
}

void MapReader::Fail(Place place, std::string message, std::string expected) {
  ok_ = false;
  diagnostics_.Error("T0602", place, std::move(message), std::move(expected));
}

void MapReader::Require(std::string_view key, std::string_view example) {
  if (node_.IsMap() && node_.Find(key) == nullptr) Fail(node_.place, what_ + " has no `" + std::string(key) + "`", std::string(key) + ": " + std::string(example));
}

void MapReader::Text(std::string_view key, std::string& out) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return;
  if (value->IsScalar()) out = value->text;
  else Fail(value->place, "`" + std::string(key) + "` is not one text");
}

void MapReader::Texts(std::string_view key, std::vector<std::string>& out) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return;
  out.clear();
  if (value->IsScalar()) out.push_back(value->text);
  if (value->IsMap()) Fail(value->place, "`" + std::string(key) + "` is a map", "a text or a list of texts");
  for (const YamlNode& item : value->items) {
    if (item.IsScalar()) out.push_back(item.text);
    else Fail(item.place, "`" + std::string(key) + "` holds something that is no text");
  }
}

void MapReader::Span(std::string_view key, int64_t& out_ns) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return;
  const std::optional<int64_t> span = value->IsScalar() ? ParseSpan(value->text) : std::nullopt;
  if (span) out_ns = *span;
  else Fail(value->place, "`" + value->text + "` is no span of time", std::string(key) + ": 10m (a number and s, m, h, d or w)");
}

void MapReader::Flag(std::string_view key, bool& out) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return;
  if (const std::optional<bool> flag = value->AsBool()) out = *flag;
  else Fail(value->place, "`" + std::string(key) + "` is neither true nor false");
}

bool ParseEntityName(const YamlNode& node, Diagnostics& diagnostics, EntityKind& out) {
  const std::optional<EntityKind> kind = node.IsScalar() ? ParseEntityKind(node.text) : std::nullopt;
  if (kind) {
    out = *kind;
    return true;
  }
  std::vector<std::string_view> names;
  for (int i = 0; i < kEntityKinds; i++) names.push_back(EntityKindName(static_cast<EntityKind>(i)));
  const std::string nearest = NearestWord(node.text, names);
  diagnostics.Error("T0603", node.place, "`" + node.text + "` is no kind of entity", nearest.empty() ? "a kind of DETECTIONS section 2" : "`" + nearest + "`");
  return false;
}

void MapReader::Entity(std::string_view key, EntityKind& out) {
  const YamlNode* value = Find(key);
  if (value != nullptr && !ParseEntityName(*value, diagnostics_, out)) ok_ = false;
}

void MapReader::Entities(std::string_view key, std::vector<EntityKind>& out) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return;
  if (!value->IsSequence()) {
    Fail(value->place, "`" + std::string(key) + "` is not a list", std::string(key) + ": [runner, host]");
    return;
  }
  for (const YamlNode& item : value->items) {
    EntityKind kind;
    if (ParseEntityName(item, diagnostics_, kind)) out.push_back(kind);
    else ok_ = false;
  }
}

void MapReader::Classes(std::string_view key, EvidenceClasses& out) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return;
  if (!value->IsSequence()) {
    Fail(value->place, "`" + std::string(key) + "` is not a list", std::string(key) + ": [E1, E4]");
    return;
  }
  for (const YamlNode& item : value->items) {
    if (item.text.size() == 2 && item.text[0] == 'E' && item.text[1] >= '1' && item.text[1] <= '6') {
      out = static_cast<EvidenceClasses>(out | 1u << (item.text[1] - '1'));
    } else {
      Fail(item.place, "`" + item.text + "` is no evidence class", "E1 to E6");
    }
  }
}

}  // namespace tocsin::content
