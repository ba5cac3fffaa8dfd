// A file without a name, which is gone when nobody has it open or mapped any more.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/temporary_files.h"

namespace ftok {

// Serial. A mapping of it outlives it.
class NamelessFile {
 public:
  explicit NamelessFile(const std::string& folder) : folder_(folder), fd_(open_nameless_file(folder)) {}
  ~NamelessFile() { ::close(fd_); }
  NamelessFile(const NamelessFile&) = delete;
  NamelessFile& operator=(const NamelessFile&) = delete;

  std::string path() const { return fmt::format("/proc/self/fd/{}", fd_); }
  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) throw_errno("cannot write in " + folder_, errno);
      bytes.remove_prefix(static_cast<size_t>(put));
    }
  }

 private:
  std::string folder_;
  int fd_;
};

}  // namespace ftok
