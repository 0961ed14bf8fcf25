// A JSON text with the escapes of its strings undone, and where each of its bytes went.
//
// One pass over the text, sixty-four bytes at a time: a backslash that begins an escape goes, what it escapes stays or is
// replaced by what it stands for. No escape grows when it is undone, so that the plain text is the text with bytes left out; a
// mask a block says which. Any stretch of the text is thus found in the plain text by counting bits, and back.
//
// Undone are all escapes, wherever they stand: what is no JSON is refused by others. An escaped surrogate without its other half
// becomes U+FFFD: writers make such texts from broken names, and an event must not hide behind one.
#ifndef TOCSIN_ENGINE_EVENT_INTERNAL_PLAIN_TEXT_H_
#define TOCSIN_ENGINE_EVENT_INTERNAL_PLAIN_TEXT_H_

#include <bit>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace tocsin::event {

class PlainText {
 public:
  // The text stays while this is used, kPadding readable bytes behind it. Allocates when a text is longer than all before. A text
  // without escapes costs looking for them, and is its own plain text.
  void Make(std::string_view text);

  // The text's bytes [begin, end), plain; kPadding readable bytes follow. Until the next Make.
  std::string_view Of(size_t begin, size_t end) const {
    if (!escapes_) return {text_.data() + begin, end - begin};
    const size_t from = Place(begin);
    return {plain_.get() + from, Place(end) - from};
  }
  // The stretch of the text that became this one between two bytes that stayed themselves (a string, between its quotes); empty
  // when this is no stretch of the plain text. Logarithmic in the text's size.
  std::string_view Original(std::string_view plain) const;

  // Is there a wrong escape in the text's [begin, end), where no other came before?
  bool Broken(size_t begin, size_t end) const { return broken_ - begin < end - begin; }

 private:
  static constexpr size_t kBlock = 64;
  struct Block {
    uint64_t kept = 0;       // a bit for each of its bytes
    size_t place = 0;        // in the plain text
  };
  // What an escape of several bytes became.
  struct Patch {
    size_t at = 0;           // in the text
    uint32_t size = 0;
    char bytes[4];
  };

  size_t Place(size_t at) const {
    const Block& block = blocks_[at / kBlock];
    return block.place + static_cast<size_t>(std::popcount(block.kept & ((uint64_t{1} << (at % kBlock)) - 1)));
  }
  size_t PlaceOfKept(size_t plain) const;
  template <class Compact>
  void Undo(size_t first_block, Compact compact);
  uint64_t DropUnicode(size_t block, uint64_t escaped, uint64_t* kept);
  void WritePatches(size_t end);

  std::string_view text_;
  bool escapes_ = false;
  size_t broken_ = SIZE_MAX;             // the first wrong escape; behind its backslash
  std::unique_ptr<char[]> plain_;
  size_t capacity_ = 0, size_ = 0;       // bytes of plain_
  std::vector<Block> blocks_;            // and one behind the last
  std::vector<Patch> patches_;           // not yet written: a block's
  size_t unicode_end_ = 0;               // behind the last \u escape
};

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_INTERNAL_PLAIN_TEXT_H_
