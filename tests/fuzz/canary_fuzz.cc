// Proves that the harness sees a failure: aborts when the input begins with "BUG".
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3 || data[0] != 'B' || data[1] != 'U' || data[2] != 'G') return 0;
  abort();
}
