// The little of SQLite that the store uses, with its errors as Status. Not thread-safe.
//
// Disk full -> ResourceExhausted; locked by another process -> Unavailable; not a database -> InvalidArgument; damaged
// -> DataLoss; no such file -> NotFound; no rights -> PermissionDenied; anything else -> Internal.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_SQLITE_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_SQLITE_H_

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tocsin::incident {

class Database;

// A prepared statement, used once: bind in order, then Step through rows or Run.
class Statement {
 public:
  Statement(Database& database, const char* sql);
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& Bind(std::string_view text);
  Statement& Bind(int64_t number);
  Statement& BindNull();

  // True while there is a row. False at the end and on an error: ask status().
  bool Step();
  absl::Status Run();  // for statements without rows
  const absl::Status& status() const { return status_; }

  // Columns in order from 0, of the current row.
  std::string Text(int column) const;
  int64_t Number(int column) const { return sqlite3_column_int64(statement_, column); }
  bool IsNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

 private:
  void Check(int code);

  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
  absl::Status status_;
};

class Database {
 public:
  enum class Mode { kReadWrite, kReadOnly };
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path, Mode mode);
  ~Database() { sqlite3_close(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  absl::Status Execute(const char* sql);  // one or several statements without parameters
  absl::StatusOr<int64_t> ReadNumber(const char* sql);

 private:
  friend class Statement;
  Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
  absl::Status Error(int code) const;

  std::string path_;
  sqlite3* handle_;
};

// BEGIN IMMEDIATE until Commit; rolls back when it goes out of scope without one.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database), status_(database.Execute("BEGIN IMMEDIATE")) {}
  ~Transaction();
  const absl::Status& status() const { return status_; }
  absl::Status Commit();

 private:
  Database& database_;
  absl::Status status_;
  bool done_ = false;
};

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_SQLITE_H_
