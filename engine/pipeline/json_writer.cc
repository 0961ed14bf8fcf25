#include "engine/pipeline/json_writer.h"

#include "engine/content/utf8.h"
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
    const content::CodePoint point = content::CodePointAt(text, at);
    if (point.code == content::kNotACodePoint)
      valid += "\xEF\xBF\xBD";
    else
      valid += text.substr(at, point.size);
    at += point.size;
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
