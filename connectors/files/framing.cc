#include "connectors/files/framing.h"

#include <string>

namespace tocsin::files {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view FirstLine(std::string_view& text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace

Framing DetectFraming(std::string_view head) {
  std::string_view rest = head;
  const std::string_view line = FirstLine(rest);
  if (line.empty() || (line.front() != '{' && line.front() != '[')) return Framing::kLines;
  // One line, or one longer than what was looked at: an envelope or an event; its brackets need not be looked for.
  const std::string_view second = FirstLine(rest);
  if (second.empty()) return Framing::kLines;

  std::string open;   // brackets that are open, outermost first
  char last = 0;      // last character outside strings that is not blank
  bool in_string = false;
  for (size_t i = 0; i < line.size(); i++) {
    const char c = line[i];
    if (in_string) {
      if (c == '\\') i++;
      else if (c == '"') in_string = false;
      continue;
    }
    if (IsBlank(c)) continue;
    // Behind the first value: a second value in the same line, or rubbish. The reader tells which; a line it is.
    if (open.empty() && i > 0) return Framing::kLines;
    last = c;
    if (c == '"') in_string = true;
    else if (c == '{' || c == '[') open.push_back(c);
    else if ((c == '}' || c == ']') && !open.empty()) open.pop_back();
  }
  if (in_string) return Framing::kLines;  // JSON strings hold no line ends
  if (open.empty()) return Framing::kLines;
  const bool value_due = last == ':' || open.back() == '[';
  if (second.front() == '{' && !value_due) return Framing::kLines;
  return Framing::kDocument;
}

}  // namespace tocsin::files
