// Lists and the site profile (DESIGN section 4).
#ifndef TOCSIN_ENGINE_CONTENT_INTERNAL_SITE_READER_H_
#define TOCSIN_ENGINE_CONTENT_INTERNAL_SITE_READER_H_

#include <string_view>
#include <vector>

#include "engine/content/sigma/load.h"

namespace tocsin::content {

// Lines of NAME.txt: a Sigma string each; ` # ` begins owner=.. reason=.. until=YYYY-MM-DD; a value with ` # ` in it stands in
// double quotes; blank lines and lines that begin with # are passed over. A line that is not understood is reported and left
// out.
std::vector<ListEntry> ParseList(uint32_t file, std::string_view text, Diagnostics& diagnostics);

// site.yaml.
bool ReadSite(const YamlNode& document, Diagnostics& diagnostics, Site& out);

// key,value lines; a first line `key,value` is a header; # begins a comment line.
bool ReadMap(uint32_t file, std::string_view text, Diagnostics& diagnostics, std::map<std::string, std::string>& out);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_INTERNAL_SITE_READER_H_
