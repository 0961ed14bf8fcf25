// SHA-256, for hashes of content.
#ifndef TOCSIN_ENGINE_CONTENT_INTERNAL_SHA256_H_
#define TOCSIN_ENGINE_CONTENT_INTERNAL_SHA256_H_

#include <string>
#include <string_view>

namespace tocsin::content {

std::string Sha256Hex(std::string_view bytes);   // 64 lower-case hex digits

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_INTERNAL_SHA256_H_
