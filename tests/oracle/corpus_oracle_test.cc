// The community rules over generated events, product against oracle. Every event is made for one rule; that rule, every rule
// the product says hit, and a random few others are judged by the oracle, and every fiftieth event by all rules.
//
// TOCSIN_SEED and TOCSIN_EVENTS change the run; TOCSIN_LONG_TESTS makes twenty times as many events.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <unordered_map>

#include "tests/oracle/event_maker.h"
#include "tests/oracle/world.h"

namespace tocsin::oracle {
namespace {

constexpr size_t kBatch = 250;
constexpr size_t kAllRulesEvery = 50;
constexpr size_t kOthers = 25;
constexpr size_t kShown = 10;

class CorpusOracle : public testing::Test {
 protected:
  void SetUp() override {
    rules_dir_ = std::string(TOCSIN_CORPUS) + "/sigmahq/rules";
    if (!std::filesystem::exists(rules_dir_)) GTEST_SKIP() << rules_dir_ << " is not there";
    // No corpus rule needs a list; the placeholder folder is another one.
    oracle_ = LoadRulesFrom({rules_dir_}, {});
    content_ = content::LoadContent({.rules_paths = {rules_dir_}, .shipped_rules = false}, diagnostics_);
    for (size_t i = 0; i < oracle_.rules.size(); i++) place_[oracle_.rules[i].Label()] = i;
  }

  std::string rules_dir_;
  RuleSet oracle_;
  std::unordered_map<std::string, size_t> place_;
  content::Diagnostics diagnostics_;
  std::shared_ptr<const content::ContentSet> content_;
};

TEST_F(CorpusOracle, BothTakeEveryRule) {
  EXPECT_EQ(diagnostics_.errors(), 0u) << diagnostics_.Text();
  EXPECT_GE(oracle_.rules.size(), 3000u);
  for (const Refusal& refusal : oracle_.refused) ADD_FAILURE() << refusal.label << ": " << refusal.reason;
  ASSERT_EQ(content_->rules.size(), oracle_.rules.size());
  for (size_t i = 0; i < oracle_.rules.size(); i++) EXPECT_EQ(Product::Label(content_->rules[i]), oracle_.rules[i].Label());
}

TEST_F(CorpusOracle, SameHits) {
  const uint64_t seed = FromEnvironment("TOCSIN_SEED", 1);
  const uint64_t events = FromEnvironment("TOCSIN_EVENTS", getenv("TOCSIN_LONG_TESTS") != nullptr ? 1'200'000 : 60'000);
  printf("TOCSIN_SEED=%llu TOCSIN_EVENTS=%llu\n", static_cast<unsigned long long>(seed), static_cast<unsigned long long>(events));
  Product product(content_, diagnostics_);
  EventMaker maker(seed);
  const size_t rules = oracle_.rules.size();
  std::set<size_t> hit_rules;
  uint64_t own_hits = 0, judged = 0;
  size_t differences = 0;
  for (uint64_t done = 0; done < events && differences < kShown;) {
    std::vector<std::string> lines;
    std::vector<size_t> made_for;
    for (; lines.size() < kBatch && done < events; done++) {
      // Every rule in its turn, from a place that the seed gives.
      made_for.push_back((seed * 7919 + done) % rules);
      lines.push_back(maker.Make(oracle_.rules[made_for.back()].condition));
    }
    const auto hits = product.Match(lines);
    for (size_t i = 0; i < lines.size(); i++) {
      const Event event{std::string_view(lines[i])};
      std::set<std::string> got(hits[i].begin(), hits[i].end());
      std::set<size_t> ask = {made_for[i]};
      for (const std::string& label : got) {
        const auto it = place_.find(label);
        if (it == place_.end()) ADD_FAILURE() << label << "\n" << lines[i];
        else ask.insert(it->second);
      }
      if (i % kAllRulesEvery == 0) {
        for (size_t rule = 0; rule < rules; rule++) ask.insert(rule);
      } else {
        for (size_t k = 0; k < kOthers; k++) ask.insert(maker.Pick(rules));
      }
      for (const size_t rule : ask) {
        const bool want = Holds(oracle_.rules[rule].condition, event, std::nullopt);
        judged++;
        if (want) hit_rules.insert(rule);
        if (want && rule == made_for[i]) own_hits++;
        if (want == got.contains(oracle_.rules[rule].Label())) continue;
        differences++;
        ADD_FAILURE() << "TOCSIN_SEED=" << seed << " TOCSIN_EVENTS=" << events << "\nthe oracle says " << (want ? "hit" : "no hit") << ": " << oracle_.rules[rule].Label() << " "
                      << oracle_.rules[rule].title << "\n" << lines[i];
      }
    }
  }
  printf("%llu judgements; %llu events hit the rule they were made for; %zu of %zu rules were hit\n", static_cast<unsigned long long>(judged),
         static_cast<unsigned long long>(own_hits), hit_rules.size(), rules);
  // A generator that no longer hits proves nothing.
  if (events >= 50'000 && differences == 0) {
    EXPECT_GT(own_hits, events / 3);
    EXPECT_GT(hit_rules.size(), rules * 95 / 100);
  }
}

}  // namespace
}  // namespace tocsin::oracle
