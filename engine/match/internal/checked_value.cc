#include "engine/match/internal/checked_value.h"

namespace tocsin::match {

std::unique_ptr<re2::RE2> CheckedRegex(const std::string& text, content::Place place, content::Diagnostics& diagnostics) {
  if (text.size() > kMaxRegexBytes) {
    diagnostics.Error("T1101", place, "the regex is longer than " + std::to_string(kMaxRegexBytes >> 10) + " KiB", "several, or a list of values under contains");
    return nullptr;
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexMemory);
  auto regex = std::make_unique<re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (regex->ok()) return regex;
  diagnostics.Error("T1101", place, "the regex is refused: " + regex->error(), "RE2 syntax: no look-around, no back-references");
  return nullptr;
}

std::optional<Network> CheckedNetwork(const std::string& text, content::Place place, content::Diagnostics& diagnostics) {
  std::optional<Network> network = ParseNetwork(text);
  if (!network) diagnostics.Error("T1102", place, "`" + text + "` is no network", "10.0.0.0/8 or 2001:db8::/32");
  return network;
}

}  // namespace tocsin::match
