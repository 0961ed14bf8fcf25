#include "engine/match/internal/literal_index.h"

#include <algorithm>
#include <bit>

#include "engine/match/internal/casefold.h"

namespace tocsin::match {
namespace {

// Filter bits a window. At 16, one position in sixteen of random text asks the table in vain: the most that is borne. More are
// given as long as the filter stays a small part of the first-level cache.
constexpr size_t kLeastFilterBits = 16, kMostFilterBits = 128, kSmallFilter = 64u << 10;   // 8 KiB

constexpr size_t kGram = 3;
uint32_t GramAt(std::string_view text, size_t at) {
  uint32_t gram = 0;
  memcpy(&gram, text.data() + at, kGram);
  return gram;
}

}  // namespace

void GramCounts::Add(std::string_view folded) {
  for (size_t at = 0; at + kGram <= folded.size(); at++) counts_[Slot(GramAt(folded, at))]++;
}

uint32_t GramCounts::Rarest(std::string_view folded) const {
  uint32_t least = UINT32_MAX;
  for (size_t at = 0; at + kGram <= folded.size(); at++) least = std::min(least, Of(GramAt(folded, at)));
  return least == UINT32_MAX ? 0 : least;
}

void LiteralIndex::Add(std::string_view folded, Where where, uint32_t id) {
  if (!IsAscii(folded)) {
    if (other_ == nullptr) other_ = std::make_unique<LiteralIndex>();
    other_->AddHere(folded, where, id);
  } else {
    AddHere(folded, where, id);
  }
}

void LiteralIndex::AddHere(std::string_view folded, Where where, uint32_t id) {
  literals_.push_back({static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(folded.size()), id, where});
  text_.insert(text_.end(), folded.begin(), folded.end());
}

void LiteralIndex::Build(const GramCounts& counts) {
  if (other_ != nullptr) other_->Build(counts);
  std::vector<std::pair<uint64_t, Entry>> tiny, end8, end5, end1, start8, start5, start1, long_windows, middle_windows, short_windows, pairs;
  std::vector<uint64_t> filtered, filtered_short;
  const auto any_of_size = [&](uint32_t size) {
    return std::any_of(literals_.begin(), literals_.end(), [&](const Literal& literal) { return literal.where == Where::kAnywhere && literal.size == size; });
  };
  short_windows_apart_ = !any_of_size(kPair + 1);
  // Keys are read eight bytes at a time.
  text_.resize(text_.size() + 8);
  for (uint32_t i = 0; i < literals_.size(); i++) {
    const Literal& literal = literals_[i];
    const char* const begin = text_.data() + literal.text;
    const char* const end = begin + literal.size;
    const Entry entry{i, 0};
    if (literal.where == Where::kAnywhere) {
      if (literal.size <= kPair) {
        singles_.push_back({{begin[0], literal.size > 1 ? begin[1] : '\0'}, static_cast<uint8_t>(literal.size), literal.id});
      } else {
        const uint32_t reach = literal.size > kLongWindow ? kLongWindow : literal.size > kMiddleWindow ? kMiddleWindow : literal.size - 1;
        const uint64_t mask = reach == kLongWindow ? kLongMask : reach == kMiddleWindow ? kMiddleMask : reach == kShortWindow ? kShortMask : kPairMask;
        auto& entries = reach == kLongWindow ? long_windows : reach == kMiddleWindow ? middle_windows : reach == kShortWindow ? short_windows : pairs;
        const bool apart = reach == kPair || (reach == kShortWindow && short_windows_apart_);
        // Two windows side by side, the rarest together.
        const auto count_of = [&](uint32_t at) { return counts.Of(Load4(begin + at) & kShortMask); };
        uint32_t best = 0, best_count = UINT32_MAX;
        for (uint32_t at = 0; at + reach + 1 <= literal.size; at++) {
          const uint32_t count = count_of(at) + count_of(at + 1);
          if (count < best_count) best = at, best_count = count;
        }
        for (uint32_t at = best; at < best + 2; at++) {
          (apart ? filtered_short : filtered).push_back(Load8(begin + at));
          entries.push_back({Load8(begin + at) & mask, {i, at}});
        }
      }
    } else if (literal.where == Where::kWhole && literal.size < 8) {
      tiny.push_back({TinyKey({begin, literal.size}), entry});
    } else if (literal.where == Where::kStart) {
      if (literal.size >= 8) start8.push_back({Load8(begin), entry});
      else if (literal.size >= 5) start5.push_back({Load8(begin) & kFiveMask, entry});
      else start1.push_back({static_cast<unsigned char>(*begin), entry});
    } else {
      if (literal.size >= 8) end8.push_back({Load8(end - 8), entry});
      else if (literal.size >= 5) end5.push_back({(Load8(end - 5) & kFiveMask), entry});
      else end1.push_back({static_cast<unsigned char>(end[-1]), entry});
    }
  }
  has_ends_ = !(end8.empty() && end5.empty() && end1.empty() && start8.empty() && start5.empty() && start1.empty());
  scans_ = !filtered.empty();
  scans_short_ = !filtered_short.empty();
  window_filter_.Build(filtered, !short_windows_apart_ && !short_windows.empty() ? kShortMask : middle_windows.empty() ? kLongMask : kMiddleMask);
  short_filter_.Build(filtered_short, short_windows_apart_ ? kShortMask : kPairMask);
  tiny_.Build(std::move(tiny));
  end8_.Build(std::move(end8));
  end5_.Build(std::move(end5));
  end1_.Build(std::move(end1));
  start8_.Build(std::move(start8));
  start5_.Build(std::move(start5));
  start1_.Build(std::move(start1));
  long_windows_.Build(std::move(long_windows));
  middle_windows_.Build(std::move(middle_windows));
  short_windows_.Build(std::move(short_windows));
  pairs_.Build(std::move(pairs));
}

void LiteralIndex::Filter::Build(const std::vector<uint64_t>& windows, uint64_t window_mask) {
  const size_t most = std::min(windows.size() * kMostFilterBits, kSmallFilter);
  const size_t wanted = std::bit_ceil(std::max({windows.size() * kLeastFilterBits, most, size_t{64}}));   // none: all bits are zero
  bits.assign(wanted / 32, 0);
  mask = static_cast<uint32_t>(window_mask);
  wide = window_mask > UINT32_MAX;
  shift = 32 - static_cast<uint32_t>(std::countr_zero(wanted));
  for (const uint64_t window : windows) {
    const uint32_t h = Hash(window);
    bits[h >> 5] |= uint32_t{1} << (h & 31);
  }
}

void LiteralIndex::KeyTable::Build(std::vector<std::pair<uint64_t, Entry>> entries) {
  if (entries.empty()) return;
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const size_t size = std::bit_ceil(entries.size() * 2);
  mask_ = static_cast<uint32_t>(size - 1);
  slots_.assign(size, {0, 0, 0});
  for (size_t begin = 0; begin < entries.size();) {
    size_t end = begin;
    while (end < entries.size() && entries[end].first == entries[begin].first) entries_.push_back(entries[end++].second);
    uint32_t at = Hash(entries[begin].first);
    while (slots_[at].begin != slots_[at].end) at = (at + 1) & mask_;
    slots_[at] = {entries[begin].first, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
    begin = end;
  }
}

}  // namespace tocsin::match
