// Random rules, product against oracle: every modifier and most pairs, values with escapes, wildcards, other scripts and
// placeholders, nested and mixed selections, filters, legacy documents. The same are refused, the others hit the same events.
//
// TOCSIN_SEED and TOCSIN_ROUNDS change the run; TOCSIN_LONG_TESTS makes twenty times as many rounds.
#include <random>

#include "tests/oracle/event_maker.h"
#include "tests/oracle/world.h"

namespace tocsin::oracle {
namespace {

const std::map<std::string, std::string> kLists = {
    {"users", "root\n# a comment\n\nadmin*  # owner=ops reason=test\n\"a # b\"\n  \"quoted\"  # until=2030-01-01\n"},
    {"hosts", "web-1\nweb-??\ndb\\*\n"},
    {"none", "# nothing\n"},
};

class RuleMaker {
 public:
  explicit RuleMaker(uint64_t seed) : random_(seed) {}

  std::string Document(size_t number) {
    std::string out = "---\ntitle: 'r" + std::to_string(number) + "'\nlogsource: {product: " + Any({"windows", "linux"}) + (Chance(2) ? ", category: " + Any({"process_creation", "c"}) : "") + "}\n";
    const size_t selections = 1 + Pick(3);
    out += "detection:\n";
    for (size_t i = 0; i < selections; i++) out += "  s" + std::to_string(i) + ":" + Selection("    ") ;
    out += "  condition: '" + Condition(selections) + "'\n";
    return out;
  }

  std::string Filter(size_t number) {
    const std::string selection = Selection("    ");
    return "---\ntitle: 'filter" + std::to_string(number) + "'\n" + (Chance(3) ? "" : "logsource: {product: " + Any({"windows", "linux", "WINDOWS"}) + "}\n") + "filter:\n" +
           (Chance(8) ? "" : "  rules: " + Any({"any", "[]", "[r1, r2]", "nobody"}) + "\n") + "  s0:" + selection + "  condition: " + Any({"not s0", "s0", "not 1 of s*", "not them", "not all of them"}) + "\n";
  }

 private:
  size_t Pick(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }
  bool Chance(size_t one_in) { return Pick(one_in) == 0; }
  std::string Any(const std::vector<std::string>& of) { return of[Pick(of.size())]; }

  std::string Selection(const std::string& indent) {
    const size_t form = Pick(12);
    if (form == 0) return " " + Scalar("") + "\n";                                   // a bare keyword
    if (form == 1) return "\n" + indent + "- " + Scalar("") + "\n" + indent + "- " + Scalar("") + "\n";
    if (form == 2) return "\n" + indent + "- " + Scalar("") + "\n" + indent + "-" + Map(indent + "  ") + (Chance(8) ? indent + "- []\n" : "");
    if (form <= 4) return "\n" + indent + "-" + Map(indent + "  ") + indent + "-" + Map(indent + "  ");
    return Map(indent);
  }
  std::string Map(const std::string& indent) {
    std::string out = "\n";
    std::set<std::string> keys;
    for (size_t items = 1 + Pick(3); items > 0; items--) {
      std::string modifiers = Modifiers();
      const std::string key = (Chance(12) ? "" : Any({"f", "g", "f.g", "Image", "Grüße"})) + modifiers;
      if (!keys.insert(key).second) continue;
      out += indent + YamlQuoted(key) + ":";
      if (Chance(2)) {
        out += " " + Scalar(modifiers) + "\n";
        continue;
      }
      out += "\n";
      for (size_t values = 1 + Pick(Chance(20) ? 25 : 3); values > 0; values--) out += indent + "- " + Scalar(modifiers) + "\n";
    }
    return keys.empty() ? " {}\n" : out;
  }
  std::string Modifiers() {
    static const std::vector<std::string> kUsual = {"", "", "", "|contains", "|startswith", "|endswith", "|contains|all", "|all", "|neq", "|contains|neq", "|cased", "|cased|contains", "|windash", "|windash|contains",
                                                    "|contains|windash|all", "|re", "|re|i", "|re|i|m|s", "|re|all|neq", "|cidr", "|cidr|neq", "|lt", "|gte", "|gt|neq", "|exists", "|base64", "|base64|contains",
                                                    "|base64offset|contains", "|wide|base64offset|contains", "|utf16|base64|contains", "|utf16be", "|base64offset|utf16le|contains", "|windash|wide|base64offset|contains", "|windash|base64", "|expand", "|contains|expand",
                                                    "|expand|re", "|expand|all|contains", "|fieldref", "|fieldref|contains", "|fieldref|neq", "|fieldref|cased|endswith", "|hour", "|minute|gt", "|week|lte", "|month|neq", "|year", "|day|gte"};
    if (!Chance(20)) return Any(kUsual);
    std::string out;
    for (size_t n = 1 + Pick(3); n > 0; n--) {
      out += "|" + Any({"contains", "startswith", "endswith", "all", "neq", "cased", "exists", "base64", "base64offset", "wide", "utf16le", "utf16be", "utf16", "windash", "re", "i", "ignorecase", "m", "multiline",
                        "s", "dotall", "cidr", "lt", "lte", "gt", "gte", "minute", "hour", "day", "week", "month", "year", "expand", "fieldref", "Contains", "contians", ""});
    }
    return out;
  }
  std::string Scalar(const std::string& modifiers) {
    const auto has = [&](const char* word) { return modifiers.find(word) != std::string::npos; };
    if (!Chance(25)) {
      if (has("exists")) return Any({"true", "false", "True", "'true'", "yes"});
      if (has("cidr")) return Any({"10.0.0.0/8", "192.168.1.7/24", "0.0.0.0/0", "::/0", "2001:db8::/33", "fe80::1", "10.1.2.3", "10.0.0.0/33", "300.1.1.1/8", "::ffff:10.0.0.0/104", "'10.0.0.0/'", "10.0/8"});
      if (has("|lt") || has("|gt")) return Any({"5", "'5'", "-1.5", "1e2", "0", "abc", "05"});
      if (has("|hour") || has("|minute") || has("|week") || has("|month") || has("|year") || has("|day")) return Any({"8", "15", "11", "3", "2026", "10", "'8'", "x"});
      if (has("fieldref")) return Any({"g", "f", "Image", "f.g", "''", "nothing"});
      if (has("expand")) return YamlQuoted(Any({"%users%", "%hosts%", "x%users%y", "%users%@%hosts%", "\\%users\\%", "100%", "%none%", "%nolist%", "a%%b", "%users", "\\\\%users%", "%hosts%*"}));
      if (has("|re")) return YamlQuoted(Any({"^a.*b$", "(?i)éx", "\\d{2,4}", "a|b|", "[^x]y", "(a+)+$", "^$", "\\bfoo\\b", "(?=x)", "(", "x{3}", "\\\\srv", ".", "Σ", "(?m)^a$"}));
    }
    switch (Pick(14)) {
      case 0: return Any({"null", "~", "NULL", "''"});
      case 1: return Any({"true", "false", "TRUE", "'true'", "yes", "off"});
      case 2: return Any({"4688", "'4688'", "4688.0", "00000429", "0x10", "-0", "1e3", ".5", "1_000", "2026-03-10", "12:30:45"});
      default: break;
    }
    std::string text;
    for (size_t n = 1 + Pick(5); n > 0; n--) {
      text += Any({"a", "B", "cmd", " ", "*", "?", "\\", "\\\\", "\\*", "\\?", "-x", " /c", " \u2013k", "é", "Σς", "ß", "\u212A", "\U00010400", "日本", "%users%", "\\%", ".exe", "'", "\"", "1", "--"});
    }
    return YamlQuoted(text);
  }
  std::string Condition(size_t selections) {
    const auto name = [&] { return "s" + std::to_string(Pick(selections)); };
    switch (Pick(8)) {
      case 0: return "1 of s*";
      case 1: return "all of them";
      case 2: return "not " + name();
      case 3: return name() + " and not " + name();
      case 4: return "not (" + name() + " or " + name() + ") or " + name();
      default: return name();
    }
  }

  std::mt19937_64 random_;
};

TEST(RandomRules, TheSameAreRefusedAndTheOthersHitTheSame) {
  const uint64_t first = FromEnvironment("TOCSIN_SEED", 1), rounds = FromEnvironment("TOCSIN_ROUNDS", getenv("TOCSIN_LONG_TESTS") != nullptr ? 2000 : 100);
  printf("TOCSIN_SEED=%llu TOCSIN_ROUNDS=%llu\n", static_cast<unsigned long long>(first), static_cast<unsigned long long>(rounds));
  uint64_t taken = 0, refused = 0, hits = 0, judged = 0;
  for (uint64_t seed = first; seed < first + rounds && !HasFailure(); seed++) {
    RuleMaker rules(seed);
    std::string text;
    for (size_t i = 0; i < 60; i++) text += rules.Document(i);
    for (size_t i = 0; i < 3 && seed % 3 == 0; i++) text += rules.Filter(i);
    const std::string said = "TOCSIN_SEED=" + std::to_string(seed) + " TOCSIN_ROUNDS=1\n";
    World world(text, kLists, said);
    world.ExpectSameRules();
    EventMaker maker(seed);
    std::vector<std::string> lines;
    for (const Rule& rule : world.oracle().rules) {
      for (int i = 0; i < 8; i++) lines.push_back(maker.Make(rule.condition));
    }
    world.ExpectSameHits(lines);
    if (HasFailure() && getenv("TOCSIN_SHOW_RULES") != nullptr) printf("%s\n", text.c_str());
    taken += world.oracle().rules.size();
    refused += world.oracle().refused.size();
    hits += world.hits();
    judged += world.judged();
  }
  printf("%llu rules taken, %llu refused, %llu judgements, %llu hits\n", static_cast<unsigned long long>(taken), static_cast<unsigned long long>(refused), static_cast<unsigned long long>(judged),
         static_cast<unsigned long long>(hits));
  EXPECT_GT(taken, refused / 4);
  EXPECT_GT(hits, judged / 50);
}

}  // namespace
}  // namespace tocsin::oracle
