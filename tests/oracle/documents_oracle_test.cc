// What a rule is made of besides its own detection, product against oracle: legacy `action:` documents (SIGMA.md 3), list entries
// that expire (DESIGN section 4), the logsources of recognised sources (25). The oracle reads the documents, the lists and the source
// definitions itself.
//
// TOCSIN_SEED and TOCSIN_ROUNDS change the run; TOCSIN_LONG_TESTS makes twenty times as many rounds.
#include <random>

#include "tests/oracle/world.h"

namespace tocsin::oracle {
namespace {

class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed) {}
  size_t Pick(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }
  bool Chance(size_t one_in) { return Pick(one_in) == 0; }
  std::string Any(const std::vector<std::string>& of) { return of[Pick(of.size())]; }

 private:
  std::mt19937_64 random_;
};

// Calls run(seed, said) for every seed of the run.
template <class Run>
void ForEachSeed(uint64_t usual, Run run) {
  const uint64_t first = FromEnvironment("TOCSIN_SEED", 1), rounds = FromEnvironment("TOCSIN_ROUNDS", getenv("TOCSIN_LONG_TESTS") != nullptr ? 20 * usual : usual);
  printf("TOCSIN_SEED=%llu TOCSIN_ROUNDS=%llu\n", static_cast<unsigned long long>(first), static_cast<unsigned long long>(rounds));
  for (uint64_t seed = first; seed < first + rounds && !testing::Test::HasFailure(); seed++) run(seed, "TOCSIN_SEED=" + std::to_string(seed) + " TOCSIN_ROUNDS=1\n");
}

// --- legacy documents

// Some of a rule's keys: what is missing has to come from another document.
std::string Fragment(Maker& maker, size_t number, bool with_title) {
  std::string out;
  if (with_title) out += "title: r" + std::to_string(number) + "\n";
  if (!maker.Chance(3)) out += "logsource: {product: " + maker.Any({"p", "q"}) + (maker.Chance(3) ? ", service: s" : "") + "}\n";
  if (maker.Chance(4)) out += "level: " + maker.Any({"low", "high"}) + "\n";
  if (maker.Chance(10)) return out + "filter: {rules: any, " + maker.Any({"s", "n"}) + ": {b: " + maker.Any({"x", "y"}) + "}, condition: not 1 of them}\n";
  if (maker.Chance(5)) return out;
  out += "detection:\n";
  for (const char* selection : {"s", "t", "u"}) {
    if (maker.Chance(2)) continue;
    out += "  " + std::string(selection) + ": ";
    if (maker.Chance(4)) out += "[" + maker.Any({"x", "y"}) + "]\n";
    else out += "{" + maker.Any({"a", "b"}) + ": " + maker.Any({"x", "y", "[x, y]"}) + (maker.Chance(3) ? ", c: z" : "") + "}\n";
  }
  out += maker.Chance(3) ? "  v: {a: x}\n" : "  w: {b: y}\n";
  if (!maker.Chance(3)) out += "  condition: " + maker.Any({"1 of them", "all of them", "s", "not t", "s or u"}) + "\n";
  return out;
}

TEST(LegacyDocuments, TheSameRulesComeOutOfActions) {
  uint64_t taken = 0, refused = 0, hits = 0;
  ForEachSeed(150, [&](uint64_t seed, const std::string& said) {
    Maker maker(seed);
    std::string text;
    for (size_t i = 0; i < 12; i++) {
      text += "---\n";
      const size_t form = maker.Pick(8);
      const char* action = form < 2 ? "global" : form == 2 ? "reset" : form < 5 ? "repeat" : "";
      if (maker.Chance(40)) action = "again";
      if (*action != '\0') text += std::string("action: ") + action + "\n";
      // A global document with a title gives every rule below it the same one.
      text += std::string_view(action) == "reset" && maker.Chance(2) ? "" : Fragment(maker, i, std::string_view(action) != "global");
    }
    World world(text, {}, said + text);
    world.ExpectSameRules();
    std::vector<std::string> lines;
    for (int i = 0; i < 40; i++) {
      std::string line = "{\"n\":" + std::to_string(i);
      for (const char* field : {"a", "b", "c"}) {
        if (!maker.Chance(3)) line += ",\"" + std::string(field) + "\":" + JsonQuoted(maker.Any({"x", "y", "z"}));
      }
      lines.push_back(line + "}");
    }
    world.ExpectSameHits(lines);
    taken += world.oracle().rules.size();
    refused += world.oracle().refused.size();
    hits += world.hits();
  });
  printf("%llu rules taken, %llu refused, %llu hits\n", static_cast<unsigned long long>(taken), static_cast<unsigned long long>(refused), static_cast<unsigned long long>(hits));
  EXPECT_GT(taken, refused / 8);
  EXPECT_GT(hits, taken);
}

// --- lists that expire

TEST(ListExpiry, AnEntryAppliesUntilTheEndOfItsDay) {
  uint64_t hits = 0, judged = 0;
  ForEachSeed(60, [&](uint64_t seed, const std::string& said) {
    Maker maker(seed);
    std::map<std::string, std::string> lists;
    for (const char* name : {"one", "two"}) {
      for (size_t n = 2 + maker.Pick(4); n > 0; n--) {
        std::string entry = maker.Any({"x", "y", "x*", "?", "x y", "1", "\"x # y\"", "z"});
        const std::string date = maker.Any({"1999-12-31", "2026-03-10", "2026-03-11", "1970-01-01", "2024-02-29"});
        if (!maker.Chance(3)) entry += " # " + (maker.Chance(2) ? "owner=me " : std::string()) + "until=" + date + (maker.Chance(3) ? " reason=because of it" : "");
        lists[name] += entry + "\n" + (maker.Chance(5) ? "# a comment until=2001-01-01\n\n" : "");
      }
    }
    std::string text = "---\ntitle: the time is read\nlogsource: {product: p}\ndetection: {s: {at|exists: true}, condition: s}\n";
    for (size_t i = 0; i < 20; i++) {
      const std::string modifiers = maker.Any({"|expand", "|expand", "|contains|expand", "|expand|neq", "|expand|all", "|expand|re", "|expand|cased", "|expand|startswith|neq", "|expand|base64", "|expand|gt"});
      const std::string value = maker.Any({"%one%", "%two%", "%one%%two%", "%one% %two%", "x%one%", "['%one%', y]", "['%one%', '%two%']"});
      text += RuleText("r" + std::to_string(i), YamlQuoted(maker.Any({"f", "g", "f"}) + modifiers) + ": " + (value[0] == '[' ? value : YamlQuoted(value)), maker.Any({"s", "not s"}));
    }
    World world(text, lists, said + "one:\n" + lists["one"] + "two:\n" + lists["two"] + text, "at");
    world.ExpectSameRules();
    std::vector<std::string> lines;
    for (int i = 0; i < 150; i++) {
      std::string line = "{\"f\":" + JsonQuoted(maker.Any({"x", "y", "X", "xx", "x y", "x # y", "z", "eA==", "2", "xy"}));
      if (!maker.Chance(4)) line += ",\"g\":" + JsonQuoted(maker.Any({"x", "q", "xyz", "1"}));
      // The last moment of a day, the first of the next, and others.
      const std::string time = maker.Any({"2026-03-10T23:59:59.999999999Z", "2026-03-11T00:00:00Z", "2026-03-10T00:00:00Z", "2026-03-12T01:00:00+01:00", "2026-03-11T23:59:59-01:00", "2000-01-01T00:00:00Z",
                                          "1999-12-31T23:59:59Z", "1970-01-02T00:00:00Z", "1969-12-31T23:59:59Z", "2024-03-01T00:00:00Z", "2024-02-29T12:00:00Z", "no time"});
      if (!maker.Chance(8)) line += ",\"at\":" + JsonQuoted(time);
      lines.push_back(line + "}");
    }
    world.ExpectSameHits(lines);
    hits += world.hits();
    judged += world.judged();
  });
  printf("%llu judgements, %llu hits\n", static_cast<unsigned long long>(judged), static_cast<unsigned long long>(hits));
  EXPECT_GT(hits, judged / 20);
}

// --- sources

std::string LogsourceText(Maker& maker, bool own) {
  std::string out;
  const auto add = [&](const std::string& entry) { out += (out.empty() ? "" : ", ") + entry; };
  if (!maker.Chance(3)) add("product: " + maker.Any({"aws", "AWS", "linux"}));
  if (maker.Chance(2)) add("category: " + maker.Any({"audit", "Audit", "flow"}));
  if (out.empty() || maker.Chance(2)) add("service: " + maker.Any({"trail", "trail", "shell"}));
  if (own && maker.Chance(3)) add("tenant: " + maker.Any({"one", "ONE", "two"}));
  if (own && maker.Chance(5)) add("definition: whatever");
  return "{" + out + "}";
}

TEST(SourceLogsources, ARuleAppliesToTheSourcesThatItFits) {
  uint64_t hits = 0, judged = 0;
  ForEachSeed(60, [&](uint64_t seed, const std::string& said) {
    Maker maker(seed);
    std::string sources, rules;
    for (size_t i = 0; i < 5; i++) {
      sources += "---\nname: source" + std::to_string(i) + "\nlogsource: " + LogsourceText(maker, true) + "\nrecognise: {src: s" + std::to_string(i) + "}\ntime: [at]\nidentity: [record]\n";
    }
    for (size_t i = 0; i < 25; i++) {
      rules += "---\ntitle: r" + std::to_string(i) + "\nlogsource: " + LogsourceText(maker, true) + "\ndetection: {s: {" + maker.Any({"a", "b"}) + ": " + maker.Any({"x", "y"}) + "}, condition: " + maker.Any({"s", "not s"}) + "}\n";
    }
    if (maker.Chance(2)) rules += "---\ntitle: f\nlogsource: " + LogsourceText(maker, true) + "\nfilter: {rules: any, s: {b: y}, condition: not s}\n";

    // The oracle's reading: which logsource has an event of `src`?
    std::map<std::string, Logsource> by_src;
    for (const Yaml& source : ReadYaml(sources)) by_src[source.Find("recognise")->Find("src")->text] = ParseLogsource(*source.Find("logsource"));
    const RuleSet oracle = LoadRules({rules}, {});

    content::Diagnostics diagnostics;
    Product product(content::ContentFromText({.rules = rules, .sources = sources, .check_value = match::CheckValue}, diagnostics), diagnostics);
    ASSERT_EQ(diagnostics.errors(), 0u) << said << diagnostics.Text();
    ASSERT_EQ(product.content().rules.size(), oracle.rules.size()) << said;
    std::vector<std::string> lines;
    for (int i = 0; i < 60; i++) lines.push_back("{\"src\":\"s" + std::to_string(maker.Pick(7)) + "\",\"a\":\"" + maker.Any({"x", "y"}) + "\",\"b\":\"" + maker.Any({"x", "y"}) + "\"}");
    const auto got = product.Match(lines);
    for (size_t i = 0; i < lines.size(); i++) {
      const Event event{std::string_view(lines[i])};
      const auto source = by_src.find(event.Field("src").values[0]->text);
      std::vector<std::string> want;
      for (const Rule& rule : oracle.rules) {
        judged++;
        if (Applies(rule.logsource, source == by_src.end() ? std::nullopt : std::optional(source->second)) && Holds(rule.condition, event, std::nullopt)) want.push_back(rule.Label());
      }
      hits += want.size();
      ASSERT_EQ(got[i], want) << said << lines[i] << "\n" << sources << rules;
    }
  });
  printf("%llu judgements, %llu hits\n", static_cast<unsigned long long>(judged), static_cast<unsigned long long>(hits));
  EXPECT_GT(hits, judged / 20);
}

}  // namespace
}  // namespace tocsin::oracle
