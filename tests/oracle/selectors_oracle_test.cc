// Array selectors (SIGMA.md 17), product against oracle: random paths, quantifiers, places and bodies inside bodies over random small
// JSON, where most keys are there and most values meet some test. Escaped brackets and malformed selectors too.
//
// TOCSIN_SEED and TOCSIN_ROUNDS change the run; TOCSIN_LONG_TESTS makes twenty times as many rounds.
#include <random>

#include "tests/oracle/world.h"

namespace tocsin::oracle {
namespace {

class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed) {}

  std::string Document(size_t number) {
    const bool version_3 = !Chance(12);
    return "---\ntitle: r" + std::to_string(number) + "\nsigma-version: " + (version_3 ? Any({"3", "3", "3.0", "'3'"}) : Any({"2", "1.0", "2.1"})) + "\nlogsource: {product: p}\ndetection:\n  s: " + Map(0) +
           "\n  t: " + Map(0) + "\n  condition: " + Any({"s", "s", "not s", "s and not t", "s or t"}) + "\n";
  }

  std::string Event() {
    std::string out = "{";
    for (const char* key : {"a", "b", "c", "d"}) {
      if (!Chance(5)) out += (out.size() > 1 ? "," : "") + JsonQuoted(Chance(12) ? Any({"a.b", "b.c", "a[0]", "b[any]", "a.b.c"}) : key) + ":" + Value(4);
    }
    return out + "}";
  }

 private:
  size_t Pick(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }
  bool Chance(size_t one_in) { return Pick(one_in) == 0; }
  std::string Any(const std::vector<std::string>& of) { return of[Pick(of.size())]; }

  // --- rules, in flow style: brackets stand in quoted keys
  std::string Map(size_t depth) {
    std::string out = "{";
    std::set<std::string> keys;
    for (size_t n = 1 + Pick(2); n > 0; n--) out += Entry(depth, keys);
    if (keys.empty()) return "{a: x}";
    return out + "}";
  }
  std::string Entry(size_t depth, std::set<std::string>& keys) {
    std::string key = Name(depth);
    const bool whole = !key.empty() && key.back() == ']';
    const bool body = whole && depth < 3 && Chance(2);
    if (!body) key += Any({"", "", "", "", "|contains", "|neq", "|exists", "|gt", "|all", "|re", "|fieldref", "|startswith|neq", "|contains|all"});
    if (!keys.insert(key).second) return "";
    return (keys.size() > 1 ? ", " : "") + YamlQuoted(key) + ": " + (body ? Body(depth + 1) : Values(key));
  }
  std::string Name(size_t depth) {
    if (depth > 0 && Chance(3)) return Chance(4) ? "." : Any({"a", "b", "c"});
    std::string out = depth > 0 && Chance(10) ? "" : Any({"a", "b", "c", "d", "a.b", "b.c", "a\\[0\\]", "b\\[any\\]"});
    for (size_t n = Pick(3); n > 0; n--) {
      out += Any({"[any]", "[any]", "[all]", "[all_or_empty]", "[none]", "[0]", "[1]", "[-1]", "[-2]"});
      if (Chance(3)) out += Any({".a", ".b", ".c", ".a.b"});
    }
    if (Chance(60)) out += Any({"[", "]", "[some]", "[any", "[0]x", "[any].", "[]", "[-]", "[12345678]", "[any]b"});
    return out;
  }
  std::string Body(size_t depth) {
    switch (Pick(8)) {
      case 0: return "[" + Map(depth) + ", " + Map(depth) + "]";
      case 1: return "[" + Map(depth) + ", " + Scalar() + "]";
      case 2: return "{s: " + Map(depth) + ", t: " + Map(depth) + ", condition: " + Any({"s and not t", "1 of them", "s or t", "all of s*"}) + "}";
      default: return Map(depth);
    }
  }
  std::string Values(const std::string& key) {
    if (key.find("exists") != std::string::npos) return Any({"true", "false"});
    if (key.find("fieldref") != std::string::npos) return Any({"a", "b", "c", "'a[0]'", "'a\\[0\\]'", "b.c", "'b[any]'", "."});
    if (key.find("|gt") != std::string::npos) return Any({"0", "1", "2"});
    if (key.find("|re") != std::string::npos) return Any({"'^x'", "'y$'", "'.'"});
    if (Chance(3)) return "[" + Scalar() + ", " + Scalar() + "]";
    return Scalar();
  }
  std::string Scalar() { return Any({"x", "xy", "'y*'", "1", "'2'", "true", "null", "''", "X"}); }

  // --- events
  std::string Value(size_t depth) {
    if (depth == 0 || Chance(3)) return Any({"\"x\"", "\"xy\"", "\"Y\"", "1", "2", "\"2\"", "true", "null", "\"\"", "\"y\""});
    if (Chance(2)) {
      std::string out = "[";
      for (size_t n = Pick(4); n > 0; n--) out += (out.size() > 1 ? "," : "") + Value(depth - 1);
      return out + "]";
    }
    std::string out = "{";
    for (size_t n = 1 + Pick(3); n > 0; n--) out += (out.size() > 1 ? "," : "") + JsonQuoted(Any({"a", "b", "c", "a", "b", "c", "a.b", "b.c"})) + ":" + Value(depth - 1);
    return out + "}";
  }

  std::mt19937_64 random_;
};

TEST(Selectors, TheSameAreRefusedAndTheOthersHitTheSame) {
  const uint64_t first = FromEnvironment("TOCSIN_SEED", 1), rounds = FromEnvironment("TOCSIN_ROUNDS", getenv("TOCSIN_LONG_TESTS") != nullptr ? 1200 : 60);
  printf("TOCSIN_SEED=%llu TOCSIN_ROUNDS=%llu\n", static_cast<unsigned long long>(first), static_cast<unsigned long long>(rounds));
  uint64_t taken = 0, refused = 0, hits = 0, judged = 0;
  for (uint64_t seed = first; seed < first + rounds && !HasFailure(); seed++) {
    Maker maker(seed);
    std::string text;
    for (size_t i = 0; i < 60; i++) text += maker.Document(i);
    World world(text, {}, "TOCSIN_SEED=" + std::to_string(seed) + " TOCSIN_ROUNDS=1\n");
    world.ExpectSameRules();
    std::vector<std::string> lines;
    for (int i = 0; i < 120; i++) lines.push_back(maker.Event());
    world.ExpectSameHits(lines);
    if (HasFailure() && getenv("TOCSIN_SHOW_RULES") != nullptr) printf("%s\n", text.c_str());
    taken += world.oracle().rules.size();
    refused += world.oracle().refused.size();
    hits += world.hits();
    judged += world.judged();
  }
  printf("%llu rules taken, %llu refused, %llu judgements, %llu hits\n", static_cast<unsigned long long>(taken), static_cast<unsigned long long>(refused), static_cast<unsigned long long>(judged),
         static_cast<unsigned long long>(hits));
  EXPECT_GT(taken, refused);
  EXPECT_GT(hits, judged / 10);
}

}  // namespace
}  // namespace tocsin::oracle
