#include "engine/pipeline/json_writer.h"

#include "engine/content/terminal_text.h"
#include "engine/pipeline/internal/json.h"

namespace tocsin::pipeline {
JsonWriter& JsonWriter::Key(std::string_view key) {
  Separate();
  AppendJsonString(key, out_);
  out_ += ':';
  first_ = true;
  return *this;
}

void JsonWriter::Text(std::string_view text) {
  std::string valid;
  for (size_t at = 0; at < text.size();) {
    const size_t length = content::Utf8Length(text, at);
    if (length == 0)
      valid += "\xEF\xBF\xBD";
    else
      valid += text.substr(at, length);
    at += length == 0 ? 1 : length;
  }
  Separate();
  AppendJsonString(valid, out_);
}

void JsonWriter::Raw(std::string_view json) {
  Separate();
  out_ += json;
}

void JsonWriter::Separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

JsonWriter& JsonWriter::Open(char c) {
  Separate();
  out_ += c;
  first_ = true;
  return *this;
}

void JsonWriter::Close(char c) {
  out_ += c;
  first_ = false;
}

}  // namespace tocsin::pipeline
