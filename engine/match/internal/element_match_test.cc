// Array selectors (SIGMA.md 17): each case is a selection of a version-3 rule, an event, and whether it must hit.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>

#include "engine/content/testing/inline_content.h"
#include "engine/event/event.h"
#include "engine/match/program.h"
#include "engine/match/testing/test_event.h"

namespace tocsin::match {
namespace {

struct Case {
  std::string_view name, selection, event;
  bool hit;
};

// `selection` is YAML, each line indented by four; the event is a JSON object.
bool Hits(const Case& each) {
  content::Diagnostics diagnostics;
  const std::string rule = "title: t\nsigma-version: 3\nlogsource: {product: x}\ndetection:\n  selection:\n" + std::string(each.selection) + "  condition: selection\n";
  const auto content = content::ContentFromText({.rules = rule}, diagnostics);
  EXPECT_EQ(diagnostics.errors(), 0u) << each.name << "\n" << diagnostics.Text();
  const auto program = Program::Compile(std::make_shared<TestPlan>(content), {}, diagnostics);
  EXPECT_EQ(diagnostics.errors(), 0u) << diagnostics.Text();
  Scratch scratch(*program);
  const simdjson::padded_string padded{std::string_view(each.event)};
  TestEvent event(*content);
  event::EventView view = event.View();
  view.body = padded;
  return !program->Match(view, scratch).empty();
}

constexpr std::string_view kSame = "    c[any]:\n      protocol: TCP\n      ip|cidr: 123.1.0.0/16\n";

const Case kCases[] = {
    {"any: the same element", kSame, R"({"c":[{"protocol":"UDP","ip":"123.1.5.5"},{"protocol":"tcp","ip":"123.1.9.9"}]})", true},
    {"any: facts of two elements", kSame, R"({"c":[{"protocol":"TCP","ip":"10.0.0.1"},{"protocol":"UDP","ip":"123.1.9.9"}]})", false},
    {"any: an object is an array of one", kSame, R"({"c":{"protocol":"TCP","ip":"123.1.9.9"}})", true},
    {"any: empty", kSame, R"({"c":[]})", false},
    {"any: missing", kSame, R"({"d":1})", false},
    {"any: null", kSame, R"({"c":null})", false},
    {"all: every element", "    c[all]:\n      protocol: TCP\n", R"({"c":[{"protocol":"TCP"},{"protocol":"tcp"}]})", true},
    {"all: but one", "    c[all]:\n      protocol: TCP\n", R"({"c":[{"protocol":"TCP"},{"protocol":"udp"}]})", false},
    {"all: empty", "    c[all]:\n      protocol: TCP\n", R"({"c":[]})", false},
    {"all: missing", "    c[all]:\n      protocol: TCP\n", "{}", false},
    {"all_or_empty: empty", "    c[all_or_empty]:\n      protocol: TCP\n", R"({"c":[]})", true},
    {"all_or_empty: missing", "    c[all_or_empty]:\n      protocol: TCP\n", "{}", true},
    {"all_or_empty: but one", "    c[all_or_empty]:\n      protocol: TCP\n", R"({"c":[{"protocol":"TCP"},{}]})", false},
    {"none: no element", "    c[none]:\n      privileged: true\n", R"({"c":[{"privileged":false},{}]})", true},
    {"none: one", "    c[none]:\n      privileged: true\n", R"({"c":[{"privileged":false},{"privileged":true}]})", false},
    {"none: null", "    c[none]:\n      privileged: true\n", R"({"c":null})", true},
    {"all is not the modifier all", "    ports[all]: 443\n", R"({"ports":[443,"443",443.0]})", true},
    {"scalars: another", "    ports[all]: 443\n", R"({"ports":[443,80]})", false},
    {"scalars: modifiers", "    tags[all]|startswith: '123.'\n", R"({"tags":["123.4","123.5"]})", true},
    {"scalars: modifiers, one differs", "    tags[all]|startswith: '123.'\n", R"({"tags":["123.4","x123.5"]})", false},
    {"scalars: list of values", "    tags[any]: [a, b]\n", R"({"tags":["c","B"]})", true},
    {"neq is said of the element", "    tags[any]|neq: a\n", R"({"tags":["a","b"]})", true},
    {"neq: all elements equal", "    tags[any]|neq: a\n", R"({"tags":["a","A"]})", false},
    {"element itself", "    rcodes[any]:\n      condition: server and not timeout\n      server:\n        .|gte: 500\n        .|lte: 599\n      timeout:\n        .: 504\n",
     R"({"rcodes":[200,504,503]})", true},
    {"element itself, none", "    rcodes[any]:\n      condition: server and not timeout\n      server:\n        .|gte: 500\n        .|lte: 599\n      timeout:\n        .: 504\n",
     R"({"rcodes":[200,504,600]})", false},
    {"negation of the same element", "    c[any]:\n      condition: range and not tcp\n      range:\n        ip|cidr: 123.1.0.0/16\n      tcp:\n        protocol: tcp\n",
     R"({"c":[{"protocol":"tcp","ip":"123.1.9.9"},{"protocol":"udp","ip":"10.0.0.1"}]})", false},
    {"selectors of the body's own", "    c[any]:\n      condition: 1 of is_*\n      is_a:\n        x: 1\n      is_b:\n        x: 2\n", R"({"c":[{"x":3},{"x":2}]})", true},
    {"a list of maps is OR", "    c[all]:\n      - x: 1\n      - y: 2\n", R"({"c":[{"x":1},{"y":2}]})", true},
    {"keywords are the element's", "    c[any]:\n      condition: words and tcp\n      words: [evil]\n      tcp:\n        protocol: tcp\n",
     R"({"c":[{"protocol":"tcp","a":{"b":"x"}},{"protocol":"udp","a":{"b":"very evil"}}]})", false},
    {"keywords below the element", "    c[any]:\n      condition: words and tcp\n      words: [evil]\n      tcp:\n        protocol: tcp\n",
     R"({"c":[{"protocol":"tcp","a":{"b":["x","very evil"]}}]})", true},
    {"nested", "    rules[any]:\n      type: allow\n      ip[all]|startswith: '123.1.1'\n", R"({"rules":[{"type":"deny","ip":["123.1.1.1"]},{"type":"allow","ip":["123.1.1.9","123.1.1.8"]}]})", true},
    {"nested, not all", "    rules[any]:\n      type: allow\n      ip[all]|startswith: '123.1.1'\n", R"({"rules":[{"type":"allow","ip":["123.1.1.9","9.1.1.8"]}]})", false},
    {"nested in one path", "    rules[any].ip[none]: bad\n", R"({"rules":[{"ip":["bad"]},{"ip":["good"]}]})", true},
    {"nested in one path, all bad", "    rules[any].ip[none]: bad\n", R"({"rules":[{"ip":["bad"]},{"ip":["good","bad"]}]})", false},
    {"flattened tests do not bind to one element", "    c[any].protocol: TCP\n    c[any].ip: 1.1.1.1\n", R"({"c":[{"protocol":"tcp","ip":"2"},{"protocol":"udp","ip":"1.1.1.1"}]})", true},
    {"place", "    args[0]|endswith: '\\sh.exe'\n    args[1]: '-enc'\n", R"({"args":["C:\\sh.exe","-ENC"]})", true},
    {"place: elsewhere", "    args[1]: '-enc'\n", R"({"args":["-enc","x"]})", false},
    {"place: from the end", "    args[-1]: last\n", R"({"args":["x","last"]})", true},
    {"place: second from the end", "    args[-2]: last\n", R"({"args":["x","last"]})", false},
    {"place: out of range", "    args[2]: last\n", R"({"args":["x","last"]})", false},
    {"place: out of range from the end", "    args[-3]: x\n", R"({"args":["x","last"]})", false},
    {"place: no array", "    args[0]: x\n", R"({"args":"x"})", false},
    {"place: nothing there is a missing field", "    args[5]: null\n", R"({"args":["x"]})", true},
    {"place: neq of a missing field", "    args[5]|neq: x\n", R"({"args":["x"]})", true},
    {"place: exists", "    args[0]|exists: true\n", R"({"args":[null]})", true},
    {"place: exists not", "    args[1]|exists: true\n", R"({"args":[null]})", false},
    {"place: then a path", "    c[1].ip: 10.0.0.1\n", R"({"c":[{"ip":"x"},{"ip":"10.0.0.1"}]})", true},
    {"place: a body", "    c[0]:\n      a: 1\n      b: 2\n", R"({"c":[{"a":1,"b":2}]})", true},
    {"place: a body, another element", "    c[0]:\n      a: 1\n      b: 2\n", R"({"c":[{"a":1},{"a":1,"b":2}]})", false},
    {"place inside", "    rules[any].ip[0]: 10.0.0.1\n", R"({"rules":[{"ip":["x","10.0.0.1"]},{"ip":["10.0.0.1"]}]})", true},
    {"array of arrays", "    m[any][1]: x\n", R"({"m":[["x","y"],["y","x"]]})", true},
    {"array of arrays, any", "    m[all]: x\n", R"({"m":[["x","y"],["y","x"]]})", true},
    {"escaped brackets are a name", "    c[any]:\n      'a\\[0\\]': x\n", R"({"c":[{"a":["x"]},{"a[0]":"x"}]})", true},
    {"escaped brackets are no place", "    c[any]:\n      'a\\[0\\]': x\n", R"({"c":[{"a":["x"]}]})", false},
    {"a path through arrays", "    a.b[all]: 1\n", R"({"a":[{"b":[1]},{"b":[1,1]}]})", true},
    {"a path through arrays, all their elements", "    a.b[all]: 1\n", R"({"a":[{"b":[1]},{"b":[1,2]}]})", false},
    {"the longest key wins", "    c[any].a.b: 1\n", R"({"c":[{"a":{"b":1},"a.b":2}]})", false},
    {"a shorter key where the longer leads nowhere", "    c[any].a.b.d: 1\n", R"({"c":[{"a":{"b":{"d":1}},"a.b":{"e":2}}]})", true},
    {"a key that stands twice", "    c[any].a: 2\n", R"({"c":[{"a":1,"a":2}]})", true},
    {"null in an element", "    c[any]:\n      a: null\n      b: 1\n", R"({"c":[{"b":1}]})", true},
    {"escapes", "    c[any].a: 'a\"b'\n", R"({"c":[{"\u0061":"a\u0022b"}]})", true},
    {"large numbers are exact", "    c[any]: 9007199254740993\n", R"({"c":[9007199254740992]})", false},
    {"fieldref in the element", "    c[any].a|fieldref: b\n", R"({"c":[{"a":1,"b":2},{"a":"X","b":"x"}]})", true},
    {"fieldref not in the event", "    c[any].a|fieldref: b\n", R"({"b":1,"c":[{"a":1}]})", false},
};

TEST(ElementMatch, Cases) {
  for (const Case& each : kCases) EXPECT_EQ(Hits(each), each.hit) << each.name << "\n" << each.selection << each.event;
}

TEST(ElementMatch, BracketsAreLettersBelowVersion3) {
  content::Diagnostics diagnostics;
  const auto content = content::ContentFromText({.rules = "title: t\nlogsource: {product: x}\ndetection:\n  selection: {'a[0]': x}\n  condition: selection\n"}, diagnostics);
  ASSERT_EQ(content->rules.size(), 1u) << diagnostics.Text();
  const auto program = Program::Compile(std::make_shared<TestPlan>(content), {}, diagnostics);
  Scratch scratch(*program);
  TestEvent literal(*content);
  literal.Text("a[0]", "X");
  EXPECT_EQ(program->Match(literal.View(), scratch).size(), 1u);
}

TEST(ElementMatch, DeepNestingAndBrokenJsonAreBounded) {
  std::string deep = R"({"c":)" + std::string(900, '[') + std::string(900, ']') + "}";
  EXPECT_FALSE(Hits({"deep", "    c[any]: x\n", deep, false}));
  EXPECT_TRUE(Hits({"broken behind", "    c[any]: x\n", R"({"c":["x", tru)", true}));
}

}  // namespace
}  // namespace tocsin::match
