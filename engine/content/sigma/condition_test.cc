#include "engine/content/sigma/condition.h"

#include <gtest/gtest.h>

namespace tocsin::content {
namespace {

std::string Shown(const ConditionNode& node) {
  using Kind = ConditionNode::Kind;
  switch (node.kind) {
    case Kind::kName: return node.name;
    case Kind::kAnyOf: return "any:" + node.name;
    case Kind::kAllOf: return "all:" + node.name;
    case Kind::kCountOf: return std::to_string(node.count) + ":" + node.name;
    default: break;
  }
  std::string out = node.kind == Kind::kAnd ? "(and" : node.kind == Kind::kOr ? "(or" : "(not";
  for (const ConditionNode& child : node.children) out += " " + Shown(child);
  return out + ")";
}

// The tree, or the code of what is said.
std::string Parsed(const std::string& text, const std::vector<std::string_view>& names = {"a", "b", "c"}, bool selectors = true) {
  Diagnostics diagnostics;
  YamlNode node;
  node.text = text;
  node.quoted = true;
  node.place = {diagnostics.AddFile("f", text), 1, 1};
  ConditionNode out;
  FieldTable fields;
  const Lists lists;
  if (ParseCondition(node, selectors, names, SigmaContext{fields, lists, diagnostics}, out)) return Shown(out);
  EXPECT_EQ(diagnostics.errors(), 1u);
  return diagnostics.all()[0].code;
}

TEST(Condition, Precedence) {
  const std::pair<const char*, const char*> cases[] = {
      {"a", "a"},
      {"a or b and not c", "(or a (and b (not c)))"},
      {"(a or b) and c", "(and (or a b) c)"},
      {"not not a", "(not (not a))"},
      {"a and b and c", "(and a b c)"},
      {"not 1 of a*", "(not any:a*)"},
      {"1 of a* or all of them", "(or any:a* all:them)"},
      {"any of a* and 3 of *b*", "(and any:a* 3:*b*)"},
      {"A AND b OR Not c", "(or (and A b) (not c))"},
      {"a\n  and b\n", "(and a b)"},
      {"x.y-z_1 and ümlaut", "(and x.y-z_1 ümlaut)"},
      {"1 OF THEM", "any:them"},
  };
  for (const auto& [text, tree] : cases) EXPECT_EQ(Parsed(text), tree) << text;
}

TEST(Condition, KeywordsThatAreNames) {
  EXPECT_EQ(Parsed("NOT and b", {"NOT", "b"}), "(and NOT b)");
  EXPECT_EQ(Parsed("1 of them", {"them"}), "any:them");
  EXPECT_EQ(Parsed("1 and all", {"1", "all"}), "(and 1 all)");
}

TEST(Condition, Refused) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "T0201"},       {"a | count() > 5", "T0202"}, {"a)", "T0203"},       {"(a", "T0203"},    {"a b", "T0204"},        {"a and", "T0207"}, {"and a", "T0207"},
      {"()", "T0206"},     {"a*", "T0208"},              {"0 of a*", "T0209"},  {"1 of", "T0207"},  {"few of a*", "T0209"},  {"a & b", "T0204"}, {"1 of (a)", "T0207"},
      {"1000 of a*", "T0209"},
  };
  for (const auto& [text, code] : cases) EXPECT_EQ(Parsed(text), code) << text;
  EXPECT_EQ(Parsed(std::string(5000, '(') + "a" + std::string(5000, ')')), "T0205");
  std::string nots;
  for (int i = 0; i < 200; i++) nots += "not ";
  EXPECT_EQ(Parsed(nots + "a"), "T0205");
}

TEST(Condition, CorrelationsHaveNoSelectors) {
  EXPECT_EQ(Parsed("a and not b", {"a", "b"}, false), "(and a (not b))");
  EXPECT_EQ(Parsed("1 of a", {"a"}, false), "T0204");
}

TEST(Condition, SelectorsTake) {
  EXPECT_TRUE(SelectorTakes("them", "a"));
  EXPECT_FALSE(SelectorTakes("them", "_a"));
  EXPECT_FALSE(SelectorTakes("*", "_a"));
  EXPECT_TRUE(SelectorTakes("_*", "_a"));
  EXPECT_TRUE(SelectorTakes("sel*", "sel"));
  EXPECT_TRUE(SelectorTakes("*_x*y", "a_xzy"));
  EXPECT_TRUE(SelectorTakes("a*b*c", "abxbc"));
  EXPECT_FALSE(SelectorTakes("a*b*c", "abxb"));
  EXPECT_FALSE(SelectorTakes("sel", "select"));
}

}  // namespace
}  // namespace tocsin::content
