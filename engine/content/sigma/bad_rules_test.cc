// tests/bad_rules.txt at the level of this room: each case is told its codes, in order. The program's test compares the words.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "engine/content/testing/inline_content.h"

namespace tocsin::content {
namespace {

std::vector<std::string> CodesIn(const std::string& text) {
  // "error T0101: " or "warning T0151: ".
  constexpr size_t kCode = 5;
  std::vector<std::string> out;
  for (size_t at = text.find(" T"); at != std::string::npos; at = text.find(" T", at + 1)) {
    const std::string code = text.substr(at + 1, kCode);
    const bool is_code = code.find_first_not_of("0123456789", 1) == std::string::npos && text.compare(at + 1 + kCode, 2, ": ") == 0;
    const bool told = text.substr(0, at).ends_with("error") || text.substr(0, at).ends_with("warning");
    if (is_code && told && !code.starts_with("T11")) out.push_back(code);   // regexes and networks are compiled by match
  }
  return out;
}

// Stands in for the matcher, which this room does not know: good enough for the regexes and networks of that file.
bool Understood(const ValueTest& test, Diagnostics& diagnostics) {
  const std::string& text = test.text;
  const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
  const bool parentheses = std::count(text.begin(), text.end(), '(') == std::count(text.begin(), text.end(), ')');
  const bool regex = test.kind != ValueTest::Kind::kRegex || (parentheses && !has("(?<") && !has("(?!") && !has("(?=") && !has("}{"));
  const bool network = test.kind != ValueTest::Kind::kCidr || (!has("/33") && !has("/40"));
  if (!regex || !network) diagnostics.Error("T1101", test.place, "not understood");
  return regex && network;
}

TEST(BadRules, EachIsToldItsCodes) {
  std::ifstream in(TOCSIN_SOURCE_DIR "/tests/bad_rules.txt");
  std::stringstream all;
  all << in.rdbuf();
  std::string rest = all.str();
  size_t cases = 0;
  for (size_t at = rest.find("=== "); at != std::string::npos; cases++) {
    const size_t next = rest.find("\n=== ", at);
    const std::string block = rest.substr(at, next == std::string::npos ? next : next - at);
    at = next == std::string::npos ? next : next + 1;
    const std::string title = block.substr(4, block.find('\n') - 4);
    const size_t says = block.find("--- says\n");
    ASSERT_NE(says, std::string::npos) << title;
    const std::string files = block.substr(block.find('\n') + 1, says - block.find('\n') - 1);
    InlineContent content;
    const size_t list = files.find("--- file lists/");
    content.rules = files.substr(0, list);
    if (list != std::string::npos) {
      const size_t name = list + std::string_view("--- file lists/").size(), line = files.find('\n', name);
      content.lists[files.substr(name, files.find(".txt", name) - name)] = files.substr(line + 1);
    }
    content.check_value = Understood;
    content.portable = title.find(" portable") != std::string::npos;
    Diagnostics diagnostics;
    ContentFromText(content, diagnostics);
    EXPECT_EQ(CodesIn(diagnostics.Text()), CodesIn(block.substr(says))) << title << "\n" << diagnostics.Text();
  }
  EXPECT_GT(cases, 100u);
}

}  // namespace
}  // namespace tocsin::content
