#include "engine/pipeline/internal/text_columns.h"

#include <algorithm>

#include "engine/content/terminal_text.h"

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
  std::string out;
  size_t used = 0;
  for (size_t at = 0; at < text.size();) {
    if (used >= columns) return out + "…";
    used++;
    const char c = text[at];
    if (c == '\n' || c == '\r' || c == '\t') {
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
      at++;
    } else {
      at += content::AppendShown(text, at, out);
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
