#include "engine/evidence/internal/block.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include <openssl/sha.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#include "engine/evidence/internal/bytes.h"
#include "engine/evidence/internal/flags.h"

namespace tocsin::evidence {
namespace {

constexpr uint32_t kMagic = 0x4b425354;  // "TSBK"
constexpr uint16_t kBlockFormat = kStoreFormat;
constexpr uint16_t kCodecZstd = 1;
// Level 1 gives 10:1 on CloudTrail at 1.25 GB/s; the levels above cost more than they save.
constexpr int kZstdLevel = 1;
constexpr uint64_t kSourceSeed = 0x736f75726365;  // "source"
constexpr int kBloomProbes = 6;
constexpr size_t kHeaderSize = 80;
constexpr size_t kHashAt = 8, kHashedFrom = 40;   // the SHA-256 is of everything behind it

template <class T>
void StoreAt(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
}
template <class T>
T LoadAt(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Place of the i-th probe in a filter of `bits`.
size_t BloomPlace(const event::Identity& identity, int probe, size_t bits) {
  const uint64_t mixed = identity.low + static_cast<uint64_t>(probe) * (identity.high | 1);
  return static_cast<size_t>(static_cast<unsigned __int128>(mixed) * bits >> 64);
}

}  // namespace

uint64_t SourceHash(std::string_view source_name) {
  return XXH3_64bits_withSeed(source_name.data(), source_name.size(), kSourceSeed);
}

bool BloomMayContain(std::string_view bloom, const event::Identity& identity) {
  const size_t bits = bloom.size() * 8;
  for (int probe = 0; probe < kBloomProbes && bits > 0; ++probe) {
    const size_t place = BloomPlace(identity, probe, bits);
    if (!(bloom[place / 8] >> (place % 8) & 1)) return false;
  }
  return true;
}

struct BlockBuilder::Compressor {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ~Compressor() { ZSTD_freeCCtx(context); }
};

BlockBuilder::BlockBuilder() : cells_(4096), compressor_(std::make_unique<Compressor>()) {}
BlockBuilder::~BlockBuilder() = default;

void BlockBuilder::Clear() {
  body_.clear();
  offsets_.clear();
  times_.clear();
  identities_.clear();
  strings_used_ = 0;
  entities_.clear();
  pairs_.clear();
  min_time_ = INT64_MAX;
  max_time_ = INT64_MIN;
  if (++epoch_ == 0) {  // after 2^32 blocks the old marks would look new
    std::ranges::fill(cells_, Cell{});
    epoch_ = 1;
  }
}

// Sources, inputs and folders are few in a block and mostly those of the event before.
uint32_t BlockBuilder::StringIndex(std::string_view text, uint32_t& last) {
  if (last < strings_used_ && strings_[last] == text) return last;
  for (size_t i = 0; i < strings_used_; ++i) {
    if (strings_[i] == text) return last = static_cast<uint32_t>(i);
  }
  if (strings_used_ == strings_.size()) strings_.emplace_back();
  strings_[strings_used_].assign(text);
  return last = static_cast<uint32_t>(strings_used_++);
}

void BlockBuilder::Grow() {
  std::vector<Cell> old(cells_.size() * 2);
  old.swap(cells_);
  const size_t mask = cells_.size() - 1;
  for (uint32_t i = 0; i < entities_.size(); ++i) {
    size_t at = entities_[i].hash & mask;
    while (cells_[at].epoch == epoch_) at = (at + 1) & mask;
    cells_[at] = {epoch_, i};
  }
}

uint32_t BlockBuilder::EntityIndex(uint64_t hash) {
  const size_t mask = cells_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    if (cells_[at].epoch != epoch_) {
      cells_[at] = {epoch_, static_cast<uint32_t>(entities_.size())};
      entities_.push_back({hash, INT64_MAX, INT64_MIN, 0, UINT32_MAX, 0});
      const uint32_t index = static_cast<uint32_t>(entities_.size() - 1);
      if (entities_.size() * 2 > cells_.size()) Grow();
      return index;
    }
    if (entities_[cells_[at].entity].hash == hash) return cells_[at].entity;
  }
}

void BlockBuilder::AddEntity(uint64_t hash, int64_t time, uint32_t ordinal) {
  const uint32_t index = EntityIndex(hash);
  Entity& entity = entities_[index];
  if (entity.last_ordinal == ordinal) return;
  entity.last_ordinal = ordinal;
  entity.min_time = std::min(entity.min_time, time);
  entity.max_time = std::max(entity.max_time, time);
  ++entity.count;
  pairs_.push_back({index, ordinal});
  event_entities_.push_back(index);
}

void BlockBuilder::Add(const event::EventView& event, std::string_view source_name, std::string_view input_name) {
  const uint32_t ordinal = events();
  const int64_t time = event.time.ns;
  event_entities_.clear();
  AddEntity(SourceHash(source_name), time, ordinal);
  for (const event::EntityKey& key : event.entities()) AddEntity(key.hash, time, ordinal);

  offsets_.push_back(static_cast<uint32_t>(body_.size()));
  times_.push_back(time);
  identities_.push_back(event.identity);
  min_time_ = std::min(min_time_, time);
  max_time_ = std::max(max_time_, time);

  PutVarint(body_, event_entities_.size());
  for (uint32_t entity : event_entities_) PutVarint(body_, entity);
  PutVarint(body_, StringIndex(source_name, last_source_));
  PutVarint(body_, StringIndex(input_name, last_input_));
  PutVarint(body_, StringIndex(event.folder, last_folder_));
  PutVarint(body_, event.offset);
  PutVarint(body_, event.index);
  PutVarint(body_, event.line);
  PutFixed(body_, event.transport.ns);
  PutVarint(body_, static_cast<uint64_t>(event.precision_ns));
  PutFixed(body_, event.content_hash);
  body_.push_back(static_cast<char>(PackFlags(event.flags)));
  body_.push_back(static_cast<char>(event.classes));
  PutVarint(body_, event.headers.size());
  for (const event::Header& header : event.headers) {
    PutText(body_, header.name);
    PutText(body_, header.value);
  }
  PutText(body_, event.raw);
}

std::string_view BlockBuilder::Finish() {
  const size_t records_size = body_.size();
  for (size_t i = 0; i < strings_used_; ++i) PutText(body_, strings_[i]);
  const auto append = [&](const void* data, size_t size) { body_.append(static_cast<const char*>(data), size); };
  for (const Entity& entity : entities_) append(&entity.hash, sizeof entity.hash);
  append(offsets_.data(), offsets_.size() * sizeof(uint32_t));
  append(times_.data(), times_.size() * sizeof(int64_t));
  for (const event::Identity& identity : identities_) {
    append(&identity.high, sizeof identity.high);
    append(&identity.low, sizeof identity.low);
  }

  stored_.resize(kHeaderSize + ZSTD_compressBound(body_.size()));
  const size_t compressed = ZSTD_compressCCtx(compressor_->context, stored_.data() + kHeaderSize, stored_.size() - kHeaderSize,
                                              body_.data(), body_.size(), kZstdLevel);
  // Cannot fail: the room is what zstd asked for. An impossible size makes a block that no reader takes for whole.
  const size_t size = ZSTD_isError(compressed) ? 0 : compressed;
  char* header = stored_.data();
  StoreAt(header, kMagic);
  StoreAt(header + 4, kBlockFormat);
  StoreAt(header + 6, kCodecZstd);
  StoreAt(header + 40, events());
  StoreAt(header + 44, static_cast<uint32_t>(strings_used_));
  StoreAt(header + 48, static_cast<uint32_t>(entities_.size()));
  StoreAt(header + 52, static_cast<uint32_t>(records_size));
  StoreAt(header + 56, static_cast<uint32_t>(body_.size()));
  StoreAt(header + 60, static_cast<uint32_t>(size));
  StoreAt(header + 64, min_time_);
  StoreAt(header + 72, max_time_);
  stored_.resize(kHeaderSize + size);
  SHA256(reinterpret_cast<const unsigned char*>(stored_.data()) + kHashedFrom, stored_.size() - kHashedFrom,
         reinterpret_cast<unsigned char*>(stored_.data()) + kHashAt);
  body_.resize(records_size);

  // Ordinals by key, a counting sort: pairs are in event order already.
  uint32_t first = 0;
  for (Entity& entity : entities_) {
    entity.first = first;
    first += entity.count;
  }
  ordinals_.resize(pairs_.size());
  for (const Pair& pair : pairs_) ordinals_[entities_[pair.entity].first++] = pair.ordinal;
  for (Entity& entity : entities_) entity.first -= entity.count;
  by_hash_.resize(entities_.size());
  std::iota(by_hash_.begin(), by_hash_.end(), 0u);
  std::ranges::sort(by_hash_, {}, [&](uint32_t i) { return entities_[i].hash; });

  bloom_.assign((identities_.size() * kBloomBitsPerEvent + 7) / 8, '\0');
  for (const event::Identity& identity : identities_) {
    for (int probe = 0; probe < kBloomProbes; ++probe) {
      const size_t place = BloomPlace(identity, probe, bloom_.size() * 8);
      bloom_[place / 8] = static_cast<char>(bloom_[place / 8] | 1 << (place % 8));
    }
  }
  return stored_;
}

BlockBuilder::Posting BlockBuilder::posting(size_t i) const {
  const Entity& entity = entities_[by_hash_[i]];
  return {entity.hash, entity.min_time, entity.max_time, {ordinals_.data() + entity.first, entity.count}};
}

absl::StatusOr<Block> Block::Decode(std::string_view stored) {
  if (stored.size() < kHeaderSize || LoadAt<uint32_t>(stored.data()) != kMagic) return absl::DataLossError("is not a block");
  if (LoadAt<uint16_t>(stored.data() + 4) != kBlockFormat || LoadAt<uint16_t>(stored.data() + 6) != kCodecZstd) {
    return absl::DataLossError("is a block of another format");
  }
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(stored.data()) + kHashedFrom, stored.size() - kHashedFrom, hash);
  if (std::memcmp(hash, stored.data() + kHashAt, sizeof hash) != 0) {
    return absl::DataLossError("is damaged: its SHA-256 is not that of its header");
  }
  Block block;
  block.events_ = LoadAt<uint32_t>(stored.data() + 40);
  const uint32_t strings = LoadAt<uint32_t>(stored.data() + 44);
  block.entities_ = LoadAt<uint32_t>(stored.data() + 48);
  block.records_size_ = LoadAt<uint32_t>(stored.data() + 52);
  block.body_size_ = LoadAt<uint32_t>(stored.data() + 56);
  block.body_.reset(new char[block.body_size_]);
  const size_t got = ZSTD_decompress(block.body_.get(), block.body_size_, stored.data() + kHeaderSize, stored.size() - kHeaderSize);
  // The hash was right, so what follows can only be wrong in a block that some other program wrote.
  const absl::Status malformed = absl::DataLossError("is malformed");
  if (got != block.body_size_ || block.records_size_ > block.body_size_) return malformed;
  ByteReader in({block.body_.get() + block.records_size_, block.body_size_ - block.records_size_});
  for (uint32_t i = 0; i < strings && in.ok(); ++i) block.strings_.push_back(in.Text());
  block.entities_at_ = block.body_size_ - in.rest().size();
  block.offsets_at_ = block.entities_at_ + size_t{block.entities_} * sizeof(uint64_t);
  block.times_at_ = block.offsets_at_ + size_t{block.events_} * sizeof(uint32_t);
  block.identities_at_ = block.times_at_ + size_t{block.events_} * sizeof(int64_t);
  if (!in.ok() || block.identities_at_ + size_t{block.events_} * sizeof(event::Identity) != block.body_size_) return malformed;
  return block;
}

template <class T>
T Block::Column(size_t at, uint32_t index) const {
  return LoadAt<T>(body_.get() + at + size_t{index} * sizeof(T));
}

event::EventTime Block::time(uint32_t ordinal) const { return {Column<int64_t>(times_at_, ordinal)}; }

event::Identity Block::identity(uint32_t ordinal) const {
  return {Column<uint64_t>(identities_at_, ordinal * 2), Column<uint64_t>(identities_at_, ordinal * 2 + 1)};
}

uint32_t Block::FindEntity(uint64_t hash) const {
  for (uint32_t i = 0; i < entities_; ++i) {
    if (Column<uint64_t>(entities_at_, i) == hash) return i;
  }
  return kNoEntity;
}

std::string_view Block::Record(uint32_t ordinal) const {
  const size_t at = Column<uint32_t>(offsets_at_, ordinal);
  return at < records_size_ ? std::string_view(body_.get() + at, records_size_ - at) : std::string_view();
}

bool Block::HasEntity(uint32_t ordinal, uint32_t entity) const {
  ByteReader in(Record(ordinal));
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    if (in.Varint() == entity && in.ok()) return true;
  }
  return false;
}

absl::StatusOr<StoredEvent> Block::Read(uint32_t ordinal) const {
  ByteReader in(Record(ordinal));
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) in.Varint();
  StoredEvent event;
  bool known_strings = true;
  const auto string = [&] {
    const uint64_t index = in.Varint();
    if (index < strings_.size()) return std::string(strings_[index]);
    known_strings = false;
    return std::string();
  };
  event.source = string();
  event.input = string();
  event.folder = string();
  event.offset = in.Varint();
  event.index = static_cast<uint32_t>(in.Varint());
  event.line = static_cast<uint32_t>(in.Varint());
  event.time = time(ordinal);
  event.transport = {in.Fixed<int64_t>()};
  event.precision_ns = static_cast<int64_t>(in.Varint());
  event.identity = identity(ordinal);
  event.content_hash = in.Fixed<uint64_t>();
  event.flags = UnpackFlags(in.Fixed<uint8_t>());
  event.classes = in.Fixed<uint8_t>();
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    const std::string_view name = in.Text();
    event.headers.emplace_back(name, in.Text());
  }
  event.raw = in.Text();
  if (!in.ok() || !known_strings) return absl::DataLossError("is malformed");
  return event;
}

}  // namespace tocsin::evidence
