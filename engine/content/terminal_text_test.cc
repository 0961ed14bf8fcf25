#include "engine/content/terminal_text.h"

#include <gtest/gtest.h>

namespace tocsin::content {
namespace {

std::string Shown(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) at += AppendShown(text, at, out);
  return out;
}

TEST(TerminalText, HarmlessTextIsItself) {
  const std::string text = "grün, 漢字, e\xCC\x81, 🙂 \\ \" ~";
  EXPECT_EQ(Shown(text), text);
}

TEST(TerminalText, WhatSteersATerminalIsShown) {
  EXPECT_EQ(Shown("\x1b]0;x\x07\n\t\x7f"), "\\x1b]0;x\\x07\\x0a\\x09\\x7f");
  EXPECT_EQ(Shown(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(Shown("\xC2\x9B"
                  "31m"),
            "\\x9b31m");                                                                // CSI in one character
  EXPECT_EQ(Shown("\xE2\x80\xAE" "a" "\xE2\x81\xA6" "b" "\xD8\x9C"), "\\u202ea\\u2066b\\u061c");  // bidirectional
  EXPECT_EQ(Shown("\xEF\xBB\xBF\xE2\x80\x8B\xC2\xAD"), "\\ufeff\\u200b\\u00ad");        // not seen
  EXPECT_EQ(Shown("\xF3\xA0\x81\x81"), "\\u0e0041");                                    // a tag character
}

TEST(TerminalText, BytesThatAreNoUtf8) {
  EXPECT_EQ(Shown("\xff" "a" "\xC3"), "\\xffa\\xc3");
  EXPECT_EQ(Shown("\xC0\xAF"), "\\xc0\\xaf");          // overlong
  EXPECT_EQ(Shown("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(Shown("\x9B"), "\\x9b");                   // CSI where bytes are characters
}

}  // namespace
}  // namespace tocsin::content
