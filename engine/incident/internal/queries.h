// The event queries of an incident's playbooks, numbered. Whether an event passes a query's sources and tests is
// decided once, while its bytes are at hand; whether it names a key of the incident is decided later, from its keys.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_QUERIES_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_QUERIES_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/content/playbook.h"
#include "engine/event/plan.h"

namespace tocsin::incident {

// What the queries say about one event.
struct QueryMatches {
  std::vector<uint32_t> queries;                        // ascending
  std::map<uint32_t, std::vector<std::string>> values;  // query -> values of its fields
};

class QuerySet {
 public:
  // The query's and fields' owners must outlive the set. `fields`: whose values the query is asked for; may be null.
  void Add(const content::EventQuery& query, const std::vector<content::FieldId>* fields);
  // Adds every query of a playbook.
  void AddPlaybook(const content::Playbook& playbook);
  // REQUIRES: it was added.
  uint32_t NumberOf(const content::EventQuery& query) const { return numbers_.at(&query); }
  QueryMatches Match(const event::EventView& event, std::string_view source) const;

 private:
  struct Entry {
    const content::EventQuery* query;
    const std::vector<content::FieldId>* fields;
  };
  std::vector<Entry> entries_;
  std::map<const content::EventQuery*, uint32_t> numbers_;  // looked up only, never walked
};

// Is `source` one of the names or prefixes ("github.*")? An empty list is all sources.
bool SourceListed(const std::vector<std::string>& sources, std::string_view source);

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_QUERIES_H_
