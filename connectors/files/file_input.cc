#include "connectors/files/file_input.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "connectors/files/framing.h"

namespace tocsin::files {
namespace {

using event::BadRecord;
using event::EventTime;

constexpr size_t kReadBytes = 1u << 20;
constexpr size_t kFingerprintBytes = 64u << 10;

bool EndsWith(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() && text.substr(text.size() - ending.size()) == ending;
}

std::string FolderName(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return "";
  const size_t before = path.rfind('/', slash - 1);
  return path.substr(before == std::string_view::npos ? 0 : before + 1, slash - (before == std::string_view::npos ? 0 : before + 1));
}

EventTime ModifiedTime(const struct stat& info) {
  return EventTime{info.st_mtim.tv_sec * 1'000'000'000ll + info.st_mtim.tv_nsec};
}

std::string HexSha256(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  std::string out;
  for (const unsigned char byte : digest) {
    static const char kHex[] = "0123456789abcdef";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

bool IsBlankLine(std::string_view line) {
  return std::all_of(line.begin(), line.end(), [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
}

}  // namespace

bool LooksLikeLog(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  name = lower;
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (EndsWith(name, packed)) {
      name.remove_suffix(packed.size());
      break;
    }
  }
  // Of the characters of a number, a date, or a date and a time: from the separator in front of it to the end.
  const size_t rotation = name.find_last_not_of("0123456789.-_:tz") + 1;
  if (rotation < name.size() && name.find_first_of("0123456789", rotation) != std::string_view::npos &&
      std::string_view(".-_").find(name[rotation]) != std::string_view::npos) {
    name = name.substr(0, rotation);
  }
  return std::any_of(std::begin(kLogEndings), std::end(kLogEndings), [&](std::string_view e) { return EndsWith(name, e); });
}

FileInput::FileInput(std::vector<std::string> paths, size_t max_document)
    : max_document_(max_document) {
  for (const std::string& path : paths) List(path);
  for (const File& file : files_) bytes_total_ += file.size;
}

void FileInput::List(const std::string& path) {
  if (path == "-") {
    files_.push_back({.path = path, .folder = "", .size = 0, .modified = {}});
    return;
  }
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    unlisted_.push_back(path + ": " + strerror(errno));
    return;
  }
  if (!S_ISDIR(info.st_mode)) {
    // A pipe has no modification time that means anything.
    const EventTime modified = S_ISREG(info.st_mode) ? ModifiedTime(info) : EventTime{};
    files_.push_back({.path = path, .folder = FolderName(path), .size = static_cast<uint64_t>(info.st_size), .modified = modified});
    return;
  }
  std::vector<std::pair<uint64_t, uint64_t>> above;
  std::vector<File> found;
  ListFolder(path, above, found);
  std::sort(found.begin(), found.end(), [](const File& a, const File& b) { return a.path < b.path; });
  if (found.empty()) found.push_back({.path = path, .folder = "", .size = 0, .modified = {}, .empty_folder = true});
  files_.insert(files_.end(), found.begin(), found.end());
}

void FileInput::ListFolder(const std::string& path, std::vector<std::pair<uint64_t, uint64_t>>& above, std::vector<File>& found) {
  DIR* dir = opendir(path.c_str());
  if (dir == nullptr) {
    unlisted_.push_back(path + ": " + strerror(errno));
    return;
  }
  struct stat info;
  if (fstat(dirfd(dir), &info) == 0) {
    const std::pair<uint64_t, uint64_t> self{info.st_dev, info.st_ino};
    if (std::find(above.begin(), above.end(), self) != above.end()) {
      closedir(dir);
      return;  // a link back to a folder that is being listed
    }
    above.push_back(self);
  }
  const std::string base = EndsWith(path, "/") ? path : path + "/";
  while (const dirent* entry = readdir(dir)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    const std::string child = base + name;
    if (stat(child.c_str(), &info) != 0) {
      unlisted_.push_back(child + ": " + strerror(errno));
    } else if (S_ISDIR(info.st_mode)) {
      ListFolder(child, above, found);
    } else if (S_ISREG(info.st_mode) && LooksLikeLog(name)) {
      found.push_back({.path = child, .folder = FolderName(child), .size = static_cast<uint64_t>(info.st_size), .modified = ModifiedTime(info)});
    } else {
      skipped_.push_back(child);
    }
  }
  closedir(dir);
  above.pop_back();
}

bool FileInput::OpenNext(event::InputTable& inputs, std::vector<std::string>& unreadable) {
  unreadable.insert(unreadable.end(), unlisted_.begin(), unlisted_.end());
  unlisted_.clear();
  while (next_file_ < files_.size()) {
    file_ = &files_[next_file_++];
    input_ = event::InputId(static_cast<uint32_t>(inputs.size()));
    inputs.push_back({.name = file_->path, .folder = file_->folder, .source = {}});
    if (file_->empty_folder) continue;
    auto decoder = OpenDecoder(file_->path);
    if (!decoder.ok()) {
      unreadable.push_back(std::string(decoder.status().message()));
      continue;
    }
    decoder_ = std::move(*decoder);
    started_ = ended_ = whole_document_ = false;
    pending_.Clear();
    offset_ = 0;
    line_ = 1;
    return true;
  }
  return false;
}

char* Pending::Room(size_t more) {
  if (size_ + more + event::kPadding > memory_.capacity) {
    const size_t capacity = std::max(size_ + more + event::kPadding, memory_.capacity * 2);
    auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) memcpy(bytes.get(), memory_.bytes.get(), size_);
    memory_ = {std::move(bytes), capacity};
  }
  return memory_.bytes.get() + size_;
}

void Pending::Drop(size_t size) {
  size_ -= size;
  memmove(memory_.bytes.get(), memory_.bytes.get() + size, size_);
}

char* Pending::HandOver(size_t size, event::Batch& batch) {
  const std::string rest(text().substr(size));   // the end of a batch: a part of a line
  Clear();
  char* const bytes = batch.Exchange(memory_, size);
  memcpy(Room(rest.size()), rest.data(), rest.size());
  Grow(rest.size());
  return bytes;
}

void FileInput::ReadAtLeast(size_t wanted) {
  while (!ended_ && pending_.size() < wanted) {
    const size_t n = decoder_->Read(pending_.Room(kReadBytes), kReadBytes);
    pending_.Grow(n);
    if (n == 0) ended_ = true;
  }
}

BadRecord FileInput::Bad(const char* reason, std::string_view bytes, uint64_t size) const {
  BadRecord bad;
  bad.input = input_;
  bad.offset = offset_;
  bad.line = line_;
  bad.reason = reason;
  bad.bytes = std::string(bytes.substr(0, event::kBadBytesKept));
  bad.size = size;
  return bad;
}

void FileInput::Close(std::vector<BadRecord>& bad) {
  if (!decoder_->error().empty()) {
    // Reasons are static text; which of the few it is, is told by the first word.
    const std::string& error = decoder_->error();
    const char* reason = error.rfind("gzip: the file ends", 0) == 0  ? "truncated gzip: what could be unpacked was read"
                         : error.rfind("gzip", 0) == 0               ? "damaged gzip: what could be unpacked was read"
                         : error.rfind("zstd: the file ends", 0) == 0 ? "truncated zstd: what could be unpacked was read"
                         : error.rfind("zstd", 0) == 0               ? "damaged zstd: what could be unpacked was read"
                                                                     : "the file could not be read to its end";
    bad.push_back(Bad(reason, "", 0));
  }
  bytes_done_ += decoder_->consumed();
  decoder_.reset();
}

void FileInput::AddDocument(event::Batch& batch, size_t begin, size_t size, uint64_t offset) const {
  event::Document document;
  document.begin = begin;
  document.size = size;
  document.offset = offset;
  document.line = line_;
  document.transport = file_->modified;
  batch.documents.push_back(document);
}

// A line above max_document is passed over without being kept. Its size is that of the line alone, as NextLines counts it.
void FileInput::SkipLongLine(std::vector<BadRecord>& bad) {
  BadRecord record = Bad("longer than max_document", pending_.text(), 0);
  uint64_t skipped = 0, carriage_returns = 0;  // of the latter: those that `skipped` ends in
  const auto take = [&](size_t size) {
    size_t text = size;
    while (text > 0 && pending_.text()[text - 1] == '\r') text--;
    carriage_returns = text > 0 ? size - text : carriage_returns + size;
    skipped += size;
    pending_.Drop(size);
  };
  size_t end;
  while ((end = pending_.text().find('\n')) == std::string_view::npos && !ended_) {
    take(pending_.size());
    ReadAtLeast(kReadBytes);
  }
  take(std::min(end, pending_.size()));
  record.size = skipped - carriage_returns;
  offset_ += skipped;
  if (!pending_.empty()) {  // the line feed
    pending_.Drop(1);
    offset_++;
  }
  line_++;
  bad.push_back(std::move(record));
}

bool FileInput::NextLines(event::Batch& batch, std::vector<BadRecord>& bad) {
  ReadAtLeast(kBatchBytes);
  size_t end = pending_.text().rfind('\n');
  while (end == std::string_view::npos && !ended_ && pending_.size() <= max_document_) {
    ReadAtLeast(pending_.size() * 2);
    end = pending_.text().rfind('\n');
  }
  if (end == std::string_view::npos && pending_.size() > max_document_) {
    SkipLongLine(bad);
    return true;
  }
  size_t taken = end == std::string_view::npos ? 0 : end + 1;
  if (ended_) taken = pending_.size();
  if (taken == 0) return false;
  char* const bytes = pending_.HandOver(taken, batch);
  for (size_t begin = 0; begin < taken;) {
    const void* found = memchr(bytes + begin, '\n', taken - begin);
    const size_t line_end = found ? static_cast<size_t>(static_cast<const char*>(found) - bytes) : taken;
    size_t size = line_end - begin;
    while (size > 0 && bytes[begin + size - 1] == '\r') size--;
    if (size > max_document_) {
      bad.push_back(Bad("longer than max_document", std::string_view(bytes + begin, size), size));
      bad.back().offset = offset_ + begin;
    } else if (!IsBlankLine({bytes + begin, size})) {
      AddDocument(batch, begin, size, offset_ + begin);
    }
    line_++;
    begin = line_end + 1;
  }
  offset_ += taken;
  return true;
}

bool FileInput::NextDocument(event::Batch& batch, std::vector<BadRecord>& bad) {
  if (pending_.empty() && ended_) return false;
  while (!ended_ && pending_.size() <= max_document_) ReadAtLeast(std::min(pending_.size() * 2 + kReadBytes, max_document_ + 1));
  if (pending_.size() > max_document_) {
    bad.push_back(Bad("longer than max_document", pending_.text(), pending_.size()));
    pending_.Clear();
    while (!ended_) {  // the rest of it is passed over
      ReadAtLeast(kReadBytes);
      bad.back().size += pending_.size();
      pending_.Clear();
    }
    return true;
  }
  const size_t size = pending_.size();
  pending_.HandOver(size, batch);
  AddDocument(batch, 0, size, offset_);
  offset_ += size;
  pending_.Release();  // a large document's memory is not kept for the next file
  return true;
}

bool FileInput::Next(event::Batch& batch, event::InputTable& inputs, std::vector<BadRecord>& bad, std::vector<std::string>& unreadable) {
  batch.Clear();
  for (;;) {
    if (!decoder_ && !OpenNext(inputs, unreadable)) return false;
    batch.input = input_;
    if (!started_) {
      started_ = true;
      ReadAtLeast(kReadBytes);
      if (pending_.text().starts_with("\xEF\xBB\xBF")) {  // a byte order mark is no part of JSON
        pending_.Drop(3);
        offset_ = 3;
      }
      whole_document_ = DetectFraming(pending_.text()) == Framing::kDocument;
    }
    const size_t bad_before = bad.size();
    const bool more = whole_document_ ? NextDocument(batch, bad) : NextLines(batch, bad);
    if (!batch.documents.empty()) return true;
    if (!more) Close(bad);
    else if (bad.size() > bad_before) return true;  // an empty batch that brings bad records
  }
}

std::string FileInput::Fingerprint() const {
  std::string out;
  std::vector<const File*> sorted;
  for (const File& file : files_) sorted.push_back(&file);
  std::sort(sorted.begin(), sorted.end(), [](const File* a, const File* b) { return a->path < b->path; });
  const auto ends = std::make_unique_for_overwrite<char[]>(2 * kFingerprintBytes);
  for (const File* file : sorted) {
    size_t size = 0;
    const int fd = file->path == "-" ? -1 : open(file->path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
      const ssize_t head = pread(fd, ends.get(), kFingerprintBytes, 0);
      size = head > 0 ? static_cast<size_t>(head) : 0;
      // A file of less than both has each byte hashed once.
      const off_t tail_at = static_cast<off_t>(std::max<uint64_t>(size, file->size - std::min<uint64_t>(file->size, kFingerprintBytes)));
      const ssize_t tail = pread(fd, ends.get() + size, kFingerprintBytes, tail_at);
      size += tail > 0 ? static_cast<size_t>(tail) : 0;
      close(fd);
    }
    out += file->path + "\t" + std::to_string(file->size) + "\t" + event::FormatTime(file->modified) + "\t" + HexSha256({ends.get(), size}) + "\n";
  }
  return out;
}

}  // namespace tocsin::files
