#include "engine/content/run_config.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace tocsin::content {
namespace {

struct Read {
  Diagnostics diagnostics;
  RunConfig config;
  explicit Read(const std::string& text) {
    std::string folder = ::testing::TempDir() + "/run-config-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) return;
    std::ofstream(folder + "/run.yaml") << text;
    config = LoadRunConfig(folder + "/run.yaml", diagnostics);
    folder_ = folder;
    std::filesystem::remove_all(folder);
  }
  std::string folder_;
  std::string Codes() const {
    std::string out;
    for (const Diagnostic& each : diagnostics.all()) out += (out.empty() ? "" : " ") + each.code;
    return out;
  }
};

TEST(RunConfig, ReadsWhatItSays) {
  setenv("TOCSIN_TEST_SECRET", "s3cret", 1);
  Read read("kafka:\n  brokers: [a:1, b:2]\n  group: g\n  topics: [ci, {name: aws, source: aws.cloudtrail}]\n  output_topic: out\n  properties: {sasl.password: '${TOCSIN_TEST_SECRET}'}\n"
            "rules: [r]\nsite: /s\nstore: i.db\ncommit_interval: 250ms\n");
  EXPECT_EQ(read.diagnostics.Text(), "");
  EXPECT_EQ(read.config.brokers, "a:1,b:2");
  ASSERT_EQ(read.config.topics.size(), 2u);
  EXPECT_EQ(read.config.topics[1].source, "aws.cloudtrail");
  EXPECT_EQ(read.config.kafka_properties.at("sasl.password"), "s3cret");
  EXPECT_EQ(read.config.rules, std::vector<std::string>{read.folder_ + "/r"});   // from the configuration's folder
  EXPECT_EQ(read.config.site, "/s");
  EXPECT_EQ(read.config.commit_interval_ms, 250);
  const std::string text = RunConfigText(read.config);
  EXPECT_EQ(text.find("s3cret"), std::string::npos);
  EXPECT_NE(text.find("a:1"), std::string::npos);
}

TEST(RunConfig, WhatIsWrongIsSaid) {
  const std::string kafka = "kafka: {brokers: a:1, topics: [t]}\n";
  EXPECT_EQ(Read("[a]").Codes(), "T0900");
  EXPECT_EQ(Read("a: 1\n---\nb: 1\n").Codes(), "T0900");
  EXPECT_EQ(Read("{}").Codes(), "T0901 T0901");
  EXPECT_EQ(Read(kafka).Codes(), "T0901");
  EXPECT_EQ(Read(kafka + "store: s\ncommit_interval: 1ms\n").Codes(), "T0902");
  EXPECT_EQ(Read(kafka + "stor: s\nstore: s\n").Codes(), "T0903");
  EXPECT_EQ(Read("kafka: {brokers: a:1, topics: [{nam: t}, [x]]}\nstore: s\n").Codes(), "T0903 T0901 T0902");
  EXPECT_EQ(Read("kafka: {brokers: a:1, topics: [t], properties: {p: '${TOCSIN_TEST_NOT_SET}', q: [a]}}\nstore: s\n").Codes(), "T0904 T0902");
  EXPECT_EQ(Read("kafka: text\nstore: [a]\n").Codes(), "T0902 T0902 T0901");
  Diagnostics diagnostics;
  LoadRunConfig("/nowhere/run.yaml", diagnostics);
  EXPECT_EQ(diagnostics.all().at(0).code, "T0905");
}

}  // namespace
}  // namespace tocsin::content
