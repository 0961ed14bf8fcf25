// Putting numbers and texts into bytes and taking them out again: little-endian in values, big-endian in keys (whose order
// is that of their bytes), varints of seven bits a byte. ByteReader never reads out of bounds: once something is missing, ok()
// is false and everything reads as zero.
#ifndef TOCSIN_ENGINE_EVIDENCE_INTERNAL_BYTES_H_
#define TOCSIN_ENGINE_EVIDENCE_INTERNAL_BYTES_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tocsin::evidence {

static_assert(std::endian::native == std::endian::little, "the format on disk is that of memory");

template <class T>
void PutFixed(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

inline void PutVarint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

inline void PutText(std::string& out, std::string_view text) {
  PutVarint(out, text.size());
  out.append(text);
}

inline void PutKeyNumber(std::string& out, uint64_t value) { PutFixed(out, __builtin_bswap64(value)); }
// Signed numbers in the order of their values.
inline void PutKeyTime(std::string& out, int64_t value) {
  PutKeyNumber(out, static_cast<uint64_t>(value) ^ (uint64_t{1} << 63));
}

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return ok_; }
  bool more() const { return ok_ && at_ != end_; }
  std::string_view rest() const { return {at_, static_cast<size_t>(end_ - at_)}; }

  template <class T>
  T Fixed() {
    T value{};
    if (static_cast<size_t>(end_ - at_) < sizeof value) {
      Fail();
      return value;
    }
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const uint8_t byte = static_cast<uint8_t>(*at_++);
      value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    Fail();
    return 0;
  }
  std::string_view Bytes(size_t size) {
    if (size > static_cast<size_t>(end_ - at_)) {
      Fail();
      return {};
    }
    const std::string_view bytes(at_, size);
    at_ += size;
    return bytes;
  }
  std::string_view Text() { return Bytes(Varint()); }
  uint64_t KeyNumber() { return __builtin_bswap64(Fixed<uint64_t>()); }
  int64_t KeyTime() { return static_cast<int64_t>(KeyNumber() ^ (uint64_t{1} << 63)); }

 private:
  void Fail() {
    ok_ = false;
    at_ = end_;
  }
  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace tocsin::evidence

#endif  // TOCSIN_ENGINE_EVIDENCE_INTERNAL_BYTES_H_
