#include "engine/content/sigma/pattern.h"

#include <cstdint>
#include <cstring>
#include <iterator>
#include <utility>

namespace tocsin::content {
namespace {

// Decodes one code point at `at` and moves on. A text that is not UTF-8 (a list file may hold anything) gives some code point,
// and is never read beyond its end.
char32_t NextCodePoint(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  const unsigned char first = byte(at);
  const int extra = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
  char32_t code = extra == 0 ? first : first & (0x3F >> extra);
  for (int i = 1; i <= extra; i++) code = code << 6 | (byte(at + static_cast<size_t>(i)) & 0x3F);
  at += static_cast<size_t>(extra) + 1;
  return code;
}

constexpr std::string_view kDashes[] = {"-", "/", "\u2013", "\u2014", "\u2015"};

// The dash at `at`, or "".
std::string_view DashAt(std::string_view text, size_t at) {
  for (const std::string_view dash : kDashes) {
    if (text.substr(at, dash.size()) == dash) return dash;
  }
  return {};
}

// \w of \b and \B. Characters of other scripts are taken for letters: of signs beside dashes there are hardly any in command lines.
bool IsWordAt(std::string_view text, size_t at) {
  if (at >= text.size()) return false;
  const unsigned char c = static_cast<unsigned char>(text[at]);
  if (c >= 0x80) return DashAt(text, at).empty();
  return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
}

}  // namespace

std::string PatternSource(const Pattern& pattern) {
  std::string out;
  for (const Pattern::Piece& piece : pattern.pieces) {
    if (piece.kind != Pattern::Kind::kLiteral) {
      out += piece.kind == Pattern::Kind::kAny ? '*' : '?';
      continue;
    }
    for (const char c : piece.text) {
      if (c == '*' || c == '?' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

std::vector<std::string> DashForms(std::string_view text) {
  std::vector<std::string> out = {""};
  bool word_before = false;
  for (size_t at = 0; at < text.size();) {
    const std::string_view dash = DashAt(text, at);
    const bool flag = !dash.empty() && !word_before && IsWordAt(text, at + dash.size());
    if (!flag) {
      word_before = IsWordAt(text, at) || (word_before && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
      for (std::string& each : out) each += text[at];
      at++;
      continue;
    }
    if (out.size() * std::size(kDashes) > kMaxDashForms) return {};
    std::vector<std::string> product;
    for (const std::string& each : out) {
      for (const std::string_view form : kDashes) product.push_back(each + std::string(form));
    }
    out = std::move(product);
    word_before = false;
    at += dash.size();
  }
  return out;
}

Pattern ParsePattern(std::string_view text, int around) {
  Pattern pattern;
  pattern.pieces.reserve(1 + static_cast<size_t>(around));
  std::string literal;
  const auto flush = [&] {
    if (literal.empty()) return;
    pattern.pieces.push_back({Pattern::Kind::kLiteral, std::move(literal)});
    literal.clear();
  };
  for (size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size() && (text[i + 1] == '*' || text[i + 1] == '?' || text[i + 1] == '\\')) {
      literal += text[++i];
    } else if (c == '*') {
      flush();
      AddAnyAfter(pattern);
    } else if (c == '?') {
      flush();
      pattern.pieces.push_back({Pattern::Kind::kOne, ""});
    } else {
      size_t end = i + 1;
      while (end < text.size() && text[end] != '\\' && text[end] != '*' && text[end] != '?') end++;
      literal.append(text, i, end - i);
      i = end - 1;
    }
  }
  flush();
  return pattern;
}

void AddAnyBefore(Pattern& pattern) {
  if (pattern.pieces.empty() || pattern.pieces.front().kind != Pattern::Kind::kAny) {
    pattern.pieces.insert(pattern.pieces.begin(), {Pattern::Kind::kAny, ""});
  }
}

void AddAnyAfter(Pattern& pattern) {
  if (pattern.pieces.empty() || pattern.pieces.back().kind != Pattern::Kind::kAny) pattern.pieces.push_back({Pattern::Kind::kAny, ""});
}

std::string Base64(std::string_view bytes) {
  static const char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out += kAlphabet[bits >> (held - 6) & 63];
  }
  if (held > 0) out += kAlphabet[bits << (6 - held) & 63];
  while (out.size() % 4 != 0) out += '=';
  return out;
}

std::vector<std::string> Base64Offsets(std::string_view value) {
  static constexpr size_t kCutFront[3] = {0, 2, 3};
  static constexpr size_t kCutBack[3] = {0, 3, 2};
  std::vector<std::string> out;
  for (size_t i = 0; i < 3; i++) {
    const std::string encoded = Base64(std::string(i, '\0') + std::string(value));
    const size_t back = kCutBack[(value.size() + i) % 3];
    if (encoded.size() > kCutFront[i] + back) out.push_back(encoded.substr(kCutFront[i], encoded.size() - kCutFront[i] - back));
  }
  return out;
}

std::string ToUtf16(std::string_view utf8, Utf16Form form) {
  std::string out = form == Utf16Form::kWithMark ? "\xFF\xFE" : "";
  const auto unit = [&](uint32_t value) {
    const char low = static_cast<char>(value & 0xFF), high = static_cast<char>(value >> 8);
    out += form == Utf16Form::kBigEndian ? high : low;
    out += form == Utf16Form::kBigEndian ? low : high;
  };
  for (size_t at = 0; at < utf8.size();) {
    const char32_t code = NextCodePoint(utf8, at);
    if (code < 0x10000) {
      unit(code);
    } else {
      unit(0xD800 + ((code - 0x10000) >> 10));
      unit(0xDC00 + ((code - 0x10000) & 0x3FF));
    }
  }
  return out;
}

size_t FindBadUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    uint64_t eight;
    if (text.size() - i >= sizeof eight) {
      memcpy(&eight, text.data() + i, sizeof eight);
      if ((eight & 0x8080808080808080u) == 0) {
        i += sizeof eight;
        continue;
      }
    }
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      i++;
      continue;
    }
    const size_t extra = c >= 0xC2 && c < 0xE0 ? 1 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xF0 && c < 0xF5 ? 3 : 0;
    if (extra == 0 || extra >= text.size() - i) return i;
    for (size_t k = 1; k <= extra; k++) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return i;
    }
    const unsigned char second = static_cast<unsigned char>(text[i + 1]);
    // Overlong forms, surrogates, and what lies above U+10FFFF.
    if ((c == 0xE0 && second < 0xA0) || (c == 0xED && second > 0x9F) || (c == 0xF0 && second < 0x90) || (c == 0xF4 && second > 0x8F)) return i;
    i += extra + 1;
  }
  return std::string_view::npos;
}

}  // namespace tocsin::content
