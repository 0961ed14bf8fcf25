// Late keys: which keys a key stood for, and when (DESIGN section 3).
//
// The answer is a function of the set of links, whatever the order of Add. A link says that `from` stood for `to`
// during [valid_from, valid_until]. An open one ends where a link of the same pair, seen no earlier, closes it, and no
// later than valid_from + max_open. A link that `replaces` ends, exclusively, where the next link of the same key to
// the same kind begins (tag -> digest); of two that begin together the one seen later stands.
//
// Cost: Add O(1); Resolve O(log n + answers), after O(n log n) once whenever the key got a new link. Views that
// Resolve returns are valid until the next Add or Prune. Not thread-safe, Resolve included.
#ifndef TOCSIN_ENGINE_CORRELATE_INTERNAL_LINK_TABLE_H_
#define TOCSIN_ENGINE_CORRELATE_INTERNAL_LINK_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/event/event.h"

namespace tocsin::correlate {

class LinkTable {
 public:
  void Add(const event::Link& link, event::EventTime seen);
  // Appends the keys of kind `wanted` that `kind:key` stood for at `time`, sorted and distinct.
  void Resolve(content::EntityKind kind, std::string_view key, int64_t time_ns, content::EntityKind wanted,
               std::vector<std::string_view>& out) const;
  // Forgets links that ended before `time_ns`.
  void Prune(int64_t time_ns);

 private:
  static constexpr uint32_t kNoRecord = UINT32_MAX;
  struct Record {
    std::string to;
    int64_t from_ns, until_ns;  // until_ns of an open one: kForever
    int64_t max_open_ns, seen_ns;
    bool open, replaces;
    uint32_t closer = kNoRecord;  // settled: the record that closes this open one
    auto Key() const { return std::tie(from_ns, seen_ns, to, until_ns, max_open_ns, replaces); }
  };
  struct Interval {
    int64_t from_ns, until_ns;  // inclusive
    int64_t latest_until_ns;    // of this one and all before it
    uint32_t record;
  };
  struct Entry {
    std::vector<Record> records;      // settled: sorted by beginning, distinct
    std::vector<Interval> intervals;  // settled: of the records that ever hold, sorted by beginning
    bool stale = true;
  };
  static std::string MapKey(content::EntityKind kind, content::EntityKind wanted, std::string_view key);
  static void Settle(Entry& entry);

  mutable absl::flat_hash_map<std::string, Entry> entries_;  // mutable: entries settle when they are asked
};

}  // namespace tocsin::correlate

#endif  // TOCSIN_ENGINE_CORRELATE_INTERNAL_LINK_TABLE_H_
