// UTF-8, one code point at a time, for bytes that may be broken: a byte that belongs to no valid sequence is a character of
// its own. Reading forward and backward cut the text at the same places.
#ifndef TOCSIN_ENGINE_CONTENT_UTF8_H_
#define TOCSIN_ENGINE_CONTENT_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tocsin::content {

struct CodePoint {
  char32_t code;      // kNotACodePoint for a byte of no valid sequence
  uint32_t size;      // bytes it takes
};
inline constexpr char32_t kNotACodePoint = 0xFFFFFFFF;

// REQUIRES: at < text.size().
inline CodePoint CodePointAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  const uint32_t size = lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
  if (size == 0 || text.size() - at < size) return {kNotACodePoint, 1};
  char32_t code = lead & (0x7Fu >> size);
  for (uint32_t i = 1; i < size; i++) {
    if ((byte(at + i) & 0xC0) != 0x80) return {kNotACodePoint, 1};
    code = code << 6 | (byte(at + i) & 0x3Fu);
  }
  // Overlong forms, surrogates and what lies above U+10FFFF are no code points.
  if ((size == 3 && (code < 0x800 || (code >= 0xD800 && code < 0xE000))) || (size == 4 && (code < 0x10000 || code > 0x10FFFF))) {
    return {kNotACodePoint, 1};
  }
  return {code, size};
}

// The code point that ends before `end`. REQUIRES: 0 < end <= text.size().
inline CodePoint CodePointBefore(std::string_view text, size_t end) {
  for (uint32_t size = 1; size <= 4 && size <= end; size++) {
    const unsigned char byte = static_cast<unsigned char>(text[end - size]);
    if ((byte & 0xC0) == 0x80) continue;
    const CodePoint point = CodePointAt(text.substr(0, end), end - size);
    if (point.size == size) return point;
    break;
  }
  return {kNotACodePoint, 1};
}

// Writes the code point and returns its size. REQUIRES: room for 4 bytes; a real code point.
inline uint32_t WriteCodePoint(char32_t code, char* out) {
  const auto tail = [](char32_t bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
  if (code < 0x80) {
    out[0] = static_cast<char>(code);
    return 1;
  }
  if (code < 0x800) {
    out[0] = static_cast<char>(0xC0 | code >> 6);
    out[1] = tail(code);
    return 2;
  }
  if (code < 0x10000) {
    out[0] = static_cast<char>(0xE0 | code >> 12);
    out[1] = tail(code >> 6);
    out[2] = tail(code);
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | code >> 18);
  out[1] = tail(code >> 12);
  out[2] = tail(code >> 6);
  out[3] = tail(code);
  return 4;
}

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_UTF8_H_
