// A conjunction of field tests in Sigma's spelling, compiled: recognition, `skip:`, `when:`, playbook queries. It needs no rule
// engine. Text is compared without ASCII case (sources are written in ASCII); numbers by value.
#ifndef TOCSIN_ENGINE_EVENT_INTERNAL_FIELD_TESTS_H_
#define TOCSIN_ENGINE_EVENT_INTERNAL_FIELD_TESTS_H_

#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/event.h"
#include "engine/event/internal/field_presence.h"

namespace tocsin::event {

class FieldTestSet {
 public:
  FieldTestSet() = default;
  // False when an item uses a form that is not supported here (keywords, regexes, networks, field references, time parts).
  bool Compile(const std::vector<content::Item>& items);
  bool Holds(const EventView& event) const;
  // Fields without which it cannot hold. Tests for mere existence are left to these bits: HoldsBeyondNeeds is Holds for an event
  // that has all of them.
  FieldBits Needs(FieldPresence& presence);
  bool HoldsBeyondNeeds(const EventView& event) const;
  size_t size() const { return tests_.size(); }
  bool empty() const { return tests_.empty(); }

 private:
  enum class Op : uint8_t { kEquals, kStartsWith, kEndsWith, kContains, kGlob, kNull, kBool, kExists, kCompare };
  struct Alternative {
    Op op = Op::kEquals;
    bool cased = false, boolean = false;
    bool has_number = false;            // kEquals: the text is a number too
    content::Compare compare = content::Compare::kEq;
    char first = 0;                     // of text
    uint32_t glob = 0;                  // kGlob: into globs_
    double number = 0;
    std::string text;                   // lower case unless cased
  };
  // Of alternatives_, an OR of [begin, end).
  struct Group {
    uint32_t begin, end;
  };
  struct Test {                         // every group in [begin, end) of groups_ must hold
    FieldId field;
    uint32_t begin, end;
    bool negated;
    bool proven_by_bit = false;
  };
  bool CompileOne(const content::ValueTest& test, Alternative& out);
  bool GroupHolds(const Group& group, const Values& values) const;
  bool OneValue(const Alternative& alternative, const Value& value) const;
  bool TestHolds(const Test& test, const EventView& event) const;
  static bool MayHold(const Alternative& alternative, const Value& value);
  static bool HoldsWithoutField(const Alternative& alternative);

  std::vector<Test> tests_;
  std::vector<Group> groups_;
  std::vector<Alternative> alternatives_;
  std::vector<content::Pattern> globs_;
};

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_INTERNAL_FIELD_TESTS_H_
