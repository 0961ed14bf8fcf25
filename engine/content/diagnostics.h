// What the author of a rule, source, list or configuration is told.
//
// Every room's Compile adds to one Diagnostics, so that a regex RE2 refuses and a misspelt key look alike to their author.
// All errors of a load are collected; nothing stops at the first. One bad document never hides the others: its documents'
// errors are reported and that document alone is refused.
//
// Not thread-safe: one load, one Diagnostics.
#ifndef TOCSIN_ENGINE_CONTENT_DIAGNOSTICS_H_
#define TOCSIN_ENGINE_CONTENT_DIAGNOSTICS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::content {

// A place in a file that was loaded. `file` indexes Diagnostics::files(). Lines and columns count from 1, columns in
// characters (code points); 0 means "the file as a whole".
struct Place {
  uint32_t file = 0;
  uint32_t line = 0;
  uint32_t column = 0;
};

enum class Severity : uint8_t { kWarning, kError };

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string code;        // stable: "T" and four digits; engine/content/CODES.md lists them
  Place place;
  std::string message;     // what is wrong, one line
  std::string expected;    // what to write instead; may be empty
};

class Diagnostics {
 public:
  // Registers a file's name and text (kept, for the snippet under a diagnostic) and returns its number.
  uint32_t AddFile(std::string name, std::string text);
  // The same of one of many files on disk, most of which nobody is told anything about: its text is not kept but read again at the
  // first question, and a file that says something else by then has no lines.
  uint32_t AddFileOnDisk(std::string path, std::string_view text);

  void Error(std::string_view code, Place place, std::string message, std::string expected = "");
  void Warning(std::string_view code, Place place, std::string message, std::string expected = "");

  const std::vector<Diagnostic>& all() const { return all_; }
  size_t errors() const { return errors_; }
  size_t warnings() const { return all_.size() - errors_; }
  const std::string& file_name(uint32_t file) const { return files_[file].name; }
  size_t files() const { return files_.size(); }

  // The diagnostics in the order they are shown: by file, line, column; what was found first first.
  std::vector<const Diagnostic*> Sorted() const;
  // The line that a place is in, without its end; empty where there is none. Constant time but for a file's first.
  std::string_view Line(const Place& place) const;
  // file:line:column: error T0123: message, the line with a caret, the expectation. Sorted by file, line, column. Of each file
  // the first kShownOfAFile, and how many more there are.
  static constexpr size_t kShownOfAFile = 1000;
  std::string Text() const;

 private:
  struct File {
    std::string name;
    mutable std::string text;                  // of a file on disk, filled as the next
    mutable std::vector<size_t> line_starts;   // filled at the first question: few files have a diagnostic
    size_t size = 0, hash = 0;                 // of the text of a file on disk
  };
  static std::string TextOnDisk(const File& file);
  std::string TextOf(const Diagnostic& diagnostic) const;

  std::vector<File> files_;
  std::vector<Diagnostic> all_;
  size_t errors_ = 0;
};

// The candidate nearest to `word` by edit distance, or "" when none is near enough to be what was meant.
std::string NearestWord(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_DIAGNOSTICS_H_
