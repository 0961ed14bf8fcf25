// What a number is, in JSON and in the YAML that rules are written in.
#ifndef TOCSIN_ENGINE_CONTENT_JSON_NUMBER_H_
#define TOCSIN_ENGINE_CONTENT_JSON_NUMBER_H_

#include <string_view>

namespace tocsin::content {

// The JSON grammar's number, whole: no leading zero, no hex, no '+'. Linear.
bool IsJsonNumber(std::string_view text);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_JSON_NUMBER_H_
