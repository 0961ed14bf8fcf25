#include "engine/match/hit.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tocsin::match {
namespace {

// HIT_FORMAT.md shows the bytes.
constexpr size_t kArenaBlock = 1u << 20;
constexpr std::string_view kEntityPrefix = "entity.";
constexpr uint8_t kTagValues = 0, kTagEntities = 1;
constexpr size_t kHashDigits = 32;

uint64_t NameHash(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

template <class T>
void AppendFixed(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);  // little-endian, like every machine this runs on
  out.append(bytes, sizeof value);
}

void AppendVarint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

// A reader that stops at the end of the bytes: once something is missing, ok is false and everything reads as zero.
struct Input {
  const char* at;
  const char* end;
  bool ok = true;

  explicit Input(std::string_view bytes) : at(bytes.data()), end(bytes.data() + bytes.size()) {}
  bool more() const { return ok && at != end; }
  template <class T>
  T Fixed() {
    T value{};
    if (static_cast<size_t>(end - at) < sizeof value) {
      ok = false;
      return T{};
    }
    std::memcpy(&value, at, sizeof value);
    at += sizeof value;
    return value;
  }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at == end) break;
      const uint8_t byte = static_cast<uint8_t>(*at++);
      value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    ok = false;
    return 0;
  }
  std::string_view Bytes() {
    const uint64_t size = Varint();
    if (!ok || size > static_cast<size_t>(end - at)) {
      ok = false;
      return {};
    }
    const std::string_view bytes(at, size);
    at += size;
    return bytes;
  }
};

// Text of at most kMaxHitValueBytes. Says whether it was cut.
bool AppendText(std::string& out, std::string_view text) {
  if (text.size() <= kMaxHitValueBytes) {
    AppendVarint(out, text.size());
    out += text;
    return false;
  }
  size_t kept = kMaxHitValueBytes - kHashDigits;
  while (kept > 0 && (static_cast<uint8_t>(text[kept]) & 0xc0) == 0x80) --kept;  // not in the middle of a character
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  AppendVarint(out, kept + kHashDigits);
  out += text.substr(0, kept);
  for (uint64_t half : {hash.high64, hash.low64}) {
    for (int shift = 60; shift >= 0; shift -= 4) out.push_back("0123456789abcdef"[half >> shift & 15]);
  }
  return true;
}

}  // namespace

bool HitBefore(const Hit& a, const Hit& b) {
  return std::tie(a.time, a.source, a.identity, a.rule) < std::tie(b.time, b.source, b.identity, b.rule);
}

char* HitArena::CopyMutable(std::string_view bytes) {
  bytes_ += bytes.size();
  if (bytes.size() > kArenaBlock / 4) {
    // In front, so that the block which is being filled stays the last.
    char* own = blocks_.emplace_front(new char[bytes.size()]).get();
    std::memcpy(own, bytes.data(), bytes.size());
    return own;
  }
  if (capacity_ - used_ < bytes.size()) {
    blocks_.emplace_back(new char[kArenaBlock]);
    used_ = 0;
    capacity_ = kArenaBlock;
  }
  if (capacity_ == 0) return nullptr;  // nothing copied yet, and nothing to copy
  char* place = blocks_.back().get() + used_;
  if (!bytes.empty()) std::memcpy(place, bytes.data(), bytes.size());
  used_ += bytes.size();
  return place;
}

void HitArena::Clear() {
  if (capacity_ > 0) {
    std::swap(blocks_.front(), blocks_.back());
    blocks_.resize(1);
  } else {
    blocks_.clear();
  }
  used_ = bytes_ = 0;
}

HitWriter::HitWriter(const content::ContentSet& content, Generation generation)
    : content_(content), generation_(generation) {
  fields_.reserve(content.fields.size());
  for (size_t i = 0; i < content.fields.size(); ++i) {
    const std::string& name = content.fields.name(content::FieldId(static_cast<uint32_t>(i)));
    Field field{NameHash(name), -1};
    if (name.starts_with(kEntityPrefix)) {
      const auto kind = content::ParseEntityKind(std::string_view(name).substr(kEntityPrefix.size()));
      if (kind) field.entity_kind = static_cast<int16_t>(*kind);
    }
    fields_.push_back(field);
  }
}

void HitWriter::WriteEntities(const event::EventView& event) {
  size_t count = 0;
  for (const event::EntityKey& key : event.entities()) {
    if (count == kMaxHitEntities || scratch_.size() > kMaxHitPayloadBytes) {
      ++counters_.dropped_entities;
      continue;
    }
    ++count;
    scratch_.push_back(static_cast<char>(key.kind));
    AppendFixed(scratch_, key.hash);
    counters_.cut_values += AppendText(scratch_, key.text);
  }
}

void HitWriter::WriteField(const event::EventView& event, content::FieldId id) {
  const Field& field = fields_[id.value()];
  AppendFixed(scratch_, id.value());
  AppendFixed(scratch_, field.name_hash);
  if (field.entity_kind >= 0) {
    // The keys are there already. An event of no known source has none, and may still carry a field of that name.
    const auto is_kind = [&](const event::EntityKey& key) { return static_cast<int16_t>(key.kind) == field.entity_kind; };
    if (std::ranges::any_of(event.entities(), is_kind)) {
      scratch_.push_back(static_cast<char>(kTagEntities));
      scratch_.push_back(static_cast<char>(field.entity_kind));
      return;
    }
  }
  scratch_.push_back(static_cast<char>(kTagValues));
  const size_t size_at = scratch_.size();
  AppendFixed(scratch_, uint32_t{0});
  size_t count = 0;
  for (const event::Value& value : event.values(id)) {
    if (count == kMaxHitFieldValues || scratch_.size() > kMaxHitPayloadBytes) {
      ++counters_.dropped_values;
      continue;
    }
    ++count;
    scratch_.push_back(static_cast<char>(value.kind));
    counters_.cut_values += AppendText(scratch_, value.text);
  }
  const uint32_t size = static_cast<uint32_t>(scratch_.size() - size_at - sizeof(uint32_t));
  std::memcpy(scratch_.data() + size_at, &size, sizeof size);
}

Hit HitWriter::Write(const event::EventView& event, RuleId rule, HitArena& arena) {
  scratch_.clear();
  scratch_.push_back(static_cast<char>(kHitFormat));
  AppendFixed(scratch_, uint32_t{0});
  WriteEntities(event);
  const uint32_t entities_size = static_cast<uint32_t>(scratch_.size() - 1 - sizeof(uint32_t));
  std::memcpy(scratch_.data() + 1, &entities_size, sizeof entities_size);
  for (content::FieldId field : content_.rules[rule.value()].hit_fields) WriteField(event, field);

  Hit hit;
  hit.time = event.time;
  hit.identity = event.identity;
  hit.precision_ns = event.precision_ns;
  hit.number = event.number;
  hit.payload = arena.Copy(scratch_);
  hit.payload_size = static_cast<uint32_t>(scratch_.size());
  hit.rule = rule;
  hit.generation = generation_;
  hit.source = event.source;
  hit.flags = event.flags;
  return hit;
}

HitPayload::HitPayload(const Hit& hit) {
  Input in({hit.payload, hit.payload_size});
  if (in.Fixed<uint8_t>() != kHitFormat) return;
  const uint32_t entities_size = in.Fixed<uint32_t>();
  if (!in.ok || entities_size > static_cast<size_t>(in.end - in.at)) return;
  entities_ = {in.at, entities_size};
  fields_ = {in.at + entities_size, static_cast<size_t>(in.end - in.at) - entities_size};
}

void HitPayload::Entities(std::vector<event::EntityKey>& out) const {
  Input in(entities_);
  while (in.more()) {
    event::EntityKey key;
    key.kind = static_cast<content::EntityKind>(in.Fixed<uint8_t>());
    key.hash = in.Fixed<uint64_t>();
    key.text = in.Bytes();
    if (in.ok && static_cast<int>(key.kind) < content::kEntityKinds) out.push_back(key);
  }
}

void HitPayload::Values(content::FieldId field, std::vector<FieldValue>& out) const {
  Input in(fields_);
  while (in.more()) {
    const content::FieldId id(in.Fixed<uint32_t>());
    in.Fixed<uint64_t>();
    const uint8_t tag = in.Fixed<uint8_t>();
    if (tag == kTagEntities) {
      const uint8_t kind = in.Fixed<uint8_t>();
      if (!in.ok || id != field) continue;
      Input keys(entities_);
      while (keys.more()) {
        const uint8_t key_kind = keys.Fixed<uint8_t>();
        keys.Fixed<uint64_t>();
        const std::string_view text = keys.Bytes();
        if (keys.ok && key_kind == kind) out.push_back({field, event::ValueKind::kString, text});
      }
      return;
    }
    const uint32_t size = in.Fixed<uint32_t>();
    if (!in.ok || tag != kTagValues || size > static_cast<size_t>(in.end - in.at)) return;
    if (id != field) {
      in.at += size;
      continue;
    }
    Input values(std::string_view(in.at, size));
    while (values.more()) {
      const uint8_t kind = values.Fixed<uint8_t>();
      const std::string_view text = values.Bytes();
      if (values.ok && kind <= static_cast<uint8_t>(event::ValueKind::kEmptyArray)) {
        out.push_back({field, static_cast<event::ValueKind>(kind), text});
      }
    }
    return;
  }
}

FieldBinding::FieldBinding(const std::vector<std::string>& names) {
  for (size_t i = 0; i < names.size(); ++i) by_name_hash_.emplace(NameHash(names[i]), static_cast<uint32_t>(i));
}

void FieldBinding::Apply(char* payload, uint32_t size) const {
  Input in({payload, size});
  if (in.Fixed<uint8_t>() != kHitFormat) return;
  const uint32_t entities_size = in.Fixed<uint32_t>();
  if (!in.ok || entities_size > static_cast<size_t>(in.end - in.at)) return;
  in.at += entities_size;
  while (in.more()) {
    char* const id_at = payload + (in.at - payload);
    in.Fixed<uint32_t>();
    const uint64_t name_hash = in.Fixed<uint64_t>();
    const uint8_t tag = in.Fixed<uint8_t>();
    const uint32_t skip = tag == kTagEntities ? 1 : in.Fixed<uint32_t>();
    if (!in.ok || skip > static_cast<size_t>(in.end - in.at)) return;
    in.at += skip;
    const auto found = by_name_hash_.find(name_hash);
    const uint32_t id = found == by_name_hash_.end() ? content::FieldId().value() : found->second;
    std::memcpy(id_at, &id, sizeof id);
  }
}

}  // namespace tocsin::match
