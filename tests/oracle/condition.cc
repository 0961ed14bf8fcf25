// The condition grammar (SIGMA.md 22, 23): or < and < not < `x of` < parentheses.
#include <algorithm>

#include "tests/oracle/detection.h"

namespace tocsin::oracle {
namespace {

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

class Parser {
 public:
  Parser(const std::string& text, const std::vector<std::string>& names, bool selectors) : names_(names), selectors_(selectors) {
    static constexpr std::string_view kWord = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.*?";
    for (size_t i = 0; i < text.size();) {
      if (std::string_view(" \t\r\n").find(text[i]) != std::string_view::npos) {
        i++;
      } else if (text[i] == '(' || text[i] == ')') {
        words_.push_back(text.substr(i++, 1));
      } else {
        const size_t end = std::min(text.find_first_not_of(kWord, i), text.size());
        if (end == i) throw Refused("a condition with " + text.substr(i, 1));
        words_.push_back(text.substr(i, end - i));
        i = end;
      }
    }
  }

  Condition Whole() {
    Condition condition = Or();
    if (at_ != words_.size()) throw Refused("`" + words_[at_] + "` is left over");
    return condition;
  }

 private:
  // Keywords count in any case unless an identifier has that very name.
  bool Is(size_t at, std::string_view keyword) const {
    if (at >= words_.size() || Lower(words_[at]) != keyword) return false;
    return words_[at] == keyword || std::find(names_.begin(), names_.end(), words_[at]) == names_.end();
  }
  bool Take(std::string_view keyword) {
    if (!Is(at_, keyword)) return false;
    at_++;
    return true;
  }

  Condition Chain(Condition::Kind kind, std::string_view keyword, Condition (Parser::*operand)()) {
    Condition condition{kind, "", {(this->*operand)()}, 0};
    while (Take(keyword)) condition.children.push_back((this->*operand)());
    if (condition.children.size() > 1) return condition;
    Condition only = std::move(condition.children[0]);
    return only;
  }
  Condition Or() { return Chain(Condition::Kind::kOr, "or", &Parser::And); }
  Condition And() { return Chain(Condition::Kind::kAnd, "and", &Parser::Not); }
  Condition Not() {
    if (Take("not")) return {Condition::Kind::kNot, "", {Not()}, 0};
    return Operand();
  }
  Condition Operand() {
    if (at_ == words_.size()) throw Refused("the condition ends early");
    if (Take("(")) {
      Condition inner = Or();
      if (!Take(")")) throw Refused("a parenthesis is not closed");
      return inner;
    }
    if (Is(at_, ")") || Is(at_, "and") || Is(at_, "or") || Is(at_, "of")) throw Refused("`" + words_[at_] + "` where a name was expected");
    if (selectors_ && Is(at_ + 1, "of")) {
      const bool any = Is(at_, "1") || Is(at_, "any"), all = Is(at_, "all");
      const std::string& number = words_[at_];
      const bool counts = number.size() <= 3 && number[0] != '0' && number.find_first_not_of("0123456789") == std::string::npos;
      if (!any && !all && !counts) throw Refused("`" + number + " of`");
      const size_t count = counts ? std::stoul(number) : 0;
      at_ += 2;
      if (at_ == words_.size() || words_[at_] == "(" || words_[at_] == ")") throw Refused("`of` what?");
      std::string pattern = words_[at_++];
      if (Lower(pattern) == "them" && std::find(names_.begin(), names_.end(), pattern) == names_.end()) pattern = "them";
      return {any ? Condition::Kind::kAny : all ? Condition::Kind::kAll : Condition::Kind::kAtLeast, pattern, {}, count};
    }
    const std::string& word = words_[at_++];
    if (word.find_first_of("*?") != std::string::npos) throw Refused("a pattern where a name was expected");
    return {Condition::Kind::kName, word, {}, 0};
  }

  const std::vector<std::string>& names_;
  const bool selectors_;
  std::vector<std::string> words_;
  size_t at_ = 0;
};

}  // namespace

Condition ParseCondition(const std::string& text, const std::vector<std::string>& names, bool selectors) {
  return Parser(text, names, selectors).Whole();
}

}  // namespace tocsin::oracle
