#include "engine/correlate/internal/json_text.h"

namespace tocsin::correlate {

void AppendJsonString(std::string_view text, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  for (char c : text) {
    unsigned char byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      out.append("\\u00");
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

std::string JsonTexts(const std::vector<std::string_view>& texts) {
  std::string out;
  if (texts.size() == 1) {
    AppendJsonString(texts[0], out);
    return out;
  }
  out.push_back('[');
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out.push_back(',');
    AppendJsonString(texts[i], out);
  }
  out.push_back(']');
  return out;
}

}  // namespace tocsin::correlate
