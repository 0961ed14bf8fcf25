#include "engine/content/find_rule.h"

#include <algorithm>
#include <cctype>

#include "engine/content/diagnostics.h"

namespace tocsin::content {
namespace {

constexpr std::string Rule::*kNamings[] = {&Rule::name, &Rule::id, &Rule::title};

bool SameWord(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

template <class Same>
std::vector<RuleId> Find(const ContentSet& content, std::string_view text, Same same) {
  std::vector<RuleId> out;
  for (const auto naming : kNamings) {
    for (size_t i = 0; i < content.rules.size(); i++) {
      if (!(content.rules[i].*naming).empty() && same(content.rules[i].*naming, text))
        out.push_back(RuleId(static_cast<uint32_t>(i)));
    }
    if (!out.empty()) break;
  }
  return out;
}

}  // namespace

std::vector<RuleId> FindRules(const ContentSet& content, std::string_view text) {
  std::vector<RuleId> out = Find(content, text, [](std::string_view a, std::string_view b) { return a == b; });
  return out.empty() ? Find(content, text, SameWord) : out;
}

std::string NearestRule(const ContentSet& content, std::string_view text) {
  std::vector<std::string_view> words;
  for (const auto naming : kNamings) {
    for (const Rule& rule : content.rules) {
      if (!(rule.*naming).empty()) words.push_back(rule.*naming);
    }
  }
  return NearestWord(text, words);
}

}  // namespace tocsin::content
