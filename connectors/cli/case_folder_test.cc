#include "connectors/cli/case_folder.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;

class CaseFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path().string() + "/tocsin-cases-XXXXXX";
    ASSERT_NE(mkdtemp(root_.data()), nullptr);
  }
  void TearDown() override { fs::remove_all(root_); }
  void Write(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(root_ + "/" + name).parent_path());
    std::ofstream(root_ + "/" + name, std::ios::binary) << text;
  }
  // Problems of a case with this expect.json.
  std::string Problems(const std::string& expect) {
    Write("c/expect.json", expect);
    Write("c/events.ndjson", "{}\n");
    std::string out;
    for (const std::string& problem : ReadCase(root_ + "/c").problems) out += problem.substr(root_.size() + 1) + "\n";
    return out;
  }
  std::string root_;
};

TEST_F(CaseFolderTest, FindsCasesToTheEnd) {
  Write("b/expect.json", "{}");
  Write("b/events.ndjson", "");
  Write("a/deep/er/expect.json", "{}");
  Write("a/deep/er/rules.yml", "");
  Write("scenario/expect.json", "{}");  // of replay: events are in a folder
  Write("scenario/events/x.ndjson", "");
  Write("rules/rules.yml", "");  // only rules
  Write("lacks/rules.yml", "");
  Write("lacks/events.ndjson", "");
  std::vector<std::string> found;
  EXPECT_TRUE(FindCases(root_, found));
  EXPECT_EQ(found, (std::vector<std::string>{root_ + "/a/deep/er", root_ + "/b", root_ + "/lacks"}));
  EXPECT_FALSE(FindCases(root_ + "/nowhere", found));
  found.clear();
  EXPECT_TRUE(FindCases(root_ + "/b", found));
  EXPECT_EQ(found, std::vector<std::string>{root_ + "/b"});
  EXPECT_EQ(ReadCase(root_ + "/lacks").problems,
            std::vector<std::string>{root_ + "/lacks/expect.json: is not there: it says what must come"});
}

TEST_F(CaseFolderTest, ReadsEverything) {
  Write("c/rules.yml", "");
  Write("c/lists/l.txt", "");
  Write("KNOWN_FAILURES", "# comment\nc: not yet so\n");
  EXPECT_EQ(
      Problems(
          R"({"point": "1 x", "judge": ["r"], "options": ["--time-field", "t", "--logsource-from-event", "--source", "s", "--site", "site"],
    "hits": [{"event": 3, "rule": "r", "why": "w", "group": {"a": "b"}, "value": {"from": 1, "to": "x"}}], "misses": {"0": "m"},
    "alerts": [{"rule": "r", "level": "high", "first": "2026-03-11T14:00:00Z"}], "errors": ["T0101"], "warnings": ["T0151"], "note": "n"})"),
      "");
  const CaseFolder read = ReadCase(root_ + "/c");
  EXPECT_EQ(read.rules, std::vector<std::string>{root_ + "/c/rules.yml"});
  EXPECT_EQ(read.lists_dir, root_ + "/c/lists");
  EXPECT_EQ(read.site_dir, root_ + "/c/site");
  EXPECT_EQ(read.events, root_ + "/c/events.ndjson");
  EXPECT_EQ(read.known_failure, "not yet so");
  EXPECT_EQ(read.expected.time_field, "t");
  EXPECT_EQ(read.expected.source, "s");
  EXPECT_TRUE(read.expected.logsource_from_event);
  ASSERT_EQ(read.expected.hits.size(), 1u);
  EXPECT_EQ(read.expected.hits[0].event, 3u);
  EXPECT_EQ(read.expected.hits[0].value, R"({"from":1,"to":"x"})");
  EXPECT_EQ(*read.expected.hits[0].group, (pipeline::RuleCase::Group{{"a", "b"}}));
  EXPECT_TRUE(read.expected.every_event);
  ASSERT_TRUE(read.expected.alerts.has_value());
  EXPECT_TRUE(read.expected.alerts->at(0).first.known());
  EXPECT_FALSE(read.expected.alerts->at(0).last.known());
}

TEST_F(CaseFolderTest, RulesByReference) {
  EXPECT_EQ(Problems(R"({"rules": ["../family", "x.yml"]})"), "");
  EXPECT_EQ(ReadCase(root_ + "/c").rules, (std::vector<std::string>{root_ + "/family", root_ + "/c/x.yml"}));
}

TEST_F(CaseFolderTest, SaysWhatIsWrong) {
  EXPECT_EQ(Problems("{"),
            "c/expect.json: is not JSON: The JSON document has an improper structure: missing or superfluous commas, "
            "braces, missing keys, etc.\n");
  EXPECT_EQ(Problems("[]"), "c/expect.json: is no object\n");
  EXPECT_EQ(Problems(R"({"hit": []})"), "c/expect.json: unknown key `hit`; did you mean `hits`?\n");
  EXPECT_EQ(Problems(R"({"hits": [{"event": 1, "rule": "r", "grup": {}}]})"),
            "c/expect.json: unknown key `hits.grup`; did you mean `group`?\n");
  EXPECT_EQ(Problems(R"({"hits": [{"rule": "r"}]})"),
            "c/expect.json: each of `hits` has `event` (a number, from 0) and `rule`\n");
  EXPECT_EQ(Problems(R"({"hits": [{"event": -1, "rule": "r"}]})"),
            "c/expect.json: each of `hits` has `event` (a number, from 0) and `rule`\n");
  EXPECT_EQ(Problems(R"({"misses": {"x": ""}})"), "c/expect.json: `misses`: `x` is no number of an event\n");
  EXPECT_EQ(Problems(R"({"judge": "r"})"), "c/expect.json: `judge` is a list of texts\n");
  EXPECT_EQ(
      Problems(R"({"options": ["--threads", "2"]})"),
      "c/expect.json: `options`: --threads is none of --logsource-from-event, --time-field FIELD, --source NAME, "
      "--site DIR\n"
      "c/expect.json: `options`: 2 is none of --logsource-from-event, --time-field FIELD, --source NAME, --site DIR\n");
  EXPECT_EQ(Problems(R"({"options": ["--time-field"]})"), "c/expect.json: `options`: --time-field takes a value\n");
  EXPECT_EQ(Problems(R"({"alerts": [{"rule": "r", "level": "hihg", "first": "noon"}]})"),
            "c/expect.json: `alerts.first` is no time: RFC 3339\nc/expect.json: `alerts.level`: `hihg` is no level\n");
}

}  // namespace
}  // namespace tocsin::cli
