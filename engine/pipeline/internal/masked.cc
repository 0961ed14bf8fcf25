#include "engine/pipeline/internal/masked.h"

#include "engine/pipeline/internal/json.h"

namespace tocsin::pipeline {

std::string MaskedValue(std::string_view field, std::string_view value) {
  std::string alone = event::MaskSecrets(value);
  // Our own kinds of entities name secrets and tokens; their values are names.
  if (alone != value || field.empty() || field.starts_with("entity.")) return alone;
  // As the event has it, `"password":"..."`: the masks know names of keys.
  std::string key, text;
  AppendJsonString(field.substr(field.rfind('.') + 1), key);
  AppendJsonString(value, text);
  const std::string pair = key + ":" + text, masked = event::MaskSecrets(pair);
  if (masked == pair) return alone;
  const std::string_view shown = std::string_view(masked).substr(key.size() + 1);
  return std::string(shown.size() >= 2 ? shown.substr(1, shown.size() - 2) : shown);
}

}  // namespace tocsin::pipeline
