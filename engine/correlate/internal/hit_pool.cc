#include "engine/correlate/internal/hit_pool.h"

#include <algorithm>
#include <string_view>

namespace tocsin::correlate {
namespace {

std::string_view Payload(const match::Hit& hit) { return {hit.payload, hit.payload_size}; }

bool SameBytes(const match::Hit& a, const match::Hit& b) {
  return a.time == b.time && a.source == b.source && Payload(a) == Payload(b);
}

}  // namespace

std::optional<HitIndex> HitPool::Add(const match::Hit& hit) {
  if (drop_duplicates_) {
    auto it = by_identity_.find(Key{hit.identity, hit.rule});
    if (it != by_identity_.end()) {
      for (HitIndex other : it->second) {
        if (SameBytes(hits_[other], hit)) {
          ++duplicates_;
          return std::nullopt;
        }
      }
      ++id_conflicts_;
    }
  }
  HitIndex index = static_cast<HitIndex>(hits_.size());
  hits_.push_back(hit);
  hits_.back().payload = arena_->Copy(Payload(hit));
  precision_ns_max_ = std::max(precision_ns_max_, hit.precision_ns);
  Index(index);
  return index;
}

void HitPool::Index(HitIndex index) {
  if (drop_duplicates_) by_identity_[Key{hits_[index].identity, hits_[index].rule}].push_back(index);
}

bool HitPool::Before(HitIndex a, HitIndex b) const {
  const match::Hit& x = hits_[a];
  const match::Hit& y = hits_[b];
  if (x.time != y.time) return x.time < y.time;
  if (by_number_) {
    if (x.number != y.number) return x.number < y.number;
    return x.rule < y.rule;
  }
  if (match::HitBefore(x, y)) return true;
  if (match::HitBefore(y, x)) return false;
  return Payload(x) < Payload(y);  // one identity, two contents
}

std::vector<HitIndex> HitPool::Compact(const std::vector<bool>& keep) {
  std::vector<HitIndex> moved(hits_.size(), kNoHit);
  auto arena = std::make_unique<match::HitArena>();
  HitIndex next = 0;
  for (HitIndex i = 0; i < hits_.size(); ++i) {
    if (!keep[i]) continue;
    moved[i] = next;
    hits_[next] = hits_[i];
    hits_[next].payload = arena->Copy(Payload(hits_[next]));
    ++next;
  }
  hits_.resize(next);
  hits_.shrink_to_fit();
  arena_ = std::move(arena);
  by_identity_.clear();
  for (HitIndex i = 0; i < next; ++i) Index(i);
  return moved;
}

}  // namespace tocsin::correlate
