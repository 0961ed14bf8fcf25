#include "engine/pipeline/run_counts.h"

#include <string_view>

namespace tocsin::pipeline {
namespace {

void AddIfAny(std::vector<CountRow>& rows, const char* name, uint64_t value, const char* note) {
  if (value > 0) rows.push_back({name, value, note});
}

void AppendRows(const std::vector<CountRow>& rows, std::string& out) {
  for (const CountRow& row : rows) {
    const std::string_view name(row.name);
    out += &row == rows.data() ? " " : ", ";
    out += name.substr(name.find_first_not_of(' '));
    out += ' ';
    out += std::to_string(row.value);
  }
}

}  // namespace

void RunCounts::Take(const event::ReaderCounters& read, const correlate::EngineCounters& judged, const content::ContentSet& content) {
  events = read.events;
  bytes = read.bytes;
  unknown_source = read.unknown_source;
  for (size_t i = 0; i < read.by_source.size(); i++) {
    if (read.by_source[i] > 0) sources[content.sources[i].name] = read.by_source[i];
  }
  no_time = read.no_time;
  time_inferred = read.time_inferred;
  future_time = read.future_time;
  duplicate_key = read.duplicate_key;
  ambiguous_source = read.ambiguous_source;
  depth_limit = read.depth_limit;
  value_limit = read.value_limit;
  duplicates = judged.duplicates;
  late = judged.late;
  late_unjudged = judged.late_unjudged;
  unresolved_keys = judged.unresolved_keys;
  id_conflicts = judged.id_conflicts;
  group_fanout_limit = judged.group_fanout_limit;
  tuple_limit = judged.tuple_limit;
  numbers_out_of_range = judged.numbers_out_of_range;
}

std::vector<CountRow> ReadRows(const RunCounts& counts, const std::string& bad_path) {
  std::vector<CountRow> rows;
  rows.push_back({"events", counts.events, ""});
  rows.push_back({"bytes", counts.bytes, ""});
  for (const auto& [source, count] : counts.sources) rows.push_back({"  " + source, count, ""});
  AddIfAny(rows, "  of no known source", counts.unknown_source, "matched all the same, no logsource");
  rows.push_back({"bad", counts.bad, counts.bad > 0 && !bad_path.empty() ? "kept in " + bad_path : ""});
  AddIfAny(rows, "read again", counts.read_again, "an earlier run had read them: correlation needs them");
  AddIfAny(rows, "without a time", counts.no_time, "matched; no part in correlations or timelines");
  AddIfAny(rows, "time inferred", counts.time_inferred, "no readable event time: the transport's was taken");
  AddIfAny(rows, "time in the future", counts.future_time, "more than 5 min ahead of the transport time");
  AddIfAny(rows, "keys that stand twice", counts.duplicate_key, "both values were looked at");
  AddIfAny(rows, "ambiguous source", counts.ambiguous_source, "the first by name was taken");
  AddIfAny(rows, "nested too deep", counts.depth_limit, "what lies deeper than 64 levels was not looked at");
  AddIfAny(rows, "too many values", counts.value_limit, "those beyond 65,536 of an event were not looked at");
  AddIfAny(rows, "outside --from/--until", counts.outside_range, "");
  return rows;
}

std::vector<CountRow> FoundRows(const RunCounts& counts) {
  std::vector<CountRow> rows;
  rows.push_back({"hits", counts.hits, ""});
  AddIfAny(rows, "  of events read again", counts.hits_again, "an earlier run had found them");
  rows.push_back({"alerts", counts.alerts, ""});
  rows.push_back({"incidents", counts.incidents, ""});
  AddIfAny(rows, "duplicate hits", counts.duplicates, "counted once");
  AddIfAny(rows, "late hits", counts.late, "came behind their rule's watermark");
  AddIfAny(rows, "too late to judge", counts.late_unjudged, "in the hit log; what judges them is no longer in memory");
  AddIfAny(rows, "hits without a group", counts.unresolved_keys, "no link named the key they group by");
  AddIfAny(rows, "ids with other bytes", counts.id_conflicts, "counted as other events");
  AddIfAny(rows, "hits with too many groups", counts.group_fanout_limit, "those beyond 64 of a hit were left out");
  AddIfAny(rows, "hits with too many tuples", counts.tuple_limit, "those beyond 64 of a hit were left out");
  AddIfAny(rows, "numbers out of range", counts.numbers_out_of_range, "10^20 and more: not summed");
  return rows;
}

std::string CountsLine(const RunCounts& counts, const std::map<std::string, int64_t>& behind) {
  std::string out = "read:";
  AppendRows(ReadRows(counts, ""), out);
  out += "; found:";
  AppendRows(FoundRows(counts), out);
  if (behind.empty()) return out;
  out += "; behind:";
  for (const auto& [topic, records] : behind) {
    out += topic == behind.begin()->first ? " " : ", ";
    out += topic;
    out += ' ';
    out += std::to_string(records);
  }
  return out;
}

}  // namespace tocsin::pipeline
