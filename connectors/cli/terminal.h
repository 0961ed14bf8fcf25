// What the program knows of the terminal it talks to.
#ifndef TOCSIN_CONNECTORS_CLI_TERMINAL_H_
#define TOCSIN_CONNECTORS_CLI_TERMINAL_H_

#include <cstdint>
#include <string>

namespace tocsin::cli {

// Columns of standard output: $COLUMNS, else the terminal's, else 80. Between 60 and 200.
int OutputWidth();
// Standard output is a terminal, and neither NO_COLOR nor TERM=dumb says otherwise.
bool OutputColor();

// A progress bar on standard error, drawn on a terminal only.
class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();
  void Draw(uint64_t done, uint64_t total, uint64_t events);

 private:
  bool on_;
  bool drawn_ = false;
  uint64_t started_ms_;
};

}  // namespace tocsin::cli

#endif  // TOCSIN_CONNECTORS_CLI_TERMINAL_H_
