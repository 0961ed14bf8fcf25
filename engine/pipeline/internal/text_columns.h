// Lines of a person's view: wrapped at a width, with a hanging indent.
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_TEXT_COLUMNS_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_TEXT_COLUMNS_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace tocsin::pipeline {

// Code points: close enough to columns for names, paths and times.
size_t Columns(std::string_view text);

// The text with blanks up to `columns`, and at least one.
std::string Padded(std::string_view text, size_t columns);

// What may not reach a terminal (content/terminal_text.h) as \n, \t, \xNN or \uNNNN, so that an event's value stays in its
// line; of at most `columns` characters, cut with an ellipsis.
std::string OneLine(std::string_view text, size_t columns);

// Appends `head` and then `text` in lines of at most `width` columns; from the second line on, blanks stand for `head`.
// Words longer than a line are left whole: they are ids and paths, which people copy.
void AppendWrapped(std::string_view head, std::string_view text, size_t width, std::string& out);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_TEXT_COLUMNS_H_
