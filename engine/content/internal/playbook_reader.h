// YAML playbooks and bindings to plain data. rules/playbooks/README.md is the format.
#ifndef TOCSIN_ENGINE_CONTENT_INTERNAL_PLAYBOOK_READER_H_
#define TOCSIN_ENGINE_CONTENT_INTERNAL_PLAYBOOK_READER_H_

#include <vector>

#include "engine/content/sigma/load.h"

namespace tocsin::content {

// False when it is refused (reported).
bool ReadPlaybook(const YamlNode& document, SigmaContext context, Playbook& out);
bool ReadBindings(const YamlNode& document, SigmaContext context, std::vector<RuleBinding>& out);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_INTERNAL_PLAYBOOK_READER_H_
