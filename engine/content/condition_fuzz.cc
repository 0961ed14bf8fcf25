// Any bytes as a condition, of a detection and of a correlation.
#include <cstdint>
#include <string>

#include "engine/content/sigma/condition.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tocsin::content;
  constexpr size_t kMaxInput = 16u << 10;
  if (size > kMaxInput) return 0;
  YamlNode node;
  node.text.assign(reinterpret_cast<const char*>(data), size);
  for (const bool selectors : {true, false}) {
    Diagnostics diagnostics;
    node.place = {diagnostics.AddFile("rule.yml", "condition: " + node.text), 1, 12};
    ConditionNode condition;
    FieldTable fields;
    const Lists lists;
    const bool parsed = ParseCondition(node, selectors, {"selection", "filter_a", "AND", "not"}, SigmaContext{fields, lists, diagnostics}, condition);
    // Refused without a word, or taken with an error.
    if (parsed == (diagnostics.errors() > 0)) __builtin_trap();
    diagnostics.Text();
  }
  return 0;
}
