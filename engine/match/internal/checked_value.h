// Regexes and networks as predicates hold them, or the reason why there is none.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_CHECKED_VALUE_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_CHECKED_VALUE_H_

#include <re2/re2.h>

#include <memory>
#include <optional>
#include <string>

#include "engine/content/diagnostics.h"
#include "engine/match/internal/network.h"

namespace tocsin::match {

inline constexpr size_t kMaxRegexBytes = 64u << 10;   // its syntax tree takes a hundred times that
inline constexpr int64_t kRegexMemory = 8 << 20;   // of one regex's automata; beyond it RE2 falls back to slower, linear forms

// Null when RE2 refuses it: T1101.
std::unique_ptr<re2::RE2> CheckedRegex(const std::string& text, content::Place place, content::Diagnostics& diagnostics);
// Nothing when it is none: T1102.
std::optional<Network> CheckedNetwork(const std::string& text, content::Place place, content::Diagnostics& diagnostics);

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_CHECKED_VALUE_H_
