// Incidents and alerts of a store on standard output.
#ifndef TOCSIN_CONNECTORS_CLI_INCIDENTS_VIEW_H_
#define TOCSIN_CONNECTORS_CLI_INCIDENTS_VIEW_H_

#include <string>

namespace tocsin::cli {

struct ReplayView {
  bool json = false;
  bool kept = false;   // the store stays
};

// What `replay` shows at its end: each incident whole, and the first alerts. Returns an exit code.
int ShowReplayResult(const std::string& store_path, const ReplayView& view);

}  // namespace tocsin::cli

#endif  // TOCSIN_CONNECTORS_CLI_INCIDENTS_VIEW_H_
