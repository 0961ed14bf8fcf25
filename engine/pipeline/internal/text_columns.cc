#include "engine/pipeline/internal/text_columns.h"

#include <algorithm>

namespace tocsin::pipeline {

size_t Columns(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string Padded(std::string_view text, size_t columns) {
  std::string out(text);
  const size_t used = Columns(text);
  out.append(used < columns ? columns - used : 1, ' ');
  return out;
}

std::string OneLine(std::string_view text, size_t columns) {
  static const char kHex[] = "0123456789abcdef";
  std::string out;
  size_t used = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool begins = (byte & 0xC0) != 0x80;
    if (begins && used >= columns) return out + "…";
    used += begins;
    if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (byte >= 0x20 && byte != 0x7f)
      out += c;
    else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

void AppendWrapped(std::string_view head, std::string_view text, size_t width, std::string& out) {
  out += head;
  const size_t indent = Columns(head);
  size_t used = indent;
  bool first = true;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t columns = Columns(word);
    if (!first && used + 1 + columns > width) {
      out += '\n';
      out.append(indent, ' ');
      used = indent;
      first = true;
    }
    if (!first) {
      out += ' ';
      used++;
    }
    out += word;
    used += columns;
    first = false;
  }
  out += '\n';
}

}  // namespace tocsin::pipeline
