// What a walk remembers of keys must not show: a walker that has seen many objects against a new one for each.
#include "engine/event/internal/walker.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace tocsin::event {
namespace {

const std::string k32(32, 'q'), k31(31, 'q'), k33(33, 'q');

// Wanted by the tests, by number of field.
const std::vector<std::string>& Paths() {
  static const std::vector<std::string> paths = {"a", "a.b", "ab", "abc", "o.a", "o.p.a", k32, k33, "x.y", "image"};
  return paths;
}

class Walk {
 public:
  explicit Walk(bool leaves = false) : leaves_(leaves), walker_(Paths().size(), tokens_) {
    TrieBuilder builder;
    for (size_t i = 0; i < Paths().size(); i++) builder.Add(Paths()[i], FieldId(static_cast<uint32_t>(i)));
    trie_ = builder.Build();
  }

  // All that a walk gives.
  std::string Of(const std::string& text) {
    const std::string padded = text + std::string(kPadding, '\0');
    walker_.Begin();
    if (!tokens_.Find({padded.data(), text.size()}) || walker_.WalkRoot(trie_, tokens_.begin(), leaves_, /*wrappings=*/false) == nullptr) return tokens_.reason();
    std::string out;
    for (size_t i = 0; i < Paths().size(); i++) {
      const Slot& slot = walker_.slots()[i];
      if (slot.epoch != walker_.epoch()) continue;
      out += Paths()[i] + "=";
      for (const Value& value : Values(walker_.values(), slot.first)) out += std::string(value.text) + "|";
    }
    for (const Value& leaf : Leaves(walker_.values(), walker_.values() + walker_.value_count())) out += " " + std::string(leaf.text);
    return out + (walker_.duplicate_key() ? " twice" : "");
  }

 private:
  const bool leaves_;
  JsonTokens tokens_;
  Trie trie_;
  Walker walker_;
};

std::string New(const std::string& text, bool leaves = false) { return Walk(leaves).Of(text); }

// The symptom: an event whose first key was `a":"X` hid field `a` of the next, when its value was `X`.
TEST(Walker, AKeyWithQuotesIsNotTakenForAnotherAndItsValue) {
  for (const std::string key : {R"(a\":\"X)", R"(\":\"X)", R"(a\":\"X\",\"b)"}) {
    Walk walk;
    walk.Of("{\"" + key + "\":1}");
    EXPECT_EQ(walk.Of(R"({"a":"X","b":2})"), "a=X|") << key;
  }
}

TEST(Walker, TwoShapesInTurn) {
  Walk walk;
  const std::vector<std::string> shapes = {R"({"t":1,"a":2,"u":3,"image":4})", R"({"t":1,"u":2,"image":3,"a":4})", R"({"a":1,"t":2})", R"({"image":{"a":1},"o":{"t":1,"a":2,"p":{"a":3}}})", "{}"};
  for (int i = 0; i < 100; i++) {
    const std::string& shape = shapes[static_cast<size_t>(i * i) % shapes.size()];
    EXPECT_EQ(walk.Of(shape), New(shape));
  }
}

TEST(Walker, KeysThatShareTheirBeginning) {
  Walk walk;
  for (const char* first : {"a", "ab", "abc", "abcd", "", "A", "abd", "b"}) {
    for (const char* second : {"abc", "ab", "a", "abcd", "", "ac"}) {
      const std::string text = std::string("{\"") + first + "\":1,\"" + second + "\":2}";
      EXPECT_EQ(walk.Of(text), New(text));
    }
  }
}

TEST(Walker, AKeySpelledWithEscapesIsThatKey) {
  Walk walk;
  for (const char* text : {R"({"t":1,"a":2})", R"({"t":1,"\u0061":2})", R"({"\u0074":1,"a":2})", R"({"t\\":1,"a":2})", R"({"t\u005c":1,"a":2})", R"({"t":1,"a":2})", R"({"\t":1,"a":2})"}) EXPECT_EQ(walk.Of(text), "a=2|") << text;
  EXPECT_EQ(walk.Of(R"({"t":1,"\x61":2})"), reason::kEscape);
  EXPECT_EQ(walk.Of(R"({"\t":1,"a":2,"a":3})"), "a=2|3| twice");
}

TEST(Walker, MoreKeysThanAreRemembered) {
  Walk walk;
  std::string text = "{";
  for (int i = 0; i < 3000; i++) text += "\"k" + std::to_string(i) + "\":{\"a\":1},";
  text += "\"o\":{\"n\":1,\"a\":2},\"a\":3}";
  for (int i = 0; i < 3; i++) {
    EXPECT_EQ(walk.Of(text), "a=3|o.a=2|");
    EXPECT_EQ(walk.Of(R"({"k1":1,"a":1,"k2":2})"), "a=1|");
  }
}

TEST(Walker, AWalkerThatHasSeenMuchAgreesWithANewOne) {
  const uint32_t rounds = std::getenv("TOCSIN_LONG_TESTS") ? 200'000 : 3000;
  constexpr uint32_t kSeed = 20261126;
  std::mt19937 random(kSeed);
  const std::vector<std::string> keys = {"a", "b", "ab", "abc", "abcd", "o", "p", "x", "y", "t", "u", "", "image", "Image", "a.b", "x.y", "o.p", k31, k32, k33, k33 + "z", "\\u0061", "a\\u0062", "\\\"", "a\\\":\\\"X",
                                         "a\\\\", "\xc3\xa9", "a\\\":1,\\\"t", "\\/"};
  const std::vector<std::string> scalars = {"1", "\"X\"", "\"a\"", "null", "true", "\"\\u0061\"", "\"\\\\\"", "\"\"", "-1.5e3"};
  uint64_t with_values = 0;
  for (const bool leaves : {false, true}) {
    Walk walk(leaves);
    // Shapes that come again, each with changes now and then.
    std::vector<std::vector<uint32_t>> shapes(6);
    for (auto& shape : shapes) {
      for (uint32_t n = 1 + random() % 6; n > 0; n--) shape.push_back(random() % static_cast<uint32_t>(keys.size()));
    }
    const auto blank = [&] { return random() % 8 == 0 ? std::string(random() % 3, ' ') : ""; };
    const auto object = [&](const auto& self, int depth) -> std::string {
      auto& shape = shapes[random() % shapes.size()];
      if (random() % 10 == 0) shape[random() % shape.size()] = random() % static_cast<uint32_t>(keys.size());
      std::string out = "{";
      for (const uint32_t key : shape) {
        if (random() % 12 == 0) continue;
        if (out.size() > 1) out += ",";
        out += blank() + "\"" + keys[key] + "\"" + blank() + ":" + blank();
        const uint32_t kind = random() % 6;
        out += depth < 3 && kind == 0 ? self(self, depth + 1) : depth < 3 && kind == 1 ? "[" + self(self, depth + 1) + ",1," + self(self, depth + 1) + "]" : scalars[random() % scalars.size()];
        out += blank();
      }
      return out + "}";
    };
    for (uint32_t round = 0; round < rounds; round++) {
      const std::string text = object(object, 0), expected = New(text, leaves);
      ASSERT_EQ(walk.Of(text), expected) << text << "\nround " << round << ", seed " << kSeed;
      with_values += expected.find('=') != std::string::npos;
    }
  }
  EXPECT_GT(with_values, rounds);
}

}  // namespace
}  // namespace tocsin::event
