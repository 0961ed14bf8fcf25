#include "engine/content/terminal_text.h"

#include <algorithm>
#include <iterator>

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

size_t Utf8Length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 && lead <= 0xF4  ? 4
                        : lead >= 0xE0 && lead < 0xF0 ? 3
                        : lead >= 0xC2 && lead < 0xE0 ? 2
                                                      : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(at + 1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
      (lead == 0xF4 && second > 0x8F)) {
    return 0;  // overlong, a surrogate, or past U+10FFFF
  }
  return length;
}

uint32_t CodePoint(std::string_view text, size_t at, size_t length) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[at + i])); };
  if (length == 1) return byte(0);
  uint32_t point = byte(0) & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) point = point << 6 | (byte(i) & 0x3F);
  return point;
}

bool IsHarmless(uint32_t point) {
  return std::none_of(std::begin(kHarmful), std::end(kHarmful), [&](Range r) { return point >= r.from && point <= r.to; });
}

size_t AppendShown(std::string_view text, size_t at, std::string& out) {
  const size_t length = Utf8Length(text, at);
  if (length == 0) {
    out += "\\x";
    AppendHex(out, static_cast<unsigned char>(text[at]), 2);
    return 1;
  }
  const uint32_t point = CodePoint(text, at, length);
  if (IsHarmless(point)) {
    out += text.substr(at, length);
  } else if (point < 0xA0) {
    out += "\\x";
    AppendHex(out, point, 2);
  } else {
    out += "\\u";
    AppendHex(out, point, point > 0xFFFF ? 6 : 4);
  }
  return length;
}

}  // namespace tocsin::content
