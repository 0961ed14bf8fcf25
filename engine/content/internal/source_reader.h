// YAML source definitions to SourceDef. rules/sources/README.md is the format.
#ifndef TOCSIN_ENGINE_CONTENT_INTERNAL_SOURCE_READER_H_
#define TOCSIN_ENGINE_CONTENT_INTERNAL_SOURCE_READER_H_

#include <map>
#include <string>
#include <vector>

#include "engine/content/sigma/load.h"

namespace tocsin::content {

// Collects definitions; a later one of the same name replaces the earlier (content of --rules over what ships).
class SourceCollector {
 public:
  explicit SourceCollector(SigmaContext context) : context_(context) {}
  void Add(const YamlNode& document);
  // Resolves `extends` and returns all, sorted by name.
  std::vector<SourceDef> Resolve();
  size_t refused() const { return refused_; }

 private:
  bool Build(const std::string& name, std::vector<std::string>& path);
  bool ReadInto(const YamlNode& document, SourceDef& out);
  bool ReadIdentity(const YamlNode& node, SourceDef& out);
  bool ReadDerived(const YamlNode& name, const YamlNode& value, std::string_view prefix, SourceDef& out);
  bool ReadAlternative(const YamlNode& node, Derived::Alternative& out);
  bool ReadLink(const YamlNode& node, SourceDef& out);
  bool ReadTimeExpression(const YamlNode& node, FieldId& field, int64_t& shift_ns);
  FieldId Field(std::string_view name) { return context_.fields.Intern(name); }

  SigmaContext context_;
  std::map<std::string, YamlNode> documents_;
  std::map<std::string, SourceDef> built_;
  std::map<std::string, bool> failed_;
  size_t refused_ = 0;
};

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_INTERNAL_SOURCE_READER_H_
