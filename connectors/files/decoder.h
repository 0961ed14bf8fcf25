// Bytes of one file or pipe, decompressed on the way: plain, gzip (several members too) and zstd (several frames too), told
// apart by their first bytes, never by the name.
//
// Owns the descriptor it opened. Not thread-safe. Errors do not end a run: what was decoded before one stays good.
#ifndef TOCSIN_CONNECTORS_FILES_DECODER_H_
#define TOCSIN_CONNECTORS_FILES_DECODER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tocsin::files {

class Decoder {
 public:
  virtual ~Decoder() = default;
  // At most `size` bytes into `out`; 0 at the end. After an error every call returns 0 and error() says what broke:
  // "gzip: the file ends in mid-stream".
  virtual size_t Read(char* out, size_t size) = 0;
  virtual const std::string& error() const = 0;
  // Bytes taken from the file so far (compressed ones), for progress.
  virtual uint64_t consumed() const = 0;
};

// `path` may be "-" for standard input.
absl::StatusOr<std::unique_ptr<Decoder>> OpenDecoder(const std::string& path);

}  // namespace tocsin::files

#endif  // TOCSIN_CONNECTORS_FILES_DECODER_H_
