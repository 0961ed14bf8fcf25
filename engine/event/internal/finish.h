// From filled slots to an event: recognition, transport fields, time, derived fields, entity keys, links, classes, identity.
#ifndef TOCSIN_ENGINE_EVENT_INTERNAL_FINISH_H_
#define TOCSIN_ENGINE_EVENT_INTERNAL_FINISH_H_

#include <string>
#include <vector>

#include "engine/event/internal/compiled_plan.h"
#include "engine/event/internal/text_arena.h"
#include "engine/event/internal/walker.h"

namespace tocsin::event {

inline constexpr size_t kMaxEntityKeys = 256;   // of one event; more are not indexed

class Finisher {
 public:
  // The walker fills the slots, from those tokens.
  Finisher(const CompiledPlan& plan, Walker& walker, const JsonTokens& tokens) : plan_(plan), walker_(walker), tokens_(tokens) {}

  // Points the view at what the walker has filled.
  void Attach(EventView& event) const;
  // Fills $header.*, $folder, $payload_type. `envelope_headers` come from a webhook envelope, `event.headers` from the message.
  void FillTransport(const std::vector<Header>& envelope_headers, EventView& event);
  // The source by its definition's tests; !valid() = none. Where the input names its source, those that extend it are asked: the
  // named one when none of them takes the event. REQUIRES: Attach.
  SourceId Recognise(const EventView& event, SourceId named, bool* ambiguous) const;
  // All else, for the source that `event` has by now. With Keeps::kHits only what matching asks for, unless the event gives a link:
  // what is left FinishRest makes, once. Texts live until Begin.
  void Finish(EventView& event);
  void FinishRest(EventView& event);
  void Begin() {
    rest_is_due_ = false;
    arena_.Clear();
    entities_.clear();
    links_.clear();
  }

 private:
  void FindTime(const CompiledSource& source, EventView& event) const;
  bool GivesLink(const CompiledSource& source, FieldBits present, const EventView& event) const;
  void MakeRest(const CompiledSource& source, FieldBits present, EventView& event);
  void DeriveAll(const CompiledSource& source, FieldBits present, bool later, EventView& event);
  void Derive(const CompiledDerived& derived, FieldBits present, EventView& event);
  void DeriveAddress(const CompiledDerived& derived, EventView& event);
  void AddEntity(EntityKind kind, std::string_view text);
  void AddLinks(const CompiledSource& source, FieldBits present, EventView& event);
  EventTime TimeOf(FieldId field, const EventView& event) const;
  void FindIdentity(const CompiledSource& source, EventView& event);
  uint64_t ContentHash(const CompiledSource& source, const EventView& event);

  const CompiledPlan& plan_;
  Walker& walker_;
  const JsonTokens& tokens_;
  TextArena arena_;
  std::vector<EntityKey> entities_;
  std::vector<Link> links_;
  std::vector<std::string_view> from_keys_, to_keys_;
  std::string scratch_;
  bool rest_is_due_ = false;
};

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_INTERNAL_FINISH_H_
