// The dry compile of every plan: what `rules check` runs after loading.
#ifndef TOCSIN_ENGINE_PIPELINE_CHECK_H_
#define TOCSIN_ENGINE_PIPELINE_CHECK_H_

#include <memory>

#include "engine/content/content_set.h"

namespace tocsin::pipeline {

// Compiles everything a run would compile and throws the results away; what a room refuses stands in `diagnostics`.
void CompileEverything(std::shared_ptr<const content::ContentSet> content, content::Diagnostics& diagnostics);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_CHECK_H_
