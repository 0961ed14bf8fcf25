// Field paths by number.
#ifndef TOCSIN_ENGINE_CONTENT_FIELD_TABLE_H_
#define TOCSIN_ENGINE_CONTENT_FIELD_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/content/ids.h"

namespace tocsin::content {

// Interning happens at load only; afterwards the table is immutable.
class FieldTable {
 public:
  FieldId Intern(std::string_view path);
  std::optional<FieldId> Find(std::string_view path) const;
  const std::string& name(FieldId id) const { return names_[id.value()]; }
  size_t size() const { return names_.size(); }

 private:
  std::vector<std::string> names_;
  absl::flat_hash_map<std::string, uint32_t> by_name_;
};

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_FIELD_TABLE_H_
