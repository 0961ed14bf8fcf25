#include "engine/match/internal/text_match.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "engine/content/utf8.h"
#include "engine/match/internal/casefold.h"

namespace tocsin::match {
namespace {

using content::CodePointAt;

using content::Pattern;

// `*` and `?` as wildcards, everything else literal.
Pattern Parse(std::string_view text) {
  Pattern pattern;
  for (const char c : text) {
    if (c == '*') {
      if (pattern.pieces.empty() || pattern.pieces.back().kind != Pattern::Kind::kAny) pattern.pieces.push_back({Pattern::Kind::kAny, ""});
    } else if (c == '?') {
      pattern.pieces.push_back({Pattern::Kind::kOne, ""});
    } else {
      if (pattern.pieces.empty() || pattern.pieces.back().kind != Pattern::Kind::kLiteral) pattern.pieces.push_back({Pattern::Kind::kLiteral, ""});
      pattern.pieces.back().text += c;
    }
  }
  return pattern;
}

struct Options {
  bool cased = false, windash = false;
};
bool Matches(std::string_view pattern, std::string_view text, Options options = {}) {
  const TextPattern compiled(Parse(pattern), options.cased, options.windash);
  if (options.cased) return compiled.Matches(text);
  std::string folded = Folded(text);
  const size_t size = folded.size();
  folded.append(32, '\0');
  return compiled.Matches(std::string_view(folded).substr(0, size));
}

// One character at a time, every way of it.
bool Naive(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    for (size_t skip = 0; skip <= text.size(); skip++) {
      if (Naive(pattern.substr(1), text.substr(skip))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  if (pattern[0] == '?') return Naive(pattern.substr(1), text.substr(CodePointAt(text, 0).size));
  return pattern[0] == text[0] && Naive(pattern.substr(1), text.substr(1));
}

TEST(TextMatch, WholeValueWithoutCase) {
  EXPECT_TRUE(Matches("whoami", "WhoAmI"));
  EXPECT_FALSE(Matches("whoami", "whoami.exe"));
  EXPECT_FALSE(Matches("whoami", " whoami"));
  EXPECT_FALSE(Matches("WhoAmI", "whoami", {.cased = true}));
  EXPECT_TRUE(Matches("WhoAmI", "WhoAmI", {.cased = true}));
  EXPECT_TRUE(Matches("", ""));
  EXPECT_FALSE(Matches("", "x"));
}

TEST(TextMatch, WildcardsCrossNewlinesAndTakeCodePoints) {
  EXPECT_TRUE(Matches("a*b", "a\r\nx\nb"));
  EXPECT_TRUE(Matches("a?b", "a\nb"));
  EXPECT_TRUE(Matches("a?b", "aéb"));
  EXPECT_TRUE(Matches("a?b", "a😀b"));
  EXPECT_FALSE(Matches("a?b", "aéüb"));
  EXPECT_TRUE(Matches("*?", "é"));
  EXPECT_FALSE(Matches("??", "é"));
  EXPECT_FALSE(Matches("*??*", "é"));
  EXPECT_TRUE(Matches("*", ""));
  EXPECT_FALSE(Matches("?", ""));
}

TEST(TextMatch, FoldingChangesLengths) {
  EXPECT_TRUE(Matches("kelvin", "\u212Aelvin"));
  EXPECT_TRUE(Matches("?elvin", "\u212Aelvin"));
  EXPECT_TRUE(Matches("*\u023A*", "x\u2C65y"));
  EXPECT_TRUE(Matches("straẞe", "STRAßE"));
}

TEST(TextMatch, FlagDashes) {
  const Options windash{.windash = true};
  for (const char* dash : {"-", "/", "–", "—", "―"}) {
    EXPECT_TRUE(Matches("* -enc *", std::string("powershell ") + dash + "ENC abc", windash)) << dash;
    EXPECT_TRUE(Matches("*-enc", std::string("x") + dash + "enc", windash)) << dash;
    EXPECT_TRUE(Matches(std::string("cmd ") + dash + "c", "cmd -c", windash)) << dash;
    EXPECT_TRUE(Matches("-a -b", std::string(dash) + "a /b", windash)) << dash;
  }
  EXPECT_FALSE(Matches("* -enc *", "powershell enc abc", windash));
  EXPECT_FALSE(Matches("* -enc *", "powershell /enc abc"));
  // Not before a word, or inside one: no flag.
  EXPECT_FALSE(Matches("a-b", "a/b", windash));
  EXPECT_TRUE(Matches("a-b", "a-b", windash));
  EXPECT_FALSE(Matches("a - b", "a / b", windash));
  EXPECT_FALSE(Matches("--b", "//b", windash));
  EXPECT_TRUE(Matches("--b", "-/b", windash));     // the second is between a dash and a word
  EXPECT_FALSE(Matches("é-b", "é/b", windash));    // é is a letter
  EXPECT_TRUE(Matches("*-é*", "x /É", windash));
  EXPECT_FALSE(Matches("-*", "/x", windash));      // what a wildcard stands for is no word
  EXPECT_TRUE(Matches("*-x", "a–X", windash));
}

TEST(TextMatch, EveryPatternOverEveryTextOfASmallAlphabet) {
  const std::string pattern_letters = "ab*?", text_letters = "ab\n";
  std::vector<std::string> patterns = {""}, texts = {""};
  for (size_t i = 0; i < patterns.size(); i++) {
    for (const char c : pattern_letters) {
      if (patterns[i].size() < 5) patterns.push_back(patterns[i] + c);
    }
  }
  for (size_t i = 0; i < texts.size(); i++) {
    for (const char c : text_letters) {
      if (texts[i].size() < 5) texts.push_back(texts[i] + c);
    }
  }
  size_t matches = 0;
  for (const std::string& pattern : patterns) {
    const TextPattern compiled(Parse(pattern), /*cased=*/true, /*windash=*/false);
    for (const std::string& text : texts) {
      const bool expected = Naive(pattern, text);
      matches += expected;
      ASSERT_EQ(compiled.Matches(text), expected) << testing::PrintToString(pattern) << " " << testing::PrintToString(text);
    }
  }
  EXPECT_GT(matches, patterns.size());
}

TEST(TextMatch, RandomPatternsOverRandomTexts) {
  std::mt19937 random(3);
  const std::vector<std::string> pattern_letters = {"a", "b", "é", "*", "*", "?"}, text_letters = {"a", "b", "é", "è", "\n"};
  for (int round = 0; round < 200'000; round++) {
    std::string pattern, text;
    for (size_t count = random() % 9; count > 0; count--) pattern += pattern_letters[random() % pattern_letters.size()];
    for (size_t count = random() % 13; count > 0; count--) text += text_letters[random() % text_letters.size()];
    ASSERT_EQ(Matches(pattern, text, {.cased = true}), Naive(pattern, text)) << testing::PrintToString(pattern) << " " << testing::PrintToString(text);
  }
}

// Half a million characters against patterns that make a backtracking matcher take for ever.
TEST(TextMatch, HostileTextsAreLinear) {
  const std::string text(1 << 19, 'a');
  EXPECT_FALSE(Matches("*a*a*a*a*a*a*a*a*b", text));
  EXPECT_FALSE(Matches("*a?a?a?ab*", text));
  EXPECT_TRUE(Matches("*a*a*a*a?a*a", text));
}

}  // namespace
}  // namespace tocsin::match
