// What a connector hands to the engine: padded bytes with documents in them, and where each came from.
//
// Ownership: a Batch owns its bytes and everything that views into them is valid until Clear() or destruction. A connector
// fills batches and may use them again after the pipeline has released them. Not thread-safe; handed from thread to thread
// as a whole.
#ifndef TOCSIN_ENGINE_EVENT_BATCH_H_
#define TOCSIN_ENGINE_EVENT_BATCH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/content/ids.h"
#include "engine/event/time.h"

namespace tocsin::event {

// An input: one file, one topic partition. Index into the run's InputTable.
using InputId = content::StrongId<struct InputTag, uint32_t>;

struct Input {
  std::string name;                // path as given, or topic/partition
  std::string folder;              // name of the folder that holds the file; empty for topics
  content::SourceId source;        // named by flag or configuration: it or one that extends it; !valid() = any
};
using InputTable = std::vector<Input>;

// The bytes that follow a document's last one must be readable: simdjson reads up to this many.
inline constexpr size_t kPadding = 64;
inline constexpr size_t kMaxEventBytes = 16u << 20;        // max_event: a longer event is bad
inline constexpr size_t kMaxDocumentBytes = 1ull << 30;    // max_document: a longer document is bad

// A document: one line, one message, or a whole JSON text that holds many events (an envelope or an array).
struct Document {
  uint64_t begin = 0;              // into Batch::bytes
  uint64_t size = 0;
  uint64_t offset = 0;             // where it starts in the (decompressed) file, or the message offset in the partition
  uint32_t line = 0;               // line it starts at, from 1; 0 for messages
  uint32_t first_header = 0, headers = 0;   // into Batch::headers
  EventTime transport;             // Kafka record time or file modification time; !known() for pipes
};

struct Header {
  std::string_view name, value;    // views into the batch's bytes or into memory that outlives it; name as received
};

// Memory for documents, `capacity` bytes of it.
struct BatchMemory {
  std::unique_ptr<char[]> bytes;
  size_t capacity = 0;
};

class Batch {
 public:
  InputId input;
  std::vector<Document> documents;
  std::vector<Header> headers;

  // Room for `size` document bytes, whose contents are then the caller's to write, plus padding that is zero. Memory is kept
  // from one use to the next.
  char* Resize(size_t size);
  // The same without a copy: takes over memory whose first `size` bytes are documents (padding is written behind them), and gives
  // its own for it, whose contents are gone. REQUIRES: size + kPadding <= memory.capacity.
  char* Exchange(BatchMemory& memory, size_t size);
  std::string_view bytes() const { return {memory_.bytes.get(), size_}; }
  std::string_view text(const Document& document) const { return {memory_.bytes.get() + document.begin, document.size}; }
  void Clear();

 private:
  BatchMemory memory_;
  size_t size_ = 0;
};

// A record that could not be read. The bytes are kept so that it can be read again from the bad-events file.
struct BadRecord {
  InputId input;
  uint64_t offset = 0;
  uint32_t line = 0;
  const char* reason = "";         // static text: "not JSON: a string is not closed", "longer than max_event", ...
  std::string bytes;               // at most kBadBytesKept of it
  uint64_t size = 0;               // how long it was
};
inline constexpr size_t kBadBytesKept = 1u << 20;

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_BATCH_H_
