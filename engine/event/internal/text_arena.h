// Memory for the texts an event makes (canonical keys, derived fields): valid until Clear,
// addresses never move.
#ifndef TOCSIN_ENGINE_EVENT_INTERNAL_TEXT_ARENA_H_
#define TOCSIN_ENGINE_EVENT_INTERNAL_TEXT_ARENA_H_

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace tocsin::event {

class TextArena {
 public:
  // Room for `size` bytes.
  char* Reserve(size_t size) {
    while (block_ < blocks_.size() && used_ + size > blocks_[block_].size) {
      block_++;
      used_ = 0;
    }
    if (block_ == blocks_.size()) {
      const size_t capacity = std::max(size, kBlock);
      blocks_.push_back({std::make_unique_for_overwrite<char[]>(capacity), capacity});
    }
    char* out = blocks_[block_].bytes.get() + used_;
    used_ += size;
    return out;
  }
  std::string_view Copy(std::string_view text) {
    char* out = Reserve(text.size());
    memcpy(out, text.data(), text.size());
    return {out, text.size()};
  }
  void Clear() {
    block_ = used_ = 0;
    // Blocks that unusual texts needed do not pile up: of many, the largest stays.
    if (blocks_.size() <= kMaxKept) return;
    std::iter_swap(blocks_.begin(), std::max_element(blocks_.begin(), blocks_.end(), [](const Block& a, const Block& b) { return a.size < b.size; }));
    blocks_.resize(1);
  }

 private:
  static constexpr size_t kBlock = 1u << 16, kMaxKept = 8;
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };
  std::vector<Block> blocks_;
  size_t block_ = 0, used_ = 0;
};

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_INTERNAL_TEXT_ARENA_H_
