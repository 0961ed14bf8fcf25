// A number's key: equal numbers, however they are written (4688, 4688.0, 4.688e3), have equal keys. For finding candidates by
// hash; CompareDecimals has the last word.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_NUMBER_KEY_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_NUMBER_KEY_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin::match {

// nullopt for a text that is no JSON number. Linear in the text.
std::optional<uint64_t> NumberKey(std::string_view text);

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_NUMBER_KEY_H_
