#include "engine/match/explain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "engine/content/testing/inline_content.h"
#include "engine/event/plan.h"
#include "engine/event/reader.h"
#include "engine/match/program.h"
#include "engine/match/testing/test_event.h"

namespace tocsin::match {
namespace {

struct World {
  content::Diagnostics diagnostics;
  std::shared_ptr<const content::ContentSet> content;
  std::unique_ptr<const Explainer> explainer;

  explicit World(const std::string& detection, std::map<std::string, std::string> lists = {}) {
    content = content::ContentFromText(
        {.rules = "title: t\nlogsource: {product: p}\ndetection:\n" + detection, .lists = std::move(lists)},
        diagnostics);
    EXPECT_EQ(content->rules.size(), 1u) << diagnostics.Text();
    explainer = Explainer::Compile(*content, content->rules[0], diagnostics);
  }
  TestEvent Event() const { return TestEvent(*content); }
};

TEST(Explain, SaysWhichPartHolds) {
  const World world("  a: {f: x}\n  b: {g: y}\n  condition: a and not b\n");
  const Explanation why = world.explainer->Explain(world.Event().Text("f", "X").Text("g", "y").View());
  EXPECT_FALSE(why.root.holds);
  ASSERT_EQ(why.root.children.size(), 2u);
  EXPECT_TRUE(why.root.children[0].holds);
  EXPECT_EQ(why.root.children[0].expr->name, "a");
  EXPECT_FALSE(why.root.children[1].holds);
  EXPECT_TRUE(why.root.children[1].children[0].holds);
  EXPECT_EQ(why.items[0].values[0].text, "X");
}

TEST(Explain, AMissingFieldHasNoValue) {
  const World world("  a: {f: null, g: x}\n  condition: a\n");
  const Explanation why = world.explainer->Explain(world.Event().Null("f").View());
  EXPECT_TRUE(why.items[0].holds);
  ASSERT_EQ(why.items[0].values.size(), 1u);
  EXPECT_EQ(why.items[0].values[0].kind, event::ValueKind::kNull);
  EXPECT_FALSE(why.items[1].holds);
  EXPECT_TRUE(why.items[1].values.empty());
}

TEST(Explain, NamesTheElementOfAnArray) {
  const World world("  a:\n    f|startswith: [x, y]\n  condition: a\n");
  const Explanation why =
      world.explainer->Explain(world.Event().Text("f", "one").Text("f", "Yes").Text("f", "xx").View());
  EXPECT_EQ(why.items[0].tests, (std::vector<std::vector<bool>>{{true}, {true}}));
  ASSERT_EQ(why.items[0].values.size(), 3u);
  EXPECT_FALSE(why.items[0].values[0].satisfies);
  EXPECT_TRUE(why.items[0].values[1].satisfies);
  EXPECT_TRUE(why.items[0].values[2].satisfies);
}

TEST(Explain, ListsOfLiteralsAreToldOneByOne) {
  const World world("  a:\n    f: [a, b, c, d, e]\n  condition: a\n");  // long enough for the predicate's hash probe
  const Explanation why = world.explainer->Explain(world.Event().Text("f", "D").View());
  EXPECT_EQ(why.items[0].tests, (std::vector<std::vector<bool>>{{false}, {false}, {false}, {true}, {false}}));
}

TEST(Explain, NegatedItemsAreTheNegationOfTheirTests) {
  const World world("  a:\n    f|neq: [a, b]\n  condition: a\n");
  const Explanation why = world.explainer->Explain(world.Event().Text("f", "b").View());
  EXPECT_FALSE(why.items[0].holds);
  EXPECT_EQ(why.items[0].tests, (std::vector<std::vector<bool>>{{false}, {true}}));
  EXPECT_TRUE(world.explainer->Explain(world.Event().View()).items[0].holds);
}

TEST(Explain, FieldReferencesSeeTheOtherField) {
  const World world("  a:\n    f|fieldref: g\n  condition: a\n");
  const Explanation why =
      world.explainer->Explain(world.Event().Text("f", "a").Text("f", "b").Text("g", "z").Text("g", "B").View());
  EXPECT_TRUE(why.items[0].holds);
  EXPECT_FALSE(why.items[0].values[0].satisfies);
  EXPECT_TRUE(why.items[0].values[1].satisfies);
}

TEST(Explain, KeywordsShowTheLeavesThatHold) {
  const World world("  a: [needle]\n  condition: a\n");
  const Explanation why = world.explainer->Explain(world.Event().Text("x", "hay").Text("y", "a Needle in it").View());
  EXPECT_TRUE(why.root.holds);
  ASSERT_EQ(why.items[0].values.size(), 1u);
  EXPECT_EQ(why.items[0].values[0].text, "a Needle in it");
}

TEST(Explain, ShowsHowAValueWasFolded) {
  const World world("  a: {f: 'grün'}\n  b: {g|cased: 'grün'}\n  condition: a or b\n");
  const Explanation why = world.explainer->Explain(world.Event().Text("f", "GRÜN").Text("g", "GRÜN").View());
  EXPECT_TRUE(why.items[0].holds);
  EXPECT_EQ(why.items[0].values[0].folded, "grün");
  EXPECT_FALSE(why.items[1].holds);
  EXPECT_EQ(why.items[1].values[0].folded, "");
}

TEST(Explain, KeepsSoManyValues) {
  const World world("  a: {f: x}\n  condition: a\n");
  TestEvent event = world.Event();
  for (int i = 0; i < 20; i++) event.Text("f", "v");
  const Explanation why = world.explainer->Explain(event.View());
  EXPECT_EQ(why.items[0].values.size(), kExplainedValues);
  EXPECT_EQ(why.items[0].more_values, 20 - kExplainedValues);
}

TEST(Explain, RefusesWhatTheProgramRefuses) {
  const World world("  a:\n    f|re: '(?=x)'\n  condition: a\n");
  EXPECT_EQ(world.explainer, nullptr);
}

TEST(LogsourceConflict, NamesTheAttribute) {
  const content::Logsource rule{"AWS", "", "cloudtrail"};
  EXPECT_EQ(LogsourceConflict(rule, {"aws", "audit", "CloudTrail"}, true), "");
  EXPECT_EQ(LogsourceConflict(rule, {"gcp", "", "cloudtrail"}, true), "product");
  EXPECT_EQ(LogsourceConflict(rule, {"aws", "", ""}, true), "service");
  EXPECT_EQ(LogsourceConflict(rule, {"aws", "", ""}, false), "");
}

// Reads every log of a folder through the real reader and holds each explanation against what the program finds.
class Agreement {
 public:
  explicit Agreement(const content::LoadOptions& load)
      : content_(content::LoadContent(load, diagnostics_)), plan_(event::Plan::Compile(content_, {}, diagnostics_)) {
    program_ = Program::Compile(plan_, {}, diagnostics_);
    for (const content::Rule& rule : content_->rules)
      explainers_.push_back(rule.is_correlation ? nullptr : Explainer::Compile(*content_, rule, diagnostics_));
  }

  void Check(const std::filesystem::path& file, uint32_t events_max) {
    std::ifstream stream(file, std::ios::binary);
    std::stringstream text;
    text << stream.rdbuf();
    const std::string bytes = text.str();
    event::Batch batch;
    batch.input = event::InputId(0);
    memcpy(batch.Resize(bytes.size()), bytes.data(), bytes.size());
    const bool lines = file.extension() == ".ndjson";
    for (size_t at = 0; at < bytes.size();) {
      const size_t end = lines ? std::min(bytes.find('\n', at), bytes.size()) : bytes.size();
      event::Document document;
      document.begin = at;
      document.size = end - at;
      if (document.size > 0) batch.documents.push_back(document);
      at = end + 1;
    }
    const event::InputTable inputs{{file.string(), file.parent_path().filename().string(), {}}};
    event::Reader reader(plan_, inputs);
    Scratch scratch(*program_);
    reader.Start(batch);
    for (uint32_t n = 0; n < events_max && reader.Next(); n++) CheckEvent(reader.event(), scratch, file);
  }

  size_t compared() const { return compared_; }
  size_t hits() const { return hits_; }
  size_t rules() const { return content_->rules.size(); }

 private:
  void CheckEvent(const event::EventView& event, Scratch& scratch, const std::filesystem::path& file) {
    const auto found = program_->Match(event, scratch);
    const std::vector<RuleId> hits(found.begin(), found.end());
    hits_ += hits.size();
    for (size_t rule = 0; rule < explainers_.size(); rule++) {
      if (explainers_[rule] == nullptr) continue;
      const bool hit = std::binary_search(hits.begin(), hits.end(), RuleId(static_cast<uint32_t>(rule)));
      const bool candidate =
          !event.source.valid() || LogsourceConflict(content_->rules[rule].detection.logsource,
                                                     content_->sources[event.source.value()].logsource, true)
                                       .empty();
      const bool holds = candidate && explainers_[rule]->Explain(event).root.holds;
      compared_++;
      ASSERT_EQ(holds, hit) << content::RuleLabel(content_->rules[rule]) << ", event " << event.number << " of "
                            << file;
    }
  }

  content::Diagnostics diagnostics_;
  std::shared_ptr<const content::ContentSet> content_;
  std::shared_ptr<const event::Plan> plan_;
  std::shared_ptr<const Program> program_;
  std::vector<std::unique_ptr<const Explainer>> explainers_;
  size_t compared_ = 0, hits_ = 0;
};

std::vector<std::filesystem::path> LogsBelow(const std::string& folder) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const auto extension = entry.path().extension();
    if (entry.is_regular_file() && (extension == ".ndjson" || extension == ".json") &&
        entry.path().filename() != "expect.json")
      out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST(ExplainAgreement, ShippedRulesOverTheirCasesAndTheDemo) {
  Agreement agreement({.content_dir = TOCSIN_SOURCE_DIR "/rules"});
  for (const auto& file : LogsBelow(TOCSIN_SOURCE_DIR "/rules")) agreement.Check(file, UINT32_MAX);
  EXPECT_GT(agreement.compared(), 1000u);
  EXPECT_GT(agreement.hits(), 50u);
}

// All community rules: those that apply over the log they are for, and every one over events of no known source.
TEST(ExplainAgreement, CommunityRulesOverRealLogs) {
  const std::string corpus = TOCSIN_CORPUS;
  if (!std::filesystem::is_directory(corpus + "/sigmahq/rules"))
    GTEST_SKIP() << "the corpus is not there (" << corpus << ")";
  Agreement cloud({.content_dir = TOCSIN_SOURCE_DIR "/rules",
                   .rules_paths = {corpus + "/sigmahq/rules/cloud"},
                   .shipped_rules = false});
  for (const auto& file : LogsBelow(corpus + "/cloudtrail-invictus")) cloud.Check(file, 40);
  EXPECT_GT(cloud.hits(), 0u);
  Agreement all({.content_dir = "", .rules_paths = {corpus + "/sigmahq/rules"}, .shipped_rules = false});
  EXPECT_GT(all.rules(), 3000u);
  size_t files = 0;
  for (const char* folder : {"/cloudtrail-invictus", "/k8s-audit", "/tetragon", "/github-audit"}) {
    if (!std::filesystem::is_directory(corpus + folder)) continue;
    for (const auto& file : LogsBelow(corpus + folder)) {
      if (++files % 7 == 0) all.Check(file, 2);
    }
  }
  EXPECT_GT(all.compared(), 20'000u);
}

}  // namespace
}  // namespace tocsin::match
