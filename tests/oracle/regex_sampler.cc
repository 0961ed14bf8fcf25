// Texts for regexes: a walk along the syntax that takes one branch, one member, a few repetitions.
#include "tests/oracle/event_maker.h"

namespace tocsin::oracle {
namespace {

class Sampler {
 public:
  Sampler(const std::string& regex, std::mt19937_64& random) : regex_(regex), random_(random) {}
  std::string Whole() { return Alternatives(); }

 private:
  bool End() const { return at_ >= regex_.size(); }
  size_t Pick(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }
  char Any(const std::string& of) { return of.empty() ? 'a' : of[Pick(of.size())]; }

  std::string Alternatives() {
    std::vector<std::string> branches = {Sequence()};
    while (!End() && regex_[at_] == '|') {
      at_++;
      branches.push_back(Sequence());
    }
    return branches[Pick(branches.size())];
  }

  std::string Sequence() {
    std::string out;
    while (!End() && regex_[at_] != '|' && regex_[at_] != ')') {
      const size_t begin = at_;
      const std::string first = Atom();
      const size_t after_atom = at_;
      for (size_t n = Repetitions(); n > 0; n--) {
        const size_t end = at_;
        at_ = begin;
        out += n == 1 ? first : Atom();
        at_ = end;
      }
      if (at_ == begin) at_ = after_atom + 1;
    }
    return out;
  }

  // How often, for the quantifier that stands here: 1 for none.
  size_t Repetitions() {
    if (End()) return 1;
    size_t least = 1, most = 1;
    if (regex_[at_] == '*') {
      least = 0;
      most = 3;
    } else if (regex_[at_] == '+') {
      most = 3;
    } else if (regex_[at_] == '?') {
      least = 0;
    } else if (regex_[at_] == '{' && at_ + 1 < regex_.size() && isdigit(static_cast<unsigned char>(regex_[at_ + 1]))) {
      const size_t close = regex_.find('}', at_), comma = regex_.find(',', at_);
      least = std::stoul(regex_.substr(at_ + 1));
      most = comma > close ? least : isdigit(static_cast<unsigned char>(regex_[comma + 1])) ? std::stoul(regex_.substr(comma + 1)) : least + 2;
      at_ = close;
    } else {
      return 1;
    }
    at_++;
    if (!End() && (regex_[at_] == '?' || regex_[at_] == '+')) at_++;
    return least + Pick(most - least + 1);
  }

  std::string Atom() {
    const char c = regex_[at_++];
    if (c == '(') {
      if (!End() && regex_[at_] == '?') {
        // Flags alone, `(?i)`, or a group with a prefix.
        at_ = regex_.find_first_of(":>)", at_);
        if (at_ == std::string::npos) at_ = regex_.size();
        if (!End() && regex_[at_++] == ')') return "";
      }
      std::string inner = Alternatives();
      at_++;
      return inner;
    }
    if (c == '[') return std::string(1, Class());
    if (c == '\\') return Escape();
    if (c == '.') return std::string(1, Any("ax1-"));
    if (c == '^' || c == '$') return "";
    return std::string(1, c);
  }

  static std::string Members(char escape) {
    if (escape == 'd') return "0123456789";
    if (escape == 'w') return "abz_09AZ";
    if (escape == 's') return " \t";
    if (escape == 'S' || escape == 'D') return "abc.";
    if (escape == 'W') return " .-";
    if (escape == 'n') return "\n";
    if (escape == 'r') return "\r";
    if (escape == 't') return "\t";
    return std::string(1, escape);
  }
  std::string Escape() {
    if (End()) return "";
    const char c = regex_[at_++];
    if (c == 'b' || c == 'B' || c == 'A' || c == 'z') return "";
    if (c == 'x' && at_ + 1 < regex_.size() && isxdigit(static_cast<unsigned char>(regex_[at_]))) {
      at_ += 2;
      return std::string(1, static_cast<char>(std::stoul(regex_.substr(at_ - 2, 2), nullptr, 16) & 0x7F));
    }
    return std::string(1, Any(Members(c)));
  }

  char Class() {
    const bool negated = !End() && regex_[at_] == '^';
    if (negated) at_++;
    std::string members;
    for (bool first = true; !End() && (first || regex_[at_] != ']'); first = false) {
      const char c = regex_[at_++];
      if (c == '\\' && !End()) {
        members += Members(regex_[at_++]);
      } else if (at_ + 1 < regex_.size() && regex_[at_] == '-' && regex_[at_ + 1] != ']') {
        const char last = regex_[at_ + 1];
        for (int each = c; each <= last; each++) members += static_cast<char>(each);
        at_ += 2;
      } else {
        members += c;
      }
    }
    at_++;
    if (!negated) return Any(members);
    for (const char c : std::string("aZ5 -~%")) {
      if (members.find(c) == std::string::npos) return c;
    }
    return '!';
  }

  const std::string& regex_;
  std::mt19937_64& random_;
  size_t at_ = 0;
};

}  // namespace

std::string SampleRegex(const std::string& regex, std::mt19937_64& random) { return Sampler(regex, random).Whole(); }

}  // namespace tocsin::oracle
