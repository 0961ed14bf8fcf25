// What each modifier means, case by case, through Program alone: SIGMA.md points 10-21 and its table of modifiers. The rules are
// read by content, the events are put together by hand.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/content/testing/inline_content.h"
#include "engine/match/program.h"
#include "engine/match/testing/test_event.h"

namespace tocsin::match {
namespace {

using event::ValueKind;

struct Given {
  std::string field;
  ValueKind kind;
  std::string text;
};
Given S(std::string field, std::string text) { return {std::move(field), ValueKind::kString, std::move(text)}; }
Given N(std::string field, std::string text) { return {std::move(field), ValueKind::kNumber, std::move(text)}; }
Given B(std::string field, bool value) { return {std::move(field), ValueKind::kBool, value ? "true" : "false"}; }
Given Null(std::string field) { return {std::move(field), ValueKind::kNull, "null"}; }
Given Obj(std::string field) { return {std::move(field), ValueKind::kObject, "{\"x\":1}"}; }
Given Empty(std::string field) { return {std::move(field), ValueKind::kEmptyArray, "[]"}; }
using Event = std::vector<Given>;

std::string Show(const Event& event) {
  std::string out;
  for (const Given& each : event) out += each.field + "=" + testing::PrintToString(each.text) + " ";
  return out;
}

// Does a rule with this detection (YAML, indented by two) hit the event? Fails the test when content or match refuses it.
bool DetectionHits(const std::string& detection, const Event& given, int64_t time_ns = INT64_MIN, std::map<std::string, std::string> lists = {}) {
  content::Diagnostics diagnostics;
  const auto content = content::ContentFromText(
      {.rules = "title: t\nlogsource: {product: p}\ndetection:\n" + detection, .lists = std::move(lists)}, diagnostics);
  const auto program = Program::Compile(std::make_shared<TestPlan>(content), {}, diagnostics);
  EXPECT_EQ(diagnostics.errors(), 0u) << detection << diagnostics.Text();
  EXPECT_EQ(program->rules(), 1u);
  TestEvent event(*content);
  for (const Given& each : given) event.Add(each.field, each.kind, each.text);
  event.Time(time_ns);
  Scratch scratch(*program);
  const event::EventView view = event.View();
  const size_t hits = program->Match(view, scratch).size();
  EXPECT_EQ(program->Match(view, scratch).size(), hits) << "the second look differs";
  return hits == 1;
}

bool ItemHits(const std::string& item, const Event& given) { return DetectionHits("  s:\n    " + item + "\n  condition: s\n", given); }
bool KeywordsHit(const std::string& keywords, const Event& given) { return DetectionHits("  s: " + keywords + "\n  condition: s\n", given); }

#define HITS(item, ...) EXPECT_TRUE(ItemHits(item, Event{__VA_ARGS__})) << (item) << "  " << Show(Event{__VA_ARGS__})
#define MISSES(item, ...) EXPECT_FALSE(ItemHits(item, Event{__VA_ARGS__})) << (item) << "  " << Show(Event{__VA_ARGS__})

TEST(Semantics, WholeValueWithoutCase) {
  HITS("f: WhoAmI", S("f", "whoami"));
  MISSES("f: whoami", S("f", "whoami.exe"));
  MISSES("f: whoami", S("g", "whoami"));
  HITS("f: [a, b, c, d, e]", S("f", "D"));
  MISSES("f: [a, b, c, d, e]", S("f", "de"));
  HITS("f: ''", S("f", ""));
  MISSES("f: ''", S("f", " "));
  MISSES("f: ''");
}

TEST(Semantics, Wildcards) {
  HITS("f: a*z", S("f", "A\r\n\nZ"));
  HITS("f: a?z", S("f", "a\nz"));
  HITS("f: a?z", S("f", "aüz"));
  HITS("f: a?z", S("f", "a😀z"));
  MISSES("f: a?z", S("f", "aüüz"));
  MISSES("f: a?z", S("f", "az"));
  HITS("f: '*'", S("f", ""));
  HITS("f: '*'", N("f", "1"));
  MISSES("f: '*'", Null("f"));
  MISSES("f: '*'");
  HITS("f: a\\*z", S("f", "a*z"));
  MISSES("f: a\\*z", S("f", "abz"));
  HITS("f: '\\\\srv\\share'", S("f", "\\srv\\share"));
  HITS("f: 'C:\\Windows\\'", S("f", "c:\\windows\\"));
}

TEST(Semantics, ContainsStartsEnds) {
  HITS("f|contains: mid", S("f", "aMIDz"));
  HITS("f|contains: 'a*c'", S("f", "xabbcx"));
  MISSES("f|contains: mid", S("f", "mi d"));
  HITS("f|startswith: Pre", S("f", "prefix"));
  MISSES("f|startswith: pre", S("f", "xprefix"));
  HITS("f|endswith: '\\CMD.exe'", S("f", "C:\\Windows\\cmd.EXE"));
  MISSES("f|endswith: cmd.exe", S("f", "cmd.exe "));
  HITS("f|endswith: aab", S("f", "aaab"));
  HITS("f|contains: '88'", N("f", "4688"));
  HITS("f|contains: ru", B("f", true));
  HITS("f|contains: ''", S("f", ""));
}

TEST(Semantics, CaseFoldsByUnicodeOnBothSides) {
  HITS("f: größe", S("f", "GRÖSSE"), S("f", "GRÖßE"));
  MISSES("f: größe", S("f", "GRÖSSE"));
  HITS("f|contains: ΠΡΌΣΒΑΣΗ", S("f", "x πρόσβαση y"));
  HITS("f|contains: ς", S("f", "Σ"));
  HITS("f: kelvin", S("f", "\u212Aelvin"));
  HITS("f: \"\\u212Aelvin\"", S("f", "KELVIN"));
  HITS("f|contains: ELV", S("f", "\u212Aelvin"));
  HITS("f|endswith: vin", S("f", "\u212AelVIN"));
  HITS("f|startswith: k", S("f", "\u212Aelvin"));
  HITS("f: [k, b, c, d, e]", S("f", "\u212A"));
  HITS("f: [\"\\u212A\", b, c, d, e]", S("f", "k"));
  HITS("f: \"\\u023A\"", S("f", "\u2C65"));
  HITS("f: [ä, b, c, d, e]", S("f", "Ä"));
  HITS("f|contains: 管理者", S("f", "ドメイン管理者グループ"));
}

TEST(Semantics, Cased) {
  HITS("f|cased: WhoAmI", S("f", "WhoAmI"));
  MISSES("f|cased: WhoAmI", S("f", "whoami"));
  MISSES("f|contains|cased: Ä", S("f", "xäx"));
  HITS("f|contains|cased: Ä", S("f", "xÄx"));
  MISSES("f|startswith|cased: Pre", S("f", "prefix"));
  MISSES("f|cased: [Aa, b, c, d, e]", S("f", "aa"));
  HITS("f|cased: [Aa, b, c, d, e]", S("f", "Aa"));
}

TEST(Semantics, AllNeedsEachValueFromAnyElement) {
  HITS("f|contains|all: [ab, bc]", S("f", "abc"));
  MISSES("f|contains|all: [ab, bc]", S("f", "ab"));
  HITS("f|contains|all: [ab, bc]", S("f", "xab"), S("f", "bcx"));
  HITS("f|all: [a, b]", S("f", "a"), S("f", "b"));
  MISSES("f|all: [a, b]", S("f", "a"));
}

TEST(Semantics, NeqNegatesTheItem) {
  MISSES("f|neq: [a, b]", S("f", "a"));
  HITS("f|neq: [a, b]", S("f", "c"));
  HITS("f|neq: a");
  HITS("f|neq: a", Null("f"));
  HITS("f|neq: a", Obj("f"));
  MISSES("f|neq: a", S("f", "b"), S("f", "a"));          // no element may match
  HITS("f|contains|all|neq: [a, b]", S("f", "a"));        // not all
  MISSES("f|contains|all|neq: [a, b]", S("f", "ab"));
  MISSES("f|re|neq: ^a", S("f", "ab"));
  HITS("f|cidr|neq: 10.0.0.0/8", S("f", "11.0.0.1"));
  HITS("f|gt|neq: 5");
  MISSES("f|gt|neq: 5", N("f", "6"));
}

TEST(Semantics, Exists) {
  HITS("f|exists: true", S("f", ""));
  HITS("f|exists: true", Null("f"));
  HITS("f|exists: true", Empty("f"));
  HITS("f|exists: true", Obj("f"));
  MISSES("f|exists: true");
  HITS("f|exists: false");
  MISSES("f|exists: false", Null("f"));
}

TEST(Semantics, NullIsMissingOrNull) {
  HITS("f: null");
  HITS("f: null", Null("f"));
  MISSES("f: null", S("f", ""));
  MISSES("f: null", S("f", "null"));
  MISSES("f: null", Obj("f"));
  MISSES("f: null", Empty("f"));
  HITS("f: null", S("f", "a"), Null("f"));                // any member
  MISSES("f: a", Null("f"));
  MISSES("f: 'null'", Null("f"));
}

TEST(Semantics, ObjectsAndEmptyArraysMatchNoScalar) {
  MISSES("f: '*'", Obj("f"));
  MISSES("f|contains: x", Obj("f"));
  MISSES("f|re: x", Obj("f"));
  MISSES("f: '*'", Empty("f"));
  MISSES("f: '[]'", Empty("f"));
  MISSES("f|gt: 0", Obj("f"));
}

TEST(Semantics, ArraysMatchByAnyMember) {
  HITS("f: b", S("f", "a"), S("f", "b"));
  HITS("f|re: ^b$", S("f", "a"), S("f", "b"));
  HITS("f|cidr: 10.0.0.0/8", S("f", "x"), S("f", "10.1.1.1"));
  HITS("f|gte: 5", N("f", "1"), N("f", "5"));
  MISSES("f: c", S("f", "a"), S("f", "b"));
  // Two items may be met by different elements.
  EXPECT_TRUE(DetectionHits("  s:\n    f|startswith: a\n    f|endswith: z\n  condition: s\n", {S("f", "ab"), S("f", "yz")}));
}

TEST(Semantics, NumbersCompareExactly) {
  for (const char* same : {"4688", "4688.0", "4.688e3", "46880E-1"}) {
    HITS("f: 4688", N("f", same));
    HITS("f: 4688", S("f", same));
    HITS("f: '4688'", N("f", same));
    HITS("f: [1, 2, 3, 4688, 5]", N("f", same));
  }
  for (const char* other : {"4689", "04688", " 4688", "0x1250", "4688 ", "+4688"}) MISSES("f: 4688", S("f", other));
  MISSES("f: 9007199254740993", N("f", "9007199254740992"));
  HITS("f: 9007199254740993", N("f", "9007199254740993"));
  HITS("f: 0", N("f", "-0.0"));
  HITS("f: -1.50", N("f", "-1.5"));
  MISSES("f: 1", B("f", true));
  // Not a JSON number: text.
  HITS("f: 00000429", S("f", "00000429"));
  MISSES("f: 00000429", N("f", "429"));
  HITS("f|contains: 00000429", S("f", "x00000429"));
  HITS("f: 46*", N("f", "4688"));
}

TEST(Semantics, Booleans) {
  HITS("f: true", B("f", true));
  HITS("f: true", S("f", "True"));
  HITS("f: 'true'", B("f", true));
  HITS("f: false", B("f", false));
  MISSES("f: true", B("f", false));
  MISSES("f: true", N("f", "1"));
  MISSES("f: true", S("f", "yes"));
  MISSES("f: false");
  HITS("f: yes", S("f", "YES"));
  MISSES("f: yes", B("f", true));
}

TEST(Semantics, Comparisons) {
  HITS("f|gt: 5", N("f", "5.0000000000000000000001"));
  MISSES("f|gt: 5", N("f", "5.0"));
  HITS("f|gte: 5", S("f", "5"));
  HITS("f|lt: 9007199254740993", N("f", "9007199254740992"));
  HITS("f|lte: -1", N("f", "-1e0"));
  MISSES("f|lt: 5");
  MISSES("f|lt: 5", Null("f"));
  MISSES("f|lt: 5", S("f", ""));
  MISSES("f|lt: 5", S("f", "1x"));
  MISSES("f|lt: 5", B("f", false));
  HITS("f|lt: '5'", N("f", "4"));
}

TEST(Semantics, Regexes) {
  HITS("f|re: 'b+c'", S("f", "abbcd"));
  MISSES("f|re: 'B+C'", S("f", "abbcd"));
  HITS("f|re|i: 'B+C'", S("f", "abbcd"));
  HITS("f|re: '(?i)B+C'", S("f", "abbcd"));
  MISSES("f|re: 'a.c'", S("f", "a\nc"));
  HITS("f|re|s: 'a.c'", S("f", "a\nc"));
  MISSES("f|re: '^b'", S("f", "a\nb"));
  HITS("f|re|m: '^b'", S("f", "a\nb"));
  HITS("f|re: '^46\\d\\d$'", N("f", "4688"));
  HITS("f|re: '^true$'", B("f", true));
  HITS("f|re: '^$'", S("f", ""));
  MISSES("f|re: '.*'", Null("f"));
  MISSES("f|re: '.*'");
  HITS("f|re: 'a{2,3}?(?:b|c)\\b'", S("f", "xaab y"));
  HITS("f|re: 'ü+'", S("f", "füür"));
}

TEST(Semantics, Networks) {
  HITS("f|cidr: 192.168.0.0/16", S("f", "192.168.255.1"));
  MISSES("f|cidr: 192.168.0.0/16", S("f", "192.169.0.1"));
  MISSES("f|cidr: 192.168.0.0/17", S("f", "192.168.128.1"));
  HITS("f|cidr: [10.0.0.0/8, 'fd00::/8']", S("f", "FDAB::1"));
  MISSES("f|cidr: '::/0'", S("f", "10.0.0.1"));            // families must agree
  MISSES("f|cidr: 0.0.0.0/0", S("f", "::1"));
  MISSES("f|cidr: 10.0.0.0/8", S("f", "::ffff:10.0.0.1"));
  HITS("f|cidr: '::ffff:0:0/96'", S("f", "::ffff:10.0.0.1"));
  HITS("f|cidr: '2001:db8::/65'", S("f", "2001:db8::7fff:0:0:1"));
  MISSES("f|cidr: '2001:db8::/65'", S("f", "2001:db8:0:0:8000::1"));
  HITS("f|cidr: 0.0.0.0/0", S("f", "255.255.255.255"));
  HITS("f|cidr: 10.1.2.3", S("f", "10.1.2.3"));
  HITS("f|cidr: 10.1.2.3/8", S("f", "10.9.9.9"));           // host bits are masked
  for (const char* none : {"", "10.0.0", "10.0.0.1:80", "10.0.0.1/32", "010.0.0.1", "10.0.0.1 ", "host"}) MISSES("f|cidr: 10.0.0.0/8", S("f", none));
  MISSES("f|cidr: 10.0.0.0/8", S("f", std::string("10.0.0.1\0x", 10)));
}

TEST(Semantics, Base64AndUtf16) {
  HITS("f|base64: foo bar", S("f", "Zm9vIGJhcg=="));
  HITS("f|base64offset|contains: Test", S("f", "xxVGVzdGluZwyy"));
  HITS("f|base64offset|contains: Test", S("f", "RlRlc3R"), S("f", "kIFRlc3Rz"));
  HITS("f|wide|base64offset|contains: ping", S("f", "cABpAG4AZwA"));
}

TEST(Semantics, FlagDashes) {
  for (const char* dash : {"-", "/", "–", "—", "―"}) {
    HITS("f|contains|windash: ' -enc '", S("f", std::string("ps ") + dash + "ENC x"));
    HITS("f|endswith|windash: '/c'", S("f", std::string("cmd ") + dash + "C"));
    HITS("f|windash: '-a -b'", S("f", std::string(dash) + "a /b"));
    HITS("f|windash: [-1, b, c, d, e]", S("f", std::string(dash) + "1"));
  }
  MISSES("f|contains: ' -enc '", S("f", "ps /enc x"));
  MISSES("f|windash: a-b", S("f", "a/b"));                    // between two words: no flag
  MISSES("f|windash: é-b", S("f", "é/b"));                    // é is a letter
  HITS("f|windash: -é", S("f", "/é"));
  MISSES("f|windash: 'a - b'", S("f", "a / b"));
  HITS("f|windash: [a, b, c, d, e]", S("f", "b"));
  HITS("f|windash: -1.5", N("f", "-1.50"));
  MISSES("f|windash|cased: -A", S("f", "/a"));
}

TEST(Semantics, FieldRefs) {
  HITS("f|fieldref: g", S("f", "Alice"), S("g", "ALICE"));
  MISSES("f|fieldref: g", S("f", "Alice"), S("g", "Bob"));
  MISSES("f|fieldref|cased: g", S("f", "Alice"), S("g", "ALICE"));
  MISSES("f|fieldref: g", S("f", "a"));
  MISSES("f|fieldref: g", S("g", "a"));
  MISSES("f|fieldref: g");
  MISSES("f|fieldref: g", Null("f"), Null("g"));
  HITS("f|fieldref|neq: g", S("f", "a"));
  HITS("f|fieldref: g", S("f", "a"), S("f", "b"), S("g", "c"), S("g", "B"));   // any pair
  HITS("f|fieldref|contains: g", S("f", "xABx"), S("g", "ab"));
  HITS("f|fieldref|startswith: g", S("f", "ABx"), S("g", "ab"));
  MISSES("f|fieldref|startswith: g", S("f", "xab"), S("g", "ab"));
  HITS("f|fieldref|endswith: g", S("f", "xÄB"), S("g", "äb"));
  MISSES("f|fieldref: g", S("f", "abc"), S("g", "a*"));                        // a text, not a pattern
  HITS("f|fieldref: g", N("f", "5"), S("g", "5"));
  MISSES("f|fieldref: g", Obj("f"), Obj("g"));
}

TEST(Semantics, TimeParts) {
  const Given t = S("t", "2024-02-29T23:59:58.5-01:30");      // 2024-03-01T01:29:58.5Z, a Friday
  HITS("t|minute: 29", t);
  HITS("t|hour: 1", t);
  HITS("t|day: 1", t);
  HITS("t|month: 3", t);
  HITS("t|year: 2024", t);
  HITS("t|week: 9", t);
  HITS("t|hour|lt: 6", t);
  MISSES("t|hour|gte: 6", t);
  HITS("t|week: 53", S("t", "2021-01-03T12:00:00Z"));         // ISO: a Sunday, still of 2020
  HITS("t|week: 1", S("t", "2018-12-31T00:00:00Z"));
  HITS("t|year: 2023", N("t", "1700000000"));
  MISSES("t|hour|gte: 0", S("t", "noon"));
  MISSES("t|hour|gte: 0");
}

TEST(Semantics, Keywords) {
  HITS("'|contains': Word", S("x", "aWORDb"));                 // a field nobody reads
  EXPECT_TRUE(KeywordsHit("[nothing, 'Fail*d']", {S("x", "login failed twice")}));
  EXPECT_TRUE(KeywordsHit("['f?o']", {S("x", "a"), S("y", "xfOox")}));
  EXPECT_TRUE(KeywordsHit("['688']", {N("n", "4688")}));
  EXPECT_TRUE(KeywordsHit("['tru']", {B("b", true)}));
  EXPECT_FALSE(KeywordsHit("[keyname]", {S("keyname", "v")}));   // values, not keys
  EXPECT_FALSE(KeywordsHit("['ab']", {S("x", "a"), S("y", "b")}));
  EXPECT_FALSE(KeywordsHit("['null']", {Null("x")}));
  EXPECT_TRUE(DetectionHits("  s:\n    '|all': [one, two]\n  condition: s\n", {S("x", "ONE"), S("y", "two")}));
  EXPECT_FALSE(DetectionHits("  s:\n    '|all': [one, two]\n  condition: s\n", {S("x", "one")}));
  EXPECT_TRUE(DetectionHits("  s:\n    '|re': 'o+ne'\n  condition: s\n", {S("x", "xoone")}));
  EXPECT_TRUE(DetectionHits("  s: [word]\n  condition: not s\n", {S("x", "other")}));
}

TEST(Semantics, ListsExpireByEventTime) {
  const std::string detection = "  s:\n    f|expand: '%names%'\n  condition: s\n";
  const std::map<std::string, std::string> lists = {{"names", "alice\nbob # until=2024-01-01\ncar*\nd\ne\nf\n"}};
  const int64_t before = 1'703'000'000'000'000'000, after = 1'705'000'000'000'000'000;
  EXPECT_TRUE(DetectionHits(detection, {S("f", "Alice")}, after, lists));
  EXPECT_TRUE(DetectionHits(detection, {S("f", "carol")}, after, lists));
  EXPECT_TRUE(DetectionHits(detection, {S("f", "BOB")}, before, lists));
  EXPECT_FALSE(DetectionHits(detection, {S("f", "BOB")}, after, lists));
}

TEST(Semantics, ConditionsAreTwoValued) {
  const std::string detection = "  a:\n    f: x\n  b:\n    g: y\n  c:\n    h|contains: z\n  condition: ";
  const auto hits = [&](const char* condition, const Event& event) { return DetectionHits(detection + condition + "\n", event); };
  EXPECT_TRUE(hits("a and not b and not c", {S("f", "x")}));                    // missing fields do not match
  EXPECT_FALSE(hits("a and not b or c and b", {S("f", "x"), S("g", "y")}));
  EXPECT_TRUE(hits("a and not b or c and b", {S("f", "x"), S("g", "y"), S("h", "z")}));
  EXPECT_TRUE(hits("not a and not (b or c)", {}));
  EXPECT_TRUE(hits("not (a and b) and c", {S("f", "x"), S("h", "z")}));
  EXPECT_TRUE(hits("1 of them and not b and not c", {S("f", "x")}));
  EXPECT_FALSE(hits("all of them", {S("f", "x"), S("g", "y")}));
  EXPECT_TRUE(hits("all of them", {S("f", "x"), S("g", "y"), S("h", "z")}));
  EXPECT_TRUE(hits("not not a and not b and not c", {S("f", "x")}));
}

}  // namespace
}  // namespace tocsin::match
