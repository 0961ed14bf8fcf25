#include "engine/match/internal/literal_index.h"

#include <algorithm>
#include <bit>

#include "engine/match/internal/casefold.h"

namespace tocsin::match {
namespace {

// Bits of a sieve a window: of places where nothing stands one in so many asks the table in vain, and waits for memory there.
// More are given as long as the bits stay in the first-level cache. Measured: 8 a window cost a third more time, 64 saved none.
constexpr size_t kLeastFilterBits = 32, kMostFilterBits = 128, kSmallFilter = 256u << 10;   // 32 KiB

constexpr uint32_t kPair = 2, kMiddleWindow = 3, kLongWindow = 4, kWideWindow = 6;
constexpr uint32_t kShortestLong = kLongWindow + 3;   // four windows side by side
constexpr ptrdiff_t kFewPairs = 32;
// So many literals of four bytes and more, or of four to six beside many longer ones, are few: more would let too much pass.
constexpr ptrdiff_t kFew = 128, kFewMiddle = 32;

constexpr size_t kGram = 3;
// Put together in a register: three bytes copied are two stores, for which a load of four waits.
uint32_t GramAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return uint32_t{static_cast<unsigned char>(text[at + i])}; };
  return byte(0) | byte(1) << 8 | byte(2) << 16;
}

}  // namespace

void GramCounts::Add(std::string_view folded) {
  for (size_t at = 0; at + kGram <= folded.size(); at++) counts_[Slot(GramAt(folded, at))]++;
  all_ += folded.size();
  for (const char c : folded) bytes_[static_cast<unsigned char>(c)]++;
}

NibbleShares GramCounts::Nibbles() const {
  NibbleShares out;
  const float one = 1 / (static_cast<float>(all_) + 1);
  for (size_t c = 0; c < bytes_.size(); c++) {
    out.low[c & 15] += static_cast<float>(bytes_[c]) * one;
    out.high[c >> 4] += static_cast<float>(bytes_[c]) * one;
  }
  return out;
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

size_t LiteralIndex::bytes() const {
  size_t out = sizeof *this + literals_.capacity() * sizeof(Literal) + text_.capacity() + singles_.capacity() * sizeof(Single);
  for (const KeyTable* table : {&tiny_, &end8_, &end5_, &end1_, &start8_, &start5_, &start1_}) out += table->bytes();
  for (const Sieve* sieve : {&long_, &middle_, &short_}) out += sieve->bytes();
  return out + few_.bytes() + (other_ != nullptr ? other_->bytes() : 0);
}

void LiteralIndex::Build(const GramCounts& counts) {
  if (other_ != nullptr) other_->Build(counts);
  std::vector<std::pair<uint64_t, Entry>> tiny, end8, end5, end1, start8, start5, start1, long_windows, middle_windows, short_windows;
  const auto count_anywhere = [&](uint32_t least, uint32_t most) {
    return std::count_if(literals_.begin(), literals_.end(), [&](const Literal& literal) { return literal.where == Where::kAnywhere && literal.size >= least && literal.size <= most; });
  };
  // Windows of six bytes tell more than those of four, where all literals have them.
  const uint32_t long_window = count_anywhere(kShortestLong, kWideWindow + 2) == 0 ? kWideWindow : kLongWindow;
  // Two bytes tell little, but a few of them are passed over fast: then one pass is better than two.
  const bool one_pass = count_anywhere(kPair + 1, kPair + 1) > 0 && count_anywhere(kPair + 1, kShortestLong - 1) <= kFewPairs;
  const ptrdiff_t middle = one_pass ? 0 : count_anywhere(kPair + 2, kShortestLong - 1);
  const bool few_in_all = middle + count_anywhere(kShortestLong, UINT32_MAX) <= kFew;
  const bool few_middle = few_in_all || middle <= kFewMiddle;
  std::vector<uint32_t> few;
  // Keys are read eight bytes at a time.
  text_.resize(text_.size() + 8);
  for (uint32_t i = 0; i < literals_.size(); i++) {
    const Literal& literal = literals_[i];
    const char* const begin = text_.data() + literal.text;
    const char* const end = begin + literal.size;
    const Entry entry{i, 0, 0};
    if (literal.where == Where::kAnywhere) {
      if (literal.size <= kPair) {
        singles_.push_back({{begin[0], literal.size > 1 ? begin[1] : '\0'}, static_cast<uint8_t>(literal.size), literal.id});
      } else if (literal.size >= kShortestLong ? few_in_all : few_middle && middle > 0 && literal.size > kPair + 1) {
        few.push_back(i);
      } else if (literal.size >= kShortestLong) {
        AddWindows(i, long_window, 4, counts, long_windows);
      } else if (literal.size > kPair + 1 && !one_pass) {
        AddWindows(i, kMiddleWindow, 2, counts, middle_windows);
      } else {
        AddWindows(i, kPair, 2, counts, short_windows);
      }
    } else if (literal.where == Where::kWhole && literal.size < 8) {
      tiny.push_back({TinyKey({begin, literal.size}), entry});
    } else if (literal.where == Where::kStart) {
      if (literal.size >= 8) start8.push_back({Load8(begin), entry});
      else if (literal.size >= 5) start5.push_back({Load8(begin) & FirstBytes(5), entry});
      else start1.push_back({static_cast<unsigned char>(*begin), entry});
    } else {
      if (literal.size >= 8) end8.push_back({Load8(end - 8), entry});
      else if (literal.size >= 5) end5.push_back({Load8(end - 5) & FirstBytes(5), entry});
      else end1.push_back({static_cast<unsigned char>(end[-1]), entry});
    }
  }
  has_ends_ = !(end8.empty() && end5.empty() && end1.empty() && start8.empty() && start5.empty() && start1.empty());
  tiny_.Build(std::move(tiny));
  end8_.Build(std::move(end8));
  end5_.Build(std::move(end5));
  end1_.Build(std::move(end1));
  start8_.Build(std::move(start8));
  start5_.Build(std::move(start5));
  start1_.Build(std::move(start1));
  AddFew(few, counts);
  long_.Build(std::move(long_windows), long_window);
  middle_.Build(std::move(middle_windows), kMiddleWindow);
  short_.Build(std::move(short_windows), kPair);
}

void LiteralIndex::AddFew(const std::vector<uint32_t>& literals, const GramCounts& counts) {
  const NibbleShares shares = counts.Nibbles();
  const float one = 1 / (static_cast<float>(counts.all()) + 1);
  NibbleFilter filter(literals.size());
  std::vector<std::pair<uint64_t, Entry>> windows;
  std::vector<float> costs;
  for (const uint32_t i : literals) {
    const std::string_view text(text_.data() + literals_[i].text, literals_[i].size);
    costs.clear();
    for (size_t at = 0; at + NibbleFilter::kWindow <= text.size(); at++) costs.push_back(static_cast<float>(std::min(counts.Of(GramAt(text, at)), counts.Of(GramAt(text, at + 1)))) * one);
    const uint32_t at = filter.Add(text, costs.data(), shares);
    windows.push_back({Load8(text.data() + at) & FirstBytes(NibbleFilter::kWindow), {i, at, 0}});
  }
  few_.Build(filter, std::move(windows));
}

void LiteralIndex::Few::Build(const NibbleFilter& filter, std::vector<std::pair<uint64_t, Entry>> windows) {
  filter_ = filter;
  table_.Build(std::move(windows), /*room=*/8);
}

// `step` windows side by side, the rarest together.
void LiteralIndex::AddWindows(uint32_t literal, uint32_t size, uint32_t step, const GramCounts& counts, std::vector<std::pair<uint64_t, Entry>>& out) const {
  const char* const begin = text_.data() + literals_[literal].text;
  uint32_t best = 0, best_count = UINT32_MAX;
  for (uint32_t at = 0; at + size + step - 1 <= literals_[literal].size; at++) {
    uint32_t count = 0;
    for (uint32_t i = at; i < at + step; i++) count += counts.Of(Load4(begin + i) & FirstBytes(kGram));
    if (count < best_count) best = at, best_count = count;
  }
  for (uint32_t at = best; at < best + step; at++) out.push_back({Load8(begin + at), {literal, at, 0}});
}

void LiteralIndex::Sieve::Build(std::vector<std::pair<uint64_t, Entry>> windows, uint32_t size) {
  if (windows.empty()) return;
  key_mask_ = FirstBytes(size);
  mask_ = static_cast<uint32_t>(FirstBytes(std::min<uint32_t>(size, 4)));
  wide_ = size > 4;
  const size_t most = std::min(windows.size() * kMostFilterBits, kSmallFilter);
  const size_t bits = std::bit_ceil(std::max({windows.size() * kLeastFilterBits, most, size_t{64}}));
  bits_.assign(bits / 32, 0);
  shift_ = 32 - static_cast<uint32_t>(std::countr_zero(bits));
  for (auto& [bytes, entry] : windows) {
    const uint32_t h = Hash(bytes);
    bits_[h >> 5] |= uint32_t{1} << (h & 31);
    bytes &= key_mask_;
  }
  table_.Build(std::move(windows));
}

void LiteralIndex::KeyTable::Build(std::vector<std::pair<uint64_t, Entry>> entries, size_t room) {
  if (entries.empty()) return;
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const size_t size = std::bit_ceil(entries.size() * room);
  mask_ = static_cast<uint32_t>(size - 1);
  slots_.assign(size, {});
  entries_.reserve(entries.size());
  for (size_t i = 0; i < entries.size(); i++) {
    const uint64_t key = entries[i].first;
    if (i == 0 || entries[i - 1].first != key) {
      const uint64_t hash = key * kMultiplier;
      uint32_t at = static_cast<uint32_t>(hash >> 32) & mask_;
      while (slots_[at].begin != kFree) at = (at + 1) & mask_;
      slots_[at] = {static_cast<uint32_t>(hash), static_cast<uint32_t>(i)};
    }
    entries_.push_back(entries[i].second);
    entries_.back().last = i + 1 == entries.size() || entries[i + 1].first != key;
  }
}

}  // namespace tocsin::match
