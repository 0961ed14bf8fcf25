#include "engine/incident/internal/words.h"

namespace tocsin::incident {

std::string_view AlertStateName(correlate::AlertState state) {
  switch (state) {
    case correlate::AlertState::kProvisional:
      return "provisional";
    case correlate::AlertState::kConfirmed:
      return "confirmed";
    case correlate::AlertState::kWithdrawn:
      return "withdrawn";
  }
  return "";
}

std::vector<std::string> ClassNames(content::EvidenceClasses classes) {
  std::vector<std::string> names;
  for (int bit = 0; bit < 6; ++bit) {
    if (classes >> bit & 1) names.push_back("E" + std::to_string(bit + 1));
  }
  return names;
}

std::string DisplayKey(content::EntityKind kind, std::string_view key) {
  const std::string_view prefix = kind == content::EntityKind::kRunner ? "gh:runner:"
                                  : kind == content::EntityKind::kRun  ? "gh:run:"
                                  : kind == content::EntityKind::kJob  ? "gh:job:"
                                                                       : "";
  if (key.size() > prefix.size() && key.substr(0, prefix.size()) == prefix) key.remove_prefix(prefix.size());
  return std::string(key);
}

std::string Joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += separator;
    text += parts[i];
  }
  return text;
}

}  // namespace tocsin::incident
