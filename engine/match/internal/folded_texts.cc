#include "engine/match/internal/folded_texts.h"

#include <algorithm>
#include <cstring>

#include "engine/match/internal/casefold.h"

namespace tocsin::match {

void FoldedTexts::Begin(const event::EventView& event) {
  values_ = event.value_base;
  const size_t count = event.value_count;
  if (entries_.size() < count) entries_.resize(std::max(count, entries_.size() * 2));
  if (++epoch_ == 0) {
    std::fill(entries_.begin(), entries_.end(), Entry{});
    epoch_ = 1;
  }
  // What an unusual event needed is not kept for ever.
  while (blocks_.size() > 1 && blocks_.back().size > kBlockBytes) blocks_.pop_back();
  block_ = 0;
  used_ = 0;
}

void FoldedTexts::NextBlock(size_t wanted) {
  while (block_ < blocks_.size() && blocks_[block_].size - used_ < wanted) {
    block_++;
    used_ = 0;
  }
  if (block_ < blocks_.size()) return;
  const size_t size = std::max(kBlockBytes, wanted);
  // Zero is only its first margin: who explains one event of many rules opens a block for each.
  blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
  memset(blocks_.back().bytes.get(), 0, kMargin);
  used_ = 0;
}

void FoldedTexts::Fill(std::string_view text, Entry& entry) {
  char* const out = Reserve(FoldedSizeMax(text.size()));
  bool ascii = true;
  const size_t size = FoldWide(text, out, &ascii);
  memset(out + size, 0, kMargin);
  used_ += kMargin + size;
  entry = {out, static_cast<uint32_t>(size) | (ascii ? 0 : kNotAscii), epoch_};
}

}  // namespace tocsin::match
