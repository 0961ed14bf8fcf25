#include "engine/content/content_set.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "engine/content/internal/open_file.h"
#include "engine/content/internal/playbook_reader.h"
#include "engine/content/internal/sha256.h"
#include "engine/content/internal/site_reader.h"
#include "engine/content/internal/source_reader.h"
#include "engine/content/internal/yaml.h"
#include "engine/content/sigma/load.h"
#include "engine/content/sigma/pattern.h"

namespace tocsin::content {
namespace {

namespace fs = std::filesystem;

bool EndsWith(std::string_view text, std::string_view ending) { return text.size() >= ending.size() && text.substr(text.size() - ending.size()) == ending; }
bool IsYamlName(std::string_view name) { return EndsWith(name, ".yml") || EndsWith(name, ".yaml"); }

struct FoundFile {
  std::string path;      // as it is opened and named in messages
  std::string role;      // what it was found under, and its path below that: part of the hash, so that places do not matter
};

class Loader {
 public:
  Loader(const LoadOptions& options, Diagnostics& diagnostics) : options_(options), diagnostics_(diagnostics), set_(std::make_shared<ContentSet>()) {}

  std::shared_ptr<const ContentSet> Load() {
    const std::string base = options_.content_dir.empty() ? "" : options_.content_dir + "/";
    // Lists first: rules are read with them. A site's list replaces the shipped one of its name.
    if (!base.empty()) ReadLists(base + "lists", "content/lists");
    for (const std::string& path : options_.rules_paths) {
      if (fs::is_directory(path + "/lists", ignored_)) ReadLists(path + "/lists", "rules/lists");
    }
    if (!options_.site_dir.empty()) ReadSiteFolder(options_.site_dir);
    if (!options_.lists_dir.empty()) {
      if (!fs::is_directory(options_.lists_dir, ignored_)) FileError(options_.lists_dir, "not a folder");
      else ReadLists(options_.lists_dir, "lists");
    }
    for (const std::string& field : options_.fields) set_->fields.Intern(field);
    SigmaContext context{set_->fields, set_->lists, diagnostics_};
    SourceCollector sources(context);
    FieldUses uses;
    if (options_.portable) context.portable = &uses;
    if (options_.check_value) context.check_value = &options_.check_value;
    RuleCollector rules(context);
    rules_ = &rules;
    sources_ = &sources;
    if (!base.empty()) ReadShipped(base);
    for (size_t i = 0; i < options_.rules_paths.size(); i++) ReadRulesPath(options_.rules_paths[i], "rules" + std::to_string(i));
    set_->rules = rules.Resolve();
    set_->sources = sources.Resolve();
    TellComputedFields(uses);
    set_->refused_documents = rules.refused() + sources.refused() + refused_;
    std::sort(set_->playbooks.begin(), set_->playbooks.end(), [](const Playbook& a, const Playbook& b) { return a.id < b.id; });
    BindPlaybooks();
    HashEverything();
    return set_;
  }

 private:
  void FileError(const std::string& path, const std::string& reason) {
    diagnostics_.Error("T0801", {diagnostics_.AddFile(path, ""), 0, 0}, reason);
  }

  // The text of a file, registered for diagnostics. False when it cannot be used.
  bool ReadText(const FoundFile& found, uint32_t* file, std::string* text) {
    const OpenFile in(found.path);
    struct stat info;
    if ((in.fd >= 0 ? fstat(in.fd, &info) : stat(found.path.c_str(), &info)) != 0) {
      FileError(found.path, std::string("cannot be read: ") + strerror(errno));
      return false;
    }
    // A pipe or a device would be read for ever.
    if (!S_ISREG(info.st_mode)) {
      FileError(found.path, "not a regular file: not read");
      return false;
    }
    if (static_cast<uint64_t>(info.st_size) > kMaxRuleFileBytes) {
      FileError(found.path, "larger than " + std::to_string(kMaxRuleFileBytes >> 20) + " MiB: not read");
      return false;
    }
    text->resize(static_cast<size_t>(info.st_size));
    if (const int error = in.ReadInto(*text); error != 0) {
      FileError(found.path, std::string("cannot be read: ") + strerror(error));
      return false;
    }
    if (const size_t bad = FindBadUtf8(*text); bad != std::string::npos) {
      // Shown is what can be: up to the end of that line, its bad bytes marked.
      std::string shown = text->substr(0, text->find('\n', bad));
      std::replace_if(shown.begin() + static_cast<ptrdiff_t>(bad), shown.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
      const uint32_t number = diagnostics_.AddFile(found.path, std::move(shown));
      diagnostics_.Error("T0801", PlaceAt(number, *text, bad), "not UTF-8: not read", "the file saved as UTF-8");
      return false;
    }
    hashed_.insert(found.role + "\t" + Sha256Hex(*text));
    *file = diagnostics_.AddFileOnDisk(found.path, *text);
    return true;
  }

  // Files below a folder in byte order of their paths; links that loop are refused.
  std::vector<FoundFile> List(const std::string& folder, const std::string& role, const std::set<std::string>& skip_folders) {
    std::vector<FoundFile> out;
    std::vector<std::pair<uint64_t, uint64_t>> above;
    ListInto(folder, role, skip_folders, above, out);
    std::sort(out.begin(), out.end(), [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; });
    return out;
  }

  void ListInto(const std::string& folder, const std::string& role, const std::set<std::string>& skip_folders,
                std::vector<std::pair<uint64_t, uint64_t>>& above, std::vector<FoundFile>& out) {
    struct stat info;
    if (stat(folder.c_str(), &info) != 0) return;
    const std::pair<uint64_t, uint64_t> self{info.st_dev, info.st_ino};
    if (std::find(above.begin(), above.end(), self) != above.end()) {
      FileError(folder, "the folder is inside itself: not followed");
      return;
    }
    above.push_back(self);
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      const std::string& found = it->path().native();
      const std::string name = found.substr(found.rfind('/') + 1);
      const std::string path = folder + (EndsWith(folder, "/") ? "" : "/") + name;
      if (it->is_directory(ignored_)) {
        if (!skip_folders.contains(name)) ListInto(path, role + "/" + name, skip_folders, above, out);
      } else {
        out.push_back({path, role + "/" + name});
      }
    }
    if (error) FileError(folder, "cannot be listed: " + error.message());
    above.pop_back();
  }

  void ReadLists(const std::string& folder, const std::string& role) {
    for (const FoundFile& found : List(folder, role, {})) {
      if (!EndsWith(found.path, ".txt")) continue;
      uint32_t file;
      std::string text;
      if (ReadText(found, &file, &text)) set_->lists[fs::path(found.path).stem().string()] = ParseList(file, text, diagnostics_);
    }
  }

  void ReadSiteFolder(const std::string& folder) {
    if (!fs::is_directory(folder, ignored_)) {
      FileError(folder, "the site profile is not a folder");
      return;
    }
    ReadLists(folder + "/lists", "site/lists");
    for (const char* name : {"networks.csv", "thresholds.yaml"}) {
      if (fs::exists(folder + "/" + name, ignored_)) FileError(folder + "/" + name, "not supported yet: it would be ignored, so it is refused");
    }
    for (const FoundFile& found : List(folder + "/maps", "site/maps", {})) {
      uint32_t file;
      std::string text;
      if (EndsWith(found.path, ".csv") && ReadText(found, &file, &text)) ReadMap(file, text, diagnostics_, set_->site.maps[fs::path(found.path).stem().string()]);
    }
    uint32_t file;
    std::string text;
    if (!fs::exists(folder + "/site.yaml", ignored_) || !ReadText({folder + "/site.yaml", "site/site.yaml"}, &file, &text)) return;
    for (const YamlNode& document : ParseYaml(file, text, diagnostics_)) ReadSite(document, diagnostics_, set_->site);
  }

  // Shipped content: sources, playbooks and bindings always, rules unless --rules replaces them. demo/ and tests/ hold data.
  void ReadShipped(const std::string& base) {
    if (!fs::is_directory(base, ignored_)) {
      FileError(base, "the shipped content is not there; set TOCSIN_CONTENT to its folder");
      return;
    }
    for (const FoundFile& found : List(base, "content", {"demo", "tests", "lists"})) {
      if (!IsYamlName(found.path)) continue;
      const bool support = found.role.rfind("content/sources/", 0) == 0 || found.role.rfind("content/playbooks/", 0) == 0;
      if (support || options_.shipped_rules) ReadDocuments(found);
    }
  }

  void ReadRulesPath(const std::string& path, const std::string& role) {
    struct stat info;
    if (stat(path.c_str(), &info) != 0) {
      FileError(path, std::string("cannot be read: ") + strerror(errno));
      return;
    }
    if (!S_ISDIR(info.st_mode)) {
      ReadDocuments({path, role + "/" + fs::path(path).filename().string()});
      return;
    }
    for (const FoundFile& found : List(path, role, {"tests", "lists"})) {
      if (IsYamlName(found.path)) ReadDocuments(found);
    }
  }

  void ReadDocuments(const FoundFile& found) {
    uint32_t file;
    std::string text;
    if (!ReadText(found, &file, &text)) {
      refused_++;
      return;
    }
    const size_t errors_before = diagnostics_.errors();
    const std::vector<YamlNode> documents = ParseYaml(file, text, diagnostics_);
    if (diagnostics_.errors() > errors_before) refused_++;
    for (const YamlNode& document : documents) AddDocument(document);
  }

  // What a document is, is told by its keys.
  void AddDocument(const YamlNode& document) {
    const SigmaContext context{set_->fields, set_->lists, diagnostics_};
    if (document.IsSequence()) {
      if (!ReadBindings(document, context, set_->bindings)) refused_++;
      return;
    }
    const auto has = [&](std::string_view key) { return document.IsMap() && document.Find(key) != nullptr; };
    if (!has("detection") && !has("correlation") && !has("filter") && (has("recognise") || (has("extends") && has("name")))) {
      sources_->Add(document);
    } else if (has("id") && has("steps") && has("preserve")) {
      Playbook playbook;
      if (!ReadPlaybook(document, context, playbook)) {
        refused_++;
        return;
      }
      std::erase_if(set_->playbooks, [&](const Playbook& each) { return each.id == playbook.id; });
      set_->playbooks.push_back(std::move(playbook));
    } else {
      rules_->Add(document);
    }
  }

  static bool Fits(const RuleBinding& binding, const Rule& rule) {
    if (!binding.rule.empty() && binding.rule != rule.id && binding.rule != rule.name) return false;
    if (!binding.tag.empty() && std::find(rule.tags.begin(), rule.tags.end(), binding.tag) == rule.tags.end()) return false;
    const Logsource& wanted = binding.logsource;
    const Logsource& have = rule.detection.logsource;
    return (wanted.product.empty() || wanted.product == have.product) && (wanted.category.empty() || wanted.category == have.category) &&
           (wanted.service.empty() || wanted.service == have.service);
  }

  void BindPlaybooks() {
    for (Rule& rule : set_->rules) {
      if (!rule.playbook.empty()) continue;
      const auto it = std::find_if(set_->bindings.begin(), set_->bindings.end(), [&](const RuleBinding& binding) { return Fits(binding, rule); });
      if (it != set_->bindings.end()) rule.playbook = it->playbook;
    }
  }

  // What a source definition computes, or the transport gives, no other tool has. Computed names without a dot are those that
  // Sigma itself gives: Image, CommandLine, query.
  void TellComputedFields(const FieldUses& uses) {
    std::set<std::string_view> computed;
    for (const SourceDef& source : set_->sources) {
      for (const Derived& derived : source.derived) {
        const std::string& name = set_->fields.name(derived.field);
        if (name.find('.') != std::string::npos) computed.insert(name);
      }
    }
    for (const FieldUses::Use& use : uses.all) {
      if (use.field.rfind('$', 0) == 0) diagnostics_.Warning("T1201", use.place, "`" + use.field + "`, given by the transport, is not plain Sigma");
      else if (computed.contains(use.field) || use.field.rfind("entity.", 0) == 0) diagnostics_.Warning("T1201", use.place, "`" + use.field + "`, computed by a source definition, is not plain Sigma");
    }
  }

  void HashEverything() {
    std::string all;
    for (const std::string& each : hashed_) all += each + "\n";
    set_->hash = Sha256Hex(all);
  }

  const LoadOptions& options_;
  Diagnostics& diagnostics_;
  std::shared_ptr<ContentSet> set_;
  RuleCollector* rules_ = nullptr;
  SourceCollector* sources_ = nullptr;
  std::set<std::string> hashed_;
  size_t refused_ = 0;
  std::error_code ignored_;
};

}  // namespace

const SourceDef* ContentSet::FindSource(std::string_view name) const {
  const auto it = std::find_if(sources.begin(), sources.end(), [&](const SourceDef& each) { return each.name == name; });
  return it == sources.end() ? nullptr : &*it;
}

const Playbook* ContentSet::FindPlaybook(std::string_view id) const {
  const auto it = std::find_if(playbooks.begin(), playbooks.end(), [&](const Playbook& each) { return each.id == id; });
  return it == playbooks.end() ? nullptr : &*it;
}

std::shared_ptr<const ContentSet> LoadContent(const LoadOptions& options, Diagnostics& diagnostics) { return Loader(options, diagnostics).Load(); }

std::string DefaultContentDir() {
  if (const char* folder = getenv("TOCSIN_CONTENT"); folder != nullptr && *folder != '\0') return folder;
  char program[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", program, sizeof program);
  if (size > 0) {
    const std::string beside = fs::path(std::string(program, static_cast<size_t>(size))).parent_path().parent_path().string() + "/share/tocsin/rules";
    std::error_code ignored;
    if (fs::is_directory(beside, ignored)) return beside;
  }
  return TOCSIN_SOURCE_DIR "/rules";
}

}  // namespace tocsin::content
