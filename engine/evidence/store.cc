#include "engine/evidence/store.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <list>
#include <map>
#include <span>
#include <tuple>

#include "engine/evidence/internal/block.h"
#include "engine/evidence/internal/bytes.h"
#include "engine/evidence/internal/flags.h"

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

namespace tocsin::evidence {
namespace {

namespace fs = std::filesystem;

constexpr char kFormatFile[] = "FORMAT";
constexpr char kDatabaseFolder[] = "db";
constexpr std::string_view kFormatPrefix = "tocsin evidence ";
constexpr size_t kCacheBytes = 32u << 20;        // decompressed blocks: pivots come back to the same ones
constexpr size_t kPendingRowBytes = 1u << 20;    // hits and links are written once there are so many of them
constexpr size_t kRecentLinks = 1u << 14;        // a session's events all give the same link: these are known already
constexpr uint8_t kHitRowFormat = 1;
constexpr size_t kPostingPrefix = 8;
constexpr char kLinkFrom = 'f', kLinkTo = 't';

// Column families. The order is that of Impl::handles_.
enum Family : size_t { kDefault, kBlocks, kPostings, kHits, kLinks, kDirectory, kFamilies };
constexpr std::array<const char*, kFamilies> kFamilyNames = {"default", "blocks", "postings", "hits", "links", "directory"};

rocksdb::Slice SliceOf(std::string_view text) { return {text.data(), text.size()}; }
std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

absl::Status FromRocks(const rocksdb::Status& status, const std::string& directory) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = directory + ": " + status.ToString();
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::SubCode::kNoSpace) return absl::ResourceExhaustedError(message);
  if (status.IsCorruption()) return absl::DataLossError(message);
  return absl::UnavailableError(message);
}

std::vector<rocksdb::ColumnFamilyDescriptor> Families(bool sync) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const char* name : kFamilyNames) families.emplace_back(name, rocksdb::ColumnFamilyOptions());

  // Blocks come in the order of their ids and are compressed already: files move down the levels as they are.
  auto& blocks = families[kBlocks].options;
  blocks.compression = rocksdb::kNoCompression;
  blocks.write_buffer_size = 64u << 20;
  blocks.target_file_size_base = 256u << 20;

  // Postings come in any order. Universal compaction rewrites each fewer times than levels do.
  auto& postings = families[kPostings].options;
  postings.write_buffer_size = 64u << 20;
  postings.compression = rocksdb::kLZ4Compression;
  postings.compaction_style = rocksdb::kCompactionStyleUniversal;
  // A bounded run writes all, then reads: its postings are gathered unsorted and sorted once, when they are flushed.
  if (!sync) postings.memtable_factory = std::make_shared<rocksdb::VectorRepFactory>();
  postings.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kPostingPrefix));
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.whole_key_filtering = false;
  postings.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));

  families[kHits].options.compression = rocksdb::kLZ4Compression;
  families[kLinks].options.compression = rocksdb::kLZ4Compression;
  return families;
}

// RocksDB's own log file is one more thing that can fail on a full disk (and its asserts then end the process); what went
// wrong comes back as a status.
class NoLog : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// After a full disk this store tries again when its caller does, not when a thread of RocksDB's happens to look.
class NoAutomaticRecovery : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

// Says the format of the store, or writes it down where there is none yet.
absl::Status CheckFormat(const std::string& directory) {
  std::error_code error;
  if (!fs::exists(directory, error)) {
    fs::create_directories(directory, error);
    if (error) return absl::UnavailableError(directory + ": " + error.message());
    // Raw logs hold secrets.
    fs::permissions(directory, fs::perms::owner_all, error);
    if (error) return absl::UnavailableError(directory + ": " + error.message());
  }
  const fs::path path = fs::path(directory) / kFormatFile;
  const std::string rebuild =
      "; rebuild it from the logs with `tocsin replay --store FILE PATH...`, where FILE does not exist yet";
  if (!fs::exists(path, error)) {
    if (fs::exists(fs::path(directory) / kDatabaseFolder, error)) {
      return absl::FailedPreconditionError(directory + ": is no evidence store of this program (it has no " + kFormatFile +
                                           " file)" + rebuild);
    }
    // Renamed into place whole: a store never has half a format.
    const fs::path temporary = path.string() + ".new";
    std::ofstream out(temporary);
    out << kFormatPrefix << kStoreFormat << "\n";
    out.close();
    if (!out) return absl::UnavailableError(temporary.string() + ": cannot be written");
    fs::rename(temporary, path, error);
    if (error) return absl::UnavailableError(path.string() + ": " + error.message());
    return absl::OkStatus();
  }
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  if (line == std::string(kFormatPrefix) + std::to_string(kStoreFormat)) return absl::OkStatus();
  if (!line.starts_with(kFormatPrefix)) {
    return absl::FailedPreconditionError(directory + ": is no evidence store of this program" + rebuild);
  }
  return absl::FailedPreconditionError(directory + ": is an evidence store of format " + line.substr(kFormatPrefix.size()) +
                                       "; this program reads and writes format " + std::to_string(kStoreFormat) + rebuild);
}

// What the keys of a rule's hits begin with.
void PutHitPrefix(std::string& key, std::string_view rule_hash) {
  const XXH128_hash_t hash = XXH3_128bits(rule_hash.data(), rule_hash.size());
  PutKeyNumber(key, hash.high64);
  PutKeyNumber(key, hash.low64);
}

struct DirectoryRow {
  uint64_t id;
  int64_t min_time, max_time;
  std::string bloom;
};

// Keys of a block's postings, to take them back when a larger block replaces it.
struct WrittenBlock {
  uint64_t id = 0;
  size_t stored_bytes = 0;
  std::vector<std::pair<uint64_t, int64_t>> postings;  // hash, min time
};

}  // namespace

bool StoredBefore(const StoredEvent& a, const StoredEvent& b) {
  const auto key = [](const StoredEvent& e) {
    return std::make_tuple(e.time, e.source.empty(), std::string_view(e.source), e.identity, std::string_view(e.input), e.offset,
                           e.index);
  };
  return key(a) < key(b);
}

class Store::Impl {
 public:
  Impl(std::string directory, const StoreOptions& options)
      : directory_(std::move(directory)), options_(options), recent_links_(kRecentLinks) {
    write_options_.disableWAL = !options.sync;
  }

  ~Impl() { Close(); }

  absl::Status Open() {
    absl::Status status = OpenDatabase();
    return status.ok() ? LoadDirectory() : status;
  }

  // Without this nothing may be read or written. After a write that failed RocksDB refuses all others, and it must not be told
  // to go on while the disk is still full: a log that has failed once is never written again, and trying to ends the process.
  // So the database is opened anew, which reads what was accepted from the log. A bounded run has no log; its store is
  // worthless once a write was refused.
  absl::Status Usable() {
    if (!stopped_) return absl::OkStatus();
    if (options_.sync) {
      Close();
      absl::Status status = OpenDatabase();
      if (!status.ok()) return status;
    } else {
      const rocksdb::Status resumed = db_->Resume();
      if (!resumed.ok()) return FromRocks(resumed, directory_);
    }
    stopped_ = false;
    return absl::OkStatus();
  }

  absl::Status OpenDatabase() {
    rocksdb::DBOptions options;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    if (options_.env != nullptr) options.env = options_.env;
    options.info_log = std::make_shared<NoLog>();
    options.listeners.push_back(std::make_shared<NoAutomaticRecovery>());
    options.stats_dump_period_sec = 0;
    options.max_background_jobs = 2;
    options.max_total_wal_size = 256u << 20;
    options.allow_concurrent_memtable_write = false;  // one writer
    options.atomic_flush = !options_.sync;            // without a log, the families must not drift apart
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status =
        rocksdb::DB::Open(options, (fs::path(directory_) / kDatabaseFolder).string(), Families(options_.sync), &handles_, &db);
    if (!status.ok()) return FromRocks(status, directory_);
    db_.reset(db);
    return absl::OkStatus();
  }

  void Close() {
    if (db_ == nullptr) return;
    for (rocksdb::ColumnFamilyHandle* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
    handles_.clear();
    db_->Close();
    db_.reset();
  }

  absl::Status Append(const event::EventView& event, std::string_view source_name, std::string_view input_name) {
    if (whole_.bytes() >= options_.block_bytes) {
      absl::Status status = WriteWhole();
      if (!status.ok()) return status;
    }
    whole_.Add(event, source_name, input_name);
    if (!parts_.empty()) part_.Add(event, source_name, input_name);
    ++counters_.events;
    counters_.raw_bytes += event.raw.size();
    return absl::OkStatus();
  }

  absl::Status AppendHit(const match::Hit& hit, std::string_view rule_hash, std::string_view source_name) {
    absl::Status status = WriteRowsIfMany();
    if (!status.ok()) return status;
    key_.clear();
    PutHitPrefix(key_, rule_hash);
    PutKeyTime(key_, hit.time.ns);
    PutKeyNumber(key_, hit.identity.high);
    PutKeyNumber(key_, hit.identity.low);
    value_.clear();
    value_.push_back(static_cast<char>(kHitRowFormat));
    value_.push_back(static_cast<char>(PackFlags(hit.flags)));
    PutVarint(value_, static_cast<uint64_t>(hit.precision_ns));
    PutText(value_, source_name);
    value_.append(hit.payload, hit.payload_size);
    rows_.Put(handles_[kHits], key_, value_);
    ++counters_.hits;
    return absl::OkStatus();
  }

  absl::Status AppendLink(const event::Link& link, event::EventTime seen) {
    absl::Status status = WriteRowsIfMany();
    if (!status.ok()) return status;
    const int64_t valid_from = link.valid_from.known() ? link.valid_from.ns : seen.ns;
    value_.clear();
    value_.push_back(static_cast<char>(link.from_kind));
    value_.push_back(static_cast<char>(link.to_kind));
    PutText(value_, link.from);
    PutText(value_, link.to);
    PutFixed(value_, valid_from);
    PutFixed(value_, link.valid_until.ns);
    PutFixed(value_, link.max_open_ns);
    value_.push_back(link.replaces);

    uint64_t& recent = recent_links_[XXH3_64bits(value_.data(), value_.size()) % kRecentLinks];
    const uint64_t check = XXH3_64bits_withSeed(value_.data(), value_.size(), 1);
    if (recent == check) return absl::OkStatus();
    recent = check;
    const uint64_t from = event::EntityHash(link.from_kind, link.from), to = event::EntityHash(link.to_kind, link.to);
    for (const auto& [direction, near, far] : {std::tuple(kLinkFrom, from, to), std::tuple(kLinkTo, to, from)}) {
      key_.assign(1, direction);
      PutKeyNumber(key_, near);
      PutKeyTime(key_, valid_from);
      PutKeyNumber(key_, far);
      PutKeyTime(key_, link.valid_until.ns);
      rows_.Put(handles_[kLinks], key_, value_);
    }
    ++counters_.links;
    return absl::OkStatus();
  }

  absl::Status Flush() {
    absl::Status status = WriteRows();
    if (!status.ok() || whole_.events() == 0) return status;
    if (whole_.bytes() >= options_.block_bytes) return WriteWhole();
    // A part of a block becomes a block of its own, until the whole is full and replaces its parts: a feed that is flushed
    // every few events writes each event twice, not a thousand times, and leaves no crumbs.
    BlockBuilder& part = parts_.empty() ? whole_ : part_;
    if (part.events() == 0) return absl::OkStatus();
    WrittenBlock written;
    status = WriteBlock(part, &written);
    if (!status.ok()) return status;
    parts_.push_back(std::move(written));
    part_.Clear();
    return absl::OkStatus();
  }

  absl::Status Sync() {
    absl::Status status = Flush();
    if (!status.ok()) return status;
    if (!options_.sync) return FromRocks(db_->Flush({}, handles_), directory_);
    const rocksdb::Status synced = db_->SyncWAL();
    stopped_ = !synced.ok();
    return FromRocks(synced, directory_);
  }

  absl::Status Find(uint64_t hash, event::EventTime from, event::EventTime until, size_t limit, std::vector<StoredEvent>& out,
                    bool* truncated) {
    // The `limit` + 1 first events in total order, as a heap with the last of them on top. Postings come by their first
    // event's time: once the heap is full and a posting begins after its top, nothing that follows can matter.
    std::vector<StoredEvent> heap;
    absl::Status damage;
    std::string key;
    PutKeyNumber(key, hash);
    const std::string prefix = key;
    rocksdb::ReadOptions read;
    read.prefix_same_as_start = true;
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(read, handles_[kPostings]));
    for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
      ByteReader key_in(View(it->key()));
      key_in.KeyNumber();
      const int64_t min_time = key_in.KeyTime();
      const uint64_t id = key_in.KeyNumber();
      ByteReader in(View(it->value()));
      const int64_t max_time = static_cast<int64_t>(static_cast<uint64_t>(min_time) + in.Varint());
      if (!key_in.ok() || !in.ok()) {
        ++counters_.damaged_rows;
        continue;
      }
      if (min_time > until.ns) break;
      if (max_time < from.ns) continue;
      if (heap.size() > limit && min_time > heap.front().time.ns) break;
      absl::StatusOr<const Block*> block = Load(id);
      if (!block.ok()) {
        damage.Update(block.status());
        continue;
      }
      const uint32_t entity = (*block)->FindEntity(hash);
      uint64_t ordinal = 0;
      for (bool first = true; in.more(); first = false) {
        ordinal = first ? in.Varint() : ordinal + in.Varint();
        if (!in.ok() || ordinal >= (*block)->events() || entity == Block::kNoEntity) {
          ++counters_.damaged_rows;
          break;
        }
        const uint32_t at = static_cast<uint32_t>(ordinal);
        const event::EventTime time = (*block)->time(at);
        if (time < from || time > until || !(*block)->HasEntity(at, entity)) continue;
        if (heap.size() > limit && time > heap.front().time) continue;
        absl::StatusOr<StoredEvent> event = (*block)->Read(at);
        if (!event.ok()) {
          damage.Update(Damaged(id, event.status()));
          continue;
        }
        heap.push_back(*std::move(event));
        std::ranges::push_heap(heap, StoredBefore);
        if (heap.size() > limit + 1) {
          std::ranges::pop_heap(heap, StoredBefore);
          heap.pop_back();
        }
      }
    }
    if (!it->status().ok()) damage.Update(FromRocks(it->status(), directory_));
    std::ranges::sort_heap(heap, StoredBefore);
    if (truncated != nullptr) *truncated = heap.size() > limit;
    if (heap.size() > limit) heap.pop_back();
    std::ranges::move(heap, std::back_inserter(out));
    return damage;
  }

  absl::StatusOr<std::vector<StoredEvent>> FindByIdentity(event::EventTime time, const event::Identity& identity) {
    std::vector<StoredEvent> found;
    absl::Status damage;
    for (const DirectoryRow& row : rows_by_id_) {
      if (time.ns < row.min_time || time.ns > row.max_time || !BloomMayContain(row.bloom, identity)) continue;
      absl::StatusOr<const Block*> block = Load(row.id);
      if (!block.ok()) {
        damage.Update(block.status());
        continue;
      }
      for (uint32_t i = 0; i < (*block)->events(); ++i) {
        if ((*block)->identity(i) != identity || (*block)->time(i) != time) continue;
        absl::StatusOr<StoredEvent> event = (*block)->Read(i);
        if (event.ok()) {
          found.push_back(*std::move(event));
        } else {
          damage.Update(Damaged(row.id, event.status()));
        }
      }
    }
    // What was found stands, whatever else is damaged; only "not there" would be a guess.
    if (found.empty() && !damage.ok()) return damage;
    std::ranges::sort(found, StoredBefore);
    return found;
  }

  absl::Status FindLinks(content::EntityKind kind, std::string_view key_text, event::EventTime from, event::EventTime until,
                         std::vector<StoredLink>& out) {
    const uint64_t hash = event::EntityHash(kind, key_text);
    std::vector<StoredLink> found;
    absl::Status damage;
    for (char direction : {kLinkFrom, kLinkTo}) {
      std::string prefix(1, direction);
      PutKeyNumber(prefix, hash);
      std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, handles_[kLinks]));
      for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
        ByteReader in(View(it->value()));
        StoredLink link;
        link.from_kind = static_cast<content::EntityKind>(in.Fixed<uint8_t>());
        link.to_kind = static_cast<content::EntityKind>(in.Fixed<uint8_t>());
        link.from = in.Text();
        link.to = in.Text();
        link.valid_from = {in.Fixed<int64_t>()};
        link.valid_until = {in.Fixed<int64_t>()};
        link.max_open_ns = in.Fixed<int64_t>();
        link.replaces = in.Fixed<uint8_t>() != 0;
        if (!in.ok()) {
          ++counters_.damaged_rows;
          continue;
        }
        if (link.valid_from > until) break;
        const bool near = direction == kLinkFrom ? link.from_kind == kind && link.from == key_text
                                                 : link.to_kind == kind && link.to == key_text;
        const int64_t open_until = link.max_open_ns > 0 && link.valid_from.known() &&
                                           link.valid_from.ns < INT64_MAX - link.max_open_ns
                                       ? link.valid_from.ns + link.max_open_ns
                                       : INT64_MAX;
        const int64_t end = link.valid_until.known() ? link.valid_until.ns : open_until;
        if (near && end >= from.ns) found.push_back(std::move(link));
      }
      if (!it->status().ok()) damage.Update(FromRocks(it->status(), directory_));
    }
    std::ranges::sort(found, {}, [](const StoredLink& l) {
      return std::make_tuple(l.valid_from, l.valid_until, l.from_kind, std::string_view(l.from), l.to_kind, std::string_view(l.to),
                             l.max_open_ns, l.replaces);
    });
    std::ranges::move(found, std::back_inserter(out));
    return damage;
  }

  void SetHitNames(const HitNames& names) {
    rule_prefixes_.clear();
    for (const std::string& hash : names.rule_hashes) PutHitPrefix(rule_prefixes_.emplace_back(), hash);
    sources_.clear();
    for (size_t i = 0; i < names.sources.size(); ++i) sources_[names.sources[i]] = static_cast<uint16_t>(i);
    binding_ = match::FieldBinding(names.fields);
  }

  void ReadHits(content::RuleId rule, event::EventTime from, event::EventTime until, match::HitArena& arena,
                std::vector<match::Hit>& out) {
    if (!rule.valid() || rule.value() >= rule_prefixes_.size()) return;
    const std::string& prefix = rule_prefixes_[rule.value()];
    std::string start = prefix;
    PutKeyTime(start, from.ns);
    const size_t first = out.size();
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, handles_[kHits]));
    for (it->Seek(start); it->Valid() && it->key().starts_with(prefix); it->Next()) {
      ByteReader key(View(it->key()).substr(prefix.size()));
      match::Hit hit;
      hit.time = {key.KeyTime()};
      hit.identity.high = key.KeyNumber();
      hit.identity.low = key.KeyNumber();
      ByteReader in(View(it->value()));
      const uint8_t format = in.Fixed<uint8_t>();
      hit.flags = UnpackFlags(in.Fixed<uint8_t>());
      hit.precision_ns = static_cast<int64_t>(in.Varint());
      const std::string_view source = in.Text();
      if (!key.ok() || !in.ok() || format != kHitRowFormat) {
        ++counters_.damaged_rows;
        continue;
      }
      if (hit.time > until) break;
      const auto known = sources_.find(source);
      if (known != sources_.end()) hit.source = content::SourceId(known->second);
      hit.rule = rule;
      char* payload = arena.CopyMutable(in.rest());
      hit.payload = payload;
      hit.payload_size = static_cast<uint32_t>(in.rest().size());
      binding_.Apply(payload, hit.payload_size);
      out.push_back(hit);
    }
    if (!it->status().ok()) ++counters_.damaged_rows;
    std::sort(out.begin() + static_cast<ptrdiff_t>(first), out.end(), match::HitBefore);
  }

  const StoreCounters& counters() const { return counters_; }

 private:
  absl::Status Damaged(uint64_t id, const absl::Status& why) {
    return absl::DataLossError(directory_ + ": block " + std::to_string(id) + " " + std::string(why.message()));
  }

  absl::Status LoadDirectory() {
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, handles_[kDirectory]));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      ByteReader key(View(it->key())), value(View(it->value()));
      DirectoryRow row;
      row.id = key.KeyNumber();
      row.min_time = value.Fixed<int64_t>();
      row.max_time = value.Fixed<int64_t>();
      row.bloom = value.rest();
      if (!key.ok() || !value.ok()) {
        ++counters_.damaged_rows;
        continue;
      }
      next_id_ = row.id + 1;
      rows_by_id_.push_back(std::move(row));
    }
    return FromRocks(it->status(), directory_);
  }

  // REQUIRES: Usable(), since before the batch was filled.
  absl::Status Write(rocksdb::WriteBatch& batch) {
    const rocksdb::Status status = db_->Write(write_options_, &batch);
    stopped_ = !status.ok();
    return FromRocks(status, directory_);
  }

  absl::Status WriteRows() {
    absl::Status status = Usable();
    if (!status.ok() || rows_.Count() == 0) return status;
    status = Write(rows_);
    if (status.ok()) rows_.Clear();
    return status;
  }

  absl::Status WriteRowsIfMany() {
    return rows_.GetDataSize() < kPendingRowBytes ? Usable() : WriteRows();
  }

  // The whole block in place of its parts, in one step.
  absl::Status WriteWhole() {
    if (whole_.events() == 0) return absl::OkStatus();
    absl::Status status = WriteBlock(whole_, nullptr);
    if (!status.ok()) return status;
    for (const WrittenBlock& part : parts_) {
      --counters_.blocks;
      counters_.stored_bytes -= part.stored_bytes;
      counters_.postings -= part.postings.size();
      std::erase_if(rows_by_id_, [&](const DirectoryRow& row) { return row.id == part.id; });
    }
    parts_.clear();
    part_.Clear();
    whole_.Clear();
    return absl::OkStatus();
  }

  // `written` = null: this is the whole, and its parts go.
  absl::Status WriteBlock(BlockBuilder& block, WrittenBlock* written) {
    absl::Status usable = Usable();
    if (!usable.ok()) return usable;
    const std::string_view stored = block.Finish();
    const uint64_t id = next_id_;
    batch_.Clear();
    key_.clear();
    PutKeyNumber(key_, id);
    batch_.Put(handles_[kBlocks], key_, SliceOf(stored));
    value_.clear();
    PutFixed(value_, block.min_time());
    PutFixed(value_, block.max_time());
    value_ += block.bloom();
    batch_.Put(handles_[kDirectory], key_, value_);
    for (size_t i = 0; i < block.postings(); ++i) {
      const BlockBuilder::Posting posting = block.posting(i);
      PostingKey(posting.hash, posting.min_time, id);
      value_.clear();
      PutVarint(value_, static_cast<uint64_t>(posting.max_time) - static_cast<uint64_t>(posting.min_time));
      uint32_t before = 0;
      for (uint32_t ordinal : posting.ordinals) {
        PutVarint(value_, ordinal - before);
        before = ordinal;
      }
      batch_.Put(handles_[kPostings], key_, value_);
      if (written != nullptr) written->postings.emplace_back(posting.hash, posting.min_time);
    }
    if (written == nullptr) {
      for (const WrittenBlock& part : parts_) {
        key_.clear();
        PutKeyNumber(key_, part.id);
        batch_.Delete(handles_[kBlocks], key_);
        batch_.Delete(handles_[kDirectory], key_);
        for (const auto& [hash, min_time] : part.postings) {
          PostingKey(hash, min_time, part.id);
          batch_.Delete(handles_[kPostings], key_);
        }
      }
    } else {
      written->id = id;
      written->stored_bytes = stored.size();
    }
    absl::Status status = Write(batch_);
    if (!status.ok()) return status;
    ++next_id_;
    rows_by_id_.push_back({id, block.min_time(), block.max_time(), std::string(block.bloom())});
    ++counters_.blocks;
    counters_.stored_bytes += stored.size();
    counters_.postings += block.postings();
    return absl::OkStatus();
  }

  void PostingKey(uint64_t hash, int64_t min_time, uint64_t id) {
    key_.clear();
    PutKeyNumber(key_, hash);
    PutKeyTime(key_, min_time);
    PutKeyNumber(key_, id);
  }

  // The block, from the cache or the disk. Valid until the next Load.
  absl::StatusOr<const Block*> Load(uint64_t id) {
    for (auto it = cache_.begin(); it != cache_.end(); ++it) {
      if (it->first != id) continue;
      cache_.splice(cache_.begin(), cache_, it);
      return &cache_.front().second;
    }
    std::string key;
    PutKeyNumber(key, id);
    rocksdb::PinnableSlice stored;
    const rocksdb::Status status = db_->Get({}, handles_[kBlocks], key, &stored);
    if (!status.ok()) {
      ++counters_.damaged_blocks;
      if (status.IsNotFound()) return Damaged(id, absl::DataLossError("is not there, though postings name it"));
      return Damaged(id, absl::DataLossError("cannot be read: " + status.ToString()));
    }
    absl::StatusOr<Block> block = Block::Decode(View(stored));
    if (!block.ok()) {
      ++counters_.damaged_blocks;
      return Damaged(id, block.status());
    }
    cached_bytes_ += block->bytes();
    cache_.emplace_front(id, *std::move(block));
    while (cached_bytes_ > kCacheBytes && cache_.size() > 1) {
      cached_bytes_ -= cache_.back().second.bytes();
      cache_.pop_back();
    }
    return &cache_.front().second;
  }

  const std::string directory_;
  const StoreOptions options_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  rocksdb::WriteOptions write_options_;
  bool stopped_ = false;

  BlockBuilder whole_;                  // the block that is being filled
  BlockBuilder part_;                   // its events since the last Flush; used only once there was one
  std::vector<WrittenBlock> parts_;     // its parts that are in the store
  uint64_t next_id_ = 1;
  rocksdb::WriteBatch batch_, rows_;    // rows_: hits and links
  std::string key_, value_;
  std::vector<uint64_t> recent_links_;

  std::vector<DirectoryRow> rows_by_id_;
  std::list<std::pair<uint64_t, Block>> cache_;   // latest first
  size_t cached_bytes_ = 0;
  std::vector<std::string> rule_prefixes_;        // by RuleId
  std::map<std::string, uint16_t, std::less<>> sources_;
  match::FieldBinding binding_;
  StoreCounters counters_;
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& directory, const StoreOptions& options) {
  absl::Status status = CheckFormat(directory);
  if (!status.ok()) return status;
  auto impl = std::make_unique<Impl>(directory, options);
  status = impl->Open();
  if (!status.ok()) return status;
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

absl::Status Store::Append(const event::EventView& event, std::string_view source_name, std::string_view input_name) {
  return impl_->Append(event, source_name, input_name);
}
absl::Status Store::AppendHit(const match::Hit& hit, std::string_view rule_hash, std::string_view source_name) {
  return impl_->AppendHit(hit, rule_hash, source_name);
}
absl::Status Store::AppendLink(const event::Link& link, event::EventTime seen) { return impl_->AppendLink(link, seen); }
absl::Status Store::Flush() { return impl_->Flush(); }
absl::Status Store::Sync() { return impl_->Sync(); }

absl::Status Store::Find(content::EntityKind kind, std::string_view key, event::EventTime from, event::EventTime until,
                         size_t limit, std::vector<StoredEvent>& out, bool* truncated) {
  absl::Status status = impl_->Usable();
  if (!status.ok()) return status;
  return impl_->Find(event::EntityHash(kind, key), from, until, limit, out, truncated);
}
absl::Status Store::FindBySource(std::string_view source, event::EventTime from, event::EventTime until, size_t limit,
                                 std::vector<StoredEvent>& out, bool* truncated) {
  absl::Status status = impl_->Usable();
  if (!status.ok()) return status;
  return impl_->Find(SourceHash(source), from, until, limit, out, truncated);
}
absl::StatusOr<std::vector<StoredEvent>> Store::FindByIdentity(event::EventTime time, const event::Identity& identity) {
  absl::Status status = impl_->Usable();
  if (!status.ok()) return status;
  return impl_->FindByIdentity(time, identity);
}
absl::Status Store::FindLinks(content::EntityKind kind, std::string_view key, event::EventTime from, event::EventTime until,
                              std::vector<StoredLink>& out) {
  absl::Status status = impl_->Usable();
  if (!status.ok()) return status;
  return impl_->FindLinks(kind, key, from, until, out);
}
void Store::SetHitNames(const HitNames& names) { impl_->SetHitNames(names); }
void Store::Read(content::RuleId rule, event::EventTime from, event::EventTime until, match::HitArena& arena,
                 std::vector<match::Hit>& out) {
  if (impl_->Usable().ok()) impl_->ReadHits(rule, from, until, arena, out);
}
const StoreCounters& Store::counters() const { return impl_->counters(); }

}  // namespace tocsin::evidence
