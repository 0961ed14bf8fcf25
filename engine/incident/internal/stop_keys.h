// Keys that are recorded but neither grouped by nor followed: they name something that many unrelated stories share.
//
// Built in (DETECTIONS section 2): the GitHub Actions bot, Kubernetes nodes, calls of AWS itself; and what
// %ci_principals% lists, because CI's service roles act in every job (the access key of one job stays a key). The site
// profile adds its own. Immutable after construction; the content set must outlive it.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_STOP_KEYS_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_STOP_KEYS_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/time.h"

namespace tocsin::incident {

class StopKeys {
 public:
  explicit StopKeys(const content::ContentSet& content);
  // `at`: list entries that had expired by then do not count.
  bool Contains(content::EntityKind kind, std::string_view key, event::EventTime at) const;

 private:
  struct Entry {
    content::EntityKind kind;
    std::string pattern;
    int64_t until_ns;
  };
  std::vector<Entry> entries_;
};

// A Sigma string with wildcards * and ? and backslash escapes, ASCII case ignored.
bool WildcardMatches(std::string_view pattern, std::string_view text);

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_STOP_KEYS_H_
