#include "engine/event/internal/plain_text.h"

#include <algorithm>
#include <cstring>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "engine/content/utf8.h"
#include "engine/event/batch.h"
#include "engine/event/internal/compact.h"

namespace tocsin::event {
namespace {

// A bit for each of 64 bytes that is `wanted`.
uint64_t Equal(const char* bytes, char wanted) {
#ifdef __AVX2__
  const __m256i all = _mm256_set1_epi8(wanted);
  const auto half = [&](size_t at) { return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + at)), all))); };
  return half(0) | uint64_t{half(32)} << 32;
#else
  uint64_t out = 0;
  for (size_t i = 0; i < 64; i++) out |= uint64_t{bytes[i] == wanted} << i;
  return out;
#endif
}

// What of a run of backslashes begins an escape: every other one, from its first. `next` carries over to the next block: its
// first byte is escaped. (The method is simdjson's.)
struct Escapes {
  uint64_t begin = 0, escaped = 0;
};
Escapes FindEscapes(uint64_t backslashes, uint64_t* next) {
  constexpr uint64_t kOdd = 0xAAAAAAAAAAAAAAAA;
  const uint64_t carried = *next;
  const uint64_t may_begin = backslashes & ~carried;
  const uint64_t series = (((may_begin << 1) | kOdd) - may_begin) ^ kOdd;
  const Escapes out{series & backslashes, series ^ (backslashes | carried)};
  *next = out.begin >> 63;
  return out;
}

constexpr std::string_view kShort = "bfnrt", kMeant = "\b\f\n\r\t";

// Four hexadecimal digits, or -1.
int32_t HexQuad(const char* text) {
  int32_t out = 0;
  for (int i = 0; i < 4; i++) {
    const char c = text[i];
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return -1;
    out = out * 16 + digit;
  }
  return out;
}

bool IsHigh(int32_t code) { return code >= 0xD800 && code < 0xDC00; }
bool IsLow(int32_t code) { return code >= 0xDC00 && code < 0xE000; }

}  // namespace

void PlainText::Make(std::string_view text) {
  text_ = text;
  broken_ = SIZE_MAX;
  const size_t blocks = (text.size() + kBlock - 1) / kBlock;
  size_t first = 0;
  while (first < blocks && Equal(text.data() + first * kBlock, '\\') == 0) first++;
  escapes_ = first < blocks;   // or behind the text, where no stretch of it comes
  if (!escapes_) return;
#ifdef __x86_64__
  static const bool at_once = CompactAtOnce::Works();
  if (at_once) return Undo(first, CompactAtOnce());
#endif
  Undo(first, CompactAsBuilt());
}

// REQUIRES: no escape before that block.
template <class Compact>
void PlainText::Undo(size_t first_block, Compact compact) {
  const size_t blocks = (text_.size() + kBlock - 1) / kBlock;
  if (text_.size() + 2 * kPadding > capacity_) {
    capacity_ = std::max(text_.size() + 2 * kPadding, capacity_ * 2);
    plain_ = std::make_unique_for_overwrite<char[]>(capacity_);
  }
  if (blocks_.size() <= blocks) blocks_.resize(std::max(blocks + 1, blocks_.size() * 2));
  patches_.clear();
  unicode_end_ = 0;
  memcpy(plain_.get(), text_.data(), first_block * kBlock);
  for (size_t i = 0; i < first_block; i++) blocks_[i] = {~uint64_t{0}, i * kBlock};
  size_t place = first_block * kBlock;
  uint64_t next_escaped = 0, dropped = 0;
  for (size_t i = first_block; i < blocks; i++) {
    const char* const bytes = text_.data() + i * kBlock;
    const size_t size = std::min(kBlock, text_.size() - i * kBlock);
    const uint64_t backslashes = Equal(bytes, '\\');
    if ((backslashes | next_escaped | dropped) == 0 && size == kBlock) {
      memcpy(plain_.get() + place, bytes, kBlock);
      blocks_[i] = {~uint64_t{0}, place};
      place += kBlock;
      continue;
    }
    const uint64_t inside = ~uint64_t{0} >> (kBlock - size);
    const Escapes escapes = FindEscapes(backslashes & inside, &next_escaped);
    uint64_t kept = inside & ~escapes.begin & ~dropped;
    dropped = 0;
    uint64_t others = escapes.escaped & inside & ~(backslashes | Equal(bytes, '"') | Equal(bytes, '/'));
    if ((others & Equal(bytes, 'u')) != 0) dropped = DropUnicode(i, others, &kept);
    compact(bytes, kept, plain_.get() + place);
    blocks_[i] = {kept, place};
    for (; others != 0; others &= others - 1) {
      const int at = std::countr_zero(others);
      if (bytes[at] == 'u') continue;
      const size_t known = kShort.find(bytes[at]);
      if (known == std::string_view::npos) broken_ = std::min(broken_, i * kBlock + static_cast<size_t>(at));
      else plain_[Place(i * kBlock + static_cast<size_t>(at))] = kMeant[known];
    }
    place += static_cast<size_t>(std::popcount(kept));
    if (!patches_.empty()) WritePatches((i + 1) * kBlock);
  }
  blocks_[blocks] = {0, place};
  size_ = place;
  WritePatches(SIZE_MAX);
  memset(plain_.get() + place, 0, kPadding);
}

// Those whose bytes have all their places by now; the last of a block may reach into the next.
void PlainText::WritePatches(size_t end) {
  size_t left = 0;
  for (const Patch& patch : patches_) {
    if (patch.at + patch.size > end) patches_[left++] = patch;
    else memcpy(plain_.get() + Place(patch.at), patch.bytes, patch.size);
  }
  patches_.resize(left);
}

// Takes out of `kept` what \u escapes have more bytes than what they stand for. Returns what goes from the next block.
uint64_t PlainText::DropUnicode(size_t block, uint64_t escaped, uint64_t* kept) {
  uint64_t next = 0;
  for (; escaped != 0; escaped &= escaped - 1) {
    const size_t at = block * kBlock + static_cast<size_t>(std::countr_zero(escaped));
    if (text_[at] != 'u' || at < unicode_end_) continue;   // the second half of a pair went with the first
    const char* const digits = text_.data() + at + 1;
    int32_t code = HexQuad(digits);
    if (code < 0) {
      broken_ = std::min(broken_, at);
      continue;
    }
    unicode_end_ = at + 5;
    if (IsHigh(code) && digits[4] == '\\' && digits[5] == 'u' && IsLow(HexQuad(digits + 6))) {
      code = 0x10000 + ((code - 0xD800) << 10) + (HexQuad(digits + 6) - 0xDC00);
      unicode_end_ += 6;
    } else if (IsHigh(code) || IsLow(code)) {
      code = 0xFFFD;
    }
    Patch& patch = patches_.emplace_back();
    patch.at = at;
    patch.size = content::WriteCodePoint(static_cast<char32_t>(code), patch.bytes);
    for (size_t drop = at + patch.size; drop < unicode_end_; drop++) {
      if (drop / kBlock == block) *kept &= ~(uint64_t{1} << (drop % kBlock));
      else next |= uint64_t{1} << (drop % kBlock);
    }
  }
  return next;
}

// Where the byte came from that stands there.
size_t PlainText::PlaceOfKept(size_t plain) const {
  const size_t blocks = (text_.size() + kBlock - 1) / kBlock;
  const auto behind = std::upper_bound(blocks_.begin(), blocks_.begin() + static_cast<ptrdiff_t>(blocks), plain, [](size_t place, const Block& block) { return place < block.place; });
  const size_t block = static_cast<size_t>(behind - blocks_.begin()) - 1;
  uint64_t kept = blocks_[block].kept;
  for (size_t n = plain - blocks_[block].place; n > 0; n--) kept &= kept - 1;
  return block * kBlock + static_cast<size_t>(std::countr_zero(kept));
}

std::string_view PlainText::Original(std::string_view plain) const {
  const std::string_view all = escapes_ ? std::string_view(plain_.get(), size_) : text_;
  if (plain.data() <= all.data() || plain.data() + plain.size() >= all.data() + all.size()) return {};
  if (!escapes_) return plain;
  const size_t place = static_cast<size_t>(plain.data() - all.data());
  const size_t begin = PlaceOfKept(place - 1) + 1;
  return text_.substr(begin, PlaceOfKept(place + plain.size()) - begin);
}

}  // namespace tocsin::event
