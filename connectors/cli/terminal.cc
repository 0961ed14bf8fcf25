#include "connectors/cli/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "engine/content/counted.h"

namespace tocsin::cli {
namespace {

uint64_t NowMs() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

}  // namespace

int OutputWidth() {
  int width = 0;
  if (const char* columns = getenv("COLUMNS")) width = atoi(columns);
  winsize size;
  if (width <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) width = size.ws_col;
  if (width <= 0) width = 80;
  return std::clamp(width, 60, 200);
}

bool OutputColor() {
  const char* term = getenv("TERM");
  const char* no_color = getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) && (no_color == nullptr || *no_color == '\0') && (term == nullptr || strcmp(term, "dumb") != 0);
}

ProgressBar::ProgressBar() : on_(isatty(STDERR_FILENO)), started_ms_(NowMs()) {}

ProgressBar::~ProgressBar() {
  if (drawn_) fprintf(stderr, "\r\033[K");
}

void ProgressBar::Draw(uint64_t done, uint64_t total, uint64_t events) {
  if (!on_) return;
  drawn_ = true;
  const double seconds = static_cast<double>(NowMs() - started_ms_) / 1000 + 0.001;
  const std::string rate = content::WithThousands(static_cast<uint64_t>(static_cast<double>(events) / seconds)) + " ev/s";
  if (total == 0) {
    fprintf(stderr, "\r\033[K  %s events  %s", content::WithThousands(events).c_str(), rate.c_str());
  } else {
    constexpr int kCells = 30;
    const int full = static_cast<int>(std::min<uint64_t>(done, total) * kCells / total);
    std::string bar(static_cast<size_t>(full), '#');
    bar.resize(kCells, '.');
    fprintf(stderr, "\r\033[K  [%s] %3d %%  %s events  %s", bar.c_str(),
            static_cast<int>(std::min<uint64_t>(done, total) * 100 / total), content::WithThousands(events).c_str(), rate.c_str());
  }
  fflush(stderr);
}

}  // namespace tocsin::cli
