// Any bytes as a rule file: YAML, documents, detections, correlations, filters, their references, and the diagnostics' text.
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/content/internal/yaml.h"
#include "engine/content/sigma/load.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tocsin::content;
  constexpr size_t kMaxInput = 64u << 10;
  if (size > kMaxInput) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  FieldTable fields;
  const Lists lists = {{"users", {{.text = "root"}, {.text = "adm*"}}}, {"none", {}}};
  RuleCollector collector({fields, lists, diagnostics});
  const uint32_t file = diagnostics.AddFile("rules.yml", text);
  for (const YamlNode& document : ParseYaml(file, text, diagnostics)) collector.Add(document);
  const auto rules = collector.Resolve();
  // What is left out is said; a diagnostic's place lies in the file.
  if (collector.refused() > 0 && diagnostics.errors() == 0) __builtin_trap();
  return diagnostics.Text().size() + rules.size() == SIZE_MAX;
}
