// What `rules profile` has to say, in words: what leads to a rule, why it has nothing better, what would help.
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_PROFILE_WORDS_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_PROFILE_WORDS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/content/field_table.h"
#include "engine/match/profile.h"

namespace tocsin::pipeline {

// `CommandLine contains "-enc"`, `a keyword contains "mimikatz"`, `EventID is a number`, `Image is there`.
std::string LeadWords(const match::Lead& lead, const content::FieldTable& fields);

// `a not says nothing that must be there`, `CommandLine matches /a.b/: no literal must stand in that`.
std::string ObstacleWords(const match::Obstacle& obstacle, const content::FieldTable& fields);

// Why the rule is tried as often as it is: what leads to it, or that nothing does and for what reasons. Empty: it never was.
std::string WhyWords(const match::RuleCost& cost, const content::Rule& rule, const content::FieldTable& fields);

// What would make it cheaper, where that can be said with certainty; else empty.
std::string AdviceWords(const match::RuleCost& cost, uint64_t events);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_PROFILE_WORDS_H_
