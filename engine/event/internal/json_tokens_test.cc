// Tests the grammar over tokens: what is JSON, held against simdjson's own full parser over texts that are nearly JSON.
#include "engine/event/internal/json_tokens.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace tocsin::event {
namespace {

// Null where the whole text is one JSON value, else the reason.
const char* Judge(JsonTokens& tokens, const std::string& text) {
  const std::string padded = text + std::string(64, '\0');
  if (!tokens.Find({padded.data(), text.size()})) return tokens.reason();
  const JsonTokens::Token end = tokens.Skip(tokens.begin(), 0);
  if (end == nullptr) return tokens.reason();
  return end == tokens.end() ? nullptr : "something behind";
}

TEST(JsonTokens, ReasonsSayWhatIsWrong) {
  JsonTokens tokens;
  const auto judge = [&](const std::string& text) { return std::string(Judge(tokens, text) == nullptr ? "fine" : Judge(tokens, text)); };
  for (const char* text : {"{}", "[]", " { \"a\" : [ 1 , -0.5e+3 , true , null , \"\\u00e9\\\"\" ] } ", "{\"a\":{\"b\":[[],{}]}}"}) EXPECT_EQ(judge(text), "fine") << text;
  EXPECT_EQ(judge("{\"a\":1"), reason::kOpenBrackets);
  EXPECT_EQ(judge("{\"a\""), reason::kOpenBrackets);
  EXPECT_EQ(judge("{\"a\":"), reason::kOpenBrackets);
  EXPECT_EQ(judge("[[1]"), reason::kOpenBrackets);
  EXPECT_EQ(judge("{\"a\" 1}"), reason::kNotJson);
  EXPECT_EQ(judge("{\"a\":1]"), reason::kNotJson);
  EXPECT_EQ(judge("[1}"), reason::kNotJson);
  EXPECT_EQ(judge("[1,]"), reason::kNotJson);
  EXPECT_EQ(judge("{\"a\":1,}"), reason::kNotJson);
  EXPECT_EQ(judge("[x]"), reason::kNotJson);
  EXPECT_EQ(judge("[01]"), reason::kNumber);
  EXPECT_EQ(judge("[1.]"), reason::kNumber);
  EXPECT_EQ(judge("[-]"), reason::kNumber);
  EXPECT_EQ(judge("[1\"a\"]"), reason::kNumber);
  EXPECT_EQ(judge("[nul]"), reason::kAtom);
  EXPECT_EQ(judge("[truefalse]"), reason::kAtom);
  EXPECT_EQ(judge("[\"\\x\"]"), reason::kEscape);
  EXPECT_EQ(judge("{\"\\x\":1}"), reason::kEscape);
  EXPECT_EQ(judge("[\"a"), reason::kOpenString);
  EXPECT_EQ(judge(std::string("[\"\x01\"]")), reason::kControl);
  EXPECT_EQ(judge("[\"\xff\"]"), reason::kNotUtf8);
}

// The symptom: one escaped surrogate without its other half, anywhere, hid the whole event from every rule.
TEST(JsonTokens, SurrogatesWithoutTheirOtherHalfAreReplaced) {
  JsonTokens tokens;
  const auto text_of = [&](const std::string& inside) {
    const std::string text = "\"" + inside + "\"" + std::string(64, '\0');
    std::string_view out;
    if (!tokens.Find({text.data(), inside.size() + 2}) || !tokens.Text(tokens.begin(), &out)) return std::string(tokens.reason());
    return std::string(out);
  };
  EXPECT_EQ(text_of("\\ud83d\\ude00"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(text_of("a\\ud800b"), "a\xef\xbf\xbd" "b");
  EXPECT_EQ(text_of("\\udc00\\n"), "\xef\xbf\xbd\n");
  EXPECT_EQ(text_of("\\ud83d\\u0041"), "\xef\xbf\xbd" "A");
  EXPECT_EQ(text_of("\\ud83d\\ud83d\\ude00"), "\xef\xbf\xbd\xf0\x9f\x98\x80");
  EXPECT_EQ(text_of("\\ud800\\u00e9\\u20ac\\\"\\/\\b\\f\\r\\t\\\\"), "\xef\xbf\xbd\xc3\xa9\xe2\x82\xac\"/\b\f\r\t\\");
  EXPECT_EQ(text_of("\\ud800\\x"), reason::kEscape);
  EXPECT_EQ(text_of("\\ud800\\u12g4"), reason::kEscape);
  EXPECT_EQ(text_of("\\ud80"), reason::kEscape);
}

TEST(JsonTokens, BracketsOpenAtATimeAreBounded) {
  JsonTokens tokens;
  const auto nested = [](size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_EQ(Judge(tokens, nested(JsonTokens::kMaxNesting)), nullptr);
  EXPECT_STREQ(Judge(tokens, nested(JsonTokens::kMaxNesting + 1)), reason::kTooDeep);
  EXPECT_STREQ(Judge(tokens, nested(100'000)), reason::kTooDeep);
}

void Value(std::mt19937& random, int depth, std::string& out) {
  static const char* const kScalars[] = {"0", "-1", "12.5", "1e9", "true", "false", "null", "\"\"", "\"a\"", "\"a\\nb\"", "\"\\u0041\"", "\"\xc3\xa9\"", "\"[{,:\""};
  const uint32_t kind = depth > 4 ? 0 : random() % 4;
  const auto blank = [&] {
    if (random() % 6 == 0) out += " \t\n"[random() % 3];
  };
  blank();
  if (kind < 2) {
    out += kScalars[random() % std::size(kScalars)];
  } else {
    out += kind == 2 ? '{' : '[';
    for (uint32_t i = random() % 4, first = i; i > 0; i--) {
      if (i != first) out += ',';
      blank();
      if (kind == 2) {
        out += random() % 4 == 0 ? "\"k\\u0061\"" : "\"key\"";
        blank();
        out += ':';
      }
      Value(random, depth + 1, out);
    }
    blank();
    out += kind == 2 ? '}' : ']';
  }
  blank();
}

TEST(JsonTokens, AgreesWithTheFullParserOnTextsThatAreNearlyJson) {
  const uint32_t rounds = std::getenv("TOCSIN_LONG_TESTS") ? 3'000'000 : 200'000;
  constexpr uint32_t kSeed = 20261125;
  std::mt19937 random(kSeed);
  JsonTokens tokens;
  simdjson::dom::parser parser;
  uint32_t good = 0;
  for (uint32_t round = 0; round < rounds; round++) {
    std::string text;
    Value(random, 0, text);
    static constexpr char kBytes[] = "{}[]:,\"\\ 0-1.etfnu\n\x01\xff";
    for (uint32_t damage = random() % 3; damage > 0 && !text.empty(); damage--) {
      const size_t at = random() % text.size();
      const char byte = kBytes[random() % (sizeof kBytes - 1)];
      if (random() % 3 == 0) text.erase(at, 1);
      else if (random() % 2 == 0) text.insert(at, 1, byte);
      else text[at] = byte;
    }
    const bool is_json = parser.parse(text).error() == simdjson::SUCCESS;
    good += is_json;
    const char* const reason = Judge(tokens, text);
    ASSERT_EQ(reason == nullptr, is_json) << "seed " << kSeed << " round " << round << ": " << text << ": " << (reason == nullptr ? "taken" : reason);
  }
  EXPECT_GT(good, rounds / 10) << "hardly anything was JSON";
  EXPECT_LT(good, rounds - rounds / 10) << "hardly anything was damaged";
}

}  // namespace
}  // namespace tocsin::event
