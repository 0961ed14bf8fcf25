// JSON for what the pipeline and its commands print: keys in the order they are given, so that output can be compared.
//
//   JsonWriter json;
//   json.BeginObject();
//   json.Key("rule").Text(name);
//   json.EndObject();
#ifndef TOCSIN_ENGINE_PIPELINE_JSON_WRITER_H_
#define TOCSIN_ENGINE_PIPELINE_JSON_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tocsin::pipeline {

class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  void EndObject() { Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  void EndArray() { Close(']'); }
  JsonWriter& Key(std::string_view key);  // of ours: no secret, no control character

  void Text(std::string_view text);  // bytes that are no UTF-8 become U+FFFD
  void TextOrNull(std::string_view text) { text.empty() ? Raw("null") : Text(text); }
  void Number(int64_t number) { Raw(std::to_string(number)); }
  void Number(uint64_t number) { Raw(std::to_string(number)); }
  void Bool(bool value) { Raw(value ? "true" : "false"); }
  void Raw(std::string_view json);  // a value that is JSON already

  std::string Take() { return std::move(out_); }

 private:
  void Separate();
  JsonWriter& Open(char c);
  void Close(char c);

  std::string out_;
  bool first_ = true;
};

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_JSON_WRITER_H_
