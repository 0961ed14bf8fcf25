// Simple case folding (Unicode statuses C and S): one code point becomes one code point, so that texts which differ in case
// alone become equal bytes, and `?` still stands for one character. After it every
// comparison is one of bytes.
//
// The Kelvin sign folds to k and the long s to s: a text with a byte >= 0x80 cannot be compared by ASCII rules alone.
#ifndef TOCSIN_ENGINE_MATCH_INTERNAL_CASEFOLD_H_
#define TOCSIN_ENGINE_MATCH_INTERNAL_CASEFOLD_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace tocsin::match {

char32_t FoldCodePoint(char32_t code);

// How many bytes folding may need: U+023A, two bytes, becomes U+2C65, three; nothing grows by more.
constexpr size_t FoldedSizeMax(size_t size) { return size + size / 2 + 1; }

// Writes the folded text and returns its size. Bytes that are not UTF-8 stay as they are. Linear; ASCII goes eight bytes a
// step. REQUIRES: room for FoldedSizeMax(text.size()).
size_t Fold(std::string_view text, char* out);

bool IsAscii(std::string_view text);
// Fold, and whether the result is ASCII, 32 bytes a step. REQUIRES: room for FoldedSizeMax(text.size()) + 32 bytes.
size_t FoldWide(std::string_view text, char* out, bool* ascii);
std::string Folded(std::string_view text);
// Into a string whose capacity is kept: no allocation once it has grown.
void FoldTo(std::string_view text, std::string& out);

}  // namespace tocsin::match

#endif  // TOCSIN_ENGINE_MATCH_INTERNAL_CASEFOLD_H_
