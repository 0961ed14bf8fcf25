// A block: events gathered, indexed and compressed as one. BLOCK_FORMAT.md shows the bytes.
//
// BlockBuilder keeps its buffers over Clear; Add does not allocate once they have grown. Block owns the decompressed bytes
// and decodes single events out of them; it has checked its SHA-256 and never reads out of bounds. Neither is thread-safe.
#ifndef TOCSIN_ENGINE_EVIDENCE_INTERNAL_BLOCK_H_
#define TOCSIN_ENGINE_EVIDENCE_INTERNAL_BLOCK_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/event/event.h"
#include "engine/evidence/store.h"

namespace tocsin::evidence {

// Sources have postings as entities do; their hashes must not meet those of entity keys.
uint64_t SourceHash(std::string_view source_name);

// Which identities are in a block, as a Bloom filter: a look-up decompresses one block in a hundred for nothing.
inline constexpr size_t kBloomBitsPerEvent = 10;
bool BloomMayContain(std::string_view bloom, const event::Identity& identity);

class BlockBuilder {
 public:
  BlockBuilder();
  ~BlockBuilder();

  void Add(const event::EventView& event, std::string_view source_name, std::string_view input_name);
  void Clear();
  uint32_t events() const { return static_cast<uint32_t>(times_.size()); }
  size_t bytes() const { return body_.size(); }
  int64_t min_time() const { return min_time_; }
  int64_t max_time() const { return max_time_; }

  // The block as it is stored; valid until the next call. More events may be added afterwards.
  std::string_view Finish() ABSL_ATTRIBUTE_LIFETIME_BOUND;

  // One a key of the block, by ascending hash; valid after Finish, until the next Add or Clear.
  struct Posting {
    uint64_t hash;
    int64_t min_time, max_time;
    std::span<const uint32_t> ordinals;  // ascending
  };
  size_t postings() const { return entities_.size(); }
  Posting posting(size_t i) const;
  std::string_view bloom() const { return bloom_; }

 private:
  struct Entity {
    uint64_t hash;
    int64_t min_time, max_time;
    uint32_t count, last_ordinal, first;   // first: place of its ordinals, set by Finish
  };
  struct Cell {
    uint32_t epoch = 0;                    // in use iff it is the builder's
    uint32_t entity = 0;
  };
  struct Pair {
    uint32_t entity, ordinal;
  };
  void AddEntity(uint64_t hash, int64_t time, uint32_t ordinal);
  uint32_t EntityIndex(uint64_t hash);
  void Grow();
  uint32_t StringIndex(std::string_view text, uint32_t& last);

  std::string body_;                       // records
  std::vector<uint32_t> offsets_;
  std::vector<int64_t> times_;
  std::vector<event::Identity> identities_;
  std::vector<std::string> strings_;       // first strings_used_ of them
  size_t strings_used_ = 0;
  uint32_t last_source_ = 0, last_input_ = 0, last_folder_ = 0;
  std::vector<Entity> entities_;           // in the order in which they came
  std::vector<Cell> cells_;                // open addressing, a power of two
  uint32_t epoch_ = 1;
  std::vector<Pair> pairs_;
  std::vector<uint32_t> event_entities_;   // of the event being added
  int64_t min_time_ = INT64_MAX, max_time_ = INT64_MIN;

  std::vector<uint32_t> by_hash_, ordinals_;
  std::string stored_, bloom_;
  struct Compressor;
  std::unique_ptr<Compressor> compressor_;
};

class Block {
 public:
  // DataLoss when the bytes are not what Finish gave.
  static absl::StatusOr<Block> Decode(std::string_view stored);

  uint32_t events() const { return events_; }
  size_t bytes() const { return body_size_; }
  event::EventTime time(uint32_t ordinal) const;
  event::Identity identity(uint32_t ordinal) const;
  // Place of the hash among the block's keys, or kNoEntity.
  static constexpr uint32_t kNoEntity = UINT32_MAX;
  uint32_t FindEntity(uint64_t hash) const;
  bool HasEntity(uint32_t ordinal, uint32_t entity) const;
  // REQUIRES: ordinal < events().
  absl::StatusOr<StoredEvent> Read(uint32_t ordinal) const;

 private:
  template <class T>
  T Column(size_t at, uint32_t index) const;
  std::string_view Record(uint32_t ordinal) const;

  std::unique_ptr<char[]> body_;            // stays where it is when the Block moves
  size_t body_size_ = 0;
  std::vector<std::string_view> strings_;   // into body_
  uint32_t events_ = 0, entities_ = 0;
  size_t records_size_ = 0, entities_at_ = 0, offsets_at_ = 0, times_at_ = 0, identities_at_ = 0;
};

}  // namespace tocsin::evidence

#endif  // TOCSIN_ENGINE_EVIDENCE_INTERNAL_BLOCK_H_
