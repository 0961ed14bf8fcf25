// Lines of events from memory, as the engine's bounded input. For tests.
#ifndef TOCSIN_ENGINE_PIPELINE_TESTING_TEXT_INPUT_H_
#define TOCSIN_ENGINE_PIPELINE_TESTING_TEXT_INPUT_H_

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "engine/pipeline/ports.h"

namespace tocsin::pipeline {

class TextInput : public BoundedInput {
 public:
  explicit TextInput(std::string lines) : lines_(std::move(lines)) {}

  bool Next(event::Batch& batch, event::InputTable& inputs, std::vector<event::BadRecord>&,
            std::vector<std::string>&) override {
    batch.Clear();
    if (read_) return false;
    read_ = true;
    inputs.push_back({"memory", "", {}});
    batch.input = event::InputId(static_cast<uint32_t>(inputs.size() - 1));
    memcpy(batch.Resize(lines_.size()), lines_.data(), lines_.size());
    uint32_t line = 0;
    for (size_t at = 0; at < lines_.size();) {
      const size_t end = std::min(lines_.find('\n', at), lines_.size());
      event::Document document;
      document.begin = document.offset = at;
      document.size = end - at;
      document.line = ++line;
      if (document.size > 0) batch.documents.push_back(document);
      at = end + 1;
    }
    return true;
  }
  uint64_t bytes_total() const override { return lines_.size(); }
  uint64_t bytes_done() const override { return read_ ? lines_.size() : 0; }
  std::string Fingerprint() const override { return "memory"; }

 private:
  const std::string lines_;
  bool read_ = false;
};

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_TESTING_TEXT_INPUT_H_
