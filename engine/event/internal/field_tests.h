// A conjunction of field tests in Sigma's spelling, compiled: recognition, `skip:`, `when:`, playbook queries. It needs no rule
// engine. Text is compared without ASCII case (sources are written in ASCII); numbers by value.
#ifndef TOCSIN_ENGINE_EVENT_INTERNAL_FIELD_TESTS_H_
#define TOCSIN_ENGINE_EVENT_INTERNAL_FIELD_TESTS_H_

#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/event.h"

namespace tocsin::event {

class FieldTestSet {
 public:
  FieldTestSet() = default;
  // False when an item uses a form that is not supported here (keywords, regexes, networks, field references, time parts).
  bool Compile(const std::vector<content::Item>& items);
  bool Holds(const EventView& event) const;
  size_t size() const { return tests_.size(); }
  const std::vector<FieldId>& required() const { return required_; }

 private:
  enum class Op : uint8_t { kEquals, kStartsWith, kEndsWith, kContains, kGlob, kNull, kBool, kExists, kCompare };
  struct Alternative {
    Op op = Op::kEquals;
    bool cased = false, boolean = false;
    content::Compare compare = content::Compare::kEq;
    double number = 0;
    bool has_number = false;            // kEquals: the text is a number too
    std::string text;                   // lower case unless cased
    content::Pattern glob;
  };
  struct Test {
    FieldId field;
    bool all = false, negated = false;
    std::vector<std::vector<Alternative>> values;
  };
  static bool CompileOne(const content::ValueTest& test, Alternative& out);
  static bool AnyValue(const Alternative& alternative, const Values& values);
  static bool OneValue(const Alternative& alternative, const Value& value);
  static bool TestHolds(const Test& test, const EventView& event);

  std::vector<Test> tests_;
  std::vector<FieldId> required_;       // fields without which no event passes: most sources are ruled out by them alone
};

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_INTERNAL_FIELD_TESTS_H_
