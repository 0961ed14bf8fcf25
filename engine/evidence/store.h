// The look-back store: every event by entity key and time, the hit log beside it, and link records. Start here.
//
// Layout (BLOCK_FORMAT.md): events are gathered into blocks of about 1 MiB, compressed with zstd, each with a header that
// carries its format version and a SHA-256; one posting a block for each entity key in it (random puts an event would cost
// ten times what matching does). RocksDB holds blocks, postings, hits and links in a column family each.
//
// Durability: what was appended before a Sync that returned OK survives a crash. Reads see what was appended before the last
// Flush or Sync. One writer; reads from the same thread. A store of another format version is refused with the command that
// rebuilds it.
#ifndef TOCSIN_ENGINE_EVIDENCE_STORE_H_
#define TOCSIN_ENGINE_EVIDENCE_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/event/event.h"
#include "engine/match/hit.h"

namespace tocsin::evidence {

inline constexpr uint32_t kStoreFormat = 1;

// An event as it was kept. Owns its bytes.
struct StoredEvent {
  std::string source;              // name; empty = unknown
  std::string input;               // where it came from: path, or topic/partition
  uint64_t offset = 0;
  uint32_t index = 0, line = 0;
  event::EventTime time, transport;
  event::Identity identity;
  event::EventFlags flags;
  uint8_t classes = 0;
  std::string folder;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string raw;
};

struct StoreOptions {
  bool sync = true;                // false: bounded runs, whose store is worthless unless complete
  size_t block_bytes = 1u << 20;
};

struct StoreCounters {
  uint64_t events = 0, raw_bytes = 0, blocks = 0, stored_bytes = 0, postings = 0, hits = 0, links = 0;
};

class Store : public match::HitReader {
 public:
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& directory, const StoreOptions& options);
  ~Store() override;

  // `source_name` is the event's source's name ("" = unknown), `input_name` that of its input.
  absl::Status Append(const event::EventView& event, std::string_view source_name, std::string_view input_name);
  absl::Status AppendHit(const match::Hit& hit, std::string_view rule_hash, std::string_view source_name);
  absl::Status AppendLink(const event::Link& link, event::EventTime seen);
  absl::Status Flush();            // makes appended events readable
  absl::Status Sync();             // Flush, then durable

  // Events that carry the entity key, from <= time <= until, appended in total order (time, source, identity); an event
  // delivered twice appears once per delivery. At most `limit`; `truncated` says whether there were more.
  absl::Status Find(content::EntityKind kind, std::string_view key, event::EventTime from, event::EventTime until,
                    size_t limit, std::vector<StoredEvent>& out, bool* truncated);
  // Every event of a source in a range, likewise.
  absl::Status FindBySource(std::string_view source, event::EventTime from, event::EventTime until, size_t limit,
                            std::vector<StoredEvent>& out, bool* truncated);
  // The event of that identity at that time, if it is there.
  absl::StatusOr<std::vector<StoredEvent>> FindByIdentity(event::EventTime time, const event::Identity& identity);
  void Read(content::RuleId rule, event::EventTime from, event::EventTime until, match::HitArena& arena,
            std::vector<match::Hit>& out) override;
  const StoreCounters& counters() const;

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::evidence

#endif  // TOCSIN_ENGINE_EVIDENCE_STORE_H_
