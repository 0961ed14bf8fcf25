// Differential: a Sigma string against a text, product and oracle. The input is three parts between line breaks: flags
// (c cased, w windash, and an anchor a, s or e), the pattern, and the text, which may hold line breaks itself.
#include <cstdint>
#include <cstdio>
#include <string>

#include "engine/content/sigma/pattern.h"
#include "engine/match/internal/casefold.h"
#include "engine/match/internal/text_match.h"
#include "tests/oracle/text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tocsin;
  // The oracle tries everything: longer inputs would only be slower.
  constexpr size_t kMaxInput = 60, kMaxStars = 5;
  if (size > kMaxInput) return 0;
  const std::string input(reinterpret_cast<const char*>(data), size);
  const size_t first = input.find('\n'), second = first == std::string::npos ? first : input.find('\n', first + 1);
  if (second == std::string::npos) return 0;
  const std::string flags = input.substr(0, first), pattern = input.substr(first + 1, second - first - 1), text = input.substr(second + 1);
  // JSON and YAML are UTF-8; nothing else can come.
  if (content::FindBadUtf8(pattern) != std::string_view::npos || content::FindBadUtf8(text) != std::string_view::npos) return 0;
  const bool cased = flags.find('c') != std::string::npos, windash = flags.find('w') != std::string::npos;
  const bool before = flags.find_first_of("ae") != std::string::npos, after = flags.find_first_of("as") != std::string::npos;
  oracle::SigmaString slow = oracle::ParseSigmaString(pattern);
  size_t stars = 0;
  for (const oracle::Token& token : slow) stars += token.kind == oracle::Token::Kind::kAny;
  if (stars > kMaxStars) return 0;
  content::Pattern fast = content::ParsePattern(pattern);
  if (windash) oracle::MarkFlagDashes(slow);
  if (before) {
    slow.insert(slow.begin(), {oracle::Token::Kind::kAny, 0});
    content::AddAnyBefore(fast);
  }
  if (after) {
    slow.push_back({oracle::Token::Kind::kAny, 0});
    content::AddAnyAfter(fast);
  }
  const std::u32string points = oracle::CodePoints(text);
  const bool want = cased ? oracle::Matches(slow, points) : oracle::Matches(oracle::Folded(slow), oracle::Folded(points));
  // As the matcher calls it: folded unless cased, with readable bytes behind.
  const std::string folded = cased ? text : match::Folded(text);
  const std::string padded = folded + std::string(32, 'a');
  if (match::TextPattern(fast, cased, windash).Matches(std::string_view(padded).substr(0, folded.size())) == want) return 0;
  fprintf(stderr, "the oracle says %d\n", want);
  __builtin_trap();
}
