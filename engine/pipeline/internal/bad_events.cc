#include "engine/pipeline/internal/bad_events.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "engine/pipeline/internal/json.h"

namespace tocsin::pipeline {

namespace {

absl::Status Failed(const std::string& path) {
  const std::string message = path + ": " + strerror(errno);
  return errno == ENOSPC || errno == EDQUOT ? absl::ResourceExhaustedError(message) : absl::UnavailableError(message);
}

}  // namespace

BadEventsFile::~BadEventsFile() {
  if (file_ >= 0) close(file_);
}

absl::Status BadEventsFile::Write(const std::vector<event::BadRecord>& records, const event::InputTable& inputs) {
  if (records.empty()) return absl::OkStatus();
  if (file_ < 0) {
    file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (append_ ? 0 : O_TRUNC), 0600);
    if (file_ < 0 || (end_ = lseek(file_, 0, SEEK_END)) < 0) return Failed(path_);
  }
  std::string text;
  for (const event::BadRecord& bad : records) {
    text += "{\"input\":";
    AppendJsonString(bad.input.valid() ? inputs[bad.input.value()].name : "", text);
    text += ",\"offset\":" + std::to_string(bad.offset) + ",\"line\":" + std::to_string(bad.line) + ",\"reason\":";
    AppendJsonString(bad.reason, text);
    text += ",\"bytes\":\"" + Base64(bad.bytes) + "\",\"size\":" + std::to_string(bad.size) + "}\n";
  }
  for (size_t done = 0; done < text.size();) {
    const ssize_t n = pwrite(file_, text.data() + done, text.size() - done, end_ + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const absl::Status status = Failed(path_);
      (void)!ftruncate(file_, end_);  // half a record would spoil the one behind it
      return status;
    }
    done += static_cast<size_t>(n);
  }
  end_ += static_cast<off_t>(text.size());
  synced_ = false;
  return absl::OkStatus();
}

absl::Status BadEventsFile::Sync() {
  if (synced_) return absl::OkStatus();
  if (fdatasync(file_) != 0) return Failed(path_);
  synced_ = true;
  return absl::OkStatus();
}

}  // namespace tocsin::pipeline
