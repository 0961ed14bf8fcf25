#include "engine/content/field_table.h"

namespace tocsin::content {

FieldId FieldTable::Intern(std::string_view path) {
  const auto it = by_name_.find(absl::string_view(path.data(), path.size()));
  if (it != by_name_.end()) return FieldId(it->second);
  const uint32_t id = static_cast<uint32_t>(names_.size());
  names_.emplace_back(path);
  by_name_.emplace(std::string(path), id);
  return FieldId(id);
}

std::optional<FieldId> FieldTable::Find(std::string_view path) const {
  const auto it = by_name_.find(absl::string_view(path.data(), path.size()));
  return it == by_name_.end() ? std::nullopt : std::optional(FieldId(it->second));
}

}  // namespace tocsin::content
