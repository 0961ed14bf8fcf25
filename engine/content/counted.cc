#include "engine/content/counted.h"

namespace tocsin::content {

std::string WithThousands(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string Counted(uint64_t count, std::string_view singular) {
  return WithThousands(count) + " " + std::string(singular) + (count == 1 ? "" : "s");
}

}  // namespace tocsin::content
