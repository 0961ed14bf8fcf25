// Array selectors of SEP #212 (SIGMA.md 17): `field[any]:`, `[all]`, `[all_or_empty]`, `[none]`, `[N]`, `[-N]`, `.` and `\[ \]`.
// They mean something in documents of sigma-version 3; below it brackets are letters of a field's name. Internal to content.
#ifndef TOCSIN_ENGINE_CONTENT_SIGMA_ELEMENT_H_
#define TOCSIN_ENGINE_CONTENT_SIGMA_ELEMENT_H_

#include <string>
#include <string_view>

#include "engine/content/sigma/load.h"

namespace tocsin::content {

// Is there a bracket that is not escaped?
bool HasSelector(std::string_view field);
// Does a field's name end a key in `[any]` or its like? What was meant, in a document below version 3.
bool LooksLikeSelector(std::string_view field);
// `a\[0\]` -> `a[0]`.
std::string UnescapeBrackets(std::string_view field);

// True when `field` with `value` is a test of elements. Places alone (`args[0]: x`) are one for an event, not inside an element,
// where they are paths like others.
bool IsElementTest(std::string_view field, const YamlNode& value, const SigmaContext& context);
// `field` is the key's text before the modifiers. False when it is refused (reported).
bool ParseElementItem(const YamlNode& key, std::string_view field, const YamlNode& value, SigmaContext context, Item& out);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_SIGMA_ELEMENT_H_
