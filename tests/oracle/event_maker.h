// Makes events for a rule from the oracle's own reading of it: events that satisfy it, and events that almost do.
#ifndef TOCSIN_TESTS_ORACLE_EVENT_MAKER_H_
#define TOCSIN_TESTS_ORACLE_EVENT_MAKER_H_

#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/oracle/detection.h"

namespace tocsin::oracle {

class EventMaker {
 public:
  explicit EventMaker(uint64_t seed) : random_(seed) {}

  // One line of JSON. About half of them are spoilt in one or two places: a near miss, another case, a field missing, null, an
  // array, a number for a string, an object; keys nested, dotted or twice.
  std::string Make(const Expr& condition);

  // Exactly these fields, in the given spelling of JSON values; nested or dotted as chance has it.
  std::string Write(const std::vector<std::pair<std::string, std::string>>& fields);

  size_t Pick(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }
  bool Chance(size_t one_in) { return Pick(one_in) == 0; }

 private:
  struct Field {
    std::string path;
    std::string text;
    bool string = true;         // else `text` is JSON as it stands
  };
  void Want(const Expr& expr, bool holds);
  void WantItem(const Item& item, bool holds);
  void Satisfy(const Item& item, const Test& test);
  void Put(const Item& item, std::u32string text);
  void PutJson(const Item& item, std::string json);
  std::u32string Sample(const SigmaString& pattern);
  void Spoil();
  std::string JsonText(const Field& field);
  std::string Quoted(std::string_view text);

  std::mt19937_64 random_;
  std::vector<Field> fields_;
};

// A text that the regex finds, as far as its syntax is known here; else some text.
std::string SampleRegex(const std::string& regex, std::mt19937_64& random);

}  // namespace tocsin::oracle

#endif  // TOCSIN_TESTS_ORACLE_EVENT_MAKER_H_
