// One text of rules, read by the product and by the oracle, and lines of events judged by both.
#ifndef TOCSIN_TESTS_ORACLE_WORLD_H_
#define TOCSIN_TESTS_ORACLE_WORLD_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/content/testing/inline_content.h"
#include "engine/match/value_check.h"
#include "tests/oracle/product.h"
#include "tests/oracle/rules.h"

namespace tocsin::oracle {

inline uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = getenv(name);
  return value == nullptr ? otherwise : strtoull(value, nullptr, 10);
}

class World {
 public:
  // `lists`: name -> lines. `said` stands in every failure: the seed that repeats it.
  // `time_field`: of events, "" = they have no time. A rule must read it.
  explicit World(const std::string& rules, const std::map<std::string, std::string>& lists = {}, std::string said = "", std::string time_field = "") : said_(std::move(said)), time_field_(std::move(time_field)) {
    Lists oracle_lists;
    for (const auto& [name, text] : lists) oracle_lists[name] = ReadList(text);
    oracle_ = LoadRules({rules}, oracle_lists);
    const auto content = content::ContentFromText({.rules = rules, .lists = lists, .check_value = match::CheckValue}, diagnostics_);
    for (const content::Rule& rule : content->rules) taken_.insert(Product::Label(rule));
    product_ = std::make_unique<Product>(content, diagnostics_, match::ProgramOptions(), time_field_);
  }

  const RuleSet& oracle() const { return oracle_; }
  const content::Diagnostics& diagnostics() const { return diagnostics_; }

  // Both took the same rules.
  void ExpectSameRules() const {
    std::set<std::string> taken;
    std::string differences;
    for (const Rule& rule : oracle_.rules) {
      taken.insert(rule.Label());
      if (!taken_.contains(rule.Label())) differences += "the product refuses " + rule.Label() + "\n";
    }
    for (const Refusal& refusal : oracle_.refused) {
      if (taken_.contains(refusal.label) && !taken.contains(refusal.label)) differences += "the oracle refuses " + refusal.label + ": " + refusal.reason + ", ";
    }
    for (const std::string& label : taken_) {
      if (!taken.contains(label)) differences += "the product alone takes " + label + "\n";
    }
    EXPECT_EQ(differences.substr(0, 2000), "") << said_ << diagnostics_.Text().substr(0, 2000);
  }

  // The rules that hit each line are the same. Stops after a few differences.
  void ExpectSameHits(const std::vector<std::string>& lines) {
    constexpr size_t kBatch = 1000;
    for (size_t begin = 0; begin < lines.size() && differences_ < 5; begin += kBatch) {
      const std::vector<std::string> batch(lines.begin() + static_cast<long>(begin), lines.begin() + static_cast<long>(std::min(begin + kBatch, lines.size())));
      const auto hits = product_->Match(batch);
      for (size_t i = 0; i < batch.size() && differences_ < 5; i++) {
        const Event event{std::string_view(batch[i])};
        const std::optional<int64_t> time_ns = TimeOf(event);
        std::vector<std::string> want;
        for (const Rule& rule : oracle_.rules) {
          if (!rule.correlation && Holds(rule.condition, event, time_ns)) want.push_back(rule.Label());
        }
        judged_ += oracle_.rules.size();
        hits_ += want.size();
        if (want == hits[i]) continue;
        differences_++;
        ADD_FAILURE() << said_ << batch[i] << "\nthe oracle alone: " << Without(want, hits[i]) << "\nthe product alone: " << Without(hits[i], want);
      }
    }
  }
  uint64_t judged() const { return judged_; }
  uint64_t hits() const { return hits_; }

 private:
  std::optional<int64_t> TimeOf(const Event& event) const {
    if (time_field_.empty()) return std::nullopt;
    for (const Json* value : event.Field(time_field_).values) {
      const std::optional<Moment> moment = ParseMoment(value->text);
      if (moment) return moment->ns;
    }
    return std::nullopt;
  }
  static std::string Without(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    std::string out;
    int shown = 0;
    for (const std::string& label : a) {
      if (std::find(b.begin(), b.end(), label) == b.end() && ++shown <= 5) out += label + "; ";
    }
    return shown > 5 ? out + "... " + std::to_string(shown) : out;
  }

  const std::string said_, time_field_;
  RuleSet oracle_;
  content::Diagnostics diagnostics_;
  std::set<std::string> taken_;
  std::unique_ptr<Product> product_;
  uint64_t judged_ = 0, hits_ = 0;
  size_t differences_ = 0;
};

// In single quotes, as YAML takes it whole.
inline std::string YamlQuoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

// A rule with one selection `s`; its title is what it tests.
inline std::string RuleText(const std::string& title, const std::string& selection, const std::string& condition = "s") {
  return "---\ntitle: " + YamlQuoted(title) + "\nlogsource: {product: p}\ndetection:\n  s:\n    " + selection + "\n  condition: " + condition + "\n";
}

inline std::string JsonQuoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') out += "\\n";
    else out += c;
  }
  return out + "\"";
}

// Every text over the alphabet up to the length, the empty one too.
inline std::vector<std::string> AllTexts(const std::vector<std::string>& alphabet, int length) {
  std::vector<std::string> out = {""};
  for (size_t begin = 0; length > 0; length--) {
    const size_t end = out.size();
    for (; begin < end; begin++) {
      for (const std::string& letter : alphabet) out.push_back(out[begin] + letter);
    }
  }
  return out;
}

}  // namespace tocsin::oracle

#endif  // TOCSIN_TESTS_ORACLE_WORLD_H_
