#include "engine/correlate/internal/group.h"

#include <algorithm>

namespace tocsin::correlate {
namespace {

void SortDistinct(std::vector<std::string_view>& texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

// Which of the inner unit's group fields an outer field names, by its name: a field or an alias. -1: none. A field that only
// stands behind an alias is the triggering event's own: for a hit of another rule the alias read another field.
int InnerGroupField(const Unit& inner, const FieldSource& source) {
  if (inner.lone()) return -1;
  const auto& group_by = inner.correlation->group_by;
  for (size_t i = 0; i < group_by.size(); ++i) {
    if (group_by[i].name == source.name) return static_cast<int>(i);
  }
  return -1;
}

void AppendLeafRanges(const Unit& unit, const Group& group, std::vector<ItemRange> ranges, std::vector<HitIndex>& out,
                      std::vector<std::pair<const Group*, ItemRange>>& inner) {
  std::sort(ranges.begin(), ranges.end());
  uint32_t next = 0;  // items below it are done
  for (auto [first, last] : ranges) {
    for (uint32_t i = std::max(first, next); i <= last; ++i) {
      const Item& item = group.items[i];
      if (!(unit.positive >> item.ref & 1)) continue;
      if (item.producer == nullptr) {
        out.push_back(item.hit);
      } else {
        const FiringRecord& firing = item.producer->firings[item.firing];
        inner.push_back({item.producer, {firing.first, firing.at}});
      }
    }
    next = std::max(next, last + 1);
  }
}

}  // namespace

std::string EncodeKey(const std::vector<std::string_view>& values) {
  if (values.size() == 1) return std::string(values[0]);
  std::string key;
  for (std::string_view value : values) {
    uint32_t size = static_cast<uint32_t>(value.size());
    for (int shift = 0; shift < 32; shift += 8) key.push_back(static_cast<char>(size >> shift));
    key.append(value);
  }
  return key;
}

std::vector<std::vector<std::string_view>> Product(const std::vector<std::vector<std::string_view>>& lists,
                                                   size_t limit, bool& cut) {
  std::vector<std::vector<std::string_view>> tuples;
  cut = false;
  for (const auto& list : lists) {
    if (list.empty()) return tuples;
  }
  std::vector<size_t> at(lists.size(), 0);
  while (true) {
    if (tuples.size() == limit) {
      cut = true;
      return tuples;
    }
    std::vector<std::string_view> tuple;
    for (size_t i = 0; i < lists.size(); ++i) tuple.push_back(lists[i][at[i]]);
    tuples.push_back(std::move(tuple));
    size_t i = lists.size();
    while (i > 0 && ++at[i - 1] == lists[i - 1].size()) at[--i] = 0;
    if (i == 0) return tuples;
  }
}

bool ItemReader::Before(const Item& a, const Item& b) const {
  if (a.time_ns != b.time_ns) return a.time_ns < b.time_ns;
  if (a.hit != b.hit) {
    if (pool_.Before(a.hit, b.hit)) return true;
    if (pool_.Before(b.hit, a.hit)) return false;
  }
  if (a.ref != b.ref) return a.ref < b.ref;
  if (a.producer == b.producer) return a.firing < b.firing;
  if (a.producer == nullptr || b.producer == nullptr) return a.producer == nullptr;
  return a.producer->key < b.producer->key;  // one reference, so one inner rule
}

void ItemReader::LeafTexts(HitIndex hit, const FieldSource& source, std::vector<std::string_view>& out) {
  match::HitPayload payload(pool_[hit]);
  scratch_values_.clear();
  payload.Values(source.field, scratch_values_);
  for (const auto& value : scratch_values_) {
    if (value.kind == event::ValueKind::kString || value.kind == event::ValueKind::kNumber ||
        value.kind == event::ValueKind::kBool) {
      out.push_back(value.text);
    }
  }
  if (!out.empty() || !source.kind) return;
  scratch_keys_.clear();
  payload.Entities(scratch_keys_);
  for (const event::EntityKey& key : scratch_keys_) {
    if (key.kind == *source.kind) out.push_back(key.text);
  }
}

void ItemReader::Texts(const Item& item, const FieldSource& source, std::vector<std::string_view>& out) {
  out.clear();
  if (!source.field.valid()) return;
  if (item.producer != nullptr) {
    const Unit& inner = plan_.units[item.producer->unit];
    if (int field = InnerGroupField(inner, source); field >= 0) {
      out.push_back(item.producer->values[field]);
      return;
    }
    if (source.kind) {
      const FiringRecord& firing = item.producer->firings[item.firing];
      if (firing.handed == nullptr) return;
      if (auto keys = firing.handed->find(*source.kind); keys != firing.handed->end()) {
        out.assign(keys->second.begin(), keys->second.end());
      }
      return;
    }
  }
  LeafTexts(item.hit, source, out);
}

void ItemReader::Linked(HitIndex hit, content::EntityKind wanted, std::vector<AskedKey>* asked,
                        std::vector<std::string_view>& out) {
  scratch_keys_.clear();
  match::HitPayload(pool_[hit]).Entities(scratch_keys_);
  for (const event::EntityKey& key : scratch_keys_) {
    if (asked != nullptr) asked->emplace_back(key.kind, key.text);
    links_.Resolve(key.kind, key.text, pool_[hit].time.ns, wanted, out);
  }
}

void ItemReader::GroupTexts(const Item& item, const FieldSource& source, std::vector<AskedKey>* asked,
                            std::vector<std::string_view>& out) {
  Texts(item, source, out);
  if (!out.empty() || !source.kind) {
    if (out.size() > 1) SortDistinct(out);
    return;
  }
  if (item.producer == nullptr) {
    Linked(item.hit, *source.kind, asked, out);
  } else {
    const FiringRecord& firing = item.producer->firings[item.firing];
    for (HitIndex hit : LeafHits(plan_, *item.producer, {{firing.first, firing.at}})) {
      Linked(hit, *source.kind, asked, out);
    }
  }
  SortDistinct(out);
}

void ItemReader::Entities(HitIndex hit, std::vector<event::EntityKey>& out) const {
  match::HitPayload(pool_[hit]).Entities(out);
}

std::vector<HitIndex> LeafHits(const Plan& plan, const Group& group, const std::vector<ItemRange>& ranges) {
  std::vector<HitIndex> hits;
  std::vector<std::pair<const Group*, ItemRange>> inner;
  AppendLeafRanges(plan.units[group.unit], group, ranges, hits, inner);
  while (!inner.empty()) {
    // Group by group, so that overlapping windows of one producer are walked once. The order by address does not show:
    // what is collected is a set, sorted below.
    std::sort(inner.begin(), inner.end());
    std::vector<std::pair<const Group*, ItemRange>> deeper;
    for (size_t i = 0; i < inner.size();) {
      const Group* producer = inner[i].first;
      std::vector<ItemRange> of_producer;
      for (; i < inner.size() && inner[i].first == producer; ++i) of_producer.push_back(inner[i].second);
      AppendLeafRanges(plan.units[producer->unit], *producer, std::move(of_producer), hits, deeper);
    }
    inner = std::move(deeper);
  }
  std::sort(hits.begin(), hits.end());
  hits.erase(std::unique(hits.begin(), hits.end()), hits.end());
  return hits;
}

void HandKeys(const Unit& unit, ItemReader& reader, Group& group) {
  if (unit.handed == 0 || group.firings.empty()) return;
  // Windows only move forward, so one multiset slides over the items.
  std::map<content::EntityKind, std::map<std::string, uint32_t, std::less<>>> window;
  bool changed = true;
  // What the group is of belongs to every firing, though a link may have given it and no member carries it.
  for (size_t field = 0; field < group.values.size(); ++field) {
    for (const std::vector<FieldSource>& sources : unit.group) {
      const std::optional<content::EntityKind>& kind = sources[field].kind;
      if (kind && unit.handed & KindBit(*kind)) window[*kind].emplace(group.values[field], 1);
    }
  }
  std::vector<event::EntityKey> keys;
  auto change = [&](const Item& item, bool add) {
    if (!(unit.positive >> item.ref & 1)) return;
    auto one = [&](content::EntityKind kind, std::string_view text) {
      if (!(unit.handed & KindBit(kind))) return;
      auto& texts = window[kind];
      auto it = texts.find(text);
      if (add) {
        if (it != texts.end()) {
          ++it->second;
        } else {
          texts.emplace(std::string(text), 1);
          changed = true;
        }
      } else if (--it->second == 0) {
        texts.erase(it);
        changed = true;
      }
    };
    if (item.producer != nullptr) {
      const FiringRecord& inner = item.producer->firings[item.firing];
      if (inner.handed == nullptr) return;
      for (const auto& [kind, texts] : *inner.handed) {
        for (const std::string& text : texts) one(kind, text);
      }
      return;
    }
    keys.clear();
    reader.Entities(item.hit, keys);
    for (const event::EntityKey& key : keys) one(key.kind, key.text);
  };
  uint32_t first = group.firings.front().first, end = first;
  std::shared_ptr<const HandedKeys> last;
  for (FiringRecord& firing : group.firings) {
    for (; end <= firing.at; ++end) change(group.items[end], true);
    for (; first < firing.first; ++first) change(group.items[first], false);
    if (changed || last == nullptr) {
      auto handed = std::make_shared<HandedKeys>();
      for (const auto& [kind, texts] : window) {
        if (texts.empty()) continue;
        std::vector<std::string>& kept = (*handed)[kind];
        for (const auto& [text, count] : texts) {
          if (kept.size() == kAlertKeysKept) break;
          kept.push_back(text);
        }
      }
      last = std::move(handed);
      changed = false;
    }
    firing.handed = last;
  }
}

}  // namespace tocsin::correlate
