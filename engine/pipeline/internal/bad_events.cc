#include "engine/pipeline/internal/bad_events.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "engine/pipeline/internal/json.h"

namespace tocsin::pipeline {

BadEventsFile::~BadEventsFile() {
  if (file_ != nullptr) fclose(file_);
}

absl::Status BadEventsFile::Write(const std::vector<event::BadRecord>& records, const event::InputTable& inputs) {
  if (records.empty()) return absl::OkStatus();
  if (file_ == nullptr) {
    const int fd = open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (append_ ? O_APPEND : O_TRUNC), 0600);
    file_ = fd < 0 ? nullptr : fdopen(fd, append_ ? "a" : "w");
    if (file_ == nullptr) return absl::UnavailableError(path_ + ": " + strerror(errno));
  }
  std::string text;
  for (const event::BadRecord& bad : records) {
    text += "{\"input\":";
    AppendJsonString(bad.input.valid() ? inputs[bad.input.value()].name : "", text);
    text += ",\"offset\":" + std::to_string(bad.offset) + ",\"line\":" + std::to_string(bad.line) + ",\"reason\":";
    AppendJsonString(bad.reason, text);
    text += ",\"bytes\":\"" + Base64(bad.bytes) + "\",\"size\":" + std::to_string(bad.size) + "}\n";
  }
  if (fwrite(text.data(), 1, text.size(), file_) != text.size() || fflush(file_) != 0) {
    return absl::ResourceExhaustedError(path_ + ": " + strerror(errno));
  }
  return absl::OkStatus();
}

}  // namespace tocsin::pipeline
