// A content set from texts, for tests of other rooms: no files, the same checks. Linked by tests alone.
#ifndef TOCSIN_ENGINE_CONTENT_TESTING_INLINE_CONTENT_H_
#define TOCSIN_ENGINE_CONTENT_TESTING_INLINE_CONTENT_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/content/content_set.h"

namespace tocsin::content {

struct InlineContent {
  std::string rules, sources, playbooks;               // YAML, several documents each
  std::map<std::string, std::string> lists;            // name -> lines
  bool portable = false;                               // as LoadOptions has it
  std::function<bool(const ValueTest&, Diagnostics&)> check_value;   // likewise
};

std::shared_ptr<const ContentSet> ContentFromText(const InlineContent& texts, Diagnostics& diagnostics);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_TESTING_INLINE_CONTENT_H_
