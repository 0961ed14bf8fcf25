// The alerts and incidents of a live run: what stands, and what of it the store does not have yet.
//
//   book.Load(store)                            what earlier runs stored
//   book.Take(engine.TakeAlertChanges())        after an evaluation
//   if (book.Due(now, stopping)) {
//     book.Collect(now, stopping, change)       what is to be stored; the store's transaction may fail and be made again
//     store.Apply(change) ... book.Stored()     only now it counts as stored
//   }
//
// Incidents are built anew when their alerts changed, and now and then while events still come into their range. Grouping is a
// function of all alerts, those of earlier runs too: memory and the cost of a changed alert grow with their number.
// Not thread-safe.
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_INCIDENT_BOOK_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_INCIDENT_BOOK_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/correlate/engine.h"
#include "engine/evidence/store.h"
#include "engine/incident/store.h"
#include "engine/pipeline/internal/worker.h"

namespace tocsin::pipeline {

class IncidentBook {
 public:
  // All must outlive the book.
  IncidentBook(const Compiled& compiled, evidence::Store& evidence, const event::SourceClock& clock)
      : compiled_(compiled), evidence_(evidence), clock_(clock) {}

  absl::Status Load(incident::Store& store, event::EventTime now);
  // Those that are not withdrawn, in the order of AlertBefore.
  std::vector<correlate::Alert> Alerts() const;
  // As of the last Due or Collect.
  size_t incidents() const { return groups_.size(); }
  void Take(std::vector<correlate::AlertChange> changes);
  // An event was added to the evidence.
  void TookEvent(event::EventTime time) { new_evidence_from_ = std::min(new_evidence_from_, time); }

  // Is there something for Collect to do? `stopping`: an incident that waits for its next reading is read now.
  bool Due(event::EventTime now, bool stopping);
  // REQUIRES: the evidence has been synced. Adds incidents, removals and alerts to `change`.
  absl::Status Collect(event::EventTime now, bool stopping, incident::StoreChange& change);
  void Stored();

 private:
  struct Built {
    std::vector<correlate::Alert> alerts;
    event::EventTime at;
    bool stale = true;               // events came into its range since
  };
  // The alerts of one incident as they stand.
  struct Group {
    std::string id;
    std::vector<correlate::Alert> alerts;
  };

  void Regroup();
  void MarkStale();
  bool ToBuild(const Group& group, event::EventTime now, bool stopping) const;
  std::string ReasonFor(const std::string& id) const;

  const Compiled& compiled_;
  evidence::Store& evidence_;
  const event::SourceClock& clock_;
  std::map<std::string, correlate::Alert> alerts_;      // by id, withdrawn ones too
  bool regroup_ = true;
  std::vector<Group> groups_;                           // as of the last Regroup
  std::map<std::string, std::string> owner_;            // alert id -> incident id, likewise
  event::EventTime new_evidence_from_{INT64_MAX};       // earliest event since the last MarkStale

  // What the store has.
  std::set<std::string> unstored_alerts_;               // changed since
  std::map<std::string, std::string> stored_owner_;     // alert id -> incident id
  std::map<std::string, Built> built_;                  // by incident id
  std::map<std::string, Built> pending_;                // to become built_
};

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_INCIDENT_BOOK_H_
