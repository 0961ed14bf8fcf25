// How the text of a file falls into documents: one a line, or the file as a whole.
#ifndef TOCSIN_CONNECTORS_FILES_FRAMING_H_
#define TOCSIN_CONNECTORS_FILES_FRAMING_H_

#include <cstdint>
#include <string_view>

namespace tocsin::files {

enum class Framing : uint8_t {
  kLines,      // NDJSON: every line is a document, a bad one costs one line
  kDocument,   // pretty-printed JSON: the file is one text (values one after the other included)
};

// Judges by the beginning of a file. Lines, when the first line that is not blank is the only one or a whole JSON value, or
// cannot be continued by the next line: a string is left open, or a key is due and '{' comes. A first line that opens brackets
// and is properly continued means a document.
Framing DetectFraming(std::string_view head);

}  // namespace tocsin::files

#endif  // TOCSIN_CONNECTORS_FILES_FRAMING_H_
