// Golden cases on disk: found below a path, read and checked. rules/CASES.md is the format.
#ifndef TOCSIN_CONNECTORS_CLI_CASE_FOLDER_H_
#define TOCSIN_CONNECTORS_CLI_CASE_FOLDER_H_

#include <string>
#include <string_view>
#include <vector>

#include "engine/pipeline/rule_case.h"

namespace tocsin::cli {

struct CaseFolder {
  std::string path;                 // of the folder, as it was found
  std::vector<std::string> rules;   // its own (rules.yml, or what `rules` names); empty = those the caller judges
  std::string lists_dir, site_dir;  // empty = none
  std::string events;               // empty = none: about loading alone
  pipeline::RuleCase expected;
  std::string known_failure;  // its line in KNOWN_FAILURES beside the folder: right, and not yet so; empty = none
  std::vector<std::string> problems;  // why the case cannot be run; each names the file
};

// Folders of cases at or below `path`, in byte order. False when `path` cannot be read. A folder is a case iff it holds
// expect.json beside events.ndjson or rules.yml; rules.yml with events.ndjson and without expect.json is one that lacks
// it.
bool FindCases(const std::string& path, std::vector<std::string>& folders);

CaseFolder ReadCase(const std::string& folder);

}  // namespace tocsin::cli

#endif  // TOCSIN_CONNECTORS_CLI_CASE_FOLDER_H_
