// Checked rules to a CompiledProgram. Internal to match.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_COMPILER_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_COMPILER_H_

#include "engine/content/diagnostics.h"
#include "engine/match/internal/compiled_program.h"

namespace tocsin::match {

// REQUIRES: `out.plan` and `out.options` are set. Rules that cannot be compiled are reported and left out.
void CompileProgram(CompiledProgram& out, content::Diagnostics& diagnostics);

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_COMPILER_H_
