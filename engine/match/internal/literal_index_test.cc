// The index against a search of every literal by itself, over texts and literals small enough to meet often.
#include "engine/match/internal/literal_index.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/match/internal/casefold.h"

namespace tocsin::match {
namespace {

using Where = LiteralIndex::Where;

struct Literal {
  std::string text;
  Where where;
};

// A text between zero bytes, as FoldedTexts keeps it.
class Padded {
 public:
  explicit Padded(const std::string& text) : bytes_(std::string(FoldedTexts::kMargin, '\0') + text + std::string(FoldedTexts::kMargin, '\0')) {
    folded_ = {bytes_.data() + FoldedTexts::kMargin, static_cast<uint32_t>(text.size()), IsAscii(text)};
  }
  const FoldedText& folded() const { return folded_; }

 private:
  const std::string bytes_;
  FoldedText folded_;
};

std::set<uint32_t> Naive(const std::vector<Literal>& literals, const std::string& text) {
  std::set<uint32_t> out;
  for (uint32_t i = 0; i < literals.size(); i++) {
    const auto& [wanted, where] = literals[i];
    const bool there = where == Where::kWhole   ? text == wanted
                       : where == Where::kStart ? text.starts_with(wanted)
                       : where == Where::kEnd   ? text.ends_with(wanted)
                                                : text.find(wanted) != std::string::npos;
    if (there) out.insert(i);
  }
  return out;
}

LiteralIndex Build(const std::vector<Literal>& literals) {
  LiteralIndex index;
  GramCounts counts;
  for (const Literal& each : literals) counts.Add(each.text);
  for (uint32_t i = 0; i < literals.size(); i++) index.Add(literals[i].text, literals[i].where, i);
  index.Build(counts);
  return index;
}

std::set<uint32_t> Found(const LiteralIndex& index, const std::string& text) {
  std::set<uint32_t> out;
  const Padded padded(text);
  index.Find(padded.folded(), [&](uint32_t id) {
    out.insert(id);
    return false;
  });
  return out;
}

TEST(LiteralIndex, EverySizeAtEveryPlace) {
  const std::string alphabet = "abcdefghijklmnopqrstuvwxyz";
  for (size_t size = 1; size <= 20; size++) {
    for (const Where where : {Where::kWhole, Where::kStart, Where::kEnd, Where::kAnywhere}) {
      const std::string wanted = alphabet.substr(3, size);
      const LiteralIndex index = Build({{wanted, where}});
      EXPECT_EQ(Found(index, wanted).size(), 1u) << size;
      for (size_t before = 0; before < 20; before++) {
        for (const size_t behind : {0, 1, 2, 3, 7, 8, 9}) {
          const std::string text = std::string(before, '-') + wanted + std::string(behind, '-');
          EXPECT_EQ(Found(index, text), Naive({{wanted, where}}, text)) << text;
          // One byte short at either end.
          EXPECT_TRUE(Found(index, std::string(before, '-') + wanted.substr(1) + std::string(behind, '-')).empty()) << size;
          EXPECT_TRUE(Found(index, std::string(before, '-') + wanted.substr(0, size - 1) + std::string(behind, '-')).empty()) << size;
        }
      }
    }
  }
}

TEST(LiteralIndex, NothingReachesBeyondTheText) {
  // The bytes behind a text are zero, and so may be those of a literal.
  const std::string zeros("ab\0\0\0\0", 6);
  const LiteralIndex index = Build({{zeros, Where::kAnywhere}, {zeros.substr(0, 3), Where::kAnywhere}, {zeros.substr(0, 4), Where::kWhole}, {zeros.substr(1, 3), Where::kEnd}});
  EXPECT_TRUE(Found(index, "ab").empty());
  EXPECT_TRUE(Found(index, "xxxxxxab").empty());
}

TEST(LiteralIndex, TheEmptyLiteralIsTheEmptyText) {
  const LiteralIndex index = Build({{"", Where::kWhole}});
  EXPECT_EQ(Found(index, "").size(), 1u);
  EXPECT_TRUE(Found(index, "a").empty());
}

TEST(LiteralIndex, ATextThatIsNotAsciiIsAskedForBoth) {
  const LiteralIndex index = Build({{"пароль", Where::kAnywhere}, {"word", Where::kAnywhere}, {"é", Where::kEnd}, {"ß", Where::kAnywhere}});
  EXPECT_EQ(Found(index, "the word"), (std::set<uint32_t>{1}));
  EXPECT_EQ(Found(index, "пароль word é"), (std::set<uint32_t>{0, 1, 2}));
  EXPECT_EQ(Found(index, "ßx"), (std::set<uint32_t>{3}));
}

TEST(LiteralIndex, StopsWhenTold) {
  const LiteralIndex index = Build({{"abcd", Where::kAnywhere}, {"bcde", Where::kAnywhere}});
  const Padded padded("abcde abcde");
  int calls = 0;
  EXPECT_TRUE(index.Find(padded.folded(), [&](uint32_t) { return ++calls == 1; }));
  EXPECT_EQ(calls, 1);
}

// Few letters, so that literals overlap, contain each other and share their windows.
TEST(LiteralIndex, AgreesWithASearchOfEach) {
  for (uint32_t seed = 1; seed <= 300; seed++) {
    std::mt19937 random(seed);
    const auto text_of = [&](size_t most) {
      std::string out;
      for (size_t n = random() % (most + 1); n > 0; n--) out += "ab\xD0\xB6-"[random() % (seed % 3 == 0 ? 5 : 2)];
      return out;
    };
    std::vector<Literal> literals;
    for (int i = 0; i < 40; i++) {
      const Where where = static_cast<Where>(random() % 4);
      std::string text = text_of(seed % 2 == 0 ? 6 : 14);
      if (LiteralIndex::Takes(text, where)) literals.push_back({std::move(text), where});
    }
    const LiteralIndex index = Build(literals);
    for (int i = 0; i < 40; i++) {
      const std::string text = text_of(30);
      ASSERT_EQ(Found(index, text), Naive(literals, text)) << "seed " << seed << ", text " << text;
    }
  }
}

}  // namespace
}  // namespace tocsin::match
