// Templates over an event's values. The walk calls `sink(text)` for each text the template yields; texts are views into the
// event or into the arena. Nothing is allocated but arena blocks, once.
#ifndef TOCSIN_ENGINE_EVENT_INTERNAL_EXPAND_H_
#define TOCSIN_ENGINE_EVENT_INTERNAL_EXPAND_H_

#include <array>
#include <string_view>

#include "engine/content/source.h"
#include "engine/event/address.h"
#include "engine/event/event.h"
#include "engine/event/internal/text_arena.h"

namespace tocsin::event {

inline constexpr size_t kMaxTemplateValues = 64;   // of one template for one event; more are left out
inline constexpr size_t kMaxTemplateParts = 16;    // a longer template is refused at compile time

// One field value through the filters. False when it is dropped.
bool ApplyFilters(const std::vector<content::Template::Step>& steps, std::string_view& text, TextArena& arena);

// A value as template text; false for what has none (null, objects, empty arrays).
inline bool TemplateText(const Value& value, std::string_view& out) {
  if (value.kind != ValueKind::kString && value.kind != ValueKind::kNumber && value.kind != ValueKind::kBool) return false;
  out = value.text;
  return true;
}

template <class Sink>
class TemplateWalk {
 public:
  TemplateWalk(const content::Template& text, const EventView& event, TextArena& arena, Sink& sink) : template_(text), event_(event), arena_(arena), sink_(sink) {}
  void Run() { Part(0, 0); }

 private:
  // Part `index` onwards, `size` bytes of text chosen so far.
  void Part(size_t index, size_t size) {
    if (yielded_ >= kMaxTemplateValues) return;
    if (index == template_.parts.size()) {
      Yield(size);
      return;
    }
    const content::Template::Part& part = template_.parts[index];
    if (!part.field.valid()) {
      chosen_[index] = {};
      Part(index + 1, size + part.literal.size());
      return;
    }
    for (const Value& value : event_.values(part.field)) {
      std::string_view text;
      if (!TemplateText(value, text) || !ApplyFilters(part.steps, text, arena_)) continue;
      chosen_[index] = text;
      Part(index + 1, size + part.literal.size() + text.size());
    }
  }

  void Yield(size_t size) {
    yielded_++;
    char* const begin = arena_.Reserve(size);
    char* out = begin;
    for (size_t i = 0; i < template_.parts.size(); i++) {
      const std::string& literal = template_.parts[i].literal;
      memcpy(out, literal.data(), literal.size());
      out += literal.size();
      if (!chosen_[i].empty()) memcpy(out, chosen_[i].data(), chosen_[i].size());
      out += chosen_[i].size();
    }
    sink_(std::string_view(begin, size));
  }

  const content::Template& template_;
  const EventView& event_;
  TextArena& arena_;
  Sink& sink_;
  std::array<std::string_view, kMaxTemplateParts> chosen_;
  size_t yielded_ = 0;
};

template <class Sink>
void Expand(const content::Template& text, const EventView& event, TextArena& arena, Sink& sink) {
  const content::Template::Part& first = text.parts[0];
  if (text.parts.size() > 1 || !first.field.valid()) {
    TemplateWalk<Sink>(text, event, arena, sink).Run();
    return;
  }
  // 'literal{field|filters}', as most are.
  size_t yielded = 0;
  for (const Value& value : event.values(first.field)) {
    std::string_view one;
    if (!TemplateText(value, one) || !ApplyFilters(first.steps, one, arena)) continue;
    if (!first.literal.empty()) {
      char* const out = arena.Reserve(first.literal.size() + one.size());
      memcpy(out, first.literal.data(), first.literal.size());
      if (!one.empty()) memcpy(out + first.literal.size(), one.data(), one.size());
      one = {out, first.literal.size() + one.size()};
    }
    sink(one);
    if (++yielded == kMaxTemplateValues) return;
  }
}

// "192.0.2.0/24", "2001:db8:1::/48".
std::string_view NetworkText(const Address& address, TextArena& arena);

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_INTERNAL_EXPAND_H_
