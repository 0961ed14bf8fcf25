// Writes JSON with keys in the order they are given: output is compared byte for byte, so no library decides its form.
//
// Text() masks secrets and is for everything that came out of an event; Plain() is for names and hashes of our own.
// Both escape controls and replace bytes that are no UTF-8 by U+FFFD, so that the result is always valid JSON.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_JSON_WRITER_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_JSON_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/event/time.h"

namespace tocsin::incident {

class JsonWriter {
 public:
  void BeginObject() { Open('{'); }
  void EndObject() { Close('}'); }
  void BeginArray() { Open('['); }
  void EndArray() { Close(']'); }
  void Key(std::string_view key);

  void Text(std::string_view text);
  void Plain(std::string_view text);
  void PlainOrNull(std::string_view text) { text.empty() ? Null() : Plain(text); }
  void TextArray(const std::vector<std::string>& texts);
  void Number(uint64_t number);
  void Bool(bool value) { Raw(value ? "true" : "false"); }
  void Null() { Raw("null"); }
  void Time(event::EventTime time);  // null when unknown
  void Raw(std::string_view json);   // a value that is JSON already

  std::string Take() { return std::move(out_); }

 private:
  void Separate();
  void Open(char c);
  void Close(char c);

  std::string out_;
  bool first_ = true;
};

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_JSON_WRITER_H_
