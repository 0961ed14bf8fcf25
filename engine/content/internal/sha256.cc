#include "engine/content/internal/sha256.h"

#include <openssl/sha.h>

namespace tocsin::content {

std::string Sha256Hex(std::string_view bytes) {
  static const char kHex[] = "0123456789abcdef";
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  std::string out;
  for (const unsigned char byte : digest) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace tocsin::content
