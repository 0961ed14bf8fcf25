// Any bytes as the configuration of `tocsin run`.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "engine/content/run_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tocsin::content;
  constexpr size_t kMaxInput = 16u << 10;
  if (size > kMaxInput) return 0;
  const std::string path = "/tmp/tocsin-run-config-fuzz-" + std::to_string(getpid()) + ".yaml";
  FILE* file = fopen(path.c_str(), "wb");
  if (file == nullptr) return 0;
  const bool written = fwrite(data, 1, size, file) == size;
  fclose(file);
  Diagnostics diagnostics;
  if (written) RunConfigText(LoadRunConfig(path, diagnostics));
  diagnostics.Text();
  unlink(path.c_str());
  return 0;
}
