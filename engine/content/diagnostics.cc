#include "engine/content/diagnostics.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <functional>
#include <numeric>
#include <tuple>
#include <utility>

#include "engine/content/internal/open_file.h"
#include "engine/content/terminal_text.h"
#include "engine/content/utf8.h"

namespace tocsin::content {
namespace {

constexpr size_t kSnippetColumns = 120;

std::vector<size_t> LineStarts(std::string_view text) {
  std::vector<size_t> starts = {0};
  for (size_t end = 0; (end = text.find('\n', end)) != std::string_view::npos;) starts.push_back(++end);
  return starts;
}

// A line as it is shown: at most kSnippetColumns around the column, what would disturb a terminal replaced by one character, so
// that the columns stay.
std::string Snippet(std::string_view line, uint32_t column) {
  const size_t from = column > kSnippetColumns ? column - kSnippetColumns / 2 : 0;   // in characters
  std::string shown;
  size_t character = 0;
  for (size_t i = 0; i < line.size(); character++) {
    const CodePoint point = CodePointAt(line, i);
    if (character >= from && character < from + kSnippetColumns) {
      const bool harmless = point.code != kNotACodePoint && IsHarmless(point.code);
      shown += harmless ? line.substr(i, point.size) : line[i] == '\t' ? " " : "?";
    }
    i += point.size;
  }
  std::string out = "    " + shown + "\n";
  if (column > 0) out += "    " + std::string(column - 1 - std::min<size_t>(from, column - 1), ' ') + "^\n";
  return out;
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1), above(b.size() + 1), two_above(b.size() + 1);
  std::iota(above.begin(), above.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); i++) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); j++) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      // Two letters the other way round are one slip of the fingers.
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], two_above[j - 2] + 1);
    }
    std::swap(two_above, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

// `group_by`, `Group-By` and `groupby` are all meant as `group-by`.
std::string Folded(std::string_view word) {
  std::string out;
  for (const char c : word) {
    if (c != '-' && c != '_') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

}  // namespace

uint32_t Diagnostics::AddFile(std::string name, std::string text) {
  files_.push_back({std::move(name), std::move(text), {}});
  return static_cast<uint32_t>(files_.size() - 1);
}

uint32_t Diagnostics::AddFileOnDisk(std::string path, std::string_view text) {
  files_.push_back({std::move(path), {}, {}, text.size(), std::hash<std::string_view>()(text)});
  return static_cast<uint32_t>(files_.size() - 1);
}

std::string Diagnostics::TextOnDisk(const File& file) {
  std::string text(file.size, '\0');
  const bool read = OpenFile(file.name).ReadInto(text) == 0;
  return read && text.size() == file.size && std::hash<std::string_view>()(text) == file.hash ? text : "";
}

void Diagnostics::Error(std::string_view code, Place place, std::string message, std::string expected) {
  all_.push_back({Severity::kError, std::string(code), place, std::move(message), std::move(expected)});
  errors_++;
}

void Diagnostics::Warning(std::string_view code, Place place, std::string message, std::string expected) {
  all_.push_back({Severity::kWarning, std::string(code), place, std::move(message), std::move(expected)});
}

std::string_view Diagnostics::Line(const Place& place) const {
  if (place.file >= files_.size() || place.line == 0) return {};
  const File& file = files_[place.file];
  if (file.line_starts.empty()) {
    if (file.size > 0) file.text = TextOnDisk(file);
    file.line_starts = LineStarts(file.text);
  }
  if (place.line > file.line_starts.size()) return {};
  const std::string_view rest = std::string_view(file.text).substr(file.line_starts[place.line - 1]);
  return rest.substr(0, rest.find_first_of("\r\n"));
}

std::vector<const Diagnostic*> Diagnostics::Sorted() const {
  std::vector<const Diagnostic*> sorted;
  for (const Diagnostic& each : all_) sorted.push_back(&each);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Diagnostic* a, const Diagnostic* b) {
    const Place& p = a->place;
    const Place& q = b->place;
    return std::tie(p.file, p.line, p.column) < std::tie(q.file, q.line, q.column);
  });
  return sorted;
}

std::string Diagnostics::Text() const {
  const std::vector<const Diagnostic*> sorted = Sorted();
  std::string out;
  for (size_t i = 0; i < sorted.size();) {
    const uint32_t file = sorted[i]->place.file;
    const auto others = std::find_if(sorted.begin() + static_cast<ptrdiff_t>(i), sorted.end(), [&](const Diagnostic* each) { return each->place.file != file; });
    const size_t end = static_cast<size_t>(others - sorted.begin());
    for (const size_t shown = std::min(end, i + kShownOfAFile); i < shown; i++) out += TextOf(*sorted[i]);
    if (i == end) continue;
    const auto errors = std::count_if(sorted.begin() + static_cast<ptrdiff_t>(i), others, [](const Diagnostic* each) { return each->severity == Severity::kError; });
    out += (file < files_.size() ? files_[file].name + ": " : "") + std::to_string(end - i) + " more here, " + std::to_string(errors) + " of them errors\n";
    i = end;
  }
  return out;
}

std::string Diagnostics::TextOf(const Diagnostic& diagnostic) const {
  const Place& place = diagnostic.place;
  std::string out;
  if (place.file < files_.size()) {
    out += files_[place.file].name;
    if (place.line > 0) out += ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
    out += ": ";
  }
  out += diagnostic.severity == Severity::kError ? "error " : "warning ";
  out += diagnostic.code + ": " + diagnostic.message + "\n";
  if (place.file < files_.size() && place.line > 0) {
    const std::string_view line = Line(place);
    const File& file = files_[place.file];
    if (file.size == 0 || !file.text.empty()) out += Snippet(line, place.column);   // else the file is another by now
  }
  if (!diagnostic.expected.empty()) out += "    expected: " + diagnostic.expected + "\n";
  return out;
}

std::string NearestWord(std::string_view word, const std::vector<std::string_view>& candidates) {
  constexpr size_t kMaxWord = 256;   // nobody misspells more; the comparison is quadratic
  std::string_view best;
  if (word.size() > kMaxWord) return "";
  // A third of the letters may be wrong, and at least one.
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  const std::string folded = Folded(word);
  for (const std::string_view candidate : candidates) {
    const std::string other = Folded(candidate);
    if (other == folded) return std::string(candidate);
    // The beginning of a longer word counts as near: `start` for `startswith`.
    size_t distance = EditDistance(folded, other);
    if (folded.size() >= 4 && other.compare(0, folded.size(), folded) == 0) distance = 1;
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return std::string(best);
}

}  // namespace tocsin::content
