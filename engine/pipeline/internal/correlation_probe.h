// How far every group of a correlation is, asked of the engine itself: the rule runs beside probes that reference the
// same rules by the same groups. One probe a reference fires at each of its hits, which gives the members of each
// group; one with the rule's own type and no threshold to reach fires at each counted hit, which gives the value there.
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_CORRELATION_PROBE_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_CORRELATION_PROBE_H_

#include <memory>

#include "engine/pipeline/explain.h"
#include "engine/pipeline/internal/recorded_run.h"

namespace tocsin::pipeline {

// Fills groups, more_groups, absent_refs and ungrouped of `out`. REQUIRES: out.rule is a correlation.
void ExplainCorrelation(const std::shared_ptr<const content::ContentSet>& content, const RecordedRun& run,
                        ExplainResult& out);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_CORRELATION_PROBE_H_
