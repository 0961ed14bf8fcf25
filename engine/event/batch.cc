#include "engine/event/batch.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tocsin::event {

char* Batch::Resize(size_t size) {
  if (size + kPadding > memory_.capacity) {
    memory_.capacity = std::max(size + kPadding, memory_.capacity * 2);
    memory_.bytes = std::make_unique_for_overwrite<char[]>(memory_.capacity);
  }
  size_ = size;
  memset(memory_.bytes.get() + size, 0, kPadding);
  return memory_.bytes.get();
}

char* Batch::Exchange(BatchMemory& memory, size_t size) {
  std::swap(memory_, memory);
  return Resize(size);
}

void Batch::Clear() {
  documents.clear();
  headers.clear();
  size_ = 0;
}

}  // namespace tocsin::event
