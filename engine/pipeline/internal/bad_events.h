// The bad-events file: one JSON object a record that could not be read, so that it can be read again.
// {"input","offset","line","reason","bytes":base64,"size"}
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_BAD_EVENTS_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_BAD_EVENTS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/event/batch.h"

namespace tocsin::pipeline {

// Created with the first record, mode 0600 (bytes may hold secrets). Owns the file. A Write that fails leaves no part of its
// records behind, so that it can be made again: a full disk is ResourceExhausted, other trouble Unavailable.
class BadEventsFile {
 public:
  BadEventsFile(std::string path, bool append) : path_(std::move(path)), append_(append) {}
  ~BadEventsFile();
  BadEventsFile(const BadEventsFile&) = delete;
  BadEventsFile& operator=(const BadEventsFile&) = delete;
  absl::Status Write(const std::vector<event::BadRecord>& records, const event::InputTable& inputs);
  absl::Status Sync();             // what was written is durable
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  const bool append_;
  int file_ = -1;
  off_t end_ = 0;                  // of the last whole record
  bool synced_ = true;
};

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_BAD_EVENTS_H_
