// The texts of one event, case-folded, each at most once however many tests look at it.
//
// A folded text has kMargin readable zero bytes before and behind it, so that tests may load eight bytes at either end.
// Texts live until the next Begin. One a worker; no allocation once its memory has grown to what the events need.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_FOLDED_TEXTS_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_FOLDED_TEXTS_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/event/event.h"

namespace tocsin::match {

class FoldedTexts {
 public:
  static constexpr size_t kMargin = 32;

  // A new event: what was folded is forgotten, in constant time.
  void Begin(const event::EventView& event);

  // The folded text of a value of the event: one of a field's, or one of its leaves.
  std::string_view Of(const event::Value& value) {
    const size_t place = PlaceOf(value);
    Entry& entry = entries_[place];
    if (entry.epoch != epoch_) Fill(value.text, entry);
    return {entry.text, entry.size};
  }

 private:
  struct Entry {
    const char* text = nullptr;
    uint32_t size = 0;
    uint32_t epoch = 0;
  };
  // Values first, leaves behind them.
  size_t PlaceOf(const event::Value& value) const {
    const size_t place = static_cast<size_t>(&value - values_);
    return &value >= values_ && place < value_count_ ? place : value_count_ + static_cast<size_t>(&value - leaves_);
  }
  void Fill(std::string_view text, Entry& entry);
  char* Reserve(size_t size);

  static constexpr size_t kBlockBytes = 256u << 10;
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };
  const event::Value* values_ = nullptr;
  const event::Value* leaves_ = nullptr;
  size_t value_count_ = 0;
  std::vector<Entry> entries_;
  uint32_t epoch_ = 0;
  std::vector<Block> blocks_;
  size_t block_ = 0;      // the one in use
  size_t used_ = 0;       // bytes of it
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_FOLDED_TEXTS_H_
