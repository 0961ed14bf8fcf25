// `field|modifiers: values` to Item. Internal to content.
#ifndef TOCSIN_ENGINE_CONTENT_SIGMA_ITEM_H_
#define TOCSIN_ENGINE_CONTENT_SIGMA_ITEM_H_

#include <optional>
#include <string_view>

#include "engine/content/sigma/load.h"

namespace tocsin::content {

// False when the item is refused (reported). `field`: what the item is about, where that is not the key's text before the `|`.
bool ParseItem(const YamlNode& key, const YamlNode& value, SigmaContext context, Item& out, std::optional<std::string_view> field = std::nullopt);
// A list of plain values, or one: keywords (6, 21).
bool ParseKeywords(const YamlNode& values, SigmaContext context, Item& out);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_SIGMA_ITEM_H_
