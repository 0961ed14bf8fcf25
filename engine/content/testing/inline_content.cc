#include "engine/content/testing/inline_content.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace tocsin::content {

std::shared_ptr<const ContentSet> ContentFromText(const InlineContent& texts, Diagnostics& diagnostics) {
  namespace fs = std::filesystem;
  std::string folder = fs::temp_directory_path().string() + "/tocsin-content-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return std::make_shared<ContentSet>();
  const auto write = [&](const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(folder + "/" + name).parent_path());
    std::ofstream(folder + "/" + name, std::ios::binary) << text;
  };
  write("sources/all.yaml", texts.sources);
  write("playbooks/all.yaml", texts.playbooks);
  write("rules/all.yml", texts.rules);
  for (const auto& [name, lines] : texts.lists) write("lists/" + name + ".txt", lines);
  auto content = LoadContent({.content_dir = folder, .portable = texts.portable, .check_value = texts.check_value}, diagnostics);
  // A file is read again when somebody first asks for a line of it, which may be later.
  for (uint32_t file = 0; file < diagnostics.files(); file++) diagnostics.Line({file, 1, 1});
  fs::remove_all(folder);
  return content;
}

}  // namespace tocsin::content
