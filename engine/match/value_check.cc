#include "engine/match/value_check.h"

#include "engine/match/internal/checked_value.h"

namespace tocsin::match {

bool CheckValue(const content::ValueTest& test, content::Diagnostics& diagnostics) {
  switch (test.kind) {
    case content::ValueTest::Kind::kRegex: return CheckedRegex(test.text, test.place, diagnostics) != nullptr;
    case content::ValueTest::Kind::kCidr: return CheckedNetwork(test.text, test.place, diagnostics).has_value();
    default: return true;
  }
}

}  // namespace tocsin::match
