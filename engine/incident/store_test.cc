#include "engine/incident/store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/incident/internal/sqlite.h"
#include "engine/incident/render.h"
#include "engine/incident/testing/sample.h"

namespace tocsin::incident {
namespace {

constexpr char kNow[] = "2026-03-14T12:20:00Z";
constexpr char kLater[] = "2026-03-14T13:20:00Z";

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "tocsin_store_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = folder_ / "incidents.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Store> Open() {
    auto store = Store::Open(path_);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  void Sql(const char* sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }
  static StoreChange With(const Incident& incident) {
    StoreChange change;
    change.incidents = {incident};
    change.publish = true;
    return change;
  }

  std::filesystem::path folder_, path_;
};

TEST_F(StoreTest, OnlyItsOwnerMayRead) {
  const mode_t before = umask(0);
  auto store = Open();
  ASSERT_TRUE(store->Apply(With(sample::FlagshipIncident()), kNow).ok());
  umask(before);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    struct stat status;
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 2) << "the journal beside it is open to nobody either";
}

TEST_F(StoreTest, ARevisionOnlyWhenSomethingChanged) {
  auto store = Open();
  Incident incident = sample::FlagshipIncident();
  ASSERT_TRUE(store->Apply(With(incident), kNow).ok());
  incident.now = sample::At(500);  // merely observed
  incident.revision = 77;
  ASSERT_TRUE(store->Apply(With(incident), kLater).ok());
  auto rows = store->OutboxAfter(0, 10);
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0].revision, 1u);

  incident.flags.push_back("degraded: something");
  ASSERT_TRUE(store->Apply(With(incident), kLater).ok());
  rows = store->OutboxAfter(1, 10);
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0].revision, 2u);
  const auto json = store->IncidentJson(incident.id);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(*json, (*rows)[0].json);
  EXPECT_NE(json->find(R"("revision":2,"state":"open")"), std::string::npos);
  EXPECT_NE(json->find(R"("opened":"2026-03-14T12:20:00Z")"), std::string::npos)
      << "opened is when it was first stored";
  const auto all = store->ListIncidentsJson();
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(*all, std::vector<std::string>{*json});
}

TEST_F(StoreTest, SurvivesReopening) {
  const Incident incident = sample::FlagshipIncident();
  StoreChange change = With(incident);
  change.applied = {{"ci/0", {41, sample::At(3)}}, {"ci/1", {7, {}}}};
  change.alerts.push_back({"a-1", "a-1", "", "rule", "Rule", "high", "confirmed", incident.id, "{}", "job=1",
                           sample::At(1), sample::At(2), 3});
  change.alerts.push_back(
      {"a-0", "a-0", "", "rule", "Rule", "high", "confirmed", "", "{}", "", sample::At(1), sample::At(1), 1});
  change.summary_json = R"({"events":5})";
  ASSERT_TRUE(Open()->Apply(change, kNow).ok());
  auto store = Open();
  const auto applied = store->ReadApplied();
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(applied->at("ci/0").next_offset, 41);
  EXPECT_EQ(applied->at("ci/0").transport, sample::At(3));
  EXPECT_FALSE(applied->at("ci/1").transport.known());
  const auto alerts = store->ListAlerts();
  ASSERT_TRUE(alerts.ok());
  ASSERT_EQ(alerts->size(), 2u);
  EXPECT_EQ((*alerts)[0].id, "a-0") << "event time, then id";
  EXPECT_EQ((*alerts)[1].group_text, "job=1");
  EXPECT_EQ((*alerts)[1].events, 3u);
  EXPECT_EQ(*store->SummaryJson(), R"({"events":5})");
  EXPECT_EQ(store->IncidentIds()->size(), 1u);
  ASSERT_TRUE(store->Apply(With(incident), kLater).ok());
  EXPECT_EQ(store->OutboxAfter(0, 10)->size(), 1u) << "the same incident again is no news";
}

TEST_F(StoreTest, PrefixFindsOneOrSaysWhich) {
  auto store = Open();
  Incident incident = sample::FlagshipIncident();
  ASSERT_TRUE(store->Apply(With(incident), kNow).ok());
  EXPECT_TRUE(store->IncidentJson("i-3fa9").ok());
  EXPECT_TRUE(store->IncidentJson("3fa9").ok());
  EXPECT_TRUE(absl::IsNotFound(store->IncidentJson("i-4").status()));
  EXPECT_TRUE(absl::IsNotFound(store->IncidentJson("i-%").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(store->IncidentJson("").status()));
  incident.id = "i-3fa9ffffffffffff";
  ASSERT_TRUE(store->Apply(With(incident), kNow).ok());
  const auto ambiguous = store->IncidentJson("i-3fa9");
  EXPECT_TRUE(absl::IsInvalidArgument(ambiguous.status()));
  EXPECT_NE(std::string(ambiguous.status().message()).find("i-3fa9ffffffffffff"), std::string::npos);
}

TEST_F(StoreTest, MergedIncidentsResolveAndLeaveTheList) {
  auto store = Open();
  const Incident incident = sample::FlagshipIncident();
  ASSERT_TRUE(store->Apply(With(incident), kNow).ok());
  StoreChange change;
  change.publish = true;
  change.removed = {{incident.id, "merged_into i-0000000000000001"}, {"i-neverwasthere", "withdrawn"}};
  ASSERT_TRUE(store->Apply(change, kLater).ok());
  EXPECT_TRUE(store->ListIncidentsJson()->empty());
  EXPECT_TRUE(store->IncidentIds()->empty());
  const auto json = store->IncidentJson(incident.id);
  ASSERT_TRUE(json.ok());
  EXPECT_NE(json->find(R"("state":"merged")"), std::string::npos);
  EXPECT_NE(json->find(R"("merged_into":"i-0000000000000001")"), std::string::npos);
  EXPECT_TRUE(IncidentText(*json, {}).ok());
  auto rows = store->OutboxAfter(0, 10);
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[1].revision, 2u);
  ASSERT_TRUE(store->Apply(change, kLater).ok());
  EXPECT_EQ(store->OutboxAfter(0, 10)->size(), 2u) << "gone is gone";
  ASSERT_TRUE(store->Apply(With(incident), kLater).ok());
  EXPECT_EQ(store->OutboxAfter(0, 10)->size(), 3u) << "what comes back is a new revision";
  EXPECT_EQ(store->ListIncidentsJson()->size(), 1u);
}

TEST_F(StoreTest, AnotherRunIsRefused) {
  const RunKey key{"replay", "hash", "a.json 10\n"};
  bool finished = true;
  {
    auto store = Open();
    ASSERT_TRUE(store->Bind(key, &finished).ok());
    EXPECT_FALSE(finished);
    ASSERT_TRUE(store->Bind(key, &finished).ok());
    EXPECT_FALSE(finished);
    ASSERT_TRUE(store->MarkFinished().ok());
  }
  auto store = Open();
  ASSERT_TRUE(store->Bind(key, &finished).ok());
  EXPECT_TRUE(finished);
  for (const RunKey& other : {RunKey{"live", "hash", "a.json 10\n"}, RunKey{"replay", "other", "a.json 10\n"},
                              RunKey{"replay", "hash", "b"}}) {
    const absl::Status status = store->Bind(other, &finished);
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_NE(std::string(status.message()).find("another run"), std::string::npos);
    EXPECT_FALSE(finished);
  }
}

TEST_F(StoreTest, AChangeIsAllOrNothing) {
  auto store = Open();
  ASSERT_TRUE(store->Apply({}, kNow).ok());
  // The last statement of the change fails: what came before it must not stay.
  Sql("CREATE TRIGGER broken BEFORE INSERT ON applied BEGIN SELECT RAISE(ABORT, 'no'); END");
  StoreChange change = With(sample::FlagshipIncident());
  change.alerts.push_back(
      {"a-1", "a-1", "", "r", "R", "high", "confirmed", "", "{}", "", sample::At(1), sample::At(2), 3});
  change.applied = {{"ci/0", {41, {}}}};
  EXPECT_FALSE(store->Apply(change, kNow).ok());
  EXPECT_TRUE(store->ListIncidentsJson()->empty());
  EXPECT_TRUE(store->ListAlerts()->empty());
  EXPECT_TRUE(store->OutboxAfter(0, 10)->empty());
  Sql("DROP TRIGGER broken");
  ASSERT_TRUE(store->Apply(change, kNow).ok()) << "and the store goes on";
  EXPECT_EQ(store->ListIncidentsJson()->size(), 1u);
}

TEST_F(StoreTest, ALockedStoreIsUnavailable) {
  auto store = Open();
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_TRUE(absl::IsUnavailable(store->Apply(With(sample::FlagshipIncident()), kNow)));
  ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
}

TEST_F(StoreTest, AFullDiskIsToldAndLeavesNothingBehind) {
  Open();
  auto database = Database::Open(path_, Database::Mode::kReadWrite);
  ASSERT_TRUE(database.ok()) << database.status();
  ASSERT_TRUE((*database)->Execute("PRAGMA max_page_count=40").ok());
  {
    Transaction transaction(**database);
    ASSERT_TRUE(transaction.status().ok());
    EXPECT_TRUE((*database)->Execute("INSERT INTO meta VALUES('small', 'x')").ok());
    EXPECT_TRUE(absl::IsResourceExhausted((*database)->Execute("INSERT INTO meta VALUES('large', zeroblob(1000000))")));
  }
  EXPECT_EQ(*(*database)->ReadNumber("SELECT count(*) FROM meta"), 0);
  EXPECT_TRUE(Open()->Apply(With(sample::FlagshipIncident()), kNow).ok());
}

TEST_F(StoreTest, ForeignFilesAreRefused) {
  std::ofstream(path_) << "this is a text, long enough to be looked at as a header of a database file, which it is not";
  EXPECT_TRUE(absl::IsInvalidArgument(Store::Open(path_).status()));
  std::filesystem::remove(path_);
  Sql("CREATE TABLE mine(x)");
  const auto status = Store::Open(path_).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_TRUE(absl::IsInvalidArgument(Store::OpenReadOnly(path_).status()));
}

TEST_F(StoreTest, AnotherSchemaIsRefusedWithTheWayOut) {
  Open();
  Sql("PRAGMA user_version=2");
  const auto status = Store::Open(path_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_NE(std::string(status.message()).find("tocsin replay"), std::string::npos);
}

TEST_F(StoreTest, ReadingNeedsAStore) {
  EXPECT_TRUE(absl::IsNotFound(Store::OpenReadOnly(path_).status()));
  EXPECT_FALSE(std::filesystem::exists(path_)) << "looking makes no file";
  EXPECT_TRUE(absl::IsNotFound(Store::Open(folder_ / "no" / "such" / "folder.db").status()));
  ASSERT_TRUE(Open()->Apply(With(sample::FlagshipIncident()), kNow).ok());
  auto reader = Store::OpenReadOnly(path_);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->ListIncidentsJson()->size(), 1u);
  Incident other = sample::FlagshipIncident();
  other.flags.clear();
  EXPECT_TRUE(absl::IsPermissionDenied((*reader)->Apply(With(other), kNow)));
}

TEST_F(StoreTest, AReaderSeesWhatAWriterCommits) {
  auto writer = Open();
  auto reader = Store::OpenReadOnly(path_);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_TRUE((*reader)->ListIncidentsJson()->empty());
  ASSERT_TRUE(writer->Apply(With(sample::FlagshipIncident()), kNow).ok());
  EXPECT_EQ((*reader)->ListIncidentsJson()->size(), 1u);
}

}  // namespace
}  // namespace tocsin::incident
