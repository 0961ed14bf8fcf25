// Why a rule has no literal to be found by: the other side of WitnessChooser, in the same order of cases.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_OBSTACLES_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_OBSTACLES_H_

#include <vector>

#include "engine/content/content_set.h"
#include "engine/match/internal/witness.h"
#include "engine/match/profile.h"

namespace tocsin::match {

// Empty where the rule has a literal, a number or a keyword to be found by, even when the chooser took a field's presence for
// being rarer. Otherwise each of the tests that would have to be another; of an AND, all of its sides, any of which would do.
std::vector<Obstacle> FindObstacles(const WitnessChooser& chooser, const content::Detection& detection);

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_OBSTACLES_H_
