#include "engine/incident/internal/text_layout.h"

#include <algorithm>
#include <cstdint>

#include "engine/content/terminal_text.h"
#include "engine/content/utf8.h"

namespace tocsin::incident {
namespace {

using content::CodePoint;
using content::CodePointAt;

struct Range {
  uint32_t from, to;
};

constexpr Range kCombining[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F}, {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0x302A, 0x302D}, {0x3099, 0x309A}, {0xFE20, 0xFE2F},
};
constexpr Range kWide[] = {
    {0x1100, 0x115E}, {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF}, {0x4E00, 0x9FFF},
    {0xA000, 0xA4CF}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F}, {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD},
};

template <size_t kSize>
bool In(const Range (&ranges)[kSize], uint32_t point) {
  return std::any_of(std::begin(ranges), std::end(ranges), [&](Range r) { return point >= r.from && point <= r.to; });
}

int PointWidth(uint32_t point) { return In(kCombining, point) ? 0 : In(kWide, point) ? 2 : 1; }

std::string_view Escape(Style style) {
  switch (style) {
    case Style::kNone:
      return "";
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kRed:
      return "\x1b[31m";
    case Style::kYellow:
      return "\x1b[33m";
    case Style::kGreen:
      return "\x1b[32m";
    case Style::kCyan:
      return "\x1b[36m";
    case Style::kBoldRed:
      return "\x1b[1;31m";
  }
  return "";
}

}  // namespace

std::string Clean(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '\n' || text[i] == '\r' || text[i] == '\t') {
      out += ' ';
      ++i;
    } else {
      i += content::AppendShown(text, i, out);
    }
  }
  return out;
}

int DisplayWidth(std::string_view text) {
  int width = 0;
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = CodePointAt(text, i);
    width += PointWidth(point.code);
    i += point.size;
  }
  return width;
}

std::vector<std::string> Wrap(std::string_view text, int width, int used) {
  // A word is broken rather than moved to the next line only if a piece of this many columns stays behind.
  constexpr int kWorthBreaking = 8;
  width = std::max(width, 1);
  int room = std::max(width - used, 1);
  std::vector<std::string> lines;
  std::string line;
  int line_width = 0;
  const auto end_line = [&] {
    lines.push_back(std::move(line));
    line.clear();
    line_width = 0;
    room = width;
  };
  for (size_t at = 0; at < text.size();) {
    if (text[at] == ' ' || text[at] == '\n') {
      if (text[at++] == '\n') end_line();
      continue;
    }
    const size_t end = std::min(text.find_first_of(" \n", at), text.size());
    std::string_view word = text.substr(at, end - at);
    at = end;
    int word_width = DisplayWidth(word);
    const bool fits_a_line = word_width <= width;
    if (line_width > 0 && line_width + 1 + word_width > room &&
        (fits_a_line || line_width + 1 + kWorthBreaking > room)) {
      end_line();
    }
    if (line_width == 0 && word_width > room && fits_a_line && room < width) end_line();
    if (line_width > 0) {
      line += ' ';
      ++line_width;
    }
    while (line_width + word_width > room) {
      size_t cut = 0;
      int cut_width = 0;
      while (cut < word.size()) {
        const CodePoint point = CodePointAt(word, cut);
        const int point_width = PointWidth(point.code);
        if (line_width + cut_width + point_width > room && line_width + cut_width > 0) break;
        cut += point.size;
        cut_width += point_width;
      }
      const size_t joint = word.substr(0, cut).find_last_of("/:._-=,");
      if (joint != std::string_view::npos && 4 * joint >= cut) {
        cut = joint + 1;
        cut_width = DisplayWidth(word.substr(0, cut));
      }
      line += word.substr(0, cut);
      word.remove_prefix(cut);
      word_width -= cut_width;
      end_line();
    }
    line += word;
    line_width += word_width;
  }
  if (!line.empty() || lines.empty()) lines.push_back(std::move(line));
  return lines;
}

void TextPage::Styled(std::string_view text, Style style) {
  if (!color_ || style == Style::kNone || text.empty()) {
    out_ += text;
    return;
  }
  out_ += Escape(style);
  out_ += text;
  out_ += "\x1b[0m";
}

void TextPage::EndLine() {
  while (!out_.empty() && out_.back() == ' ') out_.pop_back();
  out_ += '\n';
}

void TextPage::Blank() {
  if (out_.empty() || (out_.size() >= 2 && out_[out_.size() - 2] == '\n')) return;
  out_ += '\n';
}

void TextPage::Paragraph(std::string_view first, std::string_view text, int hang, Style style) {
  const int first_width = DisplayWidth(first);
  const std::vector<std::string> lines = Wrap(text, width_ - hang, std::max(first_width - hang, 0));
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i == 0) out_ += first;
    out_.append(static_cast<size_t>(std::max(i == 0 ? hang - first_width : hang, 0)), ' ');
    Styled(lines[i], style);
    EndLine();
  }
}

void TextPage::Row(int indent, const std::vector<Cell>& cells) {
  struct Column {
    std::vector<std::string> lines;
    size_t own = 0;  // of these, lines of the text; the others stand below it
  };
  std::vector<Column> columns;
  size_t height = 1;
  for (const Cell& cell : cells) {
    Column& column = columns.emplace_back();
    column.lines = Wrap(cell.text, cell.width);
    column.own = column.lines.size();
    if (!cell.below.empty()) {
      for (std::string& line : Wrap(cell.below, cell.width)) column.lines.push_back(std::move(line));
    }
    height = std::max(height, column.lines.size());
  }
  for (size_t line = 0; line < height; ++line) {
    out_.append(static_cast<size_t>(indent), ' ');
    int pending = 0;  // blanks owed before the next text, so that lines do not end in blanks
    for (size_t i = 0; i < cells.size(); ++i) {
      const Column& column = columns[i];
      const std::string_view text =
          line < column.lines.size() ? std::string_view(column.lines[line]) : std::string_view();
      if (!text.empty()) {
        out_.append(static_cast<size_t>(pending), ' ');
        pending = 0;
        Styled(text, line < column.own ? cells[i].style : cells[i].below_style);
      }
      pending += cells[i].width - DisplayWidth(text) + kColumnGap;
    }
    EndLine();
  }
}

void TextPage::Heading(std::string_view title, std::string_view remark) {
  Blank();
  const int title_width = DisplayWidth(title);
  Row(0, {{title_width, std::string(title), Style::kBold},
          {width_ - title_width - kColumnGap, std::string(remark), Style::kDim}});
}

}  // namespace tocsin::incident
