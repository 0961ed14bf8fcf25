// The incident store: one SQLite file with incidents (every revision), alerts, the outbox, applied offsets and what run
// it belongs to. STORE_FORMAT.md documents the schema. Mode 0600.
//
// A Change set is one transaction: incidents, alerts, outbox rows and `applied` become durable together or not at all.
// The store belongs to one run (RunKey); another run is refused. One writer process (SQLite lock); not thread-safe.
#ifndef TOCSIN_ENGINE_INCIDENT_STORE_H_
#define TOCSIN_ENGINE_INCIDENT_STORE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/incident/incident.h"

namespace tocsin::incident {

inline constexpr int kStoreSchema = 1;

// What run a store belongs to: "replay" with the content hash and the inputs' fingerprints, or "live".
struct RunKey {
  std::string kind;
  std::string content_hash;
  std::string inputs;  // canonical text: a line an input (path, size, time, hash of ends)
  friend bool operator==(const RunKey&, const RunKey&) = default;
};

// Position up to which everything is reflected in the store, per input name ("topic/partition").
struct Applied {
  int64_t next_offset = 0;
  // Time of the last record before next_offset; earlier where another input was behind it, since what came later was not
  // judged for good yet. A restart reads again from here, less what rules look back.
  event::EventTime transport;
};

struct OutboxRow {
  int64_t sequence = 0;
  std::string incident_id;
  uint64_t revision = 0;
  std::string json;
};

// An alert as listed: rendered once, read back without its content set.
struct AlertRow {
  std::string id, handle, rule_id, rule_name, rule_title, level, state, incident_id, json;
  std::string group_text;
  event::EventTime first_event, last_event;
  uint64_t events = 0;
};

struct StoreChange {
  std::vector<Incident> incidents;  // new or changed; a revision is added only if the JSON differs
  std::vector<std::pair<std::string, std::string>> removed;  // incident id -> reason (merged_into, withdrawn)
  std::vector<AlertRow> alerts;                              // insert or replace by id
  std::map<std::string, Applied> applied;
  std::map<std::string, std::string> coverage;  // source -> when it was alive, as its writer spells it
  bool publish = false;      // add outbox rows for changed incidents
  std::string summary_json;  // replay's closing summary; empty = leave
};

class Store {
 public:
  // Creates the file (0600) or opens it. An unknown schema version, or a file that is no store, is an error that says
  // so.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& path);
  static absl::StatusOr<std::unique_ptr<Store>> OpenReadOnly(const std::string& path);
  ~Store();

  // FailedPrecondition when the store belongs to another run. `finished` = that very run had ended.
  absl::Status Bind(const RunKey& key, bool* finished);
  absl::Status MarkFinished();

  absl::Status Apply(const StoreChange& change, const std::string& now);

  absl::StatusOr<std::vector<std::string>> ListIncidentsJson();  // newest revision of each, ordered by first_event, id
  // Newest revision; of a merged or withdrawn incident the last one, whose state says so. With or without the leading
  // "i-". NotFound; InvalidArgument if ambiguous.
  absl::StatusOr<std::string> IncidentJson(const std::string& id_or_prefix);
  absl::StatusOr<std::vector<AlertRow>> ListAlerts();  // in event-time order
  absl::StatusOr<std::map<std::string, Applied>> ReadApplied();
  absl::StatusOr<std::map<std::string, std::string>> ReadCoverage();
  absl::StatusOr<std::string> SummaryJson();
  absl::StatusOr<std::vector<std::string>> IncidentIds();  // those that are not merged or withdrawn
  absl::StatusOr<std::vector<OutboxRow>> OutboxAfter(int64_t sequence, size_t limit);

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_STORE_H_
