// What may not reach a terminal as it is: one table for every room. Texts of events, and of rules that others wrote, may hold
// characters that steer the terminal, change how others are shown, or are not seen at all.
#ifndef TOCSIN_ENGINE_CONTENT_TERMINAL_TEXT_H_
#define TOCSIN_ENGINE_CONTENT_TERMINAL_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace tocsin::content {

// No control (C0, with line breaks and tabs, DEL, C1), bidirectional control or invisible character.
bool IsHarmless(char32_t point);

// Appends what is to be shown for the character at text[at], and returns how many bytes of `text` that was: harmless ones are
// themselves, others \x1b or \u202e, a byte that is no UTF-8 \xff.
size_t AppendShown(std::string_view text, size_t at, std::string& out);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_TERMINAL_TEXT_H_
