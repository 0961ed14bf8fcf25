// A file read whole, whatever it is: for the loader, and for who shows a line of it later.
#ifndef TOCSIN_ENGINE_CONTENT_INTERNAL_OPEN_FILE_H_
#define TOCSIN_ENGINE_CONTENT_INTERNAL_OPEN_FILE_H_

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace tocsin::content {

// A file opened for reading, closed whatever happens. A pipe is not waited for.
struct OpenFile {
  explicit OpenFile(const std::string& path) : fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)), error(fd < 0 ? errno : 0) {}
  ~OpenFile() {
    if (fd >= 0) close(fd);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  // Fills `text`, which becomes shorter where the file is. Returns errno of what failed, or 0.
  int ReadInto(std::string& text) const {
    if (fd < 0) return error;
    size_t size = 0;
    while (size < text.size()) {
      const ssize_t some = read(fd, text.data() + size, text.size() - size);
      if (some < 0 && errno == EINTR) continue;
      if (some < 0) return errno;
      if (some == 0) break;
      size += static_cast<size_t>(some);
    }
    text.resize(size);
    return 0;
  }

  const int fd, error;   // -1 and why
};

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_INTERNAL_OPEN_FILE_H_
