#include "engine/incident/internal/sqlite.h"

#include <unistd.h>

namespace tocsin::incident {
namespace {

// How long a statement waits for a reader or another command before it says "locked".
constexpr int kBusyTimeoutMs = 2000;

}  // namespace

absl::Status Database::Error(int code) const {
  const std::string message = path_ + ": " + (handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_));
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(message);
    case SQLITE_NOTADB:
      return absl::InvalidArgumentError(path_ + " is no incident store (not an SQLite file)");
    case SQLITE_CORRUPT:
      return absl::DataLossError(message);
    case SQLITE_CANTOPEN:
      return absl::NotFoundError(message);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::PermissionDeniedError(message);
    default:
      return absl::InternalError(message);
  }
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path, Mode mode) {
  sqlite3* handle = nullptr;
  std::string name = path;
  int flags = mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (mode == Mode::kReadOnly && access((path + "-wal").c_str(), F_OK) != 0 && access(path.c_str(), W_OK) != 0) {
    // Nobody writes to it and we may not either: SQLite would refuse for want of its -shm file, which it does not need
    // here.
    name = "file:";
    for (const char c : path) {
      static constexpr char kDigits[] = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      c == '%' || c == '?' || c == '#' ? name.append({'%', kDigits[byte >> 4], kDigits[byte & 15]}) : name.append(1, c);
    }
    name += "?immutable=1";
    flags |= SQLITE_OPEN_URI;
  }
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> database(new Database(path, handle));
  if (code != SQLITE_OK) return database->Error(code);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  return database;
}

absl::Status Database::Execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::StatusOr<int64_t> Database::ReadNumber(const char* sql) {
  Statement statement(*this, sql);
  if (statement.Step()) return statement.Number(0);
  if (!statement.status().ok()) return statement.status();
  return absl::NotFoundError("no row");
}

Statement::Statement(Database& database, const char* sql) : database_(database) {
  Check(sqlite3_prepare_v2(database.handle_, sql, -1, &statement_, nullptr));
}

void Statement::Check(int code) {
  if (code != SQLITE_OK && status_.ok()) status_ = database_.Error(code);
}

Statement& Statement::Bind(std::string_view text) {
  if (status_.ok())
    Check(sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::Bind(int64_t number) {
  if (status_.ok()) Check(sqlite3_bind_int64(statement_, ++bound_, number));
  return *this;
}

Statement& Statement::BindNull() {
  if (status_.ok()) Check(sqlite3_bind_null(statement_, ++bound_));
  return *this;
}

bool Statement::Step() {
  if (!status_.ok()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) Check(code);
  return false;
}

absl::Status Statement::Run() {
  Step();
  return status_;
}

std::string Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return text == nullptr ? std::string()
                         : std::string(text, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}

Transaction::~Transaction() {
  // A failed statement may have rolled back by itself (disk full); a second ROLLBACK is then an error of no
  // consequence.
  if (status_.ok() && !done_) database_.Execute("ROLLBACK").IgnoreError();
}

absl::Status Transaction::Commit() {
  absl::Status committed = database_.Execute("COMMIT");
  done_ = committed.ok();
  return committed;
}

}  // namespace tocsin::incident
