// Values of events as they may be shown (event/secrets.h): by what they are, and by the name of the field they stand
// in.
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_MASKED_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_MASKED_H_

#include <string>
#include <string_view>

#include "engine/event/secrets.h"

namespace tocsin::pipeline {

// `field` is a path: `password` in `request.password` makes its value a secret. Empty: the value alone is looked at.
std::string MaskedValue(std::string_view field, std::string_view value);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_MASKED_H_
