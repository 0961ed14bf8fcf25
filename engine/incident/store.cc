#include "engine/incident/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/incident/internal/json_writer.h"
#include "engine/incident/internal/sha256.h"
#include "engine/incident/internal/sqlite.h"
#include "engine/incident/render.h"
#include "simdjson.h"

namespace tocsin::incident {
namespace {

// "Tocs": tells `file` and us that an SQLite file is an incident store.
constexpr int64_t kApplicationId = 0x546f6373;

// Keys of meta rows: this and a source's name.
constexpr std::string_view kCoverage = "coverage:";

constexpr char kSchema[] = R"sql(
  CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE incidents(id TEXT PRIMARY KEY, first_event INTEGER NOT NULL, revision INTEGER NOT NULL, digest TEXT NOT NULL,
                         opened TEXT NOT NULL, handle TEXT NOT NULL, removed TEXT) WITHOUT ROWID;
  CREATE TABLE revisions(incident_id TEXT NOT NULL, revision INTEGER NOT NULL, recorded TEXT NOT NULL, json TEXT NOT NULL,
                         PRIMARY KEY(incident_id, revision)) WITHOUT ROWID;
  CREATE TABLE alerts(id TEXT PRIMARY KEY, handle TEXT NOT NULL, rule_id TEXT NOT NULL, rule_name TEXT NOT NULL,
                      rule_title TEXT NOT NULL, level TEXT NOT NULL, state TEXT NOT NULL, incident_id TEXT NOT NULL,
                      group_text TEXT NOT NULL, first_event INTEGER NOT NULL, last_event INTEGER NOT NULL,
                      events INTEGER NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE applied(input TEXT PRIMARY KEY, next_offset INTEGER NOT NULL, transport INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE outbox(sequence INTEGER PRIMARY KEY AUTOINCREMENT, incident_id TEXT NOT NULL, revision INTEGER NOT NULL,
                      json TEXT NOT NULL);
)sql";

std::string WrongSchema(const std::string& path, int64_t found) {
  return path + " has store schema " + std::to_string(found) + ", this program reads " + std::to_string(kStoreSchema) +
         ": run `tocsin replay` into a new --store, or open it with the program that wrote it";
}

// What is there: nothing yet, or a store of our schema. Everything else is an error.
absl::StatusOr<bool> IsEmpty(Database& database, const std::string& path) {
  const absl::StatusOr<int64_t> tables = database.ReadNumber("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  const absl::StatusOr<int64_t> application = database.ReadNumber("PRAGMA application_id");
  const absl::StatusOr<int64_t> schema = database.ReadNumber("PRAGMA user_version");
  if (!application.ok()) return application.status();
  if (!schema.ok()) return schema.status();
  if (*tables == 0 && *application == 0) return true;
  if (*application != kApplicationId)
    return absl::InvalidArgumentError(path + " is no incident store (another program's SQLite file)");
  if (*schema != kStoreSchema) return absl::FailedPreconditionError(WrongSchema(path, *schema));
  return false;
}

// The document of an incident that is no more: the last one with another state, so that whoever holds the id learns
// why.
absl::StatusOr<std::string> Tombstone(const std::string& json, uint64_t revision, const std::string& reason) {
  simdjson::dom::parser parser;
  simdjson::dom::object document;
  if (parser.parse(json).get(document) != simdjson::SUCCESS)
    return absl::DataLossError("stored incident is not readable");
  constexpr std::string_view kMerged = "merged_into ";
  const bool merged = std::string_view(reason).substr(0, kMerged.size()) == kMerged;
  JsonWriter out;
  out.BeginObject();
  for (const auto field : document) {
    if (field.key == "merged_into") continue;
    out.Key(field.key);
    if (field.key == "revision") {
      out.Number(revision);
    } else if (field.key == "state") {
      out.Plain(merged ? "merged" : "withdrawn");
    } else {
      out.Raw(simdjson::minify(field.value));
    }
  }
  merged ? out.Key("merged_into") : out.Key("withdrawn_because");
  out.Plain(merged ? reason.substr(kMerged.size()) : reason);
  out.EndObject();
  return out.Take();
}

// Hash of the document without what was merely observed: two builds that differ only there are the same revision.
std::string DigestOf(const Incident& incident) {
  Incident bare = incident;
  bare.revision = 0;
  bare.opened.clear();
  bare.handle.clear();
  bare.now = {};
  return Sha256Hex(IncidentJson(bare));
}

event::EventTime TimeOf(int64_t ns) { return {ns}; }

}  // namespace

class Store::Impl {
 public:
  Impl(std::string path, std::unique_ptr<Database> opened) : path_(std::move(path)), database(std::move(opened)) {}

  absl::StatusOr<std::string> Meta(std::string_view key) {
    Statement read(*database, "SELECT value FROM meta WHERE key = ?");
    read.Bind(key);
    if (read.Step()) return read.Text(0);
    if (!read.status().ok()) return read.status();
    return std::string();
  }

  absl::Status SetMeta(std::string_view key, std::string_view value) {
    return Statement(*database, "INSERT OR REPLACE INTO meta VALUES(?, ?)").Bind(key).Bind(value).Run();
  }

  absl::Status ApplyIncident(Incident incident, bool publish, const std::string& now) {
    const std::string digest = DigestOf(incident);
    uint64_t revision = 0;
    std::string old_digest;
    bool removed = false;
    incident.opened = now;
    if (incident.handle.empty()) incident.handle = incident.id;
    {
      Statement read(*database, "SELECT revision, digest, opened, handle, removed FROM incidents WHERE id = ?");
      read.Bind(incident.id);
      if (read.Step()) {
        revision = static_cast<uint64_t>(read.Number(0));
        old_digest = read.Text(1);
        incident.opened = read.Text(2);
        incident.handle = read.Text(3);
        removed = !read.IsNull(4);
      }
      if (!read.status().ok()) return read.status();
    }
    if (digest == old_digest && !removed) return absl::OkStatus();
    incident.revision = revision + 1;
    const absl::Status status = Statement(*database, "INSERT OR REPLACE INTO incidents VALUES(?, ?, ?, ?, ?, ?, NULL)")
                                    .Bind(incident.id)
                                    .Bind(incident.first_event.ns)
                                    .Bind(static_cast<int64_t>(incident.revision))
                                    .Bind(digest)
                                    .Bind(incident.opened)
                                    .Bind(incident.handle)
                                    .Run();
    if (!status.ok()) return status;
    return AddRevision(incident.id, incident.revision, incident::IncidentJson(incident), publish, now);
  }

  absl::Status RemoveIncident(const std::string& id, const std::string& reason, bool publish, const std::string& now) {
    uint64_t revision = 0;
    std::string json;
    {
      Statement read(*database,
                     "SELECT i.revision, r.json FROM incidents i JOIN revisions r ON r.incident_id = i.id AND "
                     "r.revision = i.revision WHERE i.id = ? AND i.removed IS NULL");
      read.Bind(id);
      if (!read.Step()) return read.status();  // never stored, or gone already
      revision = static_cast<uint64_t>(read.Number(0)) + 1;
      json = read.Text(1);
    }
    absl::StatusOr<std::string> tombstone = Tombstone(json, revision, reason);
    if (!tombstone.ok()) return tombstone.status();
    const absl::Status status = Statement(*database, "UPDATE incidents SET removed = ?, revision = ? WHERE id = ?")
                                    .Bind(reason)
                                    .Bind(static_cast<int64_t>(revision))
                                    .Bind(id)
                                    .Run();
    if (!status.ok()) return status;
    return AddRevision(id, revision, *tombstone, publish, now);
  }

  absl::Status ApplyAlert(const AlertRow& alert) {
    return Statement(*database, "INSERT OR REPLACE INTO alerts VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .Bind(alert.id)
        .Bind(alert.handle)
        .Bind(alert.rule_id)
        .Bind(alert.rule_name)
        .Bind(alert.rule_title)
        .Bind(alert.level)
        .Bind(alert.state)
        .Bind(alert.incident_id)
        .Bind(alert.group_text)
        .Bind(alert.first_event.ns)
        .Bind(alert.last_event.ns)
        .Bind(static_cast<int64_t>(alert.events))
        .Bind(alert.json)
        .Run();
  }

  absl::Status ApplyOffset(const std::string& input, const Applied& applied) {
    return Statement(*database, "INSERT OR REPLACE INTO applied VALUES(?, ?, ?)")
        .Bind(input)
        .Bind(applied.next_offset)
        .Bind(applied.transport.ns)
        .Run();
  }

 private:
  absl::Status AddRevision(const std::string& id, uint64_t revision, const std::string& json, bool publish,
                           const std::string& now) {
    const absl::Status status = Statement(*database, "INSERT INTO revisions VALUES(?, ?, ?, ?)")
                                    .Bind(id)
                                    .Bind(static_cast<int64_t>(revision))
                                    .Bind(now)
                                    .Bind(json)
                                    .Run();
    if (!status.ok() || !publish) return status;
    return Statement(*database, "INSERT INTO outbox(incident_id, revision, json) VALUES(?, ?, ?)")
        .Bind(id)
        .Bind(static_cast<int64_t>(revision))
        .Bind(json)
        .Run();
  }

  std::string path_;

 public:
  const std::string& path() const { return path_; }
  std::unique_ptr<Database> database;
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& path) {
  // SQLite creates by the umask, and its -wal and -shm copy the mode of the main file: it must be right from the first
  // byte.
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    const std::string message = path + ": " + std::strerror(errno);
    if (errno == ENOENT) return absl::NotFoundError(message);
    return errno == ENOSPC ? absl::ResourceExhaustedError(message) : absl::PermissionDeniedError(message);
  }
  close(fd);

  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(path, Database::Mode::kReadWrite);
  if (!database.ok()) return database.status();
  absl::StatusOr<bool> empty = IsEmpty(**database, path);
  if (!empty.ok()) return empty.status();
  if (chmod(path.c_str(), 0600) != 0) return absl::PermissionDeniedError(path + ": " + std::strerror(errno));
  if (absl::Status s = (*database)->Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"); !s.ok()) return s;
  if (*empty) {
    Transaction transaction(**database);
    if (!transaction.status().ok()) return transaction.status();
    if (absl::Status s = (*database)->Execute(kSchema); !s.ok()) return s;
    const std::string stamp = "PRAGMA application_id=" + std::to_string(kApplicationId) +
                              "; PRAGMA user_version=" + std::to_string(kStoreSchema);
    if (absl::Status s = (*database)->Execute(stamp.c_str()); !s.ok()) return s;
    if (absl::Status s = transaction.Commit(); !s.ok()) return s;
  }
  return std::unique_ptr<Store>(new Store(std::make_unique<Impl>(path, *std::move(database))));
}

absl::StatusOr<std::unique_ptr<Store>> Store::OpenReadOnly(const std::string& path) {
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(path, Database::Mode::kReadOnly);
  if (!database.ok()) return database.status();
  const absl::StatusOr<bool> empty = IsEmpty(**database, path);
  if (!empty.ok()) return empty.status();
  if (*empty) return absl::InvalidArgumentError(path + " is no incident store (it is empty)");
  return std::unique_ptr<Store>(new Store(std::make_unique<Impl>(path, *std::move(database))));
}

absl::Status Store::Bind(const RunKey& key, bool* finished) {
  *finished = false;
  Transaction transaction(*impl_->database);
  if (!transaction.status().ok()) return transaction.status();
  RunKey stored;
  std::string ended;
  const std::pair<const char*, std::string*> values[] = {{"run_kind", &stored.kind},
                                                         {"content_hash", &stored.content_hash},
                                                         {"inputs", &stored.inputs},
                                                         {"finished", &ended}};
  for (const auto& [name, value] : values) {
    absl::StatusOr<std::string> read = impl_->Meta(name);
    if (!read.ok()) return read.status();
    *value = *std::move(read);
  }
  if (!stored.kind.empty()) {
    if (stored == key) {
      *finished = ended == "1";
      return absl::OkStatus();
    }
    const char* difference = stored.kind != key.kind                   ? "of another kind"
                             : stored.content_hash != key.content_hash ? "with other rules or another site profile"
                                                                       : "over other inputs";
    return absl::FailedPreconditionError(impl_->path() + " belongs to another run (a " + stored.kind + ", " +
                                         difference + "): name a new store");
  }
  for (const auto& [name, value] :
       {std::pair{"run_kind", &key.kind}, {"content_hash", &key.content_hash}, {"inputs", &key.inputs}}) {
    if (absl::Status s = impl_->SetMeta(name, *value); !s.ok()) return s;
  }
  return transaction.Commit();
}

absl::Status Store::MarkFinished() { return impl_->SetMeta("finished", "1"); }

absl::Status Store::Apply(const StoreChange& change, const std::string& now) {
  Transaction transaction(*impl_->database);
  if (!transaction.status().ok()) return transaction.status();
  for (const auto& [id, reason] : change.removed) {
    if (absl::Status s = impl_->RemoveIncident(id, reason, change.publish, now); !s.ok()) return s;
  }
  for (const Incident& incident : change.incidents) {
    if (absl::Status s = impl_->ApplyIncident(incident, change.publish, now); !s.ok()) return s;
  }
  for (const AlertRow& alert : change.alerts) {
    if (absl::Status s = impl_->ApplyAlert(alert); !s.ok()) return s;
  }
  for (const auto& [input, applied] : change.applied) {
    if (absl::Status s = impl_->ApplyOffset(input, applied); !s.ok()) return s;
  }
  for (const auto& [source, text] : change.coverage) {
    if (absl::Status s = impl_->SetMeta(std::string(kCoverage).append(source), text); !s.ok()) return s;
  }
  if (!change.summary_json.empty()) {
    if (absl::Status s = impl_->SetMeta("summary", change.summary_json); !s.ok()) return s;
  }
  return transaction.Commit();
}

absl::StatusOr<std::vector<std::string>> Store::ListIncidentsJson() {
  Statement read(*impl_->database,
                 "SELECT r.json FROM incidents i JOIN revisions r ON r.incident_id = i.id AND r.revision = i.revision "
                 "WHERE i.removed IS NULL ORDER BY i.first_event, i.id");
  std::vector<std::string> incidents;
  while (read.Step()) incidents.push_back(read.Text(0));
  if (!read.status().ok()) return read.status();
  return incidents;
}

absl::StatusOr<std::string> Store::IncidentJson(const std::string& id_or_prefix) {
  // A person types or pastes part of an id, with or without its "i-".
  if (id_or_prefix.empty()) return absl::InvalidArgumentError("an incident id is empty");
  const std::string prefix = id_or_prefix.substr(0, 2) == "i-" ? id_or_prefix : "i-" + id_or_prefix;
  Statement read(
      *impl_->database,
      "SELECT i.id, r.json FROM incidents i JOIN revisions r ON r.incident_id = i.id AND r.revision = i.revision "
      "WHERE substr(i.id, 1, ?) = ? ORDER BY i.removed IS NOT NULL, i.first_event, i.id LIMIT 3");
  read.Bind(static_cast<int64_t>(prefix.size())).Bind(prefix);
  std::vector<std::string> ids, documents;
  while (read.Step()) {
    ids.push_back(read.Text(0));
    documents.push_back(read.Text(1));
  }
  if (!read.status().ok()) return read.status();
  if (ids.empty()) return absl::NotFoundError("no incident " + id_or_prefix + " in " + impl_->path());
  if (ids.size() > 1) {
    return absl::InvalidArgumentError("incident " + id_or_prefix + " could be " + ids[0] + " or " + ids[1] +
                                      (ids.size() > 2 ? " or others" : ""));
  }
  return documents[0];
}

absl::StatusOr<std::vector<AlertRow>> Store::ListAlerts() {
  Statement read(
      *impl_->database,
      "SELECT id, handle, rule_id, rule_name, rule_title, level, state, incident_id, group_text, first_event, "
      "last_event, events, json FROM alerts ORDER BY first_event, id");
  std::vector<AlertRow> alerts;
  while (read.Step()) {
    AlertRow& alert = alerts.emplace_back();
    alert.id = read.Text(0);
    alert.handle = read.Text(1);
    alert.rule_id = read.Text(2);
    alert.rule_name = read.Text(3);
    alert.rule_title = read.Text(4);
    alert.level = read.Text(5);
    alert.state = read.Text(6);
    alert.incident_id = read.Text(7);
    alert.group_text = read.Text(8);
    alert.first_event = TimeOf(read.Number(9));
    alert.last_event = TimeOf(read.Number(10));
    alert.events = static_cast<uint64_t>(read.Number(11));
    alert.json = read.Text(12);
  }
  if (!read.status().ok()) return read.status();
  return alerts;
}

absl::StatusOr<std::map<std::string, Applied>> Store::ReadApplied() {
  Statement read(*impl_->database, "SELECT input, next_offset, transport FROM applied ORDER BY input");
  std::map<std::string, Applied> applied;
  while (read.Step()) applied[read.Text(0)] = {read.Number(1), TimeOf(read.Number(2))};
  if (!read.status().ok()) return read.status();
  return applied;
}

absl::StatusOr<std::map<std::string, std::string>> Store::ReadCoverage() {
  Statement read(*impl_->database, "SELECT substr(key, ?), value FROM meta WHERE substr(key, 1, ?) = ?");
  read.Bind(static_cast<int64_t>(kCoverage.size() + 1)).Bind(static_cast<int64_t>(kCoverage.size())).Bind(kCoverage);
  std::map<std::string, std::string> coverage;
  while (read.Step()) coverage[read.Text(0)] = read.Text(1);
  if (!read.status().ok()) return read.status();
  return coverage;
}

absl::StatusOr<std::string> Store::SummaryJson() { return impl_->Meta("summary"); }

absl::StatusOr<std::vector<std::string>> Store::IncidentIds() {
  Statement read(*impl_->database, "SELECT id FROM incidents WHERE removed IS NULL ORDER BY first_event, id");
  std::vector<std::string> ids;
  while (read.Step()) ids.push_back(read.Text(0));
  if (!read.status().ok()) return read.status();
  return ids;
}

absl::StatusOr<std::vector<OutboxRow>> Store::OutboxAfter(int64_t sequence, size_t limit) {
  Statement read(
      *impl_->database,
      "SELECT sequence, incident_id, revision, json FROM outbox WHERE sequence > ? ORDER BY sequence LIMIT ?");
  read.Bind(sequence).Bind(static_cast<int64_t>(std::min<size_t>(limit, INT64_MAX)));
  std::vector<OutboxRow> rows;
  while (read.Step()) {
    rows.push_back({read.Number(0), read.Text(1), static_cast<uint64_t>(read.Number(2)), read.Text(3)});
  }
  if (!read.status().ok()) return read.status();
  return rows;
}

}  // namespace tocsin::incident
