#include "engine/content/diagnostics.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "engine/content/diagnostics_json.h"

namespace tocsin::content {
namespace {

TEST(NearestWord, FindsWhatWasMeant) {
  const std::vector<std::string_view> words = {"contains", "startswith", "endswith", "group-by", "timespan"};
  EXPECT_EQ(NearestWord("contians", words), "contains");
  EXPECT_EQ(NearestWord("Group_By", words), "group-by");
  EXPECT_EQ(NearestWord("starts", words), "startswith");
  EXPECT_EQ(NearestWord("timespam", words), "timespan");
  EXPECT_EQ(NearestWord("zebra", words), "");
  EXPECT_EQ(NearestWord("x", {}), "");
}

TEST(Diagnostics, TextHasPlaceLineCaretAndExpectation) {
  Diagnostics diagnostics;
  const uint32_t file = diagnostics.AddFile("f.yml", "one\nä\ttwo\x01\n");
  diagnostics.Warning("T0002", {file, 2, 3}, "second");
  diagnostics.Error("T0001", {file, 1, 1}, "first", "this");
  diagnostics.Error("T0003", {file, 0, 0}, "whole");
  diagnostics.Error("T0004", {99, 0, 0}, "no file");
  EXPECT_EQ(diagnostics.Text(),
            "f.yml: error T0003: whole\n"
            "f.yml:1:1: error T0001: first\n    one\n    ^\n    expected: this\n"
            "f.yml:2:3: warning T0002: second\n    ä two?\n      ^\n"
            "error T0004: no file\n");
  EXPECT_EQ(diagnostics.errors(), 3u);
  EXPECT_EQ(diagnostics.warnings(), 1u);
}

TEST(Diagnostics, WhatDisturbsATerminalIsReplacedAndTheColumnsStay) {
  Diagnostics diagnostics;
  const uint32_t file = diagnostics.AddFile("f.yml", "a\xC2\x9B\xE2\x80\xAE\xFF" "b\n");
  diagnostics.Error("T0001", {file, 1, 5}, "here");
  EXPECT_EQ(diagnostics.Text(), "f.yml:1:5: error T0001: here\n    a???b\n        ^\n");
}

TEST(Diagnostics, LongLinesAreCutAroundTheColumn) {
  Diagnostics diagnostics;
  const uint32_t file = diagnostics.AddFile("f", std::string(500, 'a') + "b" + std::string(500, 'c'));
  diagnostics.Error("T0001", {file, 1, 501}, "b");
  const std::string text = diagnostics.Text();
  EXPECT_NE(text.find("\n    " + std::string(59, 'a') + "b" + std::string(60, 'c') + "\n    " + std::string(59, ' ') + "^\n"), std::string::npos) << text;
}

TEST(Diagnostics, LineOfAPlace) {
  Diagnostics diagnostics;
  const uint32_t file = diagnostics.AddFile("a.yml", "one\ntwo\r\n\nfour");
  EXPECT_EQ(diagnostics.Line({file, 1, 1}), "one");
  EXPECT_EQ(diagnostics.Line({file, 2, 1}), "two");
  EXPECT_EQ(diagnostics.Line({file, 3, 1}), "");
  EXPECT_EQ(diagnostics.Line({file, 4, 1}), "four");
  EXPECT_EQ(diagnostics.Line({file, 5, 1}), "");
  EXPECT_EQ(diagnostics.Line({file, 0, 0}), "");
  EXPECT_EQ(diagnostics.Line({file + 1, 1, 1}), "");
  EXPECT_EQ(diagnostics.Line({diagnostics.AddFile("blank.yml", ""), 1, 1}), "");
}

TEST(Diagnostics, LineOfAFileOnDiskIsReadWhenItIsAskedFor) {
  const std::string path = ::testing::TempDir() + "/tocsin_diagnostics_test.yml";
  const auto write = [&](std::string_view text) { std::ofstream(path, std::ios::binary) << text; };
  write("one\ntwo\n");
  Diagnostics diagnostics;
  const uint32_t read = diagnostics.AddFileOnDisk(path, "one\ntwo\n"), changed = diagnostics.AddFileOnDisk(path, "one\nTwo\n");
  EXPECT_EQ(diagnostics.Line({read, 2, 1}), "two");
  EXPECT_EQ(diagnostics.Line({changed, 1, 1}), "");
  write("");
  EXPECT_EQ(diagnostics.Line({read, 1, 1}), "one");
  EXPECT_EQ(diagnostics.Line({diagnostics.AddFileOnDisk(path, "one\n"), 1, 1}), "");
  std::filesystem::remove(path);
  EXPECT_EQ(diagnostics.Line({diagnostics.AddFileOnDisk(path, "one\n"), 1, 1}), "");
}

// A hundred thousand bad documents in one file took minutes to print: each looked for its line from the file's first.
TEST(Diagnostics, OfAFileWithVeryManyTheFirstAreShownAndTheRestCounted) {
  constexpr uint32_t kMany = 100'000;
  Diagnostics diagnostics;
  std::string text;
  for (uint32_t i = 0; i < kMany; i++) text += "line\n";
  const uint32_t bad = diagnostics.AddFile("bad.yml", text), other = diagnostics.AddFile("other.yml", "x\n");
  for (uint32_t line = 1; line <= kMany; line++) {
    if (line % 4 == 0) diagnostics.Warning("T0001", {bad, line, 1}, "odd");
    else diagnostics.Error("T0002", {bad, line, 1}, "wrong");
  }
  diagnostics.Error("T0002", {other, 1, 1}, "wrong");
  const std::string shown = diagnostics.Text();
  EXPECT_NE(shown.find("bad.yml:1000:1: "), std::string::npos);
  EXPECT_EQ(shown.find("bad.yml:1001:1: "), std::string::npos);
  EXPECT_NE(shown.find("\nbad.yml: 99000 more here, 74250 of them errors\nother.yml:1:1: error"), std::string::npos);
  EXPECT_EQ(diagnostics.all().size(), kMany + 1);
  for (uint32_t line = 1; line <= kMany; line++) ASSERT_EQ(diagnostics.Line({bad, line, 1}), "line");
}

TEST(Diagnostics, JsonAndSarif) {
  Diagnostics diagnostics;
  const uint32_t file = diagnostics.AddFile("./a b.yml", "x: \"\x02\"\n");
  const uint32_t root = diagnostics.AddFile("/r/f.yml", "");
  diagnostics.Error("T0101", {file, 1, 4}, "bad \"x\"", "y");
  diagnostics.Warning("T0051", {root, 0, 0}, "whole");
  EXPECT_EQ(DiagnosticsJson(diagnostics),
            R"({"errors":1,"warnings":1,"diagnostics":[{"severity":"error","code":"T0101","file":"./a b.yml","line":1,"column":4,"message":"bad \"x\"","expected":"y","text":"x: \"\u0002\""},)"
            R"({"severity":"warning","code":"T0051","file":"/r/f.yml","message":"whole"}]})");
  EXPECT_EQ(DiagnosticsSarif(diagnostics, "1"),
            R"({"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":{"driver":{"name":"tocsin","version":"1","rules":[{"id":"T0051"},{"id":"T0101"}]}},)"
            R"("columnKind":"unicodeCodePoints","results":[{"ruleId":"T0101","ruleIndex":1,"level":"error","message":{"text":"bad \"x\"; expected: y"},"locations":[{"physicalLocation":)"
            R"({"artifactLocation":{"uri":"a%20b.yml"},"region":{"startLine":1,"startColumn":4,"snippet":{"text":"x: \"\u0002\""}}}}]},)"
            R"({"ruleId":"T0051","ruleIndex":0,"level":"warning","message":{"text":"whole"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"file:///r/f.yml"}}}]}]}]})");
}

}  // namespace
}  // namespace tocsin::content
