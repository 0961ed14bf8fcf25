// What documents come to: items and conditions as text (print.h), correlations, filters, silence and classes.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "engine/content/sigma/print.h"
#include "engine/content/testing/inline_content.h"

namespace tocsin::content {
namespace {

struct Loaded {
  Diagnostics diagnostics;
  std::shared_ptr<const ContentSet> content;
  explicit Loaded(const std::string& rules, std::map<std::string, std::string> lists = {}) { content = ContentFromText({.rules = rules, .lists = std::move(lists)}, diagnostics); }
  const Rule& rule(size_t i) const { return content->rules.at(i); }
  std::string Text(size_t i) const { return DetectionText(rule(i).detection, content->fields); }
  bool Says(std::string_view code) const {
    return std::any_of(diagnostics.all().begin(), diagnostics.all().end(), [&](const Diagnostic& each) { return each.code == code; });
  }
};

std::string Detects(const std::string& detection, const std::string& head = "") {
  return "title: t\n" + head + "logsource: {product: x}\ndetection:\n" + detection;
}
std::string Item(const std::string& item) { return Detects("  s: {" + item + "}\n  condition: s\n"); }

TEST(Load, ItemsAsTheyAreRead) {
  const std::pair<const char*, const char*> cases[] = {
      {"f: v", R"(("f" any["v"]))"},
      {"f: 4688", R"(("f" any["4688" or =4688]))"},
      {"f: '4688'", R"(("f" any["4688" or =4688]))"},
      {"f: 00000429", R"(("f" any["00000429"]))"},
      {"f: [a, 'b*']", R"(("f" any["a", "b"*]))"},
      {"f: true", R"(("f" any[true]))"},
      {"f: yes", R"(("f" any["yes"]))"},
      {"f: null", R"(("f" any[null]))"},
      {"f: ''", R"(("f" any[""]))"},
      {"f|contains: '*a?'", R"(("f" any[*"a"?*]))"},
      {"f|startswith: 5", R"(("f" any["5"*]))"},
      {"f|endswith|cased: a", R"(("f" any[*"a" cased]))"},
      {"f|contains|all: [a, b]", R"(("f" all[*"a"*, *"b"*]))"},
      {"f|neq: a", R"((none-of "f" any["a"]))"},
      {"f|re|i|s: a.b", R"(("f" any[re:"(?is)a.b"]))"},
      {"f|re|multiline: ^a", R"(("f" any[re:"(?m)^a"]))"},
      {"f|cidr: 10.0.0.0/8", R"(("f" any[cidr:10.0.0.0/8]))"},
      {"f|gt: 5, g|lte: '0.5'", R"(("f" any[>5] and "g" any[<=0.5]))"},
      {"f|gte: 5, g|lt: 6", R"(("f" any[>=5] and "g" any[<6]))"},
      {"f|exists: false", R"(("f" any[missing]))"},
      {"f|exists: true", R"(("f" any[exists]))"},
      {"f|fieldref: g", R"(("f" any[field:"""g"]))"},
      {"f|fieldref|contains: g", R"(("f" any[field:*""*"g"]))"},
      {"f|hour|gte: 22", R"(("f" any[hour>=22]))"},
      {"f|week: 1, f|minute: 2, f|day: 3, f|month: 4, f|year: 2026", R"(("f" any[week=1] and "f" any[minute=2] and "f" any[day=3] and "f" any[month=4] and "f" any[year=2026]))"},
      {"f|base64: foo", R"(("f" any["Zm9v"]))"},
      {"f|base64offset|contains: foo", R"(("f" any[*"Zm9v"* | *"Zvb"* | *"mb2"*]))"},
      {"f|wide|base64: a", R"(("f" any["YQA="]))"},
      {"f|base64|utf16be: a", R"(("f" any["AGE="]))"},
      {"f|utf16|base64: a", R"(("f" any["//5hAA=="]))"},
      {"f|windash|contains: ' -a'", R"(("f" any[*" -a"* windash]))"},
      {"f|windash|base64: '-a'", R"(("f" any["LWE=" | "L2E=" | "4oCTYQ==" | "4oCUYQ==" | "4oCVYQ=="]))"},
      {"'|all': [a, b]", R"((keywords all["a", "b"]))"},
      {"'|re': a", R"((keywords any[re:"a"]))"},
      {R"(f: "a\"\\b\x01")", R"(("f" any["a\"\\b\x01"]))"},
  };
  for (const auto& [item, text] : cases) {
    Loaded loaded(Item(item));
    ASSERT_EQ(loaded.content->rules.size(), 1u) << item << "\n" << loaded.diagnostics.Text();
    EXPECT_EQ(loaded.Text(0), std::string("logsource x//: ") + text) << item;
  }
}

TEST(Load, ConditionsAsTheyAreRead) {
  const std::string selections = "  a: {f: 1a}\n  b: {f: 1b}\n  c: {f: 1c}\n  _d: {f: 1d}\n";
  const std::string a = R"(("f" any["1a"]))", b = R"(("f" any["1b"]))", c = R"(("f" any["1c"]))", d = R"(("f" any["1d"]))";
  const std::pair<std::string, std::string> cases[] = {
      {"a or b and not c", "(" + a + " or (" + b + " and not " + c + "))"},
      {"1 of them", "(" + a + " or " + b + " or " + c + ")"},
      {"all of them", "(" + a + " and " + b + " and " + c + ")"},
      {"2 of them", "((" + a + " and " + b + ") or (" + a + " and " + c + ") or (" + b + " and " + c + "))"},
      {"any of _*", "(" + d + ")"},
      {"[a, b]", "(" + a + " or " + b + ")"},
  };
  for (const auto& [condition, text] : cases) {
    Loaded loaded(Detects(selections + "  condition: " + condition + "\n"));
    ASSERT_EQ(loaded.content->rules.size(), 1u) << condition << "\n" << loaded.diagnostics.Text();
    EXPECT_EQ(loaded.Text(0), "logsource x//: " + text) << condition;
  }
  std::string many;
  for (int i = 0; i < 20; i++) many += "  s" + std::to_string(i) + ": {f: v}\n";
  EXPECT_TRUE(Loaded(Detects(many + "  condition: 10 of s*\n")).Says("T0210"));
}

TEST(Load, SelectionsOfEveryShape) {
  Loaded loaded(Detects("  a: [x, 5]\n  b: word\n  c:\n    - {f: 1a, g: 1b}\n    - plain\n    - h: 1c\n  condition: a and b and c\n"));
  ASSERT_EQ(loaded.content->rules.size(), 1u) << loaded.diagnostics.Text();
  EXPECT_EQ(loaded.Text(0), R"(logsource x//: (keywords any["x", "5"] and keywords any["word"] and (("f" any["1a"] and "g" any["1b"]) or keywords any["plain"] or ("h" any["1c"]))))");
}

TEST(Load, ListsStandForTheirEntries) {
  const std::map<std::string, std::string> lists = {{"l", "# who\na*\n\n\"x # y\" # owner=me until=2026-11-30\nC:\\\n"}, {"n", "5\n6\n"}};
  const std::pair<const char*, const char*> cases[] = {
      {"f|expand: '%l%'", R"(("f" any["a"* | "x # y" until 1796083199999999999 | "C:\\"]))"},
      {R"(f|expand: '%l%*')", R"(("f" any["a"* | "x # y"* until 1796083199999999999 | "C:\\"*]))"},
      {R"(f|expand|contains: '\%%n%')", R"(("f" any[*"%5"* | *"%6"*]))"},
      {R"(f|expand: '\\%n%')", R"(("f" any["\\5" | "\\6"]))"},
      {"f|expand|re: '^%l%$'", R"(("f" any[re:"^a(?s:.*)$" | re:"^x # y$" until 1796083199999999999 | re:"^C:\\\\$"]))"},
      {"f|expand|gt: '%n%'", R"(("f" any[>5 | >6]))"},
      {"f|expand: '%n%-%n%'", R"(("f" any["5-5" | "5-6" | "6-5" | "6-6"]))"},
      {"f|expand: '%n%'", R"(("f" any["5" or =5 | "6" or =6]))"},
      {R"(f|expand: '100\%')", R"(("f" any["100%"]))"},
      {"f|expand: '50% %n%'", R"(no)"},
  };
  for (const auto& [item, text] : cases) {
    Loaded loaded(Item(item), lists);
    if (std::string_view(text) == "no") {
      EXPECT_TRUE(loaded.Says("T0114")) << item;   // `% %` is a placeholder's name
      continue;
    }
    ASSERT_EQ(loaded.content->rules.size(), 1u) << item << "\n" << loaded.diagnostics.Text();
    EXPECT_EQ(loaded.Text(0), std::string("logsource x//: ") + text) << item;
  }
  std::string large;
  for (int i = 0; i < 1001; i++) large += std::to_string(i) + "\n";
  EXPECT_TRUE(Loaded(Item("f|expand: '%big%%big%'"), {{"big", large}}).Says("T0115"));
}

TEST(Load, SelectorsAsTheyAreRead) {
  const std::pair<const char*, const char*> cases[] = {
      {"    c[any]: {a: x, b: y}\n", R"("c" any[any of "c": ("a" any["x"] and "b" any["y"])])"},
      {"    c.d[all]|contains: x\n", R"("c.d" any[all of "c.d": "." any[*"x"*]])"},
      {"    c[0].d[-1]: x\n", R"("c" any[the value : "c[0].d[-1]" any["x"]])"},
      {"    c[2]: {a: x}\n", R"("c" any[the value "c"[2]: ("a" any["x"])])"},
      {"    c[all_or_empty].d[none]: x\n", R"("c" any[all of maybe no "c": "d" any[none of "d": "." any["x"]]])"},
      {"    'c\\[0\\]': x\n", R"("c[0]" any["x"])"},
  };
  for (const auto& [item, text] : cases) {
    Loaded loaded(Detects("  s:\n" + std::string(item) + "  condition: s\n", "sigma-version: '3.0'\n"));
    ASSERT_EQ(loaded.content->rules.size(), 1u) << item << "\n" << loaded.diagnostics.Text();
    EXPECT_EQ(loaded.Text(0), "logsource x//: (" + std::string(text) + ")") << item;
  }
  std::string deep = "x";
  for (int i = 0; i < 9; i++) deep = "{'a[any]': " + deep + "}";
  EXPECT_TRUE(Loaded(Detects("  s: " + deep + "\n  condition: s\n", "sigma-version: 3\n")).Says("T0118"));
  for (const char* bad : {"'[any]': x", "'a]': x", "'a[0].': x", "'c[any]': {d|fieldref: 'e[any]'}"}) EXPECT_TRUE(Loaded(Detects("  s: {" + std::string(bad) + "}\n  condition: s\n", "sigma-version: 3\n")).Says("T0117")) << bad;
}

TEST(Load, LegacyActionsAreLaidUnder) {
  Loaded loaded(R"(action: global
title: t
logsource: {product: x, service: y}
detection: {condition: s}
---
detection: {s: {f: one}}
---
action: repeat
logsource: {service: z}
detection: {s: {f: two}}
---
action: reset
---
title: own
logsource: {product: w}
detection: {s: {f: three}, condition: s}
---
action: repeat
detection: {s: {f: four}}
)");
  ASSERT_EQ(loaded.content->rules.size(), 4u) << loaded.diagnostics.Text();
  EXPECT_EQ(loaded.Text(0), R"(logsource x//y: ("f" any["one"]))");
  EXPECT_EQ(loaded.Text(1), R"(logsource x//z: ("f" any["two"]))");
  EXPECT_EQ(loaded.Text(2), R"(logsource w//: ("f" any["three"]))");
  EXPECT_EQ(loaded.Text(3), R"(logsource w//: ("f" any["four"]))");
}

TEST(Load, OwnLogsourceAttributes) {
  Loaded loaded("title: t\nlogsource: {product: x, vendor: V, definition: d, tenant: a}\ndetection: {s: {f: v}, condition: s}\n");
  ASSERT_EQ(loaded.content->rules.size(), 1u);
  const std::vector<std::pair<std::string, std::string>> custom = {{"tenant", "a"}, {"vendor", "V"}};
  EXPECT_EQ(loaded.rule(0).detection.logsource.custom, custom);
}

constexpr char kBase[] = R"(title: a
name: a
id: 11111111-1111-4111-8111-111111111111
logsource: {product: x, category: c}
detection: {s: {f: va}, condition: s}
---
title: b
name: b
logsource: {product: y}
detection: {s: {f: vb}, condition: s}
---
)";
std::string Correlates(const std::string& body, const std::string& head = "") { return std::string(kBase) + "title: c\nname: c\n" + head + "correlation:\n" + body; }

TEST(Load, Correlations) {
  Loaded loaded(Correlates("  type: value_count\n  rules: a\n  group-by: user\n  timespan: 1h\n  condition: {field: [x, y], gt: 5, lte: 10}\n"));
  ASSERT_EQ(loaded.content->rules.size(), 3u) << loaded.diagnostics.Text();
  const Rule& rule = loaded.rule(2);
  EXPECT_EQ(rule.correlation.type, CorrelationType::kValueCount);
  ASSERT_EQ(rule.correlation.refs.size(), 1u);
  EXPECT_EQ(rule.correlation.refs[0].rule, RuleId(0));
  EXPECT_EQ(rule.correlation.fields.size(), 2u);
  EXPECT_EQ(rule.correlation.thresholds.size(), 2u);
  EXPECT_EQ(rule.correlation.timespan_ns, 3600ll * 1'000'000'000);
  EXPECT_EQ(rule.alert_class, AlertClass::kOnlyConfirmed);   // a range
  EXPECT_FALSE(loaded.rule(0).alerts);
  EXPECT_TRUE(loaded.rule(1).alerts);
  EXPECT_EQ(loaded.rule(0).hit_fields.size(), 3u);
  EXPECT_EQ(rule.episode_gap_ns, 3600ll * 1'000'000'000);
}

TEST(Load, ClassesAreTheWeakest) {
  const std::pair<const char*, AlertClass> cases[] = {
      {"  type: event_count\n  rules: [a]\n  timespan: 1h\n  condition: {gte: 5}\n", AlertClass::kNeverRetracted},
      {"  type: value_avg\n  rules: [a]\n  timespan: 1h\n  condition: {field: x, gte: 0.5}\n", AlertClass::kMayBeRetracted},
      {"  type: value_change\n  rules: [a]\n  timespan: 1h\n  condition: {field: x}\n", AlertClass::kMayBeRetracted},
      {"  type: event_count\n  rules: [a]\n  timespan: 1h\n  condition: {lt: 5}\n", AlertClass::kOnlyConfirmed},
      {"  type: temporal\n  timespan: 1h\n  condition: a and not b\n", AlertClass::kOnlyConfirmed},
      {"  type: temporal\n  rules: [a, b]\n  timespan: 1h\n", AlertClass::kNeverRetracted},
  };
  for (const auto& [body, wanted] : cases) {
    Loaded loaded(Correlates(body));
    ASSERT_EQ(loaded.content->rules.size(), 3u) << loaded.diagnostics.Text();
    EXPECT_EQ(loaded.rule(2).alert_class, wanted) << body;
  }
  Loaded early(Correlates("  type: event_count\n  rules: [a]\n  timespan: 1h\n  condition: {lt: 5}\n", "early: true\npage: early\nepisode_gap: 5m\nepisode_max: 1h\n"));
  EXPECT_EQ(early.rule(2).alert_class, AlertClass::kMayBeRetracted);
  EXPECT_TRUE(early.rule(2).page_early);
  EXPECT_EQ(early.rule(2).episode_gap_ns, 300ll * 1'000'000'000);
}

TEST(Load, AliasesExpressionsAndAbsence) {
  Loaded loaded(Correlates("  type: temporal_ordered\n  rules: [a, {rule: b, after: 1m}]\n  group-by: [who]\n  timespan: 1h\n"
                           "  aliases: {who: {11111111-1111-4111-8111-111111111111: user, b: actor}}\n  condition: a and not b\n  generate: true\n"));
  ASSERT_EQ(loaded.content->rules.size(), 3u) << loaded.diagnostics.Text();
  const Correlation& correlation = loaded.rule(2).correlation;
  EXPECT_EQ(correlation.refs[1].before_ns, -1);
  EXPECT_EQ(correlation.refs[1].after_ns, 60ll * 1'000'000'000);
  ASSERT_EQ(correlation.group_by[0].per_ref.size(), 2u);
  EXPECT_EQ(loaded.content->fields.name(correlation.group_by[0].per_ref[0]), "user");
  EXPECT_EQ(loaded.content->fields.name(correlation.group_by[0].per_ref[1]), "actor");
  ASSERT_TRUE(correlation.expression.has_value());
  EXPECT_EQ(correlation.expression->children[1].kind, CorrelationExpr::Kind::kNot);
  EXPECT_TRUE(loaded.rule(0).alerts);
  Loaded missing(Correlates("  type: event_count\n  rules: [a, b]\n  group-by: [who]\n  timespan: 1h\n  aliases: {who: {a: user}}\n  condition: {gte: 2}\n"));
  EXPECT_FALSE(missing.rule(2).correlation.group_by[0].per_ref[1].valid());
}

TEST(Load, FirstSeen) {
  Loaded loaded(Correlates("  type: value_first_seen\n  rules: [a]\n  timespan: 30d\n  learning: 7d\n  values: [anon*, x]\n  learning_fallback: '%known%'\n  condition: {field: v}\n"));
  EXPECT_TRUE(loaded.Says("T0114"));
  Loaded listed("title: a\nname: a\nlogsource: {product: x}\ndetection: {s: {f: v}, condition: s}\n---\ntitle: c\ncorrelation: {type: value_first_seen, rules: a, timespan: 30d, learning: 7d, values: x, learning_fallback: '%known%', condition: {field: v}}\n",
                {{"known", "root\n"}});
  ASSERT_EQ(listed.content->rules.size(), 2u) << listed.diagnostics.Text();
  const Correlation& correlation = listed.rule(1).correlation;
  EXPECT_EQ(correlation.values.size(), 1u);
  ASSERT_TRUE(correlation.learning_fallback.has_value());
  EXPECT_EQ(correlation.learning_fallback->size(), 1u);
  EXPECT_EQ(correlation.learning_ns, 7 * 86400ll * 1'000'000'000);
}

TEST(Load, AConditionGrowsToALimit) {
  std::string selections, uses, choices = "title: t\nlogsource: {product: x}\ndetection:\n";
  for (int i = 0; i < 400; i++) selections += "  s" + std::to_string(i) + ": {f: v}\n";
  for (int i = 0; i < 400; i++) uses += std::string(i > 0 ? " or " : "") + "1 of s*";
  const std::string head = "title: t\nlogsource: {product: x}\ndetection:\n" + selections;
  EXPECT_FALSE(Loaded(head + "  condition: 1 of s*\n").Says("T0211"));
  EXPECT_TRUE(Loaded(head + "  condition: " + uses + "\n").Says("T0211"));
  for (int i = 0; i < 10; i++) {
    choices += "  s" + std::to_string(i) + ": [{f: v}";
    for (int k = 0; k < 500; k++) choices += ", {f: v}";
    choices += "]\n";
  }
  EXPECT_FALSE(Loaded(choices + "  condition: all of s*\n").Says("T0211"));
  EXPECT_TRUE(Loaded(choices + "  condition: 5 of s*\n").Says("T0211")) << "252 choices of 5";
}

TEST(Load, FirstSeenWithAParent) {
  const std::string keys = "  type: value_first_seen\n  rules: [a, b]\n  group-by: [token]\n  timespan: 30d\n  learning: 7d\n  condition: {field: v}\n";
  Loaded plain(Correlates(keys + "  learning_fallback: entity.actor\n"));
  Loaded aliased(Correlates(keys + "  learning_fallback: who\n  aliases: {who: {a: user, b: actor}}\n"));
  ASSERT_EQ(plain.content->rules.size(), 3u) << plain.diagnostics.Text();
  ASSERT_EQ(aliased.content->rules.size(), 3u) << aliased.diagnostics.Text();
  const auto& parent = aliased.rule(2).correlation.learning_parent;
  ASSERT_TRUE(parent.has_value());
  EXPECT_EQ(aliased.content->fields.name(parent->per_ref[0]), "user");
  EXPECT_EQ(aliased.content->fields.name(parent->per_ref[1]), "actor");
  EXPECT_EQ(aliased.rule(0).hit_fields.size(), 3u) << "token, v and the parent";
  EXPECT_FALSE(aliased.Says("T0452"));
  EXPECT_NE(plain.rule(2).semantic_hash, aliased.rule(2).semantic_hash);
  EXPECT_FALSE(plain.rule(2).correlation.learning_fallback.has_value());
}

TEST(Load, FiltersGoToTheDetectionsBelow) {
  Loaded loaded(Correlates("  type: event_count\n  rules: [a]\n  timespan: 1h\n  condition: {gte: 5}\n") +
                "---\ntitle: f\nlogsource: {product: X}\nfilter: {rules: [c], s: {u: admin}, condition: not s}\n"
                "---\ntitle: g\nlogsource: {product: x, service: s}\nfilter: {rules: any, s: {u: root}, condition: not s}\n"
                "---\ntitle: h\nfilter: {rules: b, s: {u: root}, t: {v: x}, condition: not 1 of them}\n");
  ASSERT_EQ(loaded.content->rules.size(), 3u) << loaded.diagnostics.Text();
  EXPECT_EQ(loaded.Text(0), R"(logsource x/c/: (("f" any["va"]) and not ("u" any["admin"])))");
  EXPECT_EQ(loaded.Text(1), R"(logsource y//: (("f" any["vb"]) and not (("u" any["root"]) or ("v" any["x"]))))");
  EXPECT_TRUE(loaded.Says("T0556"));   // g: no rule states its service
}

TEST(Load, FiltersByMeaningOfTheirNegation) {
  const std::pair<const char*, bool> cases[] = {{"s: {u: a}, condition: s", true},           {"s: {u: a}, condition: not s", false},  {"s: {u|neq: a}, condition: s", false},
                                                {"s: {u: null}, condition: s", false},       {"s: {u|exists: false}, condition: s", false}, {"s: {u: a}, t: {v: b}, condition: s or not t", false},
                                                {"s: {u: a}, condition: not not s", true},   {"s: {u: a}, t: {v: b}, condition: not (s or not t)", true}};
  for (const auto& [body, warned] : cases) {
    Loaded loaded(std::string(kBase) + "title: f\nlogsource: {product: x}\nfilter: {rules: [a], " + body + "}\n");
    EXPECT_EQ(loaded.Says("T0555"), warned) << body;
  }
}

TEST(Load, OneBadDocumentHidesNoOther) {
  Loaded loaded(std::string(kBase) + "title: bad\nlogsource: {product: x}\ndetection: {s: {f|nope: v}, condition: s}\n---\n5\n---\ntitle: good\nlogsource: {product: x}\ndetection: {s: {f: v}, condition: s}\n");
  EXPECT_EQ(loaded.content->rules.size(), 3u);
  EXPECT_EQ(loaded.content->refused_documents, 2u);
}

TEST(Load, HashesSayTheMeaning) {
  const auto hash = [](const std::string& rules) { return Loaded(rules).rule(0).semantic_hash; };
  EXPECT_EQ(hash(Item("f: v")), hash("title: other\nlevel: high\nlogsource: {product: x}\ndetection: {sel: {f: v}, condition: sel}\n"));
  EXPECT_NE(hash(Item("f: v")), hash(Item("f|cased: v")));
  const auto of_correlation = [](const std::string& body) { return Loaded(Correlates(body)).rule(2).semantic_hash; };
  const std::string body = "  type: event_count\n  rules: [a]\n  timespan: 1h\n  condition: {gte: ";
  EXPECT_EQ(of_correlation(body + "5}\n"), of_correlation(body + "5}\n"));
  EXPECT_NE(of_correlation(body + "5}\n"), of_correlation(body + "6}\n"));
  EXPECT_NE(of_correlation("  type: temporal\n  timespan: 1h\n  condition: a and b\n"), of_correlation("  type: temporal\n  timespan: 1h\n  condition: a or b\n"));
}

TEST(Load, HeaderAndLabel) {
  Loaded loaded("title: t\nid: i\nstatus: test\nlevel: high\ntags: [x, tocsin.playbook.p]\nfalsepositives: none\nalert: false\nlogsource: {product: x}\ndetection: {s: {f: v}, condition: s}\n");
  const Rule& rule = loaded.rule(0);
  EXPECT_EQ(rule.level, Level::kHigh);
  EXPECT_EQ(rule.playbook, "p");
  EXPECT_FALSE(rule.alerts);
  EXPECT_EQ(RuleLabel(rule), "i");
  EXPECT_EQ(rule.falsepositives, std::vector<std::string>{"none"});
}

}  // namespace
}  // namespace tocsin::content
