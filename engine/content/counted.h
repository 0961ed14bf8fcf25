// Numbers of things, as a person reads them.
#ifndef TOCSIN_ENGINE_CONTENT_COUNTED_H_
#define TOCSIN_ENGINE_CONTENT_COUNTED_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::content {

std::string WithThousands(uint64_t number);                        // "1,234,567"
std::string Counted(uint64_t count, std::string_view singular);    // "1 event", "2,041 events"

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_COUNTED_H_
