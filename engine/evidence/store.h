// The look-back store: every event by entity key and time, the hit log beside it, and link records. Start here.
//
// Layout (BLOCK_FORMAT.md): events are gathered into blocks of about 1 MiB, compressed with zstd, each with a header that
// carries its format version and a SHA-256; one posting a block for each entity key in it (random puts an event would cost
// ten times what matching does). RocksDB holds blocks, postings, hits and links in a column family each.
//
// Durability: what was appended before a Sync that returned OK survives a crash. Reads see what was appended before the last
// Flush or Sync. One writer; reads from the same thread. A store of another format version is refused with the command that
// rebuilds it.
//
// Errors: a full disk is ResourceExhausted; the call may be made again when there is room, and what it was called for is in
// the store once, not twice. A store that another process has open, and other trouble of the disk, is Unavailable. A damaged
// block is DataLoss and named; the read has gone on, and what it could read is in `out`. Append does not allocate after
// warm-up; once a block (some 800 events) RocksDB does.
#ifndef TOCSIN_ENGINE_EVIDENCE_STORE_H_
#define TOCSIN_ENGINE_EVIDENCE_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/event/event.h"
#include "engine/match/hit.h"

namespace rocksdb {
class Env;
}

namespace tocsin::evidence {

inline constexpr uint32_t kStoreFormat = 1;

// An event as it was kept. Owns its bytes.
struct StoredEvent {
  std::string source;              // name; empty = unknown
  std::string input;               // where it came from: path, or topic/partition
  uint64_t offset = 0;
  uint32_t index = 0, line = 0;
  event::EventTime time, transport;
  int64_t precision_ns = 1;
  event::Identity identity;
  uint64_t content_hash = 0;       // same identity, other content hash: another event (id_conflict)
  event::EventFlags flags;
  content::EvidenceClasses classes = 0;
  std::string folder;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string raw;
};

// Total order (time, source, identity); no source comes last, as its id does. Deliveries of one event: by where they came from.
bool StoredBefore(const StoredEvent& a, const StoredEvent& b);

// A late key as it was kept.
struct StoredLink {
  content::EntityKind from_kind, to_kind;
  std::string from, to;
  event::EventTime valid_from, valid_until;   // !known() until = open
  int64_t max_open_ns = 0;
  bool replaces = false;
};

struct StoreOptions {
  bool sync = true;                // false: bounded runs, whose store is worthless unless complete. They write, Sync, then read:
                                   // reading before is right but slow
  size_t block_bytes = 1u << 20;
  rocksdb::Env* env = nullptr;     // the disk, for tests that break it; null = the real one. Outlives the store.
};

// Since Open. `links` counts the different ones in a row: a link that every event of a session repeats is kept once.
struct StoreCounters {
  uint64_t events = 0, raw_bytes = 0, blocks = 0, stored_bytes = 0, postings = 0, hits = 0, links = 0;
  uint64_t damaged_blocks = 0, damaged_rows = 0;   // met while reading; rows: postings, hits or links that do not decode
};

// What hits are kept by, so that a hit log can be read under another content set than it was written under.
struct HitNames {
  std::vector<std::string> rule_hashes;   // by RuleId
  std::vector<std::string> sources;       // by SourceId
  std::vector<std::string> fields;        // by FieldId
};

class Store : public match::HitReader {
 public:
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& directory, const StoreOptions& options);
  ~Store() override;

  // `source_name` is the event's source's name ("" = unknown), `input_name` that of its input.
  absl::Status Append(const event::EventView& event, std::string_view source_name, std::string_view input_name);
  absl::Status AppendHit(const match::Hit& hit, std::string_view rule_hash, std::string_view source_name);
  // `seen`: the time of the event that gave it; where the link does not say since when it holds, since then.
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
  // Links from that key, or to it, in the order of their start, whose interval may meet [from, until]: an open one is bounded
  // by its max_open only. Appends.
  absl::Status FindLinks(content::EntityKind kind, std::string_view key, event::EventTime from, event::EventTime until,
                         std::vector<StoredLink>& out);
  // Names for Read: without them no hit is found. Sources and fields that they lack come back without a valid id.
  void SetHitNames(const HitNames& names);
  // Trouble while reading is counted (damaged_rows).
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
