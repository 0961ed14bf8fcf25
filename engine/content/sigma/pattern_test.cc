#include "engine/content/sigma/pattern.h"

#include <gtest/gtest.h>

#include <random>

namespace tocsin::content {
namespace {

// "a*?" as the pieces show it: [a] * ?
std::string Shown(const Pattern& pattern) {
  std::string out;
  for (const auto& piece : pattern.pieces) out += piece.kind == Pattern::Kind::kAny ? "*" : piece.kind == Pattern::Kind::kOne ? "?" : "[" + piece.text + "]";
  return out;
}

TEST(Pattern, EscapesOfPoint11) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(a*b?c)", R"([a]*[b]?[c])"}, {R"(\*)", R"([*])"},           {R"(\\*)", R"([\]*)"},          {R"(\\\*)", R"([\*])"},
      {R"(\\\\)", R"([\\])"},         {R"(C:\Windows\)", R"([C:\Windows\])"}, {R"(\\srv\share)", R"([\srv\share])"}, {R"(a\)", R"([a\])"},
      {R"(**)", R"(*)"},              {R"(*\?*)", R"(*[?]*)"},       {"", ""},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(Shown(ParsePattern(text)), shown) << text;
}

TEST(Pattern, AnchorsAddNoSecondStar) {
  Pattern pattern = ParsePattern("*a");
  AddAnyBefore(pattern);
  AddAnyAfter(pattern);
  AddAnyAfter(pattern);
  EXPECT_EQ(Shown(pattern), "*[a]*");
  Pattern empty;
  AddAnyBefore(empty);
  EXPECT_EQ(Shown(empty), "*");
  EXPECT_FALSE(empty.IsLiteral());
  EXPECT_TRUE(ParsePattern("").IsLiteral());
}

// Every text over a small alphabet: its source gives the same pattern, and sources can be put together.
TEST(Pattern, SourcesGiveThePatternBack) {
  std::vector<std::string> texts = {""};
  for (size_t i = 0; i < texts.size(); i++) {
    if (texts[i].size() < 5) {
      for (const char c : {'a', '\\', '*', '?'}) texts.push_back(texts[i] + c);
    }
    const Pattern pattern = ParsePattern(texts[i]);
    EXPECT_EQ(Shown(ParsePattern(PatternSource(pattern))), Shown(pattern)) << texts[i];
    // What follows takes no backslash away.
    const Pattern joined = ParsePattern(PatternSource(pattern) + PatternSource(ParsePattern("x")));
    EXPECT_EQ(joined.pieces.back().text.back(), 'x');
  }
}

TEST(Pattern, Base64) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foo"), "Zm9v");
  EXPECT_EQ(Base64("\xff\xfe\xfd"), "//79");
}

// Whatever stands before and behind, one of the three forms is in the encoded text; each form is needed.
TEST(Pattern, Base64OffsetsAreExact) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; round++) {
    std::string value;
    for (size_t i = 0; i < 1 + round % 9u; i++) value += static_cast<char>(random());
    const std::vector<std::string> forms = Base64Offsets(value);
    for (size_t before = 0; before < 3; before++) {
      std::string whole(before, '\0');
      for (char& c : whole) c = static_cast<char>(random());
      whole += value;
      for (size_t i = 0; i < random() % 4; i++) whole += static_cast<char>(random());
      if (forms.size() == 3) {
        EXPECT_NE(Base64(whole).find(forms[before]), std::string::npos);
      }
    }
  }
  EXPECT_EQ(Base64Offsets("Test"), (std::vector<std::string>{"VGVzd", "Rlc3", "UZXN0"}));
  EXPECT_TRUE(Base64Offsets("").empty());
}

TEST(Pattern, Utf16) {
  EXPECT_EQ(ToUtf16("aé", Utf16Form::kLittleEndian), std::string("a\0\xe9\0", 4));
  EXPECT_EQ(ToUtf16("a€", Utf16Form::kBigEndian), std::string("\0a\x20\xac", 4));
  EXPECT_EQ(ToUtf16("a", Utf16Form::kWithMark), std::string("\xff\xfe" "a\0", 4));
  EXPECT_EQ(ToUtf16("\U0001F600", Utf16Form::kBigEndian), std::string("\xd8\x3d\xde\x00", 4));
}

TEST(Pattern, DashForms) {
  EXPECT_EQ(DashForms("a"), std::vector<std::string>{"a"});
  EXPECT_EQ(DashForms("-a"), (std::vector<std::string>{"-a", "/a", "–a", "—a", "―a"}));
  EXPECT_EQ(DashForms("a-b - -"), std::vector<std::string>{"a-b - -"});   // no flag: a word before, or none behind
  EXPECT_EQ(DashForms("é-b"), std::vector<std::string>{"é-b"});
  EXPECT_EQ(DashForms("—é -b").size(), 25u);
  EXPECT_EQ(DashForms("--a").size(), 5u);
  EXPECT_EQ(DashForms("-a -b -c -d").size(), kMaxDashForms);
  EXPECT_TRUE(DashForms("-a -b -c -d -e").empty());
}

TEST(Pattern, BadUtf8IsFound) {
  const std::pair<std::string, size_t> cases[] = {
      {"aé€\U0001F600", std::string::npos}, {"a\x80", 1}, {"\xc3", 0}, {"\xc0\xaf", 0}, {"\xe0\x80\xaf", 0}, {"ab\xed\xa0\x80", 2}, {"\xf4\x90\x80\x80", 0}, {"\xf5", 0}, {"x\xe2\x82y", 1}, {"\xf0\x80\x80\x80", 0}};
  for (const auto& [text, at] : cases) EXPECT_EQ(FindBadUtf8(text), at) << text;
}

}  // namespace
}  // namespace tocsin::content
