#include "engine/incident/internal/stop_keys.h"

#include <cstdint>

namespace tocsin::incident {
namespace {

using content::EntityKind;

constexpr std::pair<EntityKind, std::string_view> kBuiltIn[] = {
    {EntityKind::kActor, "gh:github-actions"},
    {EntityKind::kActor, "gh:github-actions[bot]"},
    {EntityKind::kActor, "gh:dependabot[bot]"},
    {EntityKind::kActor, "k8s:system:node:*"},
    {EntityKind::kActor, "k8s:system:kube-*"},
    {EntityKind::kActor, "aws:AWS Internal"},
    {EntityKind::kActor, "aws:*.amazonaws.com"},
    {EntityKind::kCloudPrincipal, "AWS Internal"},
    {EntityKind::kCloudPrincipal, "*.amazonaws.com"},
    {EntityKind::kIp, "AWS Internal"},
    {EntityKind::kIp, "*.amazonaws.com"},
    {EntityKind::kHost, "AWS Internal"},
};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

bool WildcardMatches(std::string_view pattern, std::string_view text) {
  // Greedy with one way back, to the last star: enough for patterns of this kind, and never exponential.
  size_t p = 0, t = 0, star = std::string_view::npos, star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
      continue;
    }
    if (p < pattern.size()) {
      const bool escaped = pattern[p] == '\\' && p + 1 < pattern.size() &&
                           (pattern[p + 1] == '*' || pattern[p + 1] == '?' || pattern[p + 1] == '\\');
      const char wanted = escaped ? pattern[p + 1] : pattern[p];
      if ((!escaped && wanted == '?') || Lower(wanted) == Lower(text[t])) {
        p += escaped ? 2 : 1;
        ++t;
        continue;
      }
    }
    if (star == std::string_view::npos) return false;
    p = star + 1;
    t = ++star_text;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

StopKeys::StopKeys(const content::ContentSet& content) {
  for (const auto& [kind, pattern] : kBuiltIn) entries_.push_back({kind, std::string(pattern), INT64_MAX});
  for (const auto& [kind, pattern] : content.site.stop_keys) entries_.push_back({kind, pattern, INT64_MAX});
  if (const auto list = content.lists.find("ci_principals"); list != content.lists.end()) {
    for (const content::ListEntry& entry : list->second) {
      entries_.push_back({EntityKind::kCloudPrincipal, entry.text, entry.until_ns});
      entries_.push_back({EntityKind::kActor, entry.text, entry.until_ns});
    }
  }
}

bool StopKeys::Contains(EntityKind kind, std::string_view key, event::EventTime at) const {
  for (const Entry& entry : entries_) {
    if (entry.kind == kind && at.ns <= entry.until_ns && WildcardMatches(entry.pattern, key)) return true;
  }
  return false;
}

}  // namespace tocsin::incident
