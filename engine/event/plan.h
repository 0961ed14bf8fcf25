// The event room's compiled form of a content set: how each source is recognised, which fields are wanted from it (one trie
// a source), and how time, identity, entity keys, links and derived fields come out of them.
//
// Immutable after Compile; shared by all readers. Cost of Compile: linear in the content.
#ifndef TOCSIN_ENGINE_EVENT_PLAN_H_
#define TOCSIN_ENGINE_EVENT_PLAN_H_

#include <memory>
#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/batch.h"
#include "engine/event/event.h"

namespace tocsin::event {

// What becomes of events once they are matched, and so what is made of them.
enum class Keeps : uint8_t {
  kAll,        // all are kept: identity, entity keys, links, classes and every derived field are made at once
  kHits,       // those with hits are correlated: for them Reader::Finish makes what detection rules do not read
  kNothing,    // none: what no detection rule reads is not made
};

struct PlanOptions {
  bool logsource_from_event = false;   // `product`, `category`, `service` are wanted from every event; one trie for all
  bool recognise = true;               // false: no source definitions are used (every event is of no known source)
  Keeps keeps = Keeps::kAll;
  std::string time_field;              // overrides every source's time, and gives one to unknown events; empty = none
  int64_t max_future_ns = 300'000'000'000;
};

class Plan {
 public:
  // Which fields a rule reads decides which tries want them: a rule's fields go to the sources its logsource could match,
  // and to the trie for unknown events. Errors (a sample that is not recognised as its source) go to `diagnostics`.
  static std::shared_ptr<const Plan> Compile(std::shared_ptr<const content::ContentSet> content, const PlanOptions& options,
                                             content::Diagnostics& diagnostics);
  virtual ~Plan() = default;           // the representation is internal (internal/compiled_plan.h)

  const content::ContentSet& content() const { return *content_; }
  const std::shared_ptr<const content::ContentSet>& shared_content() const { return content_; }
  size_t field_count() const { return content_->fields.size(); }

 protected:
  std::shared_ptr<const content::ContentSet> content_;
};

// Does the test list hold for the event? The few forms of source.h; used for recognition, `when:` and playbook queries.
bool TestsHold(const std::vector<content::Item>& tests, const EventView& event);

// The texts a template yields for the event, appended to `out`. Allocates: for rendering and incidents, not for the hot path.
void ExpandTemplate(const content::Template& text, const EventView& event, std::vector<std::string>& out);

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_PLAN_H_
