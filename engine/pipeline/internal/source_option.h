// --source NAME: all events are of this source.
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_SOURCE_OPTION_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_SOURCE_OPTION_H_

#include <string>
#include <string_view>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/content/diagnostics.h"

namespace tocsin::pipeline {

// Sets `out` unless `name` is empty. Returns what is wrong with it, or nothing.
inline std::string ParseSourceOption(const content::ContentSet& content, const std::string& name,
                                     content::SourceId& out) {
  if (name.empty()) return "";
  std::vector<std::string_view> names;
  for (size_t i = 0; i < content.sources.size(); i++) {
    names.push_back(content.sources[i].name);
    if (content.sources[i].name == name) out = content::SourceId(static_cast<uint16_t>(i));
  }
  if (out.valid()) return "";
  const std::string nearest = content::NearestWord(name, names);
  return "--source " + name + ": no such source" + (nearest.empty() ? "" : "; did you mean " + nearest + "?");
}

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_SOURCE_OPTION_H_
