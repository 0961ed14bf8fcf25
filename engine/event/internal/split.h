// Where one JSON value ends, by brackets and strings alone: to go on behind a value that cannot be read.
#ifndef TOCSIN_ENGINE_EVENT_INTERNAL_SPLIT_H_
#define TOCSIN_ENGINE_EVENT_INTERNAL_SPLIT_H_

#include <cstddef>
#include <string_view>

namespace tocsin::event {

// Length of the bracketed value that `text` begins with ('{' or '['), or 0 when its brackets do not close. Linear.
inline size_t BracketedSize(std::string_view text) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') i++;
      else if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    else if (c == '{' || c == '[') depth++;
    else if ((c == '}' || c == ']') && --depth == 0) return i + 1;
  }
  return 0;
}

inline bool IsJsonBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

inline std::string_view TrimJson(std::string_view text) {
  while (!text.empty() && IsJsonBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsJsonBlank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_INTERNAL_SPLIT_H_
