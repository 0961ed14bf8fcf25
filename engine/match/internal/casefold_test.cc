#include "engine/match/internal/casefold.h"
#include "engine/content/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <string>


namespace tocsin::match {
namespace {

using content::CodePoint;
using content::CodePointAt;
using content::CodePointBefore;
using content::WriteCodePoint;
using content::kNotACodePoint;

std::string Utf8(char32_t code) {
  char bytes[4];
  return {bytes, WriteCodePoint(code, bytes)};
}

bool IsScalar(char32_t code) { return code < 0xD800 || (code >= 0xE000 && code <= 0x10FFFF); }

TEST(Utf8, EveryCodePointGoesThereAndBack) {
  for (char32_t code = 0; code <= 0x10FFFF; code++) {
    if (!IsScalar(code)) continue;
    const std::string text = "x" + Utf8(code);
    const CodePoint forward = CodePointAt(text, 1), backward = CodePointBefore(text, text.size());
    ASSERT_EQ(forward.code, code);
    ASSERT_EQ(forward.size, text.size() - 1);
    ASSERT_EQ(backward.code, code);
    ASSERT_EQ(backward.size, forward.size);
  }
}

TEST(Utf8, BrokenBytesStandAlone) {
  for (const std::string text : {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80", "\xE2\x82", "\xFF"}) {
    EXPECT_EQ(CodePointAt(text, 0).code, kNotACodePoint);
    EXPECT_EQ(CodePointAt(text, 0).size, 1u);
  }
}

TEST(Utf8, BackwardCutsWhereForwardDoes) {
  std::mt19937 random(1);
  const std::string alphabet = "a\x80\xC3\xA9\xE2\x80\x93\xF0\x9F\x98\x80\xED\xA0\xFF";
  for (int round = 0; round < 100'000; round++) {
    std::string text;
    for (size_t size = random() % 9; text.size() < size;) text += alphabet[random() % alphabet.size()];
    std::vector<size_t> forward, backward;
    for (size_t at = 0; at < text.size(); at += CodePointAt(text, at).size) forward.push_back(at);
    for (size_t end = text.size(); end > 0;) backward.insert(backward.begin(), end -= CodePointBefore(text, end).size);
    ASSERT_EQ(forward, backward) << testing::PrintToString(text);
  }
}

TEST(Casefold, KnownPairs) {
  EXPECT_EQ(Folded("WHOAMI.EXE [@`{]"), "whoami.exe [@`{]");
  EXPECT_EQ(Folded("ÄÖÜ ΣΑΣ Привет"), "äöü σασ привет");
  EXPECT_EQ(Folded("ς"), Folded("Σ"));                       // final sigma
  EXPECT_EQ(Folded("\u212A"), "k");                            // Kelvin sign
  EXPECT_EQ(Folded("\u017F"), "s");                            // long s
  EXPECT_EQ(Folded("ẞ"), "ß");                               // simple: not "ss"
  EXPECT_EQ(Folded("İı"), "İı");                             // Turkish letters have no simple folding
  EXPECT_EQ(Folded("\u1F88"), "\u1F80");
  EXPECT_EQ(Folded("\U00010400"), "\U00010428");
  EXPECT_EQ(Folded("日本語"), "日本語");
  EXPECT_EQ(Folded("A\xFF\xC3(B"), "a\xFF\xC3(b");            // broken bytes stay
}

TEST(Casefold, FoldingIsIdempotentOneToOneAndFitsItsBound) {
  int folding = 0;
  for (char32_t code = 0; code <= 0x10FFFF; code++) {
    if (!IsScalar(code)) continue;
    const char32_t folded = FoldCodePoint(code);
    folding += folded != code;
    ASSERT_TRUE(IsScalar(folded)) << std::hex << static_cast<uint32_t>(code);
    ASSERT_EQ(FoldCodePoint(folded), folded) << std::hex << static_cast<uint32_t>(code);
    const std::string text = Utf8(code) + Utf8(code);
    ASSERT_LE(Folded(text).size(), FoldedSizeMax(text.size()));
    ASSERT_EQ(Folded(text), Utf8(folded) + Utf8(folded));
  }
  EXPECT_EQ(folding, 1454);   // as many as Unicode 14.0 has with status C or S
}

// Eight bytes a step, and text around the steps' ends, must do what one code point at a time does.
TEST(Casefold, FastPathEqualsOneByOne) {
  std::mt19937 random(2);
  for (int round = 0; round < 50'000; round++) {
    std::string text, expected;
    for (size_t count = random() % 40; count > 0; count--) {
      const char32_t code = random() % 8 != 0 ? random() % 128 : random() % 0x600;
      text += Utf8(code);
      expected += Utf8(FoldCodePoint(code));
    }
    ASSERT_EQ(Folded(text), expected) << testing::PrintToString(text);
  }
  std::string every;
  for (int byte = 0; byte < 128; byte++) every += std::string(8, static_cast<char>(byte));
  std::string expected;
  for (const char c : every) expected += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  EXPECT_EQ(Folded(every), expected);
}

}  // namespace
}  // namespace tocsin::match
