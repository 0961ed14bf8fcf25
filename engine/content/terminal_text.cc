#include "engine/content/terminal_text.h"

#include <algorithm>
#include <iterator>

#include "engine/content/utf8.h"

namespace tocsin::content {
namespace {

struct Range {
  uint32_t from, to;
};

constexpr Range kHarmful[] = {
    // Controls.
    {0x0000, 0x001F}, {0x007F, 0x009F},
    // Characters that change how others are shown, or are not seen at all.
    {0x00AD, 0x00AD}, {0x061C, 0x061C}, {0x115F, 0x1160}, {0x180E, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E},
    {0x2060, 0x206F}, {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF},
};

void AppendHex(std::string& out, uint32_t value, int digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kDigits[value >> shift & 15];
}

}  // namespace

bool IsHarmless(char32_t point) {
  return std::none_of(std::begin(kHarmful), std::end(kHarmful), [&](Range r) { return point >= r.from && point <= r.to; });
}

size_t AppendShown(std::string_view text, size_t at, std::string& out) {
  const auto [point, size] = CodePointAt(text, at);
  if (point == kNotACodePoint) {
    out += "\\x";
    AppendHex(out, static_cast<unsigned char>(text[at]), 2);
    return 1;
  }
  if (IsHarmless(point)) {
    out += text.substr(at, size);
  } else if (point < 0xA0) {
    out += "\\x";
    AppendHex(out, point, 2);
  } else {
    out += "\\u";
    AppendHex(out, point, point > 0xFFFF ? 6 : 4);
  }
  return size;
}

}  // namespace tocsin::content
