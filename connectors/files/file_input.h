// Files, folders and standard input as the engine's bounded input.
//
// Paths are read in the order given, folders in byte order of the paths below them. From a folder, files are taken whose
// names look like logs' (LooksLikeLog); a file named outright is read whatever it is called. Folder loops through symbolic
// links are cut. Not thread-safe.
#ifndef TOCSIN_CONNECTORS_FILES_FILE_INPUT_H_
#define TOCSIN_CONNECTORS_FILES_FILE_INPUT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/files/decoder.h"
#include "engine/pipeline/ports.h"

namespace tocsin::files {

inline constexpr size_t kBatchBytes = 1u << 20;            // documents handed over at a time, unless one is longer
inline constexpr std::string_view kLogEndings[] = {".json", ".ndjson", ".jsonl", ".log"};

// Does the name end like a log's? One of kLogEndings, behind it perhaps what rotation adds (a number or a date: audit.log.1,
// app.log-20260101), behind that perhaps .gz or .zst; in upper or lower case.
bool LooksLikeLog(std::string_view name);

// Bytes that were read and not yet handed over.
class Pending {
 public:
  std::string_view text() const { return {memory_.bytes.get(), size_}; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Where `more` bytes may be written behind the others; Grow then says how many were.
  char* Room(size_t more);
  void Grow(size_t size) { size_ += size; }
  // The first `size` bytes go.
  void Drop(size_t size);
  void Clear() { size_ = 0; }
  // Hands the first `size` bytes to the batch, with the memory they stand in; what follows them is kept.
  char* HandOver(size_t size, event::Batch& batch);
  void Release() {
    memory_ = {};
    size_ = 0;
  }

 private:
  event::BatchMemory memory_;
  size_t size_ = 0;
};

class FileInput : public pipeline::BoundedInput {
 public:
  // `max_document` is for tests; everyone else takes the default.
  explicit FileInput(std::vector<std::string> paths, size_t max_document = event::kMaxDocumentBytes);

  bool Next(event::Batch& batch, event::InputTable& inputs, std::vector<event::BadRecord>& bad,
            std::vector<std::string>& unreadable) override;
  uint64_t bytes_total() const override { return bytes_total_; }
  uint64_t bytes_done() const override { return bytes_done_ + (decoder_ ? decoder_->consumed() : 0); }
  std::string Fingerprint() const override;
  // Names of files in folders that do not look like logs and were left out.
  const std::vector<std::string>& skipped() const { return skipped_; }

 private:
  struct File {
    std::string path;
    std::string folder;                // name of the folder that holds it
    uint64_t size = 0;
    event::EventTime modified;
    bool empty_folder = false;         // a folder without logs: named, not read
  };
  void List(const std::string& path);
  void ListFolder(const std::string& path, std::vector<std::pair<uint64_t, uint64_t>>& above, std::vector<File>& found);
  bool OpenNext(event::InputTable& inputs, std::vector<std::string>& unreadable);
  void ReadAtLeast(size_t wanted);
  bool NextLines(event::Batch& batch, std::vector<event::BadRecord>& bad);
  bool NextDocument(event::Batch& batch, std::vector<event::BadRecord>& bad);
  void SkipLongLine(std::vector<event::BadRecord>& bad);
  void Close(std::vector<event::BadRecord>& bad);
  event::BadRecord Bad(const char* reason, std::string_view bytes, uint64_t size) const;
  void AddDocument(event::Batch& batch, size_t begin, size_t size, uint64_t offset) const;

  const size_t max_document_;
  std::vector<File> files_;
  std::vector<std::string> unlisted_;  // paths that could not be listed
  std::vector<std::string> skipped_;
  uint64_t bytes_total_ = 0, bytes_done_ = 0;

  size_t next_file_ = 0;
  std::unique_ptr<Decoder> decoder_;
  event::InputId input_;
  const File* file_ = nullptr;
  bool started_ = false, ended_ = false, whole_document_ = false;
  Pending pending_;                    // decoded and not yet handed over
  uint64_t offset_ = 0;                // of its first byte in the decoded text
  uint32_t line_ = 1;                  // line number of that byte
};

}  // namespace tocsin::files

#endif  // TOCSIN_CONNECTORS_FILES_FILE_INPUT_H_
