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
  next_ = nullptr;
  end_ = nullptr;
  plain_ = event.plain.data();
  whole_size_ = event.plain.size();
  whole_ = nullptr;
}

// REQUIRES: whole_size_ > 0.
void FoldedTexts::FoldWhole() {
  const std::string_view plain(plain_, whole_size_);
  const size_t wanted = plain.size() + 2 * kMargin;
  if (whole_capacity_ < wanted || whole_capacity_ > std::max(kBlockBytes, wanted)) {
    whole_capacity_ = std::max(kBlockBytes, wanted);
    whole_bytes_ = std::make_unique<char[]>(whole_capacity_);
  }
  if (FoldAscii(plain, whole_bytes_.get() + kMargin)) whole_ = whole_bytes_.get() + kMargin;
  else whole_size_ = 0;
}

void FoldedTexts::NextBlock(size_t size) {
  const size_t wanted = size + 2 * kMargin;
  while (block_ < blocks_.size() && blocks_[block_].size < wanted) block_++;
  if (block_ == blocks_.size()) {
    // Zero is only its first margin: who explains one event of many rules opens a block for each.
    const size_t bytes = std::max(kBlockBytes, wanted);
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(bytes), bytes});
    memset(blocks_.back().bytes.get(), 0, kMargin);
  }
  const Block& block = blocks_[block_++];
  next_ = block.bytes.get() + kMargin;
  end_ = block.bytes.get() + block.size;
}

void FoldedTexts::Fill(std::string_view text, Entry& entry) {
  const size_t room = FoldedSizeMax(text.size());
  if (static_cast<size_t>(end_ - next_) < room + kMargin) NextBlock(room);
  size_t size = text.size();
  const bool ascii = FoldAscii(text, next_);
  if (!ascii) size = Fold(text, next_);
  memset(next_ + size, 0, kMargin);
  // What is not ASCII may become so: the Kelvin sign is a k.
  entry = {next_, static_cast<uint32_t>(size) | (ascii || IsAscii({next_, size}) ? 0 : kNotAscii), epoch_};
  next_ += size + kMargin;
}

}  // namespace tocsin::match
