// Tests inside arrays (SIGMA.md 17): every element is judged as an event of its own, by the predicates that judge events.
//
// The event's wanted fields do not say which values came from one element, so its JSON is walked anew, into a tree: once a test
// and event, for the rules that ask for it alone.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_ELEMENT_MATCH_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_ELEMENT_MATCH_H_

#include <memory>
#include <string>
#include <vector>

#include "engine/content/sigma/rule.h"
#include "engine/event/event.h"
#include "engine/match/internal/predicate.h"

namespace tocsin::match {

// Immutable after Compile. Holds is safe from several threads: what it works with is kept by thread and reused, so that it does
// not allocate once it is warm.
class ElementMatcher {
 public:
  // `test` must outlive it. False when a value inside is refused (reported).
  bool Compile(const content::ElementTest& test, content::Diagnostics& diagnostics);
  // REQUIRES: event.body has the reader's padding behind it.
  bool Holds(const event::EventView& event) const;

 private:
  struct Workspace;
  // A test of an element: a predicate, or elements inside it.
  struct Test {
    Predicate predicate;
    std::unique_ptr<ElementMatcher> nested;
  };
  bool HoldsIn(uint32_t node, size_t depth, const event::EventView& event, Workspace& work) const;
  bool BodyHolds(uint32_t element, size_t depth, const event::EventView& event, Workspace& work) const;
  bool ExprHolds(const content::Expr& expr, uint32_t element, size_t depth, const event::EventView& as_event, Workspace& work) const;

  const content::ElementTest* test_ = nullptr;
  std::vector<Test> tests_;             // by item
  bool keywords_ = false;               // a test without a field: all leaves of the element are wanted
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_ELEMENT_MATCH_H_
