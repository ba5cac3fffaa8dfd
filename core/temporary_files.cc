#include "core/temporary_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <optional>
#include <random>
#include <string_view>

#include "core/error.h"
#include "core/output_target.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = ".ftok-tmp-";
constexpr size_t kRandomDigits = 16;
constexpr size_t kNameBytesMax = 255;  // of a file on Linux

// What tells this machine, and this container on it, from others: as process numbers do not. Letters, digits, dots and
// underscores, so that a temporary name can be taken apart again.
const std::string& host_name() {
  static const std::string name = [] {
    char host[256] = "", space[64] = "";
    ::gethostname(host, sizeof host - 1);
    if (::readlink("/proc/self/ns/pid", space, sizeof space - 1) < 0) space[0] = '\0';  // "pid:[4026531836]"
    constexpr size_t kLengthMax = 32;
    std::string text = std::string(host).substr(0, kLengthMax) + '.';
    for (char& c : text) {
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.') c = '_';
    }
    for (const char c : std::string_view(space)) {
      if (std::isdigit(static_cast<unsigned char>(c)) != 0) text += c;
    }
    return text;
  }();
  return name;
}

// Where the last component of a path begins.
size_t name_begin(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? 0 : slash + 1;
}

// The last component of `path`, as much of it as leaves room for `after` bytes.
std::string_view begin_of_name(std::string_view path, size_t after) {
  return path.substr(name_begin(path), kNameBytesMax - std::min(kNameBytesMax, after));
}

std::string temporary_name(const std::string& path) {
  std::random_device random;
  const uint64_t bits = uint64_t{random()} << 32 | random();
  const std::string after = fmt::format("{}{}-{}-{:016x}", kMark, host_name(), ::getpid(), bits);
  return path.substr(0, name_begin(path)) + std::string(begin_of_name(path, after.size())) + after;
}

struct TemporaryName {
  std::string_view base;  // the beginning of the name of the file it is for
  std::string_view host;  // empty in the form of ftok 0.1.0: NAME.ftok-tmp-PROCESS-NUMBER
  pid_t process = 0;
};

bool is_number(std::string_view text) {
  return !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<TemporaryName> parse_temporary_name(std::string_view name) {
  const size_t mark = name.rfind(kMark);
  if (mark == std::string_view::npos || mark == 0) return std::nullopt;
  TemporaryName parts{name.substr(0, mark), {}, 0};
  name.remove_prefix(mark + kMark.size());
  const size_t last = name.rfind('-');
  if (last == std::string_view::npos) return std::nullopt;
  const std::string_view bits = name.substr(last + 1);
  name = name.substr(0, last);
  std::string_view process = name;
  if (const size_t dash = name.rfind('-'); dash != std::string_view::npos) {
    parts.host = name.substr(0, dash);
    process = name.substr(dash + 1);
    const bool is_hex = bits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (parts.host.empty() || bits.size() != kRandomDigits || !is_hex) return std::nullopt;
  } else if (!is_number(bits)) {
    return std::nullopt;
  }
  if (!is_number(process)) return std::nullopt;
  std::from_chars(process.data(), process.data() + process.size(), parts.process);
  return parts;
}

// Whether the file at `path` could be locked: then nobody writes it. The lock is held by `fd`.
bool lock_of_nobody(const std::string& path, int& fd) {
  constexpr int kFlags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  fd = ::open(path.c_str(), O_RDWR | kFlags);  // some network file systems lock only what may be written
  if (fd < 0 && errno == EISDIR) fd = ::open(path.c_str(), O_RDONLY | kFlags);
  return fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0;
}

template <typename Judge>
void remove_where(const std::string& folder, const Judge& removable) {
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    const std::string name = entry->path().filename().native();
    const std::optional<TemporaryName> parts = parse_temporary_name(name);
    if (!parts || !removable(*parts)) continue;
    int fd = -1;
    std::error_code ignored;
    if (lock_of_nobody(entry->path().native(), fd)) fs::remove_all(entry->path(), ignored);
    if (fd >= 0) ::close(fd);
  }
}

// Of this host, and of no other process that runs. (Its own number may have been that of an earlier one.)
bool is_of_the_dead(const TemporaryName& name) {
  if (name.host != host_name()) return false;
  return name.process == ::getpid() || (::kill(name.process, 0) != 0 && errno == ESRCH);
}

// Locks what was just made. False when a process that removes leftovers has met it before the lock did.
bool lock_new(int fd) {
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return false;  // else no locks here: nobody removes it
  struct stat status {};
  return ::fstat(fd, &status) != 0 || status.st_nlink > 0;
}

template <typename Make>
int create_temporary(const std::string& path, std::string& name, const Make& make) {
  for (;;) {
    name = temporary_name(path);
    const int fd = make(name);
    if (fd < 0 && errno == EEXIST) continue;
    if (fd < 0) throw_errno("cannot create " + path, errno);
    if (lock_new(fd)) return fd;
    ::close(fd);
  }
}

}  // namespace

int create_temporary_file(const std::string& path, std::string& name) {
  return create_temporary(path, name, [](const std::string& temporary) {
    return ::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  });
}

int create_temporary_folder(const std::string& path, std::string& name) {
  return create_temporary(path, name, [](const std::string& temporary) {
    if (::mkdir(temporary.c_str(), 0777) != 0) return -1;
    return ::open(temporary.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  });
}

int open_nameless_file(const std::string& folder) {
  int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {  // a file system without nameless files
    std::string path = folder + "/.ftok-spill-XXXXXX";
    fd = ::mkostemp(path.data(), O_CLOEXEC);
    if (fd >= 0) ::unlink(path.c_str());
  }
  if (fd < 0) throw_errno("cannot create a temporary file in " + folder, errno);
  return fd;
}

bool is_temporary(std::string_view path) { return path.find(kMark) != std::string_view::npos; }

void remove_temporaries(const std::string& folder) {
  remove_where(folder, [](const TemporaryName&) { return true; });
}

void remove_dead_temporaries(const std::string& folder) { remove_where(folder, is_of_the_dead); }

void remove_dead_temporaries_of(const std::string& path) {
  std::error_code code;
  const std::string real = fs::is_directory(path, code) ? path : follow_output(path).path;
  const std::string folder = real.substr(0, name_begin(real));
  // A whole name, or as much of it as a temporary name has room for.
  const auto is_its = [&](std::string_view base) {
    const std::string_view name = begin_of_name(real, 0);
    return base == name || (base.size() >= kNameBytesMax / 2 && name.starts_with(base));
  };
  remove_where(folder.empty() ? "." : folder,
               [&](const TemporaryName& name) { return is_of_the_dead(name) && is_its(name.base); });
}

}  // namespace ftok
