// What a run read, what of it was not as it should be, and what came out: the same numbers in the same words for `replay` and
// `run`. Nothing is lost in silence: whatever a room left out is a row here.
#ifndef TOCSIN_ENGINE_PIPELINE_RUN_COUNTS_H_
#define TOCSIN_ENGINE_PIPELINE_RUN_COUNTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/correlate/engine.h"
#include "engine/event/reader.h"

namespace tocsin::pipeline {

struct RunCounts {
  uint64_t events = 0, bytes = 0, bad = 0, unknown_source = 0;
  std::map<std::string, uint64_t> sources;      // by name; those that had events
  uint64_t no_time = 0, time_inferred = 0, future_time = 0, duplicate_key = 0, ambiguous_source = 0;
  uint64_t depth_limit = 0, value_limit = 0;    // events of which not all was looked at (event/reader.h)
  uint64_t outside_range = 0;                   // replay: --from, --until
  uint64_t read_again = 0;                      // run: events that an earlier process had read
  uint64_t hits = 0, hits_again = 0;            // run: of them, those of events that an earlier process had read
  uint64_t alerts = 0, incidents = 0;
  uint64_t duplicates = 0, late = 0, late_unjudged = 0, unresolved_keys = 0, id_conflicts = 0;
  uint64_t group_fanout_limit = 0, tuple_limit = 0, numbers_out_of_range = 0;   // correlate/engine.h

  // Takes over what the rooms counted; `bad`, `hits` and what came out are the caller's to count.
  void Take(const event::ReaderCounters& read, const correlate::EngineCounters& judged, const content::ContentSet& content);
};

struct CountRow {
  std::string name;                // indented by two blanks: a part of the row above it
  uint64_t value = 0;
  std::string note;                // may be empty
};

// Rows that are always of interest, and the others where they are not 0. `bad_path`: where bad records are kept; may be empty.
std::vector<CountRow> ReadRows(const RunCounts& counts, const std::string& bad_path);
std::vector<CountRow> FoundRows(const RunCounts& counts);

// The rows in one line for a log. `behind`: how many records are still to be read, by topic.
std::string CountsLine(const RunCounts& counts, const std::map<std::string, int64_t>& behind);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_RUN_COUNTS_H_
