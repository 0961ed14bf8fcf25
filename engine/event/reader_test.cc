// Tests the reader from documents to events: wrappings, bad records, field look-up against a slow oracle, zero allocation.
#include "engine/event/reader.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <random>
#include <set>

#include "engine/content/testing/inline_content.h"

namespace {

uint64_t allocations = 0;

}  // namespace

// The compiler sees free() meet operator new once these are inlined, and takes it for a mistake.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(size_t size) {
  allocations++;
  if (void* memory = malloc(size)) return memory;
  abort();
}
// std::stable_sort's buffer: the address sanitizer's own would meet the free() below.
void* operator new(size_t size, const std::nothrow_t&) noexcept { return operator new(size); }
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }

namespace tocsin::event {
namespace {

constexpr char kSources[] = R"(
name: cloud
logsource: {product: aws}
unwrap: Records
recognise: {eventVersion|exists: true, eventName|exists: true}
time: [eventTime]
identity: [id eventID, record]
classes: [E1]
class_rules: [{when: {eventName|startswith: Put}, add: [E3]}]
skip: {stage: early}
fields:
  net.dst_public: {compute: public_address, from: sourceIPAddress}
  net.src_net: {compute: network, from: sourceIPAddress}
entities:
  access_key: {all: ['{key}', '{response.key}']}
  repo: 'github.com/{repo|starts:repo:|after:repo:|before::|lower}'
  ip: '{sourceIPAddress|ip}'
links:
  - from: {access_key: '{response.key}'}
    to: {repo: '{entity.repo}'}
    valid_until: response.until
samples: ['{"eventVersion":"1","eventName":"x"}']
---
name: cloud.put
extends: cloud
recognise: {eventName: PutImage}
samples: ['{"eventVersion":"1","eventName":"PutImage"}']
---
name: cloud.put.late
extends: cloud.put
recognise: {stage: late}
samples: ['{"eventVersion":"1","eventName":"PutImage","stage":"late"}']
---
name: hook
logsource: {product: github}
envelope: {headers: headers, body: payload, received_at: received_at}
recognise: {$payload_type: push}
time: [at]
identity: [id $header.x-github-delivery, record]
summary: '{ref}'
samples: ['{"headers":{"X-GitHub-Event":"push"},"payload":{"ref":"a"}}']
)";

constexpr char kRules[] = R"(
title: every field the tests look at
logsource: {category: any}
detection:
  selection:
    a: x
    a.b: x
    a.b.c: x
    x.y: x
    ref: x
    id: x
  condition: selection
)";

class ReaderTest : public testing::Test {
 protected:
  ReaderTest() {
    content::Diagnostics diagnostics;
    content_ = content::ContentFromText({.rules = kRules, .sources = kSources}, diagnostics);
    plan_ = Plan::Compile(content_, {}, diagnostics);
    EXPECT_EQ(diagnostics.Text(), "");
    inputs_.push_back({.name = "test", .folder = "folder"});
  }

  Batch BatchOf(const std::vector<std::string>& documents) {
    Batch batch;
    batch.input = InputId(0);
    std::string all;
    uint32_t line = 1;
    for (const std::string& text : documents) {
      batch.documents.push_back({.begin = all.size(), .size = text.size(), .offset = all.size(), .line = line++});
      all += text + "\n";
    }
    memcpy(batch.Resize(all.size()), all.data(), all.size());
    return batch;
  }

  // Each event as its source, then what `show` makes of it.
  template <class F>
  std::vector<std::string> Read(const std::vector<std::string>& documents, F show) {
    const Batch batch = BatchOf(documents);
    Reader reader(plan_, inputs_);
    reader.Start(batch);
    std::vector<std::string> out;
    while (reader.Next()) {
      const EventView& event = reader.event();
      out.push_back((event.source.valid() ? content_->sources[event.source.value()].name : "?") + show(event));
    }
    bad_ = reader.TakeBad();
    counters_ = reader.counters();
    return out;
  }
  std::vector<std::string> Raw(const std::vector<std::string>& documents) {
    return Read(documents, [](const EventView& event) { return " " + std::string(event.raw); });
  }
  std::string Values(const EventView& event, std::string_view field) {
    std::string out;
    const auto id = content_->fields.Find(field);
    if (!id) return "no such field";
    for (const Value& value : event.values(*id)) {
      static const char* kKinds[] = {"null", "", "#", "!", "{}", "[]"};
      out += (out.empty() ? "" : ",") + std::string(kKinds[static_cast<int>(value.kind)]) + std::string(value.text);
    }
    return out;
  }
  std::string ValuesOf(const std::string& document, std::string_view field) {
    const auto events = Read({document}, [&](const EventView& event) { return Values(event, field); });
    return events.size() == 1 ? events[0].substr(1) : "not one event";
  }

  std::shared_ptr<const content::ContentSet> content_;
  std::shared_ptr<const Plan> plan_;
  InputTable inputs_;
  std::vector<BadRecord> bad_;
  ReaderCounters counters_;
};

using Strings = std::vector<std::string>;

// The symptom: the process died. After an error of the parser its iterator must not be asked for another field.
TEST_F(ReaderTest, AnEnvelopeThatIsBrokenBehindItsBodyIsABadRecord) {
  const std::string head = "{\"headers\":{\"X-GitHub-Event\":\"push\"},\"payload\":{\"ref\":\"a\"}";
  for (const char* tail : {",\"x\" 1}", ",x}", ",\"x\":}", ",,}", ":1}", ",\"received_at\" \"x\"}", "]"}) {
    for (const std::string& text : {head + tail, "{\"first\" 1," + head.substr(1) + "}", "[" + head + tail + "]"}) {
      EXPECT_EQ(Raw({text, "{\"good\":1}"}).back(), "? {\"good\":1}") << text;
      EXPECT_GE(bad_.size(), 1u) << text;
    }
  }
}

TEST_F(ReaderTest, Wrappings) {
  EXPECT_EQ(Raw({R"({"a":1})", R"(  {"a":2}  )"}), (Strings{R"(? {"a":1})", R"(? {"a":2})"}));
  EXPECT_EQ(Raw({R"([{"a":1}, {"a":2} ,{}])"}), (Strings{R"(? {"a":1})", R"(? {"a":2})", "? {}"}));
  EXPECT_EQ(Raw({R"({"Records":[{"a":1},{"a":{"b":[2]}}],"more":1})"}), (Strings{R"(? {"a":1})", R"(? {"a":{"b":[2]}})"}));
  EXPECT_EQ(Raw({R"({"first":{"x":1},"Records":[{"a":1}]})"}), (Strings{R"(? {"a":1})"}));
  EXPECT_EQ(Raw({R"({"a":1}{"a":2} [{"a":3}])"}), (Strings{R"(? {"a":1})", R"(? {"a":2})", R"(? {"a":3})"}));
  EXPECT_EQ(Raw({R"({"Records":[]})", "[]", "  "}), Strings{});
  EXPECT_EQ(Raw({R"({"Records":"no array"})"}), (Strings{R"(? {"Records":"no array"})"}));
  EXPECT_TRUE(bad_.empty());
}

TEST_F(ReaderTest, AnEnvelopeThatNamesItsArrayTwiceHidesNothing) {
  EXPECT_EQ(Raw({R"({"Records":[{"a":1}],"Records":[{"a":2}]})"}), (Strings{R"(? {"a":1})", R"(? {"a":2})"}));
}

TEST_F(ReaderTest, WebhookEnvelopeInEitherOrder) {
  const auto show = [&](const EventView& event) {
    return " ref=" + Values(event, "ref") + " delivery=" + Values(event, "$header.x-github-delivery") + " arrived=" + FormatTime(event.transport);
  };
  const Strings expected = {"hook ref=main delivery=d1 arrived=2026-03-01T10:00:00Z"};
  EXPECT_EQ(Read({R"({"headers":{"X-GitHub-Event":"push","X-GitHub-Delivery":"d1"},"received_at":"2026-03-01T10:00:00Z","payload":{"ref":"main"}})"}, show), expected);
  EXPECT_EQ(Read({R"({"payload":{"ref":"main"},"received_at":"2026-03-01T10:00:00Z","headers":{"X-GitHub-Delivery":"d1","X-GitHub-Event":"push"}})"}, show), expected);
  // Escapes in header texts survive the walks that follow.
  EXPECT_EQ(Read({R"({"headers":{"X-GitHub-Event":"pu\u0073h","X-GitHub-Delivery":"d\u0031"},"received_at":"2026-03-01T10:00:00Z","payload":{"ref":"ma\u0069n"}})"}, show), expected);
}

TEST_F(ReaderTest, HeadersWithoutABodyAreAnOrdinaryEvent) {
  EXPECT_EQ(Raw({R"({"headers":{"x":"y"},"ref":"a"})"}).size(), 1u);
  EXPECT_EQ(Read({R"({"headers":{"x":"y"},"ref":"a"})"}, [&](const EventView& event) { return Values(event, "ref"); }), Strings{"?a"});
}

// {"Records":[...]}{"Records":[...]} in one document gave the events of the first envelope, and no word of the second.
TEST_F(ReaderTest, WhatStandsBehindAnEnvelopeIsRead) {
  EXPECT_EQ(Raw({R"({"Records":[{"a":1}]} {"Records":[{"a":2}],"more":1}{"a":3})"}), (Strings{R"(? {"a":1})", R"(? {"a":2})", R"(? {"a":3})"}));
  EXPECT_TRUE(bad_.empty());
  EXPECT_EQ(Raw({R"({"Records":[{"a":1}]} x)"}), (Strings{R"(? {"a":1})"}));
  ASSERT_EQ(bad_.size(), 1u);
  EXPECT_EQ(bad_[0].bytes, "x");
}

TEST_F(ReaderTest, BadRecords) {
  struct Case {
    const char* text;
    const char* reason;
    size_t events;
  };
  const Case cases[] = {
      {"not json", "not an event: no JSON object", 0},
      {"1", "not an event: no JSON object", 0},
      {"\"text\"", "not an event: no JSON object", 0},
      {"{\"a\":\"x", "not JSON: a string is not closed", 0},
      {"{\"a\":1", "not JSON: it ends before its brackets close", 0},
      {"{\"a\":1}}", "not JSON: something behind the event", 0},
      {"{\"a\":1} x", "not JSON: something behind the event", 0},
      {"{\"a\":12x}", "not JSON: a wrong number", 0},
      {"{\"a\":tru}", "not JSON: neither true, false nor null", 0},
      {"{\"a\":\"\\q\"}", "not JSON: a wrong escape inside a string", 0},
      {"{\"a\":\"\xff\"}", "not UTF-8", 0},
      {"{\"a\" 1}", "not JSON", 0},
      {"[1,2]", "an array of something else than events", 0},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Raw({c.text}).size(), c.events) << c.text;
    ASSERT_EQ(bad_.size(), 1u) << c.text;
    EXPECT_STREQ(bad_[0].reason, c.reason) << c.text;
    EXPECT_EQ(bad_[0].bytes, c.text);
    EXPECT_EQ(bad_[0].line, 1u);
  }
}

// The symptom: whether an event was bad depended on what rules wanted of it. Nobody wants `other`.
TEST_F(ReaderTest, ATextIsJudgedByItsBytesAlone) {
  const std::pair<const char*, const char*> cases[] = {
      {"{\"other\":12x}", "not JSON: a wrong number"},         {"{\"other\":[tru]}", "not JSON: neither true, false nor null"},
      {"{\"other\":\"\\q\"}", "not JSON: a wrong escape inside a string"}, {"{\"other\":{\"x\" 1}}", "not JSON"},
      {"{\"other\":[1}}", "not JSON"},                          {"{\"other\":{\"x\":1,}}", "not JSON"},
  };
  for (const auto& [text, reason] : cases) {
    EXPECT_EQ(Raw({text}), Strings{}) << text;
    ASSERT_EQ(bad_.size(), 1u) << text;
    EXPECT_STREQ(bad_[0].reason, reason) << text;
  }
}

// The symptom: what stood behind an array with a broken element or an envelope in it was lost without a word.
TEST_F(ReaderTest, WhatStandsBehindAnArrayThatIsReadInPiecesIsRead) {
  EXPECT_EQ(Raw({R"({"a":1}[{"Records":[{"a":2}]}]{"a":3})"}), (Strings{R"(? {"a":1})", R"(? {"a":2})", R"(? {"a":3})"}));
  EXPECT_TRUE(bad_.empty());
  EXPECT_EQ(Raw({R"({"a":1}[{"a":2},{"b":tru}]{"a":3})"}), (Strings{R"(? {"a":1})", R"(? {"a":2})", R"(? {"a":3})"}));
  EXPECT_EQ(bad_.size(), 1u);
  EXPECT_EQ(Raw({R"([{"Records":[{"a":1},{"b":tru},{"a":2}]},{"Records":[{"a":3}]}])"}), (Strings{R"(? {"a":1})", R"(? {"a":2})", R"(? {"a":3})"}));
  EXPECT_EQ(bad_.size(), 1u);
}

// The symptom: envelopes inside envelopes took time that grew with the square of their number.
TEST_F(ReaderTest, EnvelopesInsideEnvelopesAreBounded) {
  const auto nested = [](int n) {
    std::string text = R"({"a":1})";
    for (int i = 0; i < n; i++) text = R"({"Records":[)" + text + R"(,{"a":0}]})";
    return text;
  };
  EXPECT_EQ(Raw({nested(9)}).size(), 10u);
  EXPECT_TRUE(bad_.empty());
  EXPECT_EQ(Raw({nested(5000), R"({"a":2})"}).size(), 10u) << "nine outer ones' events, and the line behind";
  ASSERT_EQ(bad_.size(), 1u);
  EXPECT_STREQ(bad_[0].reason, "nested too deep");
}

// The symptom: each wrong element was a bad record of its own, and its line was counted from the document's start.
TEST_F(ReaderTest, WrongElementsSideBySideAreOneBadRecord) {
  EXPECT_EQ(Raw({R"([{"a":1},1,"x",[2], null,{"a":2},3])"}), (Strings{R"(? {"a":1})", R"(? {"a":2})"}));
  ASSERT_EQ(bad_.size(), 2u);
  EXPECT_EQ(bad_[0].bytes, R"(1,"x",[2], null)");
  EXPECT_EQ(bad_[1].bytes, "3");
}

TEST_F(ReaderTest, LinesOfBadRecordsAreTheirOwn) {
  EXPECT_EQ(Raw({"[{\"a\":1},\n1,\n\n{\"a\":2},\n2]"}).size(), 2u);
  ASSERT_EQ(bad_.size(), 2u);
  EXPECT_EQ(bad_[0].line, 2u);
  EXPECT_EQ(bad_[1].line, 5u);
}

// The symptom: a key with a dot that somebody asks for, in front of it, hid an envelope and all its events.
TEST_F(ReaderTest, AKeyWithADotInFrontHidesNoEnvelope) {
  EXPECT_EQ(Raw({R"({"a.b":1,"Records":[{"a":1},{"a":2}]})"}), (Strings{R"(? {"a":1})", R"(? {"a":2})"}));
  EXPECT_EQ(Read({R"({"a.b":1,"headers":{"X-GitHub-Event":"push"},"payload":{"ref":"r"}})"}, [&](const EventView& event) { return " " + Values(event, "ref"); }), Strings{"hook r"});
}

// The symptom: an envelope that breaks behind its array gave that array's events twice.
TEST_F(ReaderTest, AnEnvelopeThatBreaksBehindItsArrayGivesItsEventsOnce) {
  EXPECT_EQ(Raw({R"({"Records":[{"a":1},{"a":2}],"more" 1})", R"({"a":3})"}), (Strings{R"(? {"a":1})", R"(? {"a":2})", R"(? {"a":3})"}));
  ASSERT_EQ(bad_.size(), 1u);
  EXPECT_EQ(bad_[0].bytes, R"("more" 1})");
  EXPECT_EQ(Raw({R"({"Records":[{"a":1}] "more":1})"}), Strings{R"(? {"a":1})"});
  ASSERT_EQ(bad_.size(), 1u);
  EXPECT_EQ(bad_[0].line, 1u);
}

TEST_F(ReaderTest, ABadLineCostsOneEvent) {
  EXPECT_EQ(Raw({R"({"a":1})", R"({"a":)", R"({"a":2})"}), (Strings{R"(? {"a":1})", R"(? {"a":2})"}));
  ASSERT_EQ(bad_.size(), 1u);
  EXPECT_EQ(bad_[0].line, 2u);
  EXPECT_EQ(bad_[0].offset, 8u);
}

TEST_F(ReaderTest, ABrokenElementCostsItself) {
  EXPECT_EQ(Raw({R"({"Records":[{"a":1},{"a":12x},{"a":3}]})"}), (Strings{R"(? {"a":1})", R"(? {"a":3})"}));
  ASSERT_EQ(bad_.size(), 1u);
  EXPECT_EQ(bad_[0].bytes, R"({"a":12x})");
  EXPECT_EQ(Raw({R"([{"a":1},7,{"a":3}])"}), (Strings{R"(? {"a":1})", R"(? {"a":3})"}));
  EXPECT_EQ(bad_.size(), 1u);
}

TEST_F(ReaderTest, ATruncatedEnvelopeGivesWhatStandsWhole) {
  EXPECT_EQ(Raw({R"({"Records":[{"a":1},{"a":2},{"a":)"}), (Strings{R"(? {"a":1})", R"(? {"a":2})"}));
  EXPECT_EQ(bad_.size(), 1u);
}

TEST_F(ReaderTest, ARecordKeepsItsPlace) {
  const auto show = [](const EventView& event) { return " " + std::to_string(event.number) + "@" + std::to_string(event.offset) + "#" + std::to_string(event.index); };
  EXPECT_EQ(Read({R"({"a":1})", "bad", R"([{"a":1},{"a":2}])"}, show), (Strings{"? 0@0#0", "? 2@13#0", "? 3@21#1"}));
}

TEST_F(ReaderTest, NumbersKeepTheirDigits) {
  EXPECT_EQ(ValuesOf(R"({"id":9007199254740993})", "id"), "#9007199254740993");
  EXPECT_EQ(ValuesOf(R"({"id":1.50e3 })", "id"), "#1.50e3");
  EXPECT_EQ(ValuesOf(R"({"id":"{\"x\":1}"})", "id"), R"({"x":1})");
}

TEST_F(ReaderTest, ValuesOfEveryShape) {
  EXPECT_EQ(ValuesOf(R"({"a":null})", "a"), "null");
  EXPECT_EQ(ValuesOf(R"({"a":[]})", "a"), "[]");
  EXPECT_EQ(ValuesOf(R"({"a":{}})", "a"), "{}");
  EXPECT_EQ(ValuesOf(R"({"a":[1,"x",null,[true,{"b":2}]]})", "a"), "#1,x,null,!true,{}");
  EXPECT_EQ(ValuesOf(R"({"a":[1,"x",null,[true,{"b":2}]]})", "a.b"), "#2");
  EXPECT_EQ(ValuesOf(R"({"b":1})", "a"), "");
}

TEST_F(ReaderTest, AKeyThatStandsTwiceGivesBoth) {
  EXPECT_EQ(ValuesOf(R"({"a":1,"a":2})", "a"), "#1,#2");
  EXPECT_EQ(counters_.duplicate_key, 1u);
  EXPECT_EQ(ValuesOf(R"({"a":{"b":1},"a":{"b":2}})", "a.b"), "#1,#2");
  EXPECT_EQ(ValuesOf(R"({"a":1,"\u0061":2})", "a"), "#1,#2");
}

TEST_F(ReaderTest, KeysWithDotsLongestFirst) {
  EXPECT_EQ(ValuesOf(R"({"a.b":1,"a":{"b":2}})", "a.b"), "#1");
  EXPECT_EQ(ValuesOf(R"({"a":{"b":2},"a.b":1})", "a.b"), "#1");
  EXPECT_EQ(ValuesOf(R"({"a":{"b":2},"a.b":null})", "a.b"), "null");      // a literal key that exists ends the search
  EXPECT_EQ(ValuesOf(R"({"a.b":{"x":1},"a":{"b":{"c":2}}})", "a.b.c"), "#2");   // a prefix whose rest is missing does not
  EXPECT_EQ(ValuesOf(R"({"a":[{"b.c":1,"b":{"c":9}},{"b":{"c":2}}]})", "a.b.c"), "#1,#2");
  EXPECT_EQ(ValuesOf(R"({"a.b":1,"a.b":2,"a":{"b":3}})", "a.b"), "#1,#2");
}

TEST_F(ReaderTest, DerivedFieldsKeysAndLinks) {
  const std::string event =
      R"({"eventVersion":"1","eventName":"PutIt","eventTime":"2026-03-01T10:00:00Z","eventID":"e","sourceIPAddress":"203.0.113.7","key":"AKIA1",)"
      R"("repo":"repo:Acme/API:ref:x","response":{"key":"ASIA2","until":"Mar 1, 2026, 11:00:00 AM"},"entity.repo":"spoofed"})";
  const auto show = [&](const EventView& e) {
    std::string out = " " + FormatTime(e.time) + " " + std::to_string(e.precision_ns) + " classes " + std::to_string(e.classes) + " public " + Values(e, "net.dst_public") + " net " +
                      Values(e, "net.src_net");
    for (const EntityKey& key : e.entities()) out += " " + std::string(content::EntityKindName(key.kind)) + "=" + std::string(key.text);
    for (const Link& link : e.links()) out += " link " + std::string(link.from) + "->" + std::string(link.to) + " " + FormatTime(link.valid_from) + ".." + FormatTime(link.valid_until);
    return out;
  };
  EXPECT_EQ(Read({event}, show),
            Strings{"cloud 2026-03-01T10:00:00Z 1000000000 classes 5 public !true net 203.0.113.0/24 access_key=AKIA1 access_key=ASIA2 repo=github.com/acme/api "
                    "ip=203.0.113.7 link ASIA2->github.com/acme/api 2026-03-01T10:00:00Z..2026-03-01T11:00:00Z"});
}

TEST_F(ReaderTest, TheDefinitionWithMoreTestsWins) {
  const auto none = [](const EventView&) { return ""; };
  EXPECT_EQ(Read({R"({"eventVersion":"1","eventName":"PutImage"})", R"({"eventVersion":"1","eventName":"x"})", R"({"x":1})"}, none), (Strings{"cloud.put", "cloud", "?"}));
}

// The symptom: with its source named, an event lost the entities and links of the source that extends it.
TEST_F(ReaderTest, ANamedSourceIsItOrOneThatExtendsIt) {
  const Strings events = {R"({"eventVersion":"1","eventName":"PutImage"})", R"({"eventVersion":"1","eventName":"PutImage","stage":"late"})",
                          R"({"eventVersion":"1","eventName":"x"})", R"({"x":1})", R"({"headers":{"X-GitHub-Event":"push"},"payload":{"ref":"a"}})"};
  const auto named = [&](const char* name) {
    for (size_t i = 0; i < content_->sources.size(); i++) {
      if (content_->sources[i].name == name) inputs_[0].source = content::SourceId(static_cast<uint16_t>(i));
    }
    return Read(events, [](const EventView&) { return ""; });
  };
  EXPECT_EQ(named("cloud"), (Strings{"cloud.put", "cloud.put.late", "cloud", "cloud", "cloud"}));
  EXPECT_EQ(named("cloud.put"), (Strings{"cloud.put", "cloud.put.late", "cloud.put", "cloud.put", "cloud.put"}));
  EXPECT_EQ(named("hook"), Strings(5, "hook"));
  EXPECT_EQ(counters_.second_walks, 1u);
  EXPECT_EQ(counters_.ambiguous_source, 0u);
}

TEST_F(ReaderTest, IdentityIsTheIdOrTheRecord) {
  std::vector<Identity> ids;
  std::vector<bool> record;
  const auto keep = [&](const EventView& event) {
    ids.push_back(event.identity);
    record.push_back(event.flags.record_identity);
    return "";
  };
  Read({R"({"eventVersion":"1","eventName":"x","eventID":"1"})", R"({"eventName":"x","eventVersion":"1","eventID":"1","more":2})", R"({"eventVersion":"1","eventName":"x","eventID":"2"})",
        R"({"eventVersion":"1","eventName":"x"})", R"({"eventVersion":"1","eventName":"x"})"},
       keep);
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_NE(ids[0], ids[2]);
  EXPECT_EQ(ids[3], ids[4]);
  EXPECT_EQ(record, (std::vector<bool>{false, false, false, true, true}));
}

// Leaves are every scalar but null, each once: wanted or not, below keys with dots, of an envelope's headers too.
TEST_F(ReaderTest, LeavesAreEveryScalarOnce) {
  content::Diagnostics diagnostics;
  content_ = content::ContentFromText({.rules = std::string(kRules) + "---\ntitle: keywords\nlogsource: {product: github}\ndetection: {words: [x], condition: words}\n", .sources = kSources}, diagnostics);
  plan_ = Plan::Compile(content_, {}, diagnostics);
  ASSERT_EQ(diagnostics.Text(), "");
  const auto leaves = [&](const std::string& text) {
    std::multiset<std::string> out;
    Read({text}, [&](const EventView& event) {
      for (const Value& leaf : event.leaves()) out.insert(std::string(leaf.text));
      return "";
    });
    return out;
  };
  using Set = std::multiset<std::string>;
  EXPECT_EQ(leaves(R"({"a":1,"other":[2,{"deep":"t\u0061","none":null}],"id":true,"o":{}})"), (Set{"1", "2", "ta", "true"}));
  EXPECT_EQ(leaves(R"({"a":{"b":"short","z":1},"a.b":"long","other":{"q":2},"x":{"y":3}})"), (Set{"1", "2", "3", "long", "short"}));
  EXPECT_EQ(leaves(R"({"a":[{"b.c":1,"b":{"c":9},"n":"u"}]})"), (Set{"1", "9", "u"}));
  EXPECT_EQ(leaves(R"({"headers":{"X-GitHub-Event":"push"},"payload":{"ref":"r","n":7},"more":"m"})"), (Set{"7", "m", "push", "r"}));
}

TEST_F(ReaderTest, DeepNestingIsCutAndCounted) {
  std::string deep = R"({"a":)" + std::string(100, '[') + "1" + std::string(100, ']') + "}";
  EXPECT_EQ(ValuesOf(deep, "a"), "");
  EXPECT_EQ(counters_.depth_limit, 1u);
}

// A guess proven wrong must leave no trace: mixed sources read in any order give what each gives alone.
TEST_F(ReaderTest, TheGuessDoesNotShow) {
  const Strings events = {R"({"eventVersion":"1","eventName":"PutImage","eventID":"1","key":"k"})", R"({"eventVersion":"1","eventName":"x","a":{"b":1}})",
                          R"({"headers":{"X-GitHub-Event":"push"},"payload":{"ref":"r","a":5}})", R"({"a":{"b":{"c":[1,2]}},"x.y":3})", R"({"a.b":1,"a":{"b":2}})"};
  const auto show = [&](const EventView& event) {
    return IdentityText(event.identity) + Values(event, "a") + "|" + Values(event, "a.b") + "|" + Values(event, "a.b.c") + "|" + Values(event, "x.y") + "|" + Values(event, "ref") + "|" +
           std::to_string(event.entities().size());
  };
  std::map<std::string, std::string> alone;
  for (const std::string& event : events) alone[event] = Read({event}, show)[0];
  std::mt19937 random(1);
  for (int round = 0; round < 200; round++) {
    Strings order;
    for (int i = 0; i < 20; i++) order.push_back(events[random() % events.size()]);
    const Strings read = Read(order, show);
    for (size_t i = 0; i < order.size(); i++) ASSERT_EQ(read[i], alone[order[i]]) << order[i];
  }
}

// The slow, obvious reading of SIGMA.md 15 and 16 over a tree.
struct Node {
  enum Kind { kNumber, kNull, kObject, kArray } kind = kNumber;
  int number = 0;
  std::vector<std::pair<std::string, Node>> members;
  std::vector<Node> items;
};

void Print(const Node& node, std::string& out) {
  if (node.kind == Node::kNumber) out += std::to_string(node.number);
  if (node.kind == Node::kNull) out += "null";
  if (node.kind == Node::kArray) {
    out += '[';
    for (size_t i = 0; i < node.items.size(); i++) {
      if (i > 0) out += ',';
      Print(node.items[i], out);
    }
    out += ']';
  }
  if (node.kind == Node::kObject) {
    out += '{';
    for (size_t i = 0; i < node.members.size(); i++) {
      if (i > 0) out += ',';
      out += '"' + node.members[i].first + "\":";
      Print(node.members[i].second, out);
    }
    out += '}';
  }
}

void Leaf(const Node& node, std::multiset<std::string>& out) {
  if (node.kind == Node::kNumber) out.insert("#" + std::to_string(node.number));
  if (node.kind == Node::kNull) out.insert("null");
  if (node.kind == Node::kObject) out.insert("{}");
  if (node.kind == Node::kArray && node.items.empty()) out.insert("[]");
  for (const Node& item : node.items) Leaf(item, out);
}

void Look(const Node& node, const Strings& path, size_t from, std::multiset<std::string>& out) {
  if (from == path.size()) {
    Leaf(node, out);
    return;
  }
  for (const Node& item : node.items) Look(item, path, from, out);
  if (node.kind != Node::kObject) return;
  for (size_t end = path.size(); end > from; end--) {
    std::string key = path[from];
    for (size_t i = from + 1; i < end; i++) key += "." + path[i];
    std::multiset<std::string> found;
    for (const auto& [name, value] : node.members) {
      if (name == key) Look(value, path, end, found);
    }
    if (found.empty()) continue;
    out.insert(found.begin(), found.end());
    return;
  }
}

Node RandomNode(std::mt19937& random, int depth) {
  Node node;
  const uint32_t choice = random() % (depth > 4 ? 3 : 8);
  if (choice < 2) {
    node.number = static_cast<int>(random() % 10);
  } else if (choice == 2) {
    node.kind = Node::kNull;
  } else if (choice < 6) {
    node.kind = Node::kObject;
    static const char* kKeys[] = {"a", "b", "c", "a.b", "b.c", "a.b.c", "x", "x.y", "y", "z"};
    for (uint32_t i = random() % 4; i > 0; i--) node.members.emplace_back(kKeys[random() % 10], RandomNode(random, depth + 1));
  } else {
    node.kind = Node::kArray;
    for (uint32_t i = random() % 3; i > 0; i--) node.items.push_back(RandomNode(random, depth + 1));
  }
  return node;
}

TEST_F(ReaderTest, FieldLookUpAgreesWithTheOracle) {
  const uint32_t rounds = std::getenv("TOCSIN_LONG_TESTS") ? 300000 : 20000;
  const std::map<std::string, Strings> paths = {{"a", {"a"}}, {"a.b", {"a", "b"}}, {"a.b.c", {"a", "b", "c"}}, {"x.y", {"x", "y"}}};
  std::mt19937 random(20261124);
  for (uint32_t round = 0; round < rounds; round++) {
    Node root = RandomNode(random, 0);
    root.kind = Node::kObject;
    root.items.clear();
    std::string text;
    Print(root, text);
    for (const auto& [name, path] : paths) {
      std::multiset<std::string> expected;
      Look(root, path, 0, expected);
      const std::string found = ValuesOf(text, name);
      std::multiset<std::string> got;
      for (size_t at = 0; at < found.size();) {
        const size_t end = std::min(found.find(',', at), found.size());
        got.insert(found.substr(at, end - at));
        at = end + 1;
      }
      ASSERT_EQ(got, expected) << "round " << round << " field " << name << " of " << text;
    }
  }
}

// What a plan leaves for events with hits, or makes of none, must not change what it makes.
TEST_F(ReaderTest, WhatIsMadeLaterIsTheSame) {
  // Rules that read derived fields, and a source whose fields read each other: before and after they are derived.
  const std::string sources = std::string(kSources) + R"(---
name: odd
logsource: {product: odd}
recognise: {odd|exists: true}
time: [at]
identity: [id first, record]
fields:
  third: '{second}+'
  first: '{odd}1'
  second: '{first}2'
  free: '{second}3'
links:
  - when: {free|endswith: '123'}
    from: {ip: '{sourceIPAddress}'}
    to: {repo: '{free}'}
samples: ['{"odd":1}']
)";
  const std::string rules = std::string(kRules) + "---\ntitle: derived\nlogsource: {product: aws}\ndetection: {s: {net.src_net: x, first: y}, condition: s}\n";
  content::Diagnostics diagnostics;
  const auto content = content::ContentFromText({.rules = rules, .sources = sources}, diagnostics);
  ASSERT_EQ(diagnostics.Text(), "");
  const auto make = [&](Keeps keeps) { return Plan::Compile(content, {.keeps = keeps}, diagnostics); };
  const auto all = make(Keeps::kAll), hits = make(Keeps::kHits), nothing = make(Keeps::kNothing);
  ASSERT_EQ(diagnostics.Text(), "");
  const Batch batch = BatchOf({R"({"eventVersion":"1","eventName":"PutImage","eventTime":"2026-03-01T10:00:00Z","eventID":"e","key":"AKIA1","sourceIPAddress":"203.0.113.7","repo":"repo:Acme/API:x","response":{"key":"ASIA2","until":"2026-03-01T11:00:00Z"}})",
                               R"({"eventVersion":"1","eventName":"Get","sourceIPAddress":"10.0.0.1","stage":"early","net.src_net":"a lie"})", R"({"odd":"o","at":"2026-03-01T10:00:00Z","second":"s","sourceIPAddress":"10.0.0.1"})",
                               R"({"odd":"o","first":"f","second":"s","third":"t","free":"a lie"})", R"({"a":"no source"})"});
  Reader whole(all, inputs_), later(hits, inputs_), never(nothing, inputs_);
  for (Reader* reader : {&whole, &later, &never}) reader->Start(batch);
  const auto values = [&](const EventView& event, const char* name) {
    std::string out;
    for (const Value& value : event.values(*content->fields.Find(name))) out += std::string(value.text) + ",";
    return out;
  };
  const auto rest = [&](const EventView& event) {
    std::string out = IdentityText(event.identity) + " " + std::to_string(event.content_hash) + " " + std::to_string(event.classes) + " ";
    for (const char* name : {"net.dst_public", "entity.access_key", "entity.repo", "entity.ip", "third", "first", "second", "free"}) out += values(event, name) + " ";
    std::set<std::string> keys;
    for (const EntityKey& key : event.entities()) keys.insert(std::string(key.text));
    for (const std::string& key : keys) out += key + " ";
    for (const Link& link : event.links()) out += std::string(link.from) + ">" + std::string(link.to) + " ";
    return out;
  };
  size_t events = 0, links = 0, changed = 0;
  while (whole.Next()) {
    ASSERT_TRUE(later.Next() && never.Next());
    const auto read = [&](const EventView& event) { return std::to_string(event.source.valid() ? event.source.value() : 99) + FormatTime(event.time) + values(event, "net.src_net") + values(event, "first") + values(event, "a") + (event.flags.skip_match ? " skipped" : ""); };
    EXPECT_EQ(read(later.event()), read(whole.event()));
    EXPECT_EQ(read(never.event()), read(whole.event()));
    EXPECT_EQ(later.event().links().size(), whole.event().links().size()) << "links are not waited for";
    changed += rest(later.event()) != rest(whole.event());
    later.Finish();
    EXPECT_EQ(rest(later.event()), rest(whole.event())) << whole.event().raw;
    const std::string once = rest(later.event());
    later.Finish();
    EXPECT_EQ(rest(later.event()), once);
    events++;
    links += whole.event().links().size();
  }
  EXPECT_EQ(events, 5u);
  EXPECT_GE(links, 2u);
  EXPECT_GE(changed, 2u) << "nothing was left for later";
}

// The symptom: an event that named a category of its own hid from the rules of the one that its source derives, in match alone.
TEST_F(ReaderTest, AnAttributeThatIsDerivedIsMadeForMatching) {
  constexpr char kOwn[] = R"(
name: odd
logsource: {product: odd}
recognise: {odd|exists: true}
time: [at]
identity: [record]
fields:
  category: '{kind}'
samples: ['{"odd":1}']
)";
  content::Diagnostics diagnostics;
  const auto content = content::ContentFromText({.rules = "title: r\nlogsource: {category: login}\ndetection: {s: {a: x}, condition: s}\n", .sources = kOwn}, diagnostics);
  const Batch batch = BatchOf({R"({"odd":1,"kind":"login","category":"a lie"})"});
  for (const Keeps keeps : {Keeps::kAll, Keeps::kHits, Keeps::kNothing}) {
    const auto plan = Plan::Compile(content, {.logsource_from_event = true, .keeps = keeps}, diagnostics);
    ASSERT_EQ(diagnostics.Text(), "");
    Reader reader(plan, inputs_);
    reader.Start(batch);
    ASSERT_TRUE(reader.Next());
    std::string category;
    for (const Value& value : reader.event().values(*content->fields.Find("category"))) category += std::string(value.text) + ",";
    EXPECT_EQ(category, "login,") << static_cast<int>(keeps);
  }
}

TEST_F(ReaderTest, TheCounterCounts) {
  const uint64_t before = allocations;
  std::string* text = new std::string(1000, 'x');
  EXPECT_GE(allocations, before + 2);
  delete text;
}

TEST_F(ReaderTest, NoAllocationAfterWarmUp) {
  Strings lines;
  for (int i = 0; i < 1000; i++) {
    lines.push_back(R"({"eventVersion":"1","eventName":"PutImage","eventTime":"2026-03-01T10:00:00Z","eventID":")" + std::to_string(i) +
                    R"(","key":"AKIA1","sourceIPAddress":"203.0.113.7","repo":"repo:Acme/API:x","a":{"b":{"c":[1,2,"x\ny"]}},"response":{"key":"ASIA2"}})");
    lines.push_back(R"({"headers":{"X-GitHub-Event":"push","X-GitHub-Delivery":"d"},"payload":{"ref":"main","a":"\u00e9"}})");
  }
  const Batch batch = BatchOf(lines);
  Reader reader(plan_, inputs_);
  uint64_t events = 0;
  const auto pass = [&] {
    reader.Start(batch);
    while (reader.Next()) events++;
  };
  pass();
  const uint64_t before = allocations;
  for (int i = 0; i < 5; i++) pass();
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(events, 12000u);
}

}  // namespace
}  // namespace tocsin::event
