// Documents in memory as a bounded input.
#ifndef TOCSIN_ENGINE_PIPELINE_TESTING_TEXTS_H_
#define TOCSIN_ENGINE_PIPELINE_TESTING_TEXTS_H_

#include <cstring>
#include <string>
#include <vector>

#include "engine/pipeline/ports.h"

namespace tocsin::pipeline {

class TextInput : public BoundedInput {
 public:
  // One input a text, one document a line.
  explicit TextInput(std::vector<std::string> texts) : texts_(std::move(texts)) {}

  bool Next(event::Batch& batch, event::InputTable& inputs, std::vector<event::BadRecord>&, std::vector<std::string>&) override {
    batch.Clear();
    if (next_ == texts_.size()) return false;
    const std::string& text = texts_[next_];
    batch.input = event::InputId(static_cast<uint32_t>(inputs.size()));
    inputs.push_back({.name = "text" + std::to_string(next_++), .folder = "", .source = {}});
    memcpy(batch.Resize(text.size()), text.data(), text.size());
    uint32_t line = 1;
    for (size_t begin = 0; begin < text.size(); line++) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      event::Document document;
      document.begin = document.offset = begin;
      document.size = end - begin;
      document.line = line;
      document.transport = {1'700'000'000'000'000'000};
      if (document.size > 0) batch.documents.push_back(document);
      begin = end + 1;
    }
    return true;
  }
  uint64_t bytes_total() const override { return 0; }
  uint64_t bytes_done() const override { return 0; }
  std::string Fingerprint() const override {
    std::string out;
    for (const std::string& text : texts_) out += text + "\n\n";
    return out;
  }

 private:
  const std::vector<std::string> texts_;
  size_t next_ = 0;
};

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_TESTING_TEXTS_H_
