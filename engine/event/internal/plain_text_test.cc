// Plain texts against undoing one escape after the other, with other documents around the text, as in a batch.
#include "engine/event/internal/plain_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace tocsin::event {
namespace {

// The slow, obvious way.
struct Naive {
  std::string plain;
  std::vector<size_t> place;     // by byte of the text, and one behind: bytes of `plain` before it
  std::vector<bool> inside;      // by byte of the text, and one behind: it is one of an escape, and not its first
  size_t broken = SIZE_MAX;

  explicit Naive(const std::string& text) {
    const auto hex = [&](size_t at) {
      int code = 0;
      for (size_t i = at; i < at + 4; i++) {
        if (i >= text.size() || !isxdigit(static_cast<unsigned char>(text[i]))) return -1;
        code = code * 16 + std::stoi(text.substr(i, 1), nullptr, 16);
      }
      return code;
    };
    const auto is = [](int code, int first) { return code >= first && code < first + 0x400; };
    for (size_t i = 0; i < text.size();) {
      size_t size = 1;
      std::string meant = text.substr(i, 1);
      if (text[i] == '\\') {
        size = 2;
        const char c = i + 1 < text.size() ? text[i + 1] : '\0';
        const size_t known = std::string("bfnrt\"\\/").find(c);
        meant = std::string(1, c);
        if (c == 'u' && hex(i + 2) >= 0) {
          uint32_t code = static_cast<uint32_t>(hex(i + 2));
          size = 6;
          if (is(hex(i + 2), 0xD800) && text.compare(i + 6, 2, "\\u") == 0 && is(hex(i + 8), 0xDC00)) {
            code = 0x10000 + ((code - 0xD800) << 10) + (static_cast<uint32_t>(hex(i + 8)) - 0xDC00);
            size = 12;
          } else if (code >= 0xD800 && code < 0xE000) {
            code = 0xFFFD;
          }
          meant = Utf8(code);
        } else if (known < 5) {
          meant = std::string(1, "\b\f\n\r\t"[known]);
        } else if (known == std::string::npos) {
          broken = std::min(broken, i + 1);
        }
      }
      for (size_t k = 0; k < size; k++) {
        place.push_back(plain.size());
        inside.push_back(k > 0);
      }
      plain += meant;
      i += size;
    }
    place.push_back(plain.size());
    inside.push_back(false);
  }

  static std::string Utf8(uint32_t code) {
    if (code < 0x80) return {static_cast<char>(code)};
    if (code < 0x800) return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
    if (code < 0x10000) return {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)), static_cast<char>(0x80 | (code & 0x3F))};
    return {static_cast<char>(0xF0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 0x3F)), static_cast<char>(0x80 | (code >> 6 & 0x3F)), static_cast<char>(0x80 | (code & 0x3F))};
  }
};

// Texts end with a bracket, so that nothing in them depends on what stands behind; but for a wrong escape they are one document
// of a batch.
std::string Check(PlainText& plain, const std::string& text, const std::string& before, const std::string& behind) {
  const std::string batch = before + text + behind + std::string(64, '\\');
  const std::string_view view(batch.data() + before.size(), text.size());
  plain.Make(view);
  const Naive naive(text);
  for (size_t begin = 0; begin <= text.size(); begin++) {   // every stretch
    if (naive.inside[begin]) continue;
    for (size_t end = begin; end <= text.size(); end++) {
      if (naive.inside[end]) continue;
      const std::string_view of = plain.Of(begin, end);
      const std::string_view expected = std::string_view(naive.plain).substr(naive.place[begin], naive.place[end] - naive.place[begin]);
      const auto where = [&] { return " of " + std::to_string(begin) + " to " + std::to_string(end) + " in " + text; };
      if (of != expected) return "got " + std::string(of) + ", not " + std::string(expected) + where();
      if (plain.Broken(begin, end) != (naive.broken >= begin && naive.broken < end)) return "wrong about what is broken" + where();
      // Back, where both neighbours stayed themselves.
      const bool between = begin > 0 && end < text.size() && text[end] != '\\' && !naive.inside[begin - 1];
      const std::string_view original = plain.Original(of);
      if (between && (original.data() != view.data() + begin || original.size() != end - begin)) return "came from " + std::string(original) + where();
    }
  }
  return "";
}

TEST(PlainText, EveryEscapeAtEveryPlaceAroundTheEndsOfBlocks) {
  PlainText plain;
  for (const std::string escape : {"\\n", "\\\\", "\\\"", "\\/", "\\u0041", "\\u0000", "\\u00e9", "\\u20AC", "\\ud83d\\ude00", "\\ud83d", "\\ude00", "\\ud83d\\u0041", "\\ud83d\\ud83d\\ude00",
                                   "\\\\\\\\\\n", "\\\\u0041", "\\\\\\u0041", "\\x", "\\u12g4", "\\ud83d\\x", "\\ud83d\\udexx", "\\u"}) {
    for (size_t at = 46; at < 136; at++) {
      if (at > 68 && at < 110) continue;
      for (const size_t tail : {size_t{1}, 64 - (at + escape.size()) % 64, 65 - (at + escape.size()) % 64}) {
        const std::string text = "{" + std::string(at, '-') + escape + std::string(tail, '"') + "}";
        ASSERT_EQ(Check(plain, text, "", ""), "");
      }
    }
  }
}

TEST(PlainText, AgreesWithOneEscapeAfterTheOther) {
  const uint32_t rounds = std::getenv("TOCSIN_LONG_TESTS") ? 200'000 : 1500;
  constexpr uint32_t kSeed = 20261126;
  std::mt19937 random(kSeed);
  PlainText plain;   // one for all: nothing of the last text may show
  for (uint32_t round = 0; round < rounds; round++) {
    const auto some = [&](size_t most) {
      static const char* const kParts[] = {"\\", "\\", "\\\\", "u", "n", "\"", "/", "a", "0041", "\\u0041", "\\u00e9", "\\u20ac", "\\ud83d", "\\ude00", "\\ud83d\\ude00", "x", "----------------", "\xc3\xa9"};
      const uint32_t density = random() % 3;   // of escapes
      std::string out;
      for (size_t n = random() % (most + 1); n > 0; n--) out += density == 0 ? "-" : density == 1 && random() % 8 != 0 ? "--------" : kParts[random() % std::size(kParts)];
      return out;
    };
    const std::string before = some(20), behind = some(20), text = "{" + some(random() % 2 == 0 ? 12 : 60) + "}";
    ASSERT_EQ(Check(plain, text, before, behind), "") << "round " << round << ", seed " << kSeed;
  }
}

TEST(PlainText, ATextWithoutEscapesIsItsOwn) {
  PlainText plain;
  const std::string text = "{\"a\":1}", batch = text + std::string(64, '\n');
  plain.Make({batch.data(), text.size()});
  EXPECT_EQ(plain.Of(0, text.size()).data(), batch.data());
  EXPECT_EQ(plain.Original(plain.Of(1, 4)).data(), batch.data() + 1);
  EXPECT_FALSE(plain.Broken(0, text.size()));
}

TEST(PlainText, WhatStandsElsewhereHasNoOriginal) {
  PlainText plain;
  const std::string elsewhere = "abc";
  for (const std::string text : {"{\"a\":\"abc\"}", "{\"a\":\"a\\u0062c\"}"}) {
    const std::string batch = text + std::string(64, '\0');
    plain.Make({batch.data(), text.size()});
    EXPECT_TRUE(plain.Original(elsewhere).empty());
    EXPECT_TRUE(plain.Original({}).empty());
    EXPECT_EQ(plain.Original(plain.Of(6, text.size() - 2)), std::string_view(text).substr(6, text.size() - 8));
  }
}

TEST(PlainText, ZeroesFollow) {
  PlainText plain;
  const std::string longer = "{" + std::string(500, 'x') + "\\n}" + std::string(64, '\0'), text = "{\\n}", batch = text + "more\\u0041" + std::string(64, 'y');
  plain.Make({longer.data(), longer.size() - 64});
  plain.Make({batch.data(), text.size()});
  const std::string_view all = plain.Of(0, text.size());
  EXPECT_EQ(std::string(all.data(), 3 + 64), "{\n}" + std::string(64, '\0'));
}

}  // namespace
}  // namespace tocsin::event
