#include "engine/content/ids.h"

#include <array>

namespace tocsin::content {
namespace {

constexpr std::array<std::string_view, kEntityKinds> kKindNames = {
    "token", "actor", "repo", "run", "job", "runner", "host", "image", "tag", "digest", "deploy", "pod", "workload", "node", "namespace",
    "cluster", "service_account", "cloud_principal", "access_key", "bucket", "object", "secret", "api_key", "hook", "ip", "asn", "dest",
    "tenant", "environment"};
static_assert(kKindNames.back() == "environment", "a name for every kind");

constexpr std::array<std::string_view, 6> kLevelNames = {"none", "informational", "low", "medium", "high", "critical"};

}  // namespace

std::string_view EntityKindName(EntityKind kind) { return kKindNames[static_cast<size_t>(kind)]; }

std::optional<EntityKind> ParseEntityKind(std::string_view name) {
  for (size_t i = 0; i < kKindNames.size(); i++) {
    if (kKindNames[i] == name) return static_cast<EntityKind>(i);
  }
  return std::nullopt;
}

bool IsPrincipal(EntityKind kind) {
  switch (kind) {
    case EntityKind::kToken:
    case EntityKind::kRunner:
    case EntityKind::kRun:
    case EntityKind::kBucket:
    case EntityKind::kPod:
    case EntityKind::kWorkload:
    case EntityKind::kServiceAccount:
    case EntityKind::kApiKey:
    case EntityKind::kHook:
    case EntityKind::kAccessKey:
    case EntityKind::kCloudPrincipal:
      return true;
    default:
      return false;
  }
}

std::string_view LevelName(Level level) { return kLevelNames[static_cast<size_t>(level)]; }

std::optional<Level> ParseLevel(std::string_view name) {
  for (size_t i = 1; i < kLevelNames.size(); i++) {
    if (kLevelNames[i] == name) return static_cast<Level>(i);
  }
  return std::nullopt;
}

}  // namespace tocsin::content
