#include "engine/incident/internal/json_writer.h"

#include "engine/content/utf8.h"
#include "engine/event/secrets.h"

namespace tocsin::incident {

void JsonWriter::Separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

void JsonWriter::Open(char c) {
  Separate();
  out_ += c;
  first_ = true;
}

void JsonWriter::Close(char c) {
  out_ += c;
  first_ = false;
}

void JsonWriter::Key(std::string_view key) {
  Plain(key);
  out_ += ':';
  first_ = true;
}

void JsonWriter::Plain(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  Separate();
  out_ += '"';
  for (size_t i = 0; i < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const content::CodePoint point = content::CodePointAt(text, i);
      if (point.code == content::kNotACodePoint) {
        out_ += "\xEF\xBF\xBD";
      } else {
        out_ += text.substr(i, point.size);
      }
      i += point.size;
      continue;
    }
    ++i;
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += static_cast<char>(c);
    } else if (c == '\n') {
      out_ += "\\n";
    } else if (c == '\t') {
      out_ += "\\t";
    } else if (c < 0x20 || c == 0x7F) {
      out_ += "\\u00";
      out_ += kDigits[c >> 4];
      out_ += kDigits[c & 15];
    } else {
      out_ += static_cast<char>(c);
    }
  }
  out_ += '"';
}

void JsonWriter::Text(std::string_view text) { Plain(event::MaskSecrets(text)); }

void JsonWriter::TextArray(const std::vector<std::string>& texts) {
  BeginArray();
  for (const std::string& text : texts) Text(text);
  EndArray();
}

void JsonWriter::Number(uint64_t number) { Raw(std::to_string(number)); }

void JsonWriter::Time(event::EventTime time) { time.known() ? Plain(event::FormatTime(time)) : Null(); }

void JsonWriter::Raw(std::string_view json) {
  Separate();
  out_ += json;
}

}  // namespace tocsin::incident
