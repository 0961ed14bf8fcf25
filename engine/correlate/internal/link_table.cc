#include "engine/correlate/internal/link_table.h"

#include <algorithm>

#include "engine/correlate/internal/plan.h"

namespace tocsin::correlate {

std::string LinkTable::MapKey(content::EntityKind kind, content::EntityKind wanted, std::string_view key) {
  std::string map_key;
  map_key.reserve(key.size() + 2);
  map_key.push_back(static_cast<char>(kind));
  map_key.push_back(static_cast<char>(wanted));
  map_key.append(key);
  return map_key;
}

void LinkTable::Add(const event::Link& link, event::EventTime seen) {
  Record record;
  record.to = std::string(link.to);
  record.from_ns = link.valid_from.ns;
  record.open = !link.valid_until.known();
  record.until_ns = record.open ? kForever : link.valid_until.ns;
  record.max_open_ns = link.max_open_ns;
  record.seen_ns = seen.ns;
  record.replaces = link.replaces;
  Entry& entry = entries_[MapKey(link.from_kind, link.to_kind, link.from)];
  entry.records.push_back(std::move(record));
  entry.stale = true;
}

void LinkTable::Settle(Entry& entry) {
  std::vector<Record>& records = entry.records;
  std::sort(records.begin(), records.end(), [](const Record& a, const Record& b) { return a.Key() < b.Key(); });
  records.erase(
      std::unique(records.begin(), records.end(), [](const Record& a, const Record& b) { return a.Key() == b.Key(); }),
      records.end());

  // The links that close, by pair and by when they were seen.
  std::vector<const Record*> closers;
  for (Record& record : records) {
    record.closer = kNoRecord;
    if (!record.open) closers.push_back(&record);
  }
  auto closes_before = [](const Record* a, const Record* b) {
    return std::tie(a->to, a->seen_ns, a->until_ns) < std::tie(b->to, b->seen_ns, b->until_ns);
  };
  std::sort(closers.begin(), closers.end(), closes_before);

  entry.intervals.clear();
  int64_t latest = kNever;
  for (uint32_t i = 0; i < records.size(); ++i) {
    Record& record = records[i];
    int64_t until = record.until_ns;
    if (record.open) {
      if (record.max_open_ns > 0) until = Plus(record.from_ns, record.max_open_ns);
      auto closer = std::lower_bound(closers.begin(), closers.end(), &record, [](const Record* a, const Record* b) {
        return std::tie(a->to, a->seen_ns) < std::tie(b->to, b->seen_ns);
      });
      for (; closer != closers.end() && (*closer)->to == record.to; ++closer) {
        if ((*closer)->until_ns < record.from_ns) continue;  // closed an earlier span of the pair
        until = std::min(until, (*closer)->until_ns);
        record.closer = static_cast<uint32_t>(*closer - records.data());
        break;
      }
    }
    if (record.replaces && i + 1 < records.size()) until = std::min(until, Minus(records[i + 1].from_ns, 1));
    if (until < record.from_ns) continue;
    latest = std::max(latest, until);
    entry.intervals.push_back({record.from_ns, until, latest, i});
  }
  entry.stale = false;
}

void LinkTable::Resolve(content::EntityKind kind, std::string_view key, int64_t time_ns, content::EntityKind wanted,
                        std::vector<std::string_view>& out) const {
  auto it = entries_.find(MapKey(kind, wanted, key));
  if (it == entries_.end()) return;
  Entry& entry = it->second;
  if (entry.stale) Settle(entry);
  size_t first = out.size();
  auto after = std::upper_bound(entry.intervals.begin(), entry.intervals.end(), time_ns,
                                [](int64_t t, const Interval& interval) { return t < interval.from_ns; });
  while (after != entry.intervals.begin()) {
    --after;
    if (after->latest_until_ns < time_ns) break;
    if (after->until_ns >= time_ns) out.push_back(entry.records[after->record].to);
  }
  std::sort(out.begin() + first, out.end());
  out.erase(std::unique(out.begin() + first, out.end()), out.end());
}

void LinkTable::Prune(int64_t time_ns) {
  for (auto it = entries_.begin(); it != entries_.end();) {
    Entry& entry = it->second;
    if (entry.stale) Settle(entry);
    // What still holds stays, and with it what ends it.
    std::vector<bool> keep(entry.records.size(), false);
    std::vector<uint32_t> todo;
    auto need = [&](uint32_t record) {
      if (!keep[record]) todo.push_back(record);
      keep[record] = true;
    };
    for (const Interval& interval : entry.intervals) {
      if (interval.until_ns >= time_ns) need(interval.record);
    }
    while (!todo.empty()) {
      uint32_t i = todo.back();
      todo.pop_back();
      if (entry.records[i].closer != kNoRecord) need(entry.records[i].closer);
      if (entry.records[i].replaces && i + 1 < entry.records.size()) need(i + 1);
    }
    std::vector<Record> kept;
    for (size_t i = 0; i < keep.size(); ++i) {
      if (keep[i]) kept.push_back(std::move(entry.records[i]));
    }
    if (kept.empty()) {
      entries_.erase(it++);
      continue;
    }
    entry.records = std::move(kept);
    entry.stale = true;
    ++it;
  }
}

}  // namespace tocsin::correlate
