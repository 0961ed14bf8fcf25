#include "engine/pipeline/internal/bad_events.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace tocsin::pipeline {
namespace {

class BadEventsTest : public testing::Test {
 protected:
  BadEventsTest() {
    std::string pattern = testing::TempDir() + "bad-events-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ + "/store.db.bad.ndjson";
    inputs_ = {{.name = "logs/\"odd\"\n.json", .folder = "logs", .source = {}}, {.name = "ci/0", .folder = "", .source = {}}};
  }
  ~BadEventsTest() override { std::filesystem::remove_all(folder_); }
  static event::BadRecord Bad(uint32_t input, uint64_t offset, uint32_t line, std::string bytes) {
    event::BadRecord bad;
    bad.input = event::InputId(input);
    bad.offset = offset;
    bad.line = line;
    bad.reason = "not JSON: a string is not closed";
    bad.size = bytes.size();
    bad.bytes = std::move(bytes);
    return bad;
  }
  std::string Text() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  std::string folder_, path_;
  event::InputTable inputs_;
};

TEST_F(BadEventsTest, OneObjectARecordWithItsBytesAsTheyWere) {
  BadEventsFile file(path_, /*append=*/false);
  ASSERT_TRUE(file.Write({Bad(0, 12, 3, std::string("{\"a\":\"\0\xff", 8)), Bad(1, 4711, 0, "")}, inputs_).ok());
  ASSERT_TRUE(file.Sync().ok());
  EXPECT_EQ(Text(),
            "{\"input\":\"logs/\\\"odd\\\"\\n.json\",\"offset\":12,\"line\":3,\"reason\":\"not JSON: a string is not closed\","
            "\"bytes\":\"eyJhIjoiAP8=\",\"size\":8}\n"
            "{\"input\":\"ci/0\",\"offset\":4711,\"line\":0,\"reason\":\"not JSON: a string is not closed\",\"bytes\":\"\",\"size\":0}\n");
}

TEST_F(BadEventsTest, ThereIsNoFileWithoutABadRecord) {
  BadEventsFile file(path_, false);
  ASSERT_TRUE(file.Write({}, inputs_).ok());
  ASSERT_TRUE(file.Sync().ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(BadEventsTest, OthersMayNotReadIt) {
  BadEventsFile file(path_, false);
  ASSERT_TRUE(file.Write({Bad(0, 0, 1, "token")}, inputs_).ok());
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(BadEventsTest, ALiveRunGoesOnWhereItStoppedAndAReplayBeginsAnew) {
  for (const bool append : {true, true, false}) {
    BadEventsFile file(path_, append);
    ASSERT_TRUE(file.Write({Bad(1, 1, 0, "x")}, inputs_).ok());
  }
  std::string once = Text();
  {
    BadEventsFile file(path_, true);
    ASSERT_TRUE(file.Write({Bad(1, 1, 0, "x")}, inputs_).ok());
  }
  EXPECT_EQ(Text(), once + once);
}

// /dev/full is a disk without room.
TEST_F(BadEventsTest, AFullDiskIsSaidAndCanBeTriedAgain) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "/dev/full is not there";
  std::filesystem::create_symlink("/dev/full", path_);
  BadEventsFile file(path_, true);
  EXPECT_TRUE(absl::IsResourceExhausted(file.Write({Bad(0, 0, 1, "x")}, inputs_)));
  EXPECT_TRUE(absl::IsResourceExhausted(file.Write({Bad(0, 0, 1, "x")}, inputs_)));
}

TEST_F(BadEventsTest, APathThatCannotBeMadeIsNamed) {
  BadEventsFile file(folder_ + "/missing/x.ndjson", true);
  const absl::Status status = file.Write({Bad(0, 0, 1, "x")}, inputs_);
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_NE(std::string(status.message()).find("missing/x.ndjson"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::pipeline
