// Text in columns for a terminal or a file: what a character is wide, where lines break, and that event text cannot
// steer the terminal. Colour goes around whole lines of cells and never changes the layout.
//
// Everything that came out of an event must pass Clean() before it is printed.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_TEXT_LAYOUT_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_TEXT_LAYOUT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::incident {

// One line of harmless text: line breaks and tabs become blanks; other controls (C0, C1, DEL), bidirectional overrides
// and invisible characters are shown as \x1b or \u202e; bytes that are no UTF-8 as \xff.
std::string Clean(std::string_view text);

// Columns that clean text takes: 0 for combining marks, 2 for East Asian wide characters and emoji, else 1.
int DisplayWidth(std::string_view text);

// Lines of at most `width` columns, broken at '\n' and at blanks, or inside a word that is longer than a line (behind
// one of / : . _ - = , if there is one late enough). At least one line. The first line has `used` columns less.
std::vector<std::string> Wrap(std::string_view text, int width, int used = 0);

enum class Style { kNone, kBold, kDim, kRed, kYellow, kGreen, kCyan, kBoldRed };

struct Cell {
  int width = 0;  // columns, without the gap after it
  std::string text;
  Style style = Style::kNone;
  std::string below = {};  // further lines under the text, in another style
  Style below_style = Style::kDim;
};

// Collects the output.
class TextPage {
 public:
  TextPage(int width, bool color) : width_(width), color_(color) {}
  int width() const { return width_; }

  void Blank();  // one empty line, never two in a row
  // `first` before the first line, `hang` columns of blanks before the others.
  void Paragraph(std::string_view first, std::string_view text, int hang, Style style = Style::kNone);
  // Cells side by side, each wrapped in its width, kColumnGap between them.
  void Row(int indent, const std::vector<Cell>& cells);
  // A line of its own for the section, a blank one before it.
  void Heading(std::string_view title, std::string_view remark);
  std::string Take() { return std::move(out_); }

  static constexpr int kColumnGap = 2;

 private:
  void Styled(std::string_view text, Style style);
  void EndLine();

  int width_;
  bool color_;
  std::string out_;
};

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_TEXT_LAYOUT_H_
