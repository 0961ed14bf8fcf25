#include "engine/pipeline/check.h"

#include <utility>

#include "engine/pipeline/internal/worker.h"

namespace tocsin::pipeline {

void CompileEverything(std::shared_ptr<const content::ContentSet> content, content::Diagnostics& diagnostics) {
  CompileAll(std::move(content), {}, diagnostics);
}

}  // namespace tocsin::pipeline
