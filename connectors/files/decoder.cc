#include "connectors/files/decoder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <utility>

namespace tocsin::files {
namespace {

constexpr size_t kInputBuffer = 1u << 18;

// A descriptor with a look-ahead of a few bytes, so that the format can be told before the first Read.
class RawFile {
 public:
  RawFile(int fd, bool owned) : fd_(fd), owned_(owned), buffer_(std::make_unique_for_overwrite<char[]>(kInputBuffer)) {}
  ~RawFile() {
    if (owned_) close(fd_);
  }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  // Makes unread() hold at least one byte unless the file has ended.
  void Fill() {
    if (begin_ < end_ || ended_) return;
    begin_ = end_ = 0;
    ReadMore();
  }
  // Look at the first `n` bytes without taking them; fewer when the file is shorter.
  std::string_view Peek(size_t n) {
    while (end_ - begin_ < n && !ended_) ReadMore();
    return {buffer_.get() + begin_, std::min(n, end_ - begin_)};
  }
  std::string_view unread() const { return {buffer_.get() + begin_, end_ - begin_}; }
  void Take(size_t n) {
    begin_ += n;
    consumed_ += n;
  }
  // Straight into the caller's memory: plain files need no copy.
  size_t ReadInto(char* out, size_t size) {
    if (begin_ < end_) {
      const size_t n = std::min(size, end_ - begin_);
      memcpy(out, buffer_.get() + begin_, n);
      Take(n);
      return n;
    }
    const ssize_t n = RetryRead(out, size);
    if (n > 0) consumed_ += static_cast<uint64_t>(n);
    return n > 0 ? static_cast<size_t>(n) : 0;
  }
  uint64_t consumed() const { return consumed_; }
  const std::string& error() const { return error_; }

 private:
  ssize_t RetryRead(char* out, size_t size) {
    ssize_t n;
    do {
      n = read(fd_, out, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0) error_ = std::string("cannot be read: ") + strerror(errno);
    if (n <= 0) ended_ = true;
    return n;
  }
  void ReadMore() {
    if (end_ == kInputBuffer) return;
    const ssize_t n = RetryRead(buffer_.get() + end_, kInputBuffer - end_);
    if (n > 0) end_ += static_cast<size_t>(n);
  }

  int fd_;
  bool owned_;
  bool ended_ = false;
  std::unique_ptr<char[]> buffer_;   // kInputBuffer of it
  size_t begin_ = 0, end_ = 0;
  uint64_t consumed_ = 0;
  std::string error_;
};

class PlainDecoder : public Decoder {
 public:
  explicit PlainDecoder(std::unique_ptr<RawFile> file) : file_(std::move(file)) {}
  size_t Read(char* out, size_t size) override { return file_->ReadInto(out, size); }
  const std::string& error() const override { return file_->error(); }
  uint64_t consumed() const override { return file_->consumed(); }

 private:
  std::unique_ptr<RawFile> file_;
};

class GzipDecoder : public Decoder {
 public:
  explicit GzipDecoder(std::unique_ptr<RawFile> file) : file_(std::move(file)) {
    memset(&stream_, 0, sizeof stream_);
    inflateInit2(&stream_, 15 + 16);  // 16: gzip header and check sum
  }
  ~GzipDecoder() override { inflateEnd(&stream_); }

  size_t Read(char* out, size_t size) override {
    if (!error_.empty() || done_) return 0;
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(size, 1u << 30));
    const uInt wanted = stream_.avail_out;
    while (stream_.avail_out == wanted) {
      file_->Fill();
      const std::string_view in = file_->unread();
      if (in.empty()) {
        if (!file_->error().empty()) error_ = file_->error();
        else if (!between_members_) error_ = "gzip: the file ends in mid-stream";
        done_ = true;
        break;
      }
      if (between_members_) {
        // Several members one after the other are one text; padding with NULs after the last is common.
        if (in[0] == '\0') {
          file_->Take(1);
          continue;
        }
        inflateReset(&stream_);
        between_members_ = false;
      }
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
      stream_.avail_in = static_cast<uInt>(in.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      file_->Take(in.size() - stream_.avail_in);
      if (result == Z_STREAM_END) {
        between_members_ = true;
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        error_ = std::string("gzip: ") + (stream_.msg ? stream_.msg : "not a gzip stream");
        break;
      }
    }
    return wanted - stream_.avail_out;
  }
  const std::string& error() const override { return error_; }
  uint64_t consumed() const override { return file_->consumed(); }

 private:
  std::unique_ptr<RawFile> file_;
  z_stream stream_;
  bool between_members_ = false, done_ = false;
  std::string error_;
};

class ZstdDecoder : public Decoder {
 public:
  explicit ZstdDecoder(std::unique_ptr<RawFile> file) : file_(std::move(file)), context_(ZSTD_createDCtx()) {
    // A frame may ask for a window up to 128 MiB (zstd --long=27); more is an attack on our memory.
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, 27);
  }
  ~ZstdDecoder() override { ZSTD_freeDCtx(context_); }

  size_t Read(char* out, size_t size) override {
    if (!error_.empty() || done_) return 0;
    ZSTD_outBuffer target{out, size, 0};
    while (target.pos == 0) {
      file_->Fill();
      const std::string_view in = file_->unread();
      // With no input left the decoder may still hold output of what it has taken.
      ZSTD_inBuffer source{in.data(), in.size(), 0};
      const size_t result = ZSTD_decompressStream(context_, &target, &source);
      file_->Take(source.pos);
      if (ZSTD_isError(result)) {
        error_ = std::string("zstd: ") + ZSTD_getErrorName(result);
        break;
      }
      if (in.empty() && target.pos == 0) {
        if (!file_->error().empty()) error_ = file_->error();
        else if (!frame_complete_) error_ = "zstd: the file ends in mid-frame";
        done_ = true;
        break;
      }
      if (!in.empty()) frame_complete_ = result == 0;
    }
    return target.pos;
  }
  const std::string& error() const override { return error_; }
  uint64_t consumed() const override { return file_->consumed(); }

 private:
  std::unique_ptr<RawFile> file_;
  ZSTD_DCtx* context_;
  bool frame_complete_ = false, done_ = false;
  std::string error_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Decoder>> OpenDecoder(const std::string& path) {
  int fd = STDIN_FILENO;
  if (path != "-") {
    fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return absl::NotFoundError(path + ": " + strerror(errno));
    struct stat info;
    if (fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
      close(fd);
      return absl::InvalidArgumentError(path + ": is a folder");
    }
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  auto file = std::make_unique<RawFile>(fd, path != "-");
  const std::string_view magic = file->Peek(4);
  if (magic.substr(0, 2) == "\x1f\x8b") return std::make_unique<GzipDecoder>(std::move(file));
  if (magic == "\x28\xb5\x2f\xfd") return std::make_unique<ZstdDecoder>(std::move(file));
  return std::make_unique<PlainDecoder>(std::move(file));
}

}  // namespace tocsin::files
