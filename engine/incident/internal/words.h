// Names of enumerators as output writes them.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_WORDS_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_WORDS_H_

#include <string>
#include <string_view>
#include <vector>

#include "engine/content/counted.h"
#include "engine/content/ids.h"
#include "engine/correlate/alert.h"

namespace tocsin::incident {

std::string_view AlertStateName(correlate::AlertState state);
std::vector<std::string> ClassNames(content::EvidenceClasses classes);  // "E1", "E4"
// How a person calls a key: "gh:runner:x" is runner "x", "gh:run:7" run "7". Other keys are their own names.
std::string DisplayKey(content::EntityKind kind, std::string_view key);
std::string Joined(const std::vector<std::string>& parts, std::string_view separator);
using content::Counted;
using content::WithThousands;

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_WORDS_H_
