// Names for things that are numbered at load: rules, fields, sources, entity kinds, evidence classes.
// Every id is a place in one vector of one ContentSet and means nothing beside another set.
#ifndef TOCSIN_ENGINE_CONTENT_IDS_H_
#define TOCSIN_ENGINE_CONTENT_IDS_H_

#include <compare>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tocsin::content {

// A number that does not turn into another number by itself.
template <class Tag, class Rep>
class StrongId {
 public:
  using rep = Rep;
  constexpr StrongId() = default;
  explicit constexpr StrongId(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  constexpr bool valid() const { return value_ != kInvalid; }
  friend constexpr auto operator<=>(StrongId, StrongId) = default;
  template <class H>
  friend H AbslHashValue(H h, StrongId id) {
    return H::combine(std::move(h), id.value_);
  }

 private:
  static constexpr Rep kInvalid = std::numeric_limits<Rep>::max();
  Rep value_ = kInvalid;  // default: "none"
};

// The place of a rule in the load: path bytes of its file, then document in it. Output order follows it.
using RuleId = StrongId<struct RuleTag, uint32_t>;
// A field path as rules write it ("userIdentity.arn"); index into ContentSet::fields.
using FieldId = StrongId<struct FieldTag, uint32_t>;
// A source definition; index into ContentSet::sources, which is sorted by name, so the order of ids is that of names.
using SourceId = StrongId<struct SourceTag, uint16_t>;

static_assert(!std::is_convertible_v<uint32_t, RuleId> && !std::is_convertible_v<RuleId, uint32_t>);
static_assert(!std::is_convertible_v<RuleId, FieldId>);

// DETECTIONS section 2, in its order. The numbers are written to disk (hit log): append only.
enum class EntityKind : uint8_t {
  kToken, kActor, kRepo, kRun, kJob, kRunner, kHost, kImage, kTag, kDigest, kDeploy, kPod, kWorkload, kNode, kNamespace,
  kCluster, kServiceAccount, kCloudPrincipal, kAccessKey, kBucket, kObject, kSecret, kApiKey, kHook, kIp, kAsn, kDest,
  kTenant, kEnvironment,
};
inline constexpr int kEntityKinds = 29;

std::string_view EntityKindName(EntityKind kind);                          // "service_account"
std::optional<EntityKind> ParseEntityKind(std::string_view name);          // exact name or none
// Kinds that incidents group by (DESIGN section 6).
bool IsPrincipal(EntityKind kind);

// Evidence classes E1..E6 as a bit set; bit 0 is E1. DETECTIONS section 0 says what each means.
using EvidenceClasses = uint8_t;

// Severity of a rule, alert or incident; the order of the values is the order of severity.
enum class Level : uint8_t { kNone, kInformational, kLow, kMedium, kHigh, kCritical };
std::string_view LevelName(Level level);
std::optional<Level> ParseLevel(std::string_view name);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_IDS_H_
