// Events put together by hand, as the reader would hand them over. For tests of match.
#ifndef TOCSIN_ENGINE_MATCH_TESTING_TEST_EVENT_H_
#define TOCSIN_ENGINE_MATCH_TESTING_TEST_EVENT_H_

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/event.h"
#include "engine/event/plan.h"

namespace tocsin::match {

// A plan that is nothing but its content: all that Program::Compile reads.
class TestPlan : public event::Plan {
 public:
  explicit TestPlan(std::shared_ptr<const content::ContentSet> content) { content_ = std::move(content); }
};

class TestEvent {
 public:
  explicit TestEvent(const content::ContentSet& content) : content_(content), slots_(content.fields.size()) {}
  // A copy's values would view into the original's texts; when moved, texts stay where they are.
  TestEvent(const TestEvent&) = delete;
  TestEvent(TestEvent&&) = default;

  TestEvent& Text(std::string_view field, std::string_view text) { return Add(field, event::ValueKind::kString, text); }
  TestEvent& Number(std::string_view field, std::string_view text) { return Add(field, event::ValueKind::kNumber, text); }
  TestEvent& Bool(std::string_view field, bool value) { return Add(field, event::ValueKind::kBool, value ? "true" : "false"); }
  TestEvent& Null(std::string_view field) { return Add(field, event::ValueKind::kNull, "null"); }
  TestEvent& Object(std::string_view field, std::string_view json = "{}") { return Add(field, event::ValueKind::kObject, json); }
  TestEvent& EmptyArray(std::string_view field) { return Add(field, event::ValueKind::kEmptyArray, "[]"); }
  TestEvent& Source(std::string_view name) {
    for (size_t i = 0; i < content_.sources.size(); i++) {
      if (content_.sources[i].name == name) source_ = content::SourceId(static_cast<uint16_t>(i));
    }
    return *this;
  }
  TestEvent& Time(int64_t ns) {
    time_ = {ns};
    return *this;
  }

  // A field that stands again is an array. A field that no rule reads is a leaf alone.
  TestEvent& Add(std::string_view field, event::ValueKind kind, std::string_view text) {
    const std::string& kept = texts_.emplace_back(text);
    const bool leaf = kind == event::ValueKind::kString || kind == event::ValueKind::kNumber || kind == event::ValueKind::kBool;
    const std::optional<content::FieldId> id = content_.fields.Find(field);
    values_.push_back({kept, kind, event::kNoValue, id.value_or(content::FieldId()), leaf});
    if (!id) return *this;
    event::Slot& slot = slots_[id->value()];
    const uint32_t place = static_cast<uint32_t>(values_.size() - 1);
    if (slot.epoch == kEpoch) values_[slot.last].next = place;
    else slot.first = place;
    slot.epoch = kEpoch;
    slot.last = place;
    return *this;
  }

  // Valid as long as the TestEvent and until the next Add.
  event::EventView View() const {
    event::EventView view;
    view.source = source_;
    view.time = time_;
    view.value_base = values_.data();
    view.value_count = static_cast<uint32_t>(values_.size());
    view.slots = slots_.data();
    view.epoch = kEpoch;
    return view;
  }

 private:
  static constexpr uint32_t kEpoch = 7;
  const content::ContentSet& content_;
  std::deque<std::string> texts_;
  std::vector<event::Value> values_;
  std::vector<event::Slot> slots_;
  content::SourceId source_;
  event::EventTime time_;
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_TESTING_TEST_EVENT_H_
