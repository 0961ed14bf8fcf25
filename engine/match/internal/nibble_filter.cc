#include "engine/match/internal/nibble_filter.h"

#include <algorithm>
#include <cfloat>

namespace tocsin::match {

float NibbleFilter::Group::Share() const {
  float out = 1;
  for (uint32_t i = 0; i < kWindow; i++) out *= low[i] * high[i];
  return out;
}

NibbleFilter::Group NibbleFilter::With(uint32_t group, const char* window, const NibbleShares& shares) const {
  Group out = groups_[group];
  for (uint32_t i = 0; i < kWindow; i++) {
    const size_t low = window[i] & 15, high = static_cast<unsigned char>(window[i]) >> 4;
    if ((tables_[group / 8].low[i][low] >> (group % 8) & 1) == 0) out.low[i] += shares.low[low];
    if ((tables_[group / 8].high[i][high] >> (group % 8) & 1) == 0) out.high[i] += shares.high[high];
  }
  return out;
}

uint32_t NibbleFilter::Add(std::string_view literal, const float* window_costs, const NibbleShares& shares) {
  uint32_t best_place = 0, best_group = 0;
  float best = FLT_MAX;
  for (uint32_t place = 0; place + kWindow <= literal.size(); place++) {
    if (window_costs[place] >= best) continue;   // a group only adds to it
    for (uint32_t group = 0; group < std::min(used_ + 1, many_ ? kGroups : 8); group++) {   // empty groups are alike
      const float cost = With(group, literal.data() + place, shares).Share() - groups_[group].Share() + window_costs[place];
      if (cost < best) best = cost, best_place = place, best_group = group;
    }
  }
  used_ = std::max(used_, best_group + 1);
  const char* const window = literal.data() + best_place;
  groups_[best_group] = With(best_group, window, shares);
  for (uint32_t i = 0; i < kWindow; i++) {
    tables_[best_group / 8].low[i][window[i] & 15] |= static_cast<uint8_t>(1u << best_group % 8);
    tables_[best_group / 8].high[i][static_cast<unsigned char>(window[i]) >> 4] |= static_cast<uint8_t>(1u << best_group % 8);
  }
  return best_place;
}

}  // namespace tocsin::match
