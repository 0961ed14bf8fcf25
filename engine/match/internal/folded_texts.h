// The texts of one event, case-folded, each at most once however many tests look at it.
//
// Folding keeps the length of ASCII: an event that is all ASCII (its escapes undone) is folded as a whole, and the folded text of a
// value is the same stretch of the folded event. Every other text (of derived fields, say) is folded by itself.
//
// A folded text has kMargin readable bytes before and behind it, so that tests may load eight bytes at either end.
// Texts live until the next Begin. One a worker; no allocation once its memory has grown to what the events need.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_FOLDED_TEXTS_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_FOLDED_TEXTS_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/event/event.h"

namespace tocsin::match {

struct FoldedText {
  const char* data = nullptr;
  uint32_t size = 0;
  bool ascii = true;        // no byte of it is above 0x7F
  std::string_view text() const { return {data, size}; }
};

class FoldedTexts {
 public:
  static constexpr size_t kMargin = 64;

  // A new event: what was folded is forgotten. The event is folded when the first text of it is asked for.
  void Begin(const event::EventView& event);

  // The folded event; no data when it is not ASCII. Linear in its bytes the first time.
  FoldedText Whole() {
    FoldOnce();
    return {whole_, static_cast<uint32_t>(whole_size_), true};
  }
  // Does the value's text stand in it?
  bool InWhole(const event::Value& value) {
    FoldOnce();
    return static_cast<size_t>(value.text.data() - plain_) < whole_size_;
  }

  // The folded text of a value of the event.
  FoldedText Of(const event::Value& value) {
    if (InWhole(value)) return {whole_ + (value.text.data() - plain_), static_cast<uint32_t>(value.text.size()), true};
    Entry& entry = entries_[static_cast<size_t>(&value - values_)];
    if (entry.epoch != epoch_) Fill(value.text, entry);
    return {entry.text, entry.size & ~kNotAscii, (entry.size & kNotAscii) == 0};
  }

 private:
  struct Entry {
    const char* text = nullptr;
    uint32_t size = 0;      // and kNotAscii
    uint32_t epoch = 0;
  };
  static constexpr uint32_t kNotAscii = 1u << 31;   // texts are shorter: max_event bounds them
  void Fill(std::string_view text, Entry& entry);
  // Makes room for `size` bytes between two margins.
  void NextBlock(size_t size);

  static constexpr size_t kBlockBytes = 256u << 10;
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };
  void FoldWhole();
  void FoldOnce() {
    if (whole_ == nullptr && whole_size_ > 0) FoldWhole();
  }

  // The plain event, and the same folded (null: not yet). No size: it is not ASCII, or there is none.
  const char* plain_ = nullptr;
  const char* whole_ = nullptr;
  size_t whole_size_ = 0;
  std::unique_ptr<char[]> whole_bytes_;
  size_t whole_capacity_ = 0;

  const event::Value* values_ = nullptr;
  std::vector<Entry> entries_;
  uint32_t epoch_ = 0;
  std::vector<Block> blocks_;
  size_t block_ = 0;      // behind the one in use
  // Of the block in use: where the next text goes, and its end. The margin before it is in place: a block's first one is never
  // written, any other is the end of the text before.
  char* next_ = nullptr;
  const char* end_ = nullptr;
};

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_FOLDED_TEXTS_H_
