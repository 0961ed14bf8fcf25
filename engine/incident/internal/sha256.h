// SHA-256 as 64 lower-case hex digits.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_SHA256_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_SHA256_H_

#include <string>
#include <string_view>

namespace tocsin::incident {

std::string Sha256Hex(std::string_view bytes);

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_SHA256_H_
