#include "core/output_target.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>

#include "core/error.h"
#include "core/signals.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

constexpr int kLinksMax = 40;  // of Linux

// Whether `folder` holds the descriptors of a process: /proc/PROCESS/fd, which /dev/fd leads to.
bool holds_descriptors(const fs::path& folder, bool& of_this_process) {
  std::error_code code;
  const std::string real = fs::canonical(folder.empty() ? fs::path(".") : folder, code).string();
  if (code || !real.starts_with("/proc/") || !real.ends_with("/fd")) return false;
  of_this_process = real == "/proc/" + std::to_string(::getpid()) + "/fd";
  return true;
}

int number_of(const std::string& text) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : -1;
}

}  // namespace

OutputTarget follow_output(const std::string& path) {
  OutputTarget target{path, false, -1};
  for (int links = 0; links < kLinksMax; ++links) {
    struct stat status {};
    if (::lstat(target.path.c_str(), &status) != 0) return target;  // nothing there, or what creating it will say
    if (S_ISDIR(status.st_mode)) throw Error("cannot write " + path + ": it is a folder");
    if (S_ISREG(status.st_mode)) return target;
    if (!S_ISLNK(status.st_mode)) {
      target.is_stream = true;
      return target;
    }
    const fs::path link(target.path);
    bool of_this_process = false;
    if (holds_descriptors(link.parent_path(), of_this_process)) {
      target.is_stream = true;
      if (of_this_process) target.descriptor = number_of(link.filename().string());
      return target;
    }
    std::error_code code;
    const fs::path leads_to = fs::read_symlink(link, code);
    if (code) throw Error("cannot follow " + path + ": " + code.message());
    target.path = (link.parent_path() / leads_to).string();
  }
  throw_errno("cannot follow " + path, ELOOP);
}

int open_stream(const OutputTarget& target) {
  constexpr std::chrono::milliseconds kPause{20};
  for (;;) {
    const int fd = target.descriptor >= 0 ? ::fcntl(target.descriptor, F_DUPFD_CLOEXEC, 3)
                                          : ::open(target.path.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
      if (target.descriptor < 0) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
      return fd;
    }
    struct stat status {};
    const int error_number = errno;
    const bool awaits_reader =
        error_number == ENXIO && ::stat(target.path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
    if (!awaits_reader && error_number != EINTR) throw_errno("cannot write " + target.path, error_number);
    wait_for(kPause);
  }
}

}  // namespace ftok
