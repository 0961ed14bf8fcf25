// Text as a JSON string.
#ifndef TOCSIN_ENGINE_CORRELATE_INTERNAL_JSON_TEXT_H_
#define TOCSIN_ENGINE_CORRELATE_INTERNAL_JSON_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::correlate {

void AppendJsonString(std::string_view text, std::string& out);
// One text: a string; several: an array of strings.
std::string JsonTexts(const std::vector<std::string_view>& texts);

}  // namespace tocsin::correlate

#endif  // TOCSIN_ENGINE_CORRELATE_INTERNAL_JSON_TEXT_H_
