// Which of a few fields an event has, as bits. Most of what definitions say (a source's tests, `when:`, templates) cannot apply to
// a given event for lack of a field, and one comparison of two words says so.
//
// A bit is a necessary condition and no more: a field for which there was no bit left rules nothing out.
#ifndef TOCSIN_ENGINE_EVENT_INTERNAL_FIELD_PRESENCE_H_
#define TOCSIN_ENGINE_EVENT_INTERNAL_FIELD_PRESENCE_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/event/event.h"

namespace tocsin::event {

using FieldBits = uint64_t;

class FieldPresence {
 public:
  // Fields that get their values later than Of is called: they have no bit. Before the first call of Bit.
  void Exclude(FieldId field) { excluded_.push_back(field); }
  // The field's bit; 0 when it has none.
  FieldBits Bit(FieldId field) {
    if (std::find(excluded_.begin(), excluded_.end(), field) != excluded_.end()) return 0;
    const auto at = std::find(fields_.begin(), fields_.end(), field);
    const size_t index = static_cast<size_t>(at - fields_.begin());
    if (index == kMaxFields) return 0;
    if (at == fields_.end()) fields_.push_back(field);
    return FieldBits{1} << index;
  }
  // Before the first Of.
  void Build(size_t fields) {
    bits_.assign(fields, 0);
    for (size_t i = 0; i < fields_.size(); i++) bits_[fields_[i].value()] = FieldBits{1} << i;
  }
  FieldBits Of(const EventView& event) const {
    FieldBits bits = 0;
    for (const Value& value : event.all_values()) bits |= value.field.valid() ? bits_[value.field.value()] : 0;
    return bits;
  }

 private:
  static constexpr size_t kMaxFields = 64;
  std::vector<FieldId> fields_, excluded_;
  std::vector<FieldBits> bits_;   // by FieldId
};

inline bool HasAll(FieldBits present, FieldBits needed) { return (present & needed) == needed; }

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_INTERNAL_FIELD_PRESENCE_H_
