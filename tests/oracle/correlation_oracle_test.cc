// Random correlations over random small worlds: what `tocsin match` prints against what the oracle says, line by line. Few
// events, few moments, many ties, mixed precisions, multi-valued groups, aliases, chains, absences.
//
// TOCSIN_SEED and TOCSIN_ROUNDS change the run; TOCSIN_LONG_TESTS makes twenty times as many rounds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <random>

#include "engine/content/testing/inline_content.h"
#include "engine/pipeline/match_run.h"
#include "tests/oracle/match_lines.h"
#include "tests/oracle/world.h"

namespace tocsin::oracle {
namespace {

// Lines as the product's bounded input: one batch.
class Lines : public pipeline::BoundedInput {
 public:
  explicit Lines(const std::vector<std::string>& lines) : lines_(lines) {}
  bool Next(event::Batch& batch, event::InputTable& inputs, std::vector<event::BadRecord>&, std::vector<std::string>&) override {
    if (done_) return false;
    done_ = true;
    inputs.push_back({.name = "lines"});
    batch.Clear();
    batch.input = event::InputId(0);
    std::string text;
    for (const std::string& line : lines_) {
      batch.documents.push_back({.begin = text.size(), .size = line.size(), .offset = text.size(), .line = static_cast<uint32_t>(batch.documents.size() + 1)});
      text += line + "\n";
    }
    memcpy(batch.Resize(text.size()), text.data(), text.size());
    return true;
  }
  uint64_t bytes_total() const override { return 0; }
  uint64_t bytes_done() const override { return 0; }
  std::string Fingerprint() const override { return ""; }

 private:
  const std::vector<std::string>& lines_;
  bool done_ = false;
};

class CorrelationMaker {
 public:
  explicit CorrelationMaker(uint64_t seed) : random_(seed) {}

  std::string Rules() {
    std::string out;
    for (const char* name : {"a", "b", "c"}) {
      out += std::string("---\ntitle: ") + name + "\nname: " + name + "\nid: id-" + name + "\nlogsource: {product: p}\ndetection: {s: {k: " + name + "}, condition: s}\n";
    }
    out += "---\ntitle: reads\nlogsource: {product: p}\ndetection: {s: {t: never, n: never}, condition: s}\n";
    out += Correlation("first", {"a", "b", "c", "id-a"});
    if (Chance(2)) out += Correlation("outer", {"first", "a", "b"});
    return out;
  }

  std::vector<std::string> Events() {
    std::vector<std::string> lines;
    const size_t spread = 1 + Pick(40);
    for (size_t i = Pick(16); i > 0; i--) {
      std::string line = "{\"n\":" + std::to_string(lines.size()) + ",\"t\":\"2026-03-10T08:00:" + Two(Pick(std::min<size_t>(spread, 59)));
      if (Chance(3)) line += Any({".5", ".250", ".000001", ".999999999"});
      line += "Z\"";
      if (Chance(30)) line = "{\"n\":" + std::to_string(lines.size());
      line += ",\"k\":" + Any({"\"a\"", "\"b\"", "\"c\"", "\"A\"", "[\"a\",\"b\"]", "[\"c\",\"a\"]"});
      if (!Chance(8)) line += ",\"u\":" + Any({"\"x\"", "\"x\"", "\"y\"", "\"X\"", "[\"x\",\"y\"]", "[\"x\",\"x\"]", "7", "null", "\"\"", "{}", "true"});
      if (!Chance(4)) line += ",\"o\":{\"user\":" + Any({"\"x\"", "\"y\"", "7"}) + "}";
      if (!Chance(6)) line += ",\"v\":" + Any({"1", "2", "3", "\"2\"", "2.5", "\"p\"", "[1,4]", "\"q\"", "null", "-1"});
      if (!Chance(6)) line += ",\"w\":" + Any({"\"1\"", "\"2\"", "[\"1\",\"3\"]"});
      lines.push_back(line + "}");
    }
    return lines;
  }

 private:
  size_t Pick(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }
  bool Chance(size_t one_in) { return Pick(one_in) == 0; }
  std::string Any(const std::vector<std::string>& of) { return of[Pick(of.size())]; }
  static std::string Two(size_t number) { return (number < 10 ? "0" : "") + std::to_string(number); }

  std::string Correlation(const std::string& name, std::vector<std::string> names) {
    std::shuffle(names.begin(), names.end(), random_);
    names.resize(1 + Pick(std::min<size_t>(names.size(), 3)));
    // The same rule by name and by id would be two references to it.
    if (std::find(names.begin(), names.end(), "a") != names.end()) std::erase(names, "id-a");
    if (name == "outer" && std::find(names.begin(), names.end(), "first") == names.end()) names[0] = "first";
    const std::string type = Any({"event_count", "value_count", "value_sum", "value_avg", "value_median", "value_percentile", "temporal", "temporal_ordered", "temporal_ordered", "value_first_seen", "value_change"});
    const bool temporal = type.starts_with("temporal");
    std::string expression;
    if (temporal && Chance(2)) expression = Expression(names);
    std::string out = "---\ntitle: " + name + "\nname: " + name + "\ncorrelation:\n  type: " + type + "\n  timespan: " + std::to_string(1 + Pick(14)) + "s\n  rules:\n";
    for (size_t i = 0; i < names.size(); i++) {
      out += "    - {rule: " + names[i];
      if (SpanMeansSomething(expression, names, i, true, type) && Chance(2)) out += ", before: " + std::to_string(1 + Pick(20)) + "s";
      if (SpanMeansSomething(expression, names, i, false, type) && Chance(2)) out += ", after: " + std::to_string(1 + Pick(20)) + "s";
      out += "}\n";
    }
    std::string group = Any({"", "u", "[u]", "[u, w]", "who", "[who, w]", "o.user"});
    // Over an inner rule with aliases the outer one groups as the inner does, or not at all.
    if (name == "outer" && (group_of_first_.find("who") != std::string::npos || group.find("who") != std::string::npos)) group = Chance(4) ? "" : group_of_first_;
    if (name == "first") group_of_first_ = group;
    if (!group.empty()) out += "  group-by: " + group + "\n";
    if (group.find("who") != std::string::npos) out += std::string("  aliases: {who: {a: u, id-b: o.user") + (Chance(2) ? ", c: w" : "") + ", first: who}}\n";
    if (type == "value_first_seen" && Chance(3)) out += "  learning: " + std::to_string(1 + Pick(8)) + "s\n";
    if (!expression.empty()) return out + "  condition: " + expression + "\n";
    if (temporal && Chance(2)) return out;
    std::string condition;
    if (type.starts_with("value_")) condition += "field: " + (type == "value_count" ? Any({"v", "[v, w]", "w"}) : "v");
    if (type != "value_first_seen" && type != "value_change") {
      condition += (condition.empty() ? "" : ", ") + Any({"gte", "gte", "gt", "lt", "lte", "eq", "neq"}) + ": " + Any({"1", "2", "3", "2.5", "0"});
      if (Chance(5)) condition += ", lt: 4";
      if (type == "value_percentile") condition += ", percentile: " + Any({"0", "25", "75", "100"});
    }
    return out + "  condition: {" + condition + "}\n";
  }

  // A span nobody reads is refused: of what is not absent, `after` where an absence looks back alone, and either between two
  // others. With `or` in it each alternative has its own neighbours.
  static bool SpanMeansSomething(const std::string& expression, const std::vector<std::string>& names, size_t at, bool before, const std::string& type) {
    const auto absent = [&](size_t i) { return (" " + expression + " ").find(" not " + names[i] + " ") != std::string::npos; };
    if (!absent(at)) return false;
    if (type == "temporal") return before;
    if (expression.find(" or ") != std::string::npos) return true;
    for (size_t i = before ? 0 : at + 1; i < (before ? at : names.size()); i++) {
      if (!absent(i)) return false;
    }
    return true;
  }

  // Every rule once, in the order of `rules`: what a place among others means is then beyond doubt.
  std::string Expression(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) {
      if (!out.empty()) out += Chance(3) ? " or " : " and ";
      out += (Chance(3) ? "not " : "") + name;
    }
    return out;
  }

  std::mt19937_64 random_;
  std::string group_of_first_;
};

// The lines of `a` that `b` has not, or not as often.
std::string Without(std::vector<std::string> a, std::vector<std::string> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  std::vector<std::string> rest;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(rest));
  std::string out;
  for (const std::string& line : rest) out += line + "\n";
  return out;
}

// Event, rule and time: what the order of lines goes by.
std::vector<std::string> Heads(std::vector<std::string> lines) {
  for (std::string& line : lines) line = line.substr(0, line.find(",\"group\""));
  return lines;
}

TEST(CorrelationOracle, SameFirings) {
  const uint64_t first = FromEnvironment("TOCSIN_SEED", 1), rounds = FromEnvironment("TOCSIN_ROUNDS", getenv("TOCSIN_LONG_TESTS") != nullptr ? 40'000 : 2'000);
  printf("TOCSIN_SEED=%llu TOCSIN_ROUNDS=%llu\n", static_cast<unsigned long long>(first), static_cast<unsigned long long>(rounds));
  uint64_t firings = 0, refused = 0;
  for (uint64_t seed = first; seed < first + rounds && !HasFailure(); seed++) {
    CorrelationMaker maker(seed);
    const std::string text = maker.Rules();
    const std::string said = "TOCSIN_SEED=" + std::to_string(seed) + " TOCSIN_ROUNDS=1\n" + text.substr(std::min(text.find("title: first"), text.size()));
    content::Diagnostics diagnostics;
    const auto content = content::ContentFromText({.rules = text}, diagnostics);
    const RuleSet oracle = LoadRules({text}, {});
    refused += oracle.refused.size();
    ASSERT_EQ(content->rules.size(), oracle.rules.size()) << said << diagnostics.Text();
    for (int run = 0; run < 4 && !HasFailure(); run++) {
      const std::vector<std::string> events = maker.Events();
      if (events.empty()) continue;
      Lines input(events);
      char* memory = nullptr;
      size_t size = 0;
      FILE* out = open_memstream(&memory, &size);
      RunMatch(content, {.time_field = "t"}, diagnostics, input, out);
      fclose(out);
      std::vector<std::string> got;
      for (const char* at = memory; at < memory + size;) {
        const char* end = static_cast<const char*>(memchr(at, '\n', static_cast<size_t>(memory + size - at)));
        std::string line(at, end);
        // When an absence was decided is the product's to say.
        if (const size_t decided = line.find(",\"decided_at\""); decided != std::string::npos) line.erase(decided, line.find(",\"group\"") - decided);
        got.push_back(line);
        at = end + 1;
      }
      free(memory);
      const std::vector<std::string> want = MatchLines(oracle, events, "t");
      for (const std::string& line : want) firings += line.find("\"correlation\"") != std::string::npos;
      std::string shown;
      for (const std::string& event : events) shown += event + "\n";
      EXPECT_EQ(Without(got, want), "") << "the product alone\n" << said << shown;
      EXPECT_EQ(Without(want, got), "") << "the oracle alone\n" << said << shown;
      EXPECT_TRUE(HasFailure() || Heads(got) == Heads(want)) << "in another order\n" << said << shown;
    }
  }
  printf("%llu firings, %llu rules refused\n", static_cast<unsigned long long>(firings), static_cast<unsigned long long>(refused));
  EXPECT_GT(firings, rounds);
}

}  // namespace
}  // namespace tocsin::oracle
