#include "engine/pipeline/internal/coverage_text.h"

#include <charconv>

namespace tocsin::pipeline {
namespace {

bool TakeNumber(std::string_view& text, char end, int64_t& number) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || rest == text.data() + text.size() || *rest != end) return false;
  text.remove_prefix(static_cast<size_t>(rest - text.data()) + 1);
  return true;
}

}  // namespace

std::string CoverageText(const event::Coverage& coverage) {
  std::string text;
  for (const auto& [first, last] : coverage.intervals()) {
    if (last < coverage.last().ns - kCoverageKeptNs) continue;
    text += std::to_string(first);
    text += ' ';
    text += std::to_string(last);
    text += '\n';
  }
  return text;
}

bool RestoreCoverage(std::string_view text, event::Coverage& coverage) {
  while (!text.empty()) {
    int64_t first = 0, last = 0;
    if (!TakeNumber(text, ' ', first) || !TakeNumber(text, '\n', last) || last < first) return false;
    coverage.Restore({first}, {last});
  }
  return true;
}

}  // namespace tocsin::pipeline
