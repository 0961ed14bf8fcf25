#include "engine/event/batch.h"

#include <algorithm>
#include <cstring>

namespace tocsin::event {

char* Batch::Resize(size_t size) {
  if (size + kPadding > capacity_) {
    capacity_ = std::max(size + kPadding, capacity_ * 2);
    data_ = std::make_unique_for_overwrite<char[]>(capacity_);
  }
  size_ = size;
  memset(data_.get() + size, 0, kPadding);
  return data_.get();
}

void Batch::Clear() {
  documents.clear();
  headers.clear();
  size_ = 0;
}

}  // namespace tocsin::event
