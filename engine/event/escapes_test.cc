// How a text is spelled must not show: escapes and blanks where none need be, and what else stands in the document or the batch.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/content/testing/inline_content.h"
#include "engine/event/reader.h"

namespace tocsin::event {
namespace {

constexpr char kSources[] = R"(
name: cloud
logsource: {product: aws}
unwrap: Records
recognise: {eventVersion|exists: true}
time: [eventTime]
identity: [id eventID, record]
volatile: [received, more.received]
samples: ['{"eventVersion":"1"}']
)";
constexpr char kRules[] = R"(
title: reads
logsource: {category: any}
detection:
  s: {a: x, a.b: x, image: x, received: x, more.received: x}
  k: [word]
  condition: s or k
)";

class EscapesTest : public testing::Test {
 protected:
  EscapesTest() {
    content::Diagnostics diagnostics;
    content_ = content::ContentFromText({.rules = kRules, .sources = kSources}, diagnostics);
    plan_ = Plan::Compile(content_, {}, diagnostics);
    EXPECT_EQ(diagnostics.Text(), "");
    inputs_.push_back({.name = "test"});
  }

  // Each event as `show` makes of it; the documents stand side by side in one batch.
  template <class F>
  std::vector<std::string> Read(const std::vector<std::string>& documents, F show) {
    Batch batch;
    batch.input = InputId(0);
    std::string all;
    for (const std::string& text : documents) {
      batch.documents.push_back({.begin = all.size(), .size = text.size(), .offset = all.size(), .line = 1});
      all += text;
    }
    memcpy(batch.Resize(all.size()), all.data(), all.size());
    Reader reader(plan_, inputs_);
    reader.Start(batch);
    std::vector<std::string> out;
    while (reader.Next()) out.push_back(show(reader.event()));
    for (const BadRecord& bad : reader.TakeBad()) out.push_back(std::string("bad: ") + bad.reason + " " + bad.bytes);
    return out;
  }

  // Every value and leaf, and the keywords' text: the plain event holds each leaf where the leaf says it is.
  std::string Show(const EventView& event) {
    static const char* kKinds[] = {"null", "", "#", "!", "{}", "[]"};
    std::string out;
    for (uint32_t field = 0; field < content_->fields.size(); field++) {
      for (const Value& value : event.values(FieldId(field))) out += std::to_string(field) + "=" + kKinds[static_cast<int>(value.kind)] + std::string(value.text) + "\n";
    }
    for (const Value& leaf : event.leaves()) {
      out += "leaf " + std::string(leaf.text) + "\n";
      if (leaf.text.data() < event.plain.data() || leaf.text.data() + leaf.text.size() > event.plain.data() + event.plain.size()) out += "stands outside of the event\n";
    }
    for (size_t i = 0; i < kPadding; i++) out += event.plain.data()[event.plain.size() + i] == '\x7f' ? "!" : "";   // it can be read
    return out + (event.flags.duplicate_key ? "twice" : "");
  }

  std::shared_ptr<const content::ContentSet> content_;
  std::shared_ptr<const Plan> plan_;
  InputTable inputs_;
};

// One text, spelled as it must be and as it may be.
struct Spelled {
  std::string plainly, oddly;
};

class Speller {
 public:
  explicit Speller(uint32_t seed) : random_(seed) {}

  Spelled Object(int depth) {
    Spelled out{"{", "{"};
    static const char* const kKeys[] = {"a", "b", "image", "received", "more", "a.b", "other", "a key of more than thirty-two bytes", "caf\xc3\xa9", "qu\"ote", "back\\slash", "t"};
    for (uint32_t n = random_() % 6, first = n; n > 0; n--) {
      if (n != first) Both(out, ",");
      Blank(out);
      String(out, depth == 0 && n == 1 ? "eventVersion" : kKeys[random_() % std::size(kKeys)]);
      Blank(out);
      Both(out, ":");
      Blank(out);
      Value(out, depth);
      Blank(out);
    }
    Both(out, "}");
    return out;
  }
  uint32_t Random() { return static_cast<uint32_t>(random_()); }

 private:
  static void Both(Spelled& out, std::string_view text) {
    out.plainly += text;
    out.oddly += text;
  }
  void Blank(Spelled& out) {
    if (random_() % 5 == 0) out.oddly.append(1 + random_() % 3, " \t\n\r"[random_() % 4]);
    if (random_() % 300 == 0) out.oddly.append(random_() % 150, ' ');
  }
  void Value(Spelled& out, int depth) {
    static const char* const kScalars[] = {"1", "-0.5e3", "true", "false", "null", "9007199254740993"};
    switch (depth < 3 ? random_() % 7 : random_() % 4) {
      case 0: return Both(out, kScalars[random_() % std::size(kScalars)]);
      case 4: {
        const Spelled inner = Object(depth + 1);
        out.plainly += inner.plainly;
        out.oddly += inner.oddly;
        return;
      }
      case 5: {
        Both(out, "[");
        for (uint32_t n = random_() % 3, first = n; n > 0; n--) {
          if (n != first) Both(out, ",");
          Blank(out);
          Value(out, depth + 1);
        }
        Blank(out);
        return Both(out, "]");
      }
      default: break;
    }
    std::string text;
    static const char* const kParts[] = {"C:\\Windows\\System32\\", "\"", "\n", "word", "\xf0\x9f\x98\x80", "\xe2\x82\xac", "\xc3\xa9", "/", "\\\\", "\\\"", "--------------------", ""};
    for (uint32_t n = random_() % 8; n > 0; n--) {
      if (random_() % 20 == 0) text += '\0';
      text += kParts[random_() % std::size(kParts)];
    }
    String(out, text);
  }
  void String(Spelled& out, std::string_view text) {
    Both(out, "\"");
    for (size_t i = 0; i < text.size();) {
      const unsigned char c = static_cast<unsigned char>(text[i]);
      const size_t size = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
      uint32_t code = size == 1 ? c : c & (0x7Fu >> size);
      for (size_t k = 1; k < size; k++) code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
      const std::string as_is(text.substr(i, size));
      const std::string shortly = c == '"' || c == '\\' ? "\\" + as_is : c < 0x20 ? Unicode(code) : as_is;
      out.plainly += shortly;
      const uint32_t way = random_() % 8;
      out.oddly += way == 0 ? Unicode(code) : way == 1 && c == '/' ? "\\/" : c == '\n' && way < 5 ? "\\n" : shortly;
      i += size;
    }
    Both(out, "\"");
  }
  std::string Unicode(uint32_t code) {
    char out[16];
    const bool upper = random_() % 2 == 0;
    if (code < 0x10000) snprintf(out, sizeof out, upper ? "\\u%04X" : "\\u%04x", code);
    else snprintf(out, sizeof out, upper ? "\\u%04X\\u%04X" : "\\u%04x\\u%04x", 0xD800 + ((code - 0x10000) >> 10), 0xDC00 + ((code - 0x10000) & 0x3FF));
    return out;
  }

  std::mt19937 random_;
};

TEST_F(EscapesTest, SpellingDoesNotShow) {
  const uint32_t rounds = std::getenv("TOCSIN_LONG_TESTS") ? 100'000 : 1500;
  for (uint32_t seed = 1; seed <= rounds; seed++) {
    Speller speller(seed);
    std::vector<std::string> plainly, oddly, expected;
    for (uint32_t n = 1 + speller.Random() % 8; n > 0; n--) {
      const Spelled object = speller.Object(0);
      plainly.push_back(object.plainly);
      oddly.push_back(object.oddly);
    }
    const auto show = [&](const EventView& event) { return Show(event); };
    // Each by itself, as it must be spelled: nothing stands around it, nothing was read before.
    for (const std::string& text : plainly) {
      const std::vector<std::string> one = Read({text}, show);
      ASSERT_EQ(one.size(), 1u);
      expected.push_back(one[0]);
    }
    std::string elements, values;
    for (const std::string& text : oddly) {
      elements += (elements.empty() ? "" : ",") + text;
      values += text + (seed % 2 == 0 ? "\n" : "");
    }
    ASSERT_EQ(Read(oddly, show), expected) << "documents side by side, seed " << seed;
    ASSERT_EQ(Read({values}, show), expected) << "values one after the other, seed " << seed;
    ASSERT_EQ(Read({"[" + elements + "]"}, show), expected) << "an array, seed " << seed;
    ASSERT_EQ(Read({"{\"\\\\\\u0041\":\"\\n\",\"Records\":[" + elements + "]}"}, show), expected) << "an envelope, seed " << seed;
    // Broken behind its events: those are read in pieces.
    std::vector<std::string> read = Read({"[" + elements + ",{\"a\":\"\\x\"}]", "{\"image\":\"\\u0058\"}"}, show);
    ASSERT_EQ(read.size(), expected.size() + 2);
    EXPECT_TRUE(read.back().starts_with("bad: not JSON: a wrong escape inside a string {\"a\":\"\\x\"}")) << read.back();
    read.resize(expected.size());
    ASSERT_EQ(read, expected) << "an array that is broken behind them, seed " << seed;
  }
}

TEST_F(EscapesTest, AWrongEscapeIsOneEventsMistake) {
  const auto image = [&](const EventView& event) {
    std::string out;
    for (const Value& value : event.values(*content_->fields.Find("image"))) out += value.text;
    return out;
  };
  const std::string good = R"({"image":"\u0061\\b"})", read = "a\\b";
  for (const std::string bad : {R"({"image":"\x"})", R"({"nobody asks":"\x"})", R"({"\x":1})", R"({"image":"\u12"})", R"({"o":{"p":["\u12g4"]}})", R"({"image":"\u"})", R"({"image":"\ud83d\u12"})"}) {
    for (const std::string& document : {good + bad + good, "[" + good + "," + bad + "," + good + "]", "{\"Records\":[" + good + "," + bad + "," + good + "]}"}) {
      EXPECT_EQ(Read({good, document, good}, image), (std::vector<std::string>{read, read, read, read, "bad: not JSON: a wrong escape inside a string " + bad})) << document;
    }
  }
  // Outside of strings a backslash is no JSON at all.
  for (const std::string bad : {R"({"image":\n})", R"({"image":"a"\n})", R"({"image":1\u0031})", R"({\"image":"a"})", R"({"image":tru\u0065})"}) {
    const std::vector<std::string> out = Read({good, bad, good}, image);
    ASSERT_EQ(out.size(), 3u) << bad;
    EXPECT_EQ(out[2].substr(0, 9), "bad: not ") << bad;
    EXPECT_EQ(out[0] + out[1], read + read) << bad;
  }
}

// The symptom: a volatile value with an escape in it was not cut out of what is hashed, so that each delivery was another event.
TEST_F(EscapesTest, VolatileValuesAreCutOutAsTheyAreSpelled) {
  std::vector<uint64_t> hashes;
  const auto keep = [&](const EventView& event) {
    hashes.push_back(event.content_hash);
    return "";
  };
  const auto event = [](const std::string& received, const std::string& more, const std::string& a) {
    return R"({"eventVersion":"1","eventID":"1","received":")" + received + R"(","a":")" + a + R"(","more":{"received":")" + more + "\"}}";
  };
  const std::string padding(50, '-');
  const std::vector<std::string> spellings = {"x", "", "\\n", "\\u0041\\ud83d\\ude00" + padding, padding + padding + "\\/", "\\\\\\\"", "\\\"received\\\":\\\"x\\\""};
  for (const char* a : {"a", "\\n", "\\u000a", "\\\""}) {
    hashes.clear();
    for (const std::string& received : spellings) {
      for (const std::string& more : spellings) Read({event(received, more, a)}, keep);
    }
    Read({event("x", "x", a + std::string("b"))}, keep);
    ASSERT_EQ(hashes.size(), spellings.size() * spellings.size() + 1);
    for (size_t i = 1; i + 1 < hashes.size(); i++) EXPECT_EQ(hashes[i], hashes[0]) << i << " " << a;
    EXPECT_NE(hashes.back(), hashes[0]) << a;
  }
}

}  // namespace
}  // namespace tocsin::event
