// 'github.com/{repository.full_name|lower}' to Template. rules/sources/README.md documents the language.
#ifndef TOCSIN_ENGINE_CONTENT_INTERNAL_TEMPLATE_PARSER_H_
#define TOCSIN_ENGINE_CONTENT_INTERNAL_TEMPLATE_PARSER_H_

#include "engine/content/content_set.h"
#include "engine/content/internal/yaml.h"

namespace tocsin::content {

// False when it is refused (reported, with the column of the fault).
bool ParseTemplate(const YamlNode& node, FieldTable& fields, Diagnostics& diagnostics, Template& out);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_INTERNAL_TEMPLATE_PARSER_H_
