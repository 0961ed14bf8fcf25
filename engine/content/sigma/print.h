// Checked rules as text: for semantic hashes, tests, and people who ask what a rule means.
#ifndef TOCSIN_ENGINE_CONTENT_SIGMA_PRINT_H_
#define TOCSIN_ENGINE_CONTENT_SIGMA_PRINT_H_

#include <string>

#include "engine/content/content_set.h"

namespace tocsin::content {

// `field any("a"*, =4688) ...`: every part of the meaning and nothing else. Equal texts mean equal rules.
std::string ItemText(const Item& item, const FieldTable& fields);
std::string DetectionText(const Detection& detection, const FieldTable& fields);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_SIGMA_PRINT_H_
