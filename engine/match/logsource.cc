#include "engine/match/logsource.h"

#include <set>

namespace tocsin::match {

std::vector<std::string> LogsourceAttributes(const content::ContentSet& content) {
  std::set<std::string> own;
  for (const content::Rule& rule : content.rules) {
    if (rule.is_correlation) continue;
    for (const auto& [name, value] : rule.detection.logsource.custom) own.insert(name);
  }
  std::vector<std::string> out = {"product", "category", "service"};
  out.insert(out.end(), own.begin(), own.end());
  return out;
}

const std::string& LogsourceAttribute(const content::Logsource& logsource, std::string_view name) {
  static const std::string* const nothing = new std::string();
  if (name == "product") return logsource.product;
  if (name == "category") return logsource.category;
  if (name == "service") return logsource.service;
  for (const auto& [own, value] : logsource.custom) {
    if (own == name) return value;
  }
  return *nothing;
}

}  // namespace tocsin::match
