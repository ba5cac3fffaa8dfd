#include "core/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "core/byte_source.h"
#include "core/error.h"

namespace ftok {
namespace {

constexpr size_t kBufferBytes = 1 << 16;
constexpr std::string_view kTemporaryMark = ".ftok-tmp-";

// What tells this machine, and this container on it, from others: as process numbers do not. Letters, digits, dots and
// underscores, so that a temporary name can be taken apart again.
const std::string& host_name() {
  static const std::string name = [] {
    char host[256] = "", space[64] = "";
    ::gethostname(host, sizeof host - 1);
    if (::readlink("/proc/self/ns/pid", space, sizeof space - 1) < 0) space[0] = '\0';  // "pid:[4026531836]"
    constexpr size_t kLengthMax = 32;                                                   // file names have a limit
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

std::string temporary_name(const std::string& path) {
  std::random_device random;
  const uint64_t bits = uint64_t{random()} << 32 | random();
  return fmt::format("{}{}{}-{}-{:016x}", path, kTemporaryMark, host_name(), ::getpid(), bits);
}

// Whether a temporary file of this name was left by a process of this host that no longer runs.
bool is_left_by_the_dead(std::string_view name) {
  const size_t mark = name.find(kTemporaryMark);
  if (mark == std::string_view::npos) return false;
  name.remove_prefix(mark + kTemporaryMark.size());
  if (!name.starts_with(host_name() + "-")) return false;
  name.remove_prefix(host_name().size() + 1);
  pid_t process = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), process);
  if (error != std::errc() || end == name.data() + name.size() || *end != '-') return false;
  return ::kill(process, 0) != 0 && errno == ESRCH;
}

void write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0) {
      if (errno == EINTR) continue;
      throw_errno("cannot write " + path, errno);
    }
    bytes.remove_prefix(static_cast<size_t>(put));
  }
}

// Crash tests set FTOK_KILL_AT_COMMIT=N: the process kills itself (SIGKILL) at the N-th commit point it passes, counted
// from 1. The moments before and after each rename and each append are the commit points.
void commit_point() {
  static const long kill_at = [] {
    const char* text = std::getenv("FTOK_KILL_AT_COMMIT");
    return text == nullptr ? 0 : std::atol(text);
  }();
  static std::atomic<long> passed{0};
  if (kill_at > 0 && ++passed == kill_at) ::raise(SIGKILL);
}

// Tests set FTOK_NO_FSYNC: they kill processes, not machines, and a disk takes milliseconds for each.
bool syncs() {
  static const bool on = std::getenv("FTOK_NO_FSYNC") == nullptr;
  return on;
}

// Tells the kernel to begin writing a large file to the disk while it grows, a stretch at a time, so that the fsync at
// its end does not have to wait for all of it. `before` and `after` are the file's sizes around a write.
void start_writeback([[maybe_unused]] int fd, [[maybe_unused]] uint64_t before, [[maybe_unused]] uint64_t after) {
#ifdef SYNC_FILE_RANGE_WRITE
  constexpr uint64_t kStretch = uint64_t{8} << 20;
  if (before / kStretch == after / kStretch || !syncs()) return;
  const uint64_t begin = before / kStretch * kStretch;
  ::sync_file_range(fd, static_cast<off64_t>(begin), static_cast<off64_t>(after - begin),
                    SYNC_FILE_RANGE_WRITE);  // a hint
#endif
}

void sync_folder_of(const std::string& path) {
  if (!syncs()) return;
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw_errno("cannot open " + folder, errno);
  ::fsync(fd);  // some file systems refuse it for folders; the rename itself has been made
  ::close(fd);
}

template <typename Judge>
void remove_where(const std::string& folder, const Judge& removable) {
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
    if (removable(std::string_view(entry.path().filename().native()))) std::filesystem::remove(entry.path(), code);
  }
}

}  // namespace

void refuse_address(const std::string& path) {
  const size_t colon = path.find(":/");
  if (colon == std::string::npos || colon < 2 || std::isalpha(static_cast<unsigned char>(path[0])) == 0) return;
  const bool scheme = std::all_of(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
  });
  if (!scheme) return;
  throw UsageError(fmt::format("{}: expected a path, got an address: {}: is not supported here (./{} is a path)", path,
                               path.substr(0, colon), path));
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)), temporary_(temporary_name(path_)) {
  refuse_address(path_);
  fd_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd_ < 0) throw_errno("cannot create " + path_, errno);
  buffer_.reserve(kBufferBytes);
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  const uint64_t before = size_;
  size_ += bytes.size();
  start_writeback(fd_, before, size_);
  if (buffer_.size() + bytes.size() > kBufferBytes) flush();
  if (bytes.size() >= kBufferBytes) {
    write_all(fd_, bytes, path_);
  } else {
    buffer_.append(bytes);
  }
}

void AtomicFile::write_at(uint64_t offset, std::string_view bytes) {
  flush();
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0) {
      if (errno == EINTR) continue;
      throw_errno("cannot write " + path_, errno);
    }
    bytes.remove_prefix(static_cast<size_t>(put));
    offset += static_cast<uint64_t>(put);
  }
}

void AtomicFile::flush() {
  write_all(fd_, buffer_, path_);
  buffer_.clear();
}

void AtomicFile::sync() {
  flush();
  if (syncs() && ::fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) throw_errno("cannot sync " + path_, errno);
}

void AtomicFile::close_published() {
  ::close(fd_);
  fd_ = -1;
  sync_folder_of(path_);
}

void AtomicFile::commit() {
  sync();
  commit_point();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) throw_errno("cannot rename to " + path_, errno);
  commit_point();
  close_published();
}

bool AtomicFile::commit_unless_there() {
  sync();
  commit_point();
  bool published = ::link(temporary_.c_str(), path_.c_str()) == 0;
  const int error_number = published ? 0 : errno;
  const bool there = ::access(path_.c_str(), F_OK) == 0;
  if (!there && (error_number == EPERM || error_number == ENOTSUP)) {  // a file system without hard links
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) throw_errno("cannot rename to " + path_, errno);
    published = true;
  } else if (!there) {
    throw_errno("cannot create " + path_, error_number);
  }
  commit_point();
  ::unlink(temporary_.c_str());
  close_published();
  return published;
}

AppendFile::AppendFile(const std::string& path) : path_(path) {
  refuse_address(path);
  fd_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd_ < 0) throw_errno("cannot open " + path, errno);
}

AppendFile::~AppendFile() { ::close(fd_); }

void AppendFile::append(std::string_view bytes) {
  commit_point();
  write_all(fd_, bytes, path_);
  if (syncs() && ::fdatasync(fd_) != 0 && errno != EINVAL && errno != EROFS) {
    throw_errno("cannot sync " + path_, errno);
  }
  commit_point();
}

std::string read_file(const std::string& path, uint64_t bytes_max) {
  const auto source = open_file_source(path);
  std::string bytes;
  bytes.reserve(source->size_if_known());
  std::string block(1 << 16, '\0');
  while (const size_t got = source->read(block.data(), block.size())) {
    bytes.append(block, 0, got);
    if (bytes.size() > bytes_max) {
      throw Error("cannot read " + path + ": it is larger than " + std::to_string(bytes_max) + " bytes");
    }
  }
  return bytes;
}

void write_file(const std::string& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void make_folder(const std::string& path) {
  refuse_address(path);
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) throw Error("cannot make the folder " + path + ": " + code.message());
}

bool is_temporary(std::string_view name) { return name.find(kTemporaryMark) != std::string_view::npos; }

void remove_temporaries(const std::string& folder) { remove_where(folder, is_temporary); }

void remove_dead_temporaries(const std::string& folder) { remove_where(folder, is_left_by_the_dead); }

MappedFile::MappedFile(const std::string& path) : path_(path) {
  refuse_address(path);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw_errno("cannot open " + path, errno);
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd);
    throw Error("cannot map " + path + ": not a regular file");
  }
  size_ = static_cast<size_t>(status.st_size);
  if (size_ > 0) {
    void* map = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
    const int error_number = errno;
    ::close(fd);
    if (map == MAP_FAILED) throw_errno("cannot map " + path, error_number);
    data_ = static_cast<const char*>(map);
  } else {
    ::close(fd);
  }
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

FolderLock::FolderLock(const std::string& folder) {
  const std::string path = folder + "/.lock";
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0) throw_errno("cannot create " + path, errno);
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int error_number = errno;
    ::close(fd_);
    if (error_number == EWOULDBLOCK) throw Error(folder + " is in use by another ftok process");
    throw_errno("cannot lock " + path, error_number);
  }
}

FolderLock::~FolderLock() { ::close(fd_); }

}  // namespace ftok
