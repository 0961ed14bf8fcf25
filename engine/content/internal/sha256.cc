#include "engine/content/internal/sha256.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace tocsin::content {

std::string Sha256Hex(std::string_view bytes) {
  static const char kHex[] = "0123456789abcdef";
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);   // once: looked up by its name each time otherwise
  unsigned char digest[SHA256_DIGEST_LENGTH];
  EVP_Digest(bytes.data(), bytes.size(), digest, nullptr, sha256, nullptr);
  std::string out;
  out.reserve(2 * sizeof digest);
  for (const unsigned char byte : digest) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace tocsin::content
