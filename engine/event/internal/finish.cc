#include "engine/event/internal/finish.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tocsin::event {
namespace {

bool SameHeader(std::string_view name, std::string_view lower) {
  return name.size() == lower.size() && std::equal(name.begin(), name.end(), lower.begin(), [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

std::string_view FindHeader(const std::vector<Header>& envelope, std::span<const Header> message, std::string_view lower) {
  for (const Header& header : envelope) {
    if (SameHeader(header.name, lower)) return header.value;
  }
  for (const Header& header : message) {
    if (SameHeader(header.name, lower)) return header.value;
  }
  return {};
}

}  // namespace

void Finisher::Attach(EventView& event) const {
  event.value_base = walker_.values();
  event.value_count = walker_.value_count();
  event.slots = walker_.slots();
  event.epoch = walker_.epoch();
}

void Finisher::FillTransport(const std::vector<Header>& envelope_headers, EventView& event) {
  for (const TransportField& each : plan_.header_fields) {
    const std::string_view value = FindHeader(envelope_headers, event.headers, each.header);
    if (!value.empty()) walker_.Append(each.field, value, ValueKind::kString);
  }
  if (plan_.folder_field.valid() && !event.folder.empty()) walker_.Append(plan_.folder_field, event.folder, ValueKind::kString);
  if (plan_.payload_type_field.valid()) {
    std::string_view type = FindHeader(envelope_headers, event.headers, "x-github-event");
    if (type.empty()) type = event.folder;
    if (!type.empty()) walker_.Append(plan_.payload_type_field, type, ValueKind::kString);
  }
  Attach(event);
}

SourceId Finisher::Recognise(const EventView& event, SourceId named, bool* ambiguous) const {
  *ambiguous = false;
  const std::vector<Recogniser>& candidates = named.valid() ? plan_.source(named).extended_by : plan_.by_tests;
  const FieldBits present = plan_.presence.Of(event);
  const auto takes = [&](const Recogniser& each) { return HasAll(present, each.needs) && plan_.source(each.source).recognise.HoldsBeyondNeeds(event); };
  const auto end = candidates.end();
  const auto found = std::find_if(candidates.begin(), end, takes);
  if (found == end) return named;
  for (auto other = found + 1; other != end && other->tests == found->tests && !*ambiguous; ++other) *ambiguous = takes(*other);
  return found->source;
}

void Finisher::Finish(EventView& event) {
  const CompiledSource& source = plan_.source(event.source);
  FindTime(source, event);
  if (source.identity_first) FindIdentity(source, event);
  rest_is_due_ = plan_.options.keeps != Keeps::kNothing;
  FieldBits present = 0;
  if (source.def != nullptr) {
    present = source.presence.Of(event);
    DeriveAll(source, present, /*later=*/false, event);
    event.flags.skip_match = source.skip.size() > 0 && source.skip.Holds(event);
  }
  if (plan_.options.keeps == Keeps::kAll || GivesLink(source, present, event)) MakeRest(source, present, event);
}

void Finisher::FinishRest(EventView& event) {
  if (!rest_is_due_) return;
  const CompiledSource& source = plan_.source(event.source);
  MakeRest(source, source.def != nullptr ? source.presence.Of(event) : 0, event);
}

void Finisher::MakeRest(const CompiledSource& source, FieldBits present, EventView& event) {
  rest_is_due_ = false;
  if (!source.identity_first) FindIdentity(source, event);
  if (source.def == nullptr) return;
  DeriveAll(source, present, /*later=*/true, event);
  AddLinks(source, present, event);
  event.entity_base = entities_.data();
  event.entity_count = static_cast<uint32_t>(entities_.size());
  event.link_base = links_.data();
  event.link_count = static_cast<uint32_t>(links_.size());
  event.classes = source.def->classes;
  for (const CompiledClassRule& rule : source.class_rules) {
    if ((event.classes | rule.classes) != event.classes && HasAll(present, rule.needs) && rule.when.HoldsBeyondNeeds(event)) event.classes = static_cast<content::EvidenceClasses>(event.classes | rule.classes);
  }
}

void Finisher::DeriveAll(const CompiledSource& source, FieldBits present, bool later, EventView& event) {
  for (const CompiledDerived& derived : source.derived) {
    if (derived.later != later) continue;
    if (!HasAll(present, derived.needs)) walker_.Clear(derived.field);
    else if (derived.form == content::Derived::Form::kTemplate) Derive(derived, present, event);
    else DeriveAddress(derived, event);
    Attach(event);  // values may have moved
  }
}

bool Finisher::GivesLink(const CompiledSource& source, FieldBits present, const EventView& event) const {
  return std::any_of(source.links.begin(), source.links.end(), [&](const CompiledLink& link) { return HasAll(present, link.needs) && link.when.HoldsBeyondNeeds(event); });
}

EventTime Finisher::TimeOf(FieldId field, const EventView& event) const {
  for (const Value& value : event.values(field)) {
    if (value.kind != ValueKind::kString && value.kind != ValueKind::kNumber) continue;
    const ParsedTime parsed = ParseTime(value.text);
    if (parsed.time.known()) return parsed.time;
  }
  return {};
}

void Finisher::FindTime(const CompiledSource& source, EventView& event) const {
  event.precision_ns = 1;
  for (const FieldId field : source.time) {
    for (const Value& value : event.values(field)) {
      if (value.kind != ValueKind::kString && value.kind != ValueKind::kNumber) continue;
      const ParsedTime parsed = ParseTime(value.text);
      if (!parsed.time.known()) continue;
      event.time = parsed.time;
      event.precision_ns = source.def != nullptr && source.def->precision_ns > 0 ? source.def->precision_ns : parsed.precision_ns;
      event.flags.future = event.transport.known() && event.time.ns - event.transport.ns > plan_.options.max_future_ns;
      return;
    }
  }
  event.time = event.transport;
  event.flags.time_inferred = event.transport.known();
  event.flags.no_time = !event.transport.known();
}

// Slots of derived fields hold what the definition says and nothing else: an event that carries a key of that name by itself
// is not believed.
void Finisher::Derive(const CompiledDerived& derived, FieldBits present, EventView& event) {
  // The texts are gathered first: the slot that is cleared may be read by its own template.
  from_keys_.clear();
  const auto sink = [&](std::string_view text) {
    if (from_keys_.empty() || std::find(from_keys_.begin(), from_keys_.end(), text) == from_keys_.end()) from_keys_.push_back(text);
  };
  for (const CompiledDerived::Alternative& alternative : derived.alternatives) {
    if (!HasAll(present, alternative.needs) || !alternative.when.HoldsBeyondNeeds(event)) continue;
    Expand(*alternative.value, event, arena_, sink);
    if (!from_keys_.empty() && !derived.union_all) break;
  }
  walker_.Clear(derived.field);
  for (const std::string_view text : from_keys_) {
    walker_.Append(derived.field, text, ValueKind::kString);
    if (derived.entity && !text.empty()) AddEntity(derived.kind, text);
  }
}

void Finisher::DeriveAddress(const CompiledDerived& derived, EventView& event) {
  from_keys_.clear();
  for (const Value& value : event.values(derived.from)) {
    Address address;
    if (value.kind != ValueKind::kString || AddressIn(value.text, &address).empty()) continue;
    std::string_view text;
    if (derived.form == content::Derived::Form::kNetwork) {
      text = NetworkText(address, arena_);
    } else {
      const bool internal = std::any_of(plan_.internal_networks.begin(), plan_.internal_networks.end(), [&](const Network& each) { return Contains(each, address); });
      text = IsPublic(address) && !internal ? "true" : "false";
    }
    if (std::find(from_keys_.begin(), from_keys_.end(), text) == from_keys_.end()) from_keys_.push_back(text);
  }
  walker_.Clear(derived.field);
  for (const std::string_view text : from_keys_) {
    walker_.Append(derived.field, text, derived.form == content::Derived::Form::kPublicAddress ? ValueKind::kBool : ValueKind::kString);
  }
}

void Finisher::AddEntity(EntityKind kind, std::string_view text) {
  if (entities_.size() >= kMaxEntityKeys) return;
  const uint64_t hash = EntityHash(kind, text);
  for (const EntityKey& key : entities_) {
    if (key.hash == hash && key.kind == kind) return;
  }
  entities_.push_back({kind, text, hash});
}

void Finisher::AddLinks(const CompiledSource& source, FieldBits present, EventView& event) {
  for (const CompiledLink& link : source.links) {
    if (!HasAll(present, link.needs) || !link.when.HoldsBeyondNeeds(event)) continue;
    from_keys_.clear();
    to_keys_.clear();
    const auto from = [&](std::string_view text) { from_keys_.push_back(text); };
    const auto to = [&](std::string_view text) { to_keys_.push_back(text); };
    Expand(link.def->from_key, event, arena_, from);
    if (from_keys_.empty()) continue;
    Expand(link.def->to_key, event, arena_, to);
    Link out{.from_kind = link.def->from, .to_kind = link.def->to};
    out.valid_from = link.def->valid_from.valid() ? TimeOf(link.def->valid_from, event) : event.time;
    if (!out.valid_from.known()) out.valid_from = event.time;
    if (!out.valid_from.known()) continue;
    out.valid_from.ns += link.def->valid_from_shift_ns;
    if (link.def->valid_until.valid()) {
      out.valid_until = TimeOf(link.def->valid_until, event);
      if (out.valid_until.known()) out.valid_until.ns += link.def->valid_until_shift_ns;
    }
    out.max_open_ns = link.def->max_open_ns;
    out.replaces = link.def->replaces;
    for (const std::string_view from_key : from_keys_) {
      for (const std::string_view to_key : to_keys_) {
        out.from = from_key;
        out.to = to_key;
        links_.push_back(out);
      }
    }
  }
}

void Finisher::FindIdentity(const CompiledSource& source, EventView& event) {
  event.content_hash = ContentHash(source, event);
  const auto hash = [&](std::string_view bytes, uint64_t form) {
    const XXH128_hash_t h = XXH3_128bits_withSeed(bytes.data(), bytes.size(), source.identity_seed + form);
    event.identity = {h.high64, h.low64};
  };
  if (source.def != nullptr) {
    for (size_t i = 0; i < source.def->identity.size(); i++) {
      const content::IdentityRule& rule = source.def->identity[i];
      if (rule.kind != content::IdentityRule::Kind::kId) {
        event.flags.record_identity = rule.kind == content::IdentityRule::Kind::kRecord;
        break;
      }
      // Length before text: two fields cannot be shifted into each other.
      scratch_.clear();
      bool whole = true;
      for (const FieldId field : rule.fields) {
        std::string_view text;
        const Values values = event.values(field);
        if (values.empty() || !TemplateText(values.front(), text) || text.empty()) {
          whole = false;
          break;
        }
        const uint32_t size = static_cast<uint32_t>(text.size());
        scratch_.append(reinterpret_cast<const char*>(&size), sizeof size);
        scratch_.append(text);
      }
      if (!whole) continue;
      hash(scratch_, i + 1);
      return;
    }
  } else {
    event.flags.record_identity = true;
  }
  hash(event.raw, 0);
}

// Equal ids with other bytes outside volatile fields are two events. Volatile values are cut out of the bytes that are hashed.
uint64_t Finisher::ContentHash(const CompiledSource& source, const EventView& event) {
  if (source.def == nullptr || source.def->volatile_fields.empty()) return XXH3_64bits(event.raw.data(), event.raw.size());
  std::vector<std::string_view>& cuts = from_keys_;
  cuts.clear();
  for (const FieldId field : source.def->volatile_fields) {
    for (const Value& value : event.values(field)) {
      const std::string_view cut = tokens_.Original(value.text);
      if (cut.data() >= event.raw.data() && cut.data() + cut.size() <= event.raw.data() + event.raw.size()) cuts.push_back(cut);
    }
  }
  std::sort(cuts.begin(), cuts.end(), [](std::string_view a, std::string_view b) { return a.data() < b.data(); });
  scratch_.clear();
  const char* at = event.raw.data();
  for (const std::string_view cut : cuts) {
    if (cut.data() < at) continue;
    scratch_.append(at, cut.data());
    at = cut.data() + cut.size();
  }
  scratch_.append(at, event.raw.data() + event.raw.size());
  return XXH3_64bits(scratch_.data(), scratch_.size());
}

}  // namespace tocsin::event
