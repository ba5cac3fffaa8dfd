#include "core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/shown.h"
#include "core/signals.h"

namespace ftok {
namespace {

constexpr size_t kBufferBytes = 1 << 16;

void write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0) {
      if (errno == EINTR) continue;
      throw_errno("cannot write " + path, errno);
    }
    if (put == 0) throw_errno("cannot write " + path, ENOSPC);
    bytes.remove_prefix(static_cast<size_t>(put));
  }
}

// Tells the kernel to begin writing a large file to the disk while it grows, a stretch at a time, so that the fsync at
// its end does not have to wait for all of it. `before` and `after` are the file's sizes around a write.
void start_writeback([[maybe_unused]] int fd, [[maybe_unused]] uint64_t before, [[maybe_unused]] uint64_t after) {
#ifdef SYNC_FILE_RANGE_WRITE
  constexpr uint64_t kStretch = uint64_t{8} << 20;
  if (before / kStretch == after / kStretch) return;
  const uint64_t begin = before / kStretch * kStretch;
  ::sync_file_range(fd, static_cast<off64_t>(begin), static_cast<off64_t>(after - begin),
                    SYNC_FILE_RANGE_WRITE);  // a hint
#endif
}

// Some files and file systems have no sync; all other failures mean that bytes may be lost.
bool sync_failed(int result) {
  return result != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP && errno != ENOSYS;
}

// Closes a second descriptor of the file: what close() reports (some network file systems report only there that there
// was no space) is known before the file is published, while `fd` keeps its lock.
void check_close(int fd, const std::string& path) {
  const int other = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (other < 0 || (::close(other) != 0 && errno != EINTR)) throw_errno("cannot close " + path, errno);
}

}  // namespace

void refuse_address(const std::string& path) {
  const size_t colon = path.find(":/");
  if (colon == std::string::npos || colon < 2 || std::isalpha(static_cast<unsigned char>(path[0])) == 0) return;
  const bool scheme = std::all_of(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
  });
  if (!scheme) return;
  const std::string shown = without_secrets(path);
  throw UsageError(fmt::format("{}: expected a path, got an address: {}: is not supported here (./{} is a path)", shown,
                               path.substr(0, colon), shown));
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  refuse_address(path_);
  target_ = follow_output(path_);
  if (target_.is_stream) {
    if (target_.descriptor < 0 && ::access(target_.path.c_str(), W_OK) != 0)
      throw_errno("cannot write " + path_, errno);
    std::error_code code;
    const std::string folder = std::filesystem::temp_directory_path(code).string();
    fd_ = open_nameless_file(code ? "/tmp" : folder);
  } else {
    fd_ = create_temporary_file(target_.path, temporary_);
  }
  buffer_.reserve(kBufferBytes);
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  ::close(fd_);
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
    if (put == 0) throw_errno("cannot write " + path_, ENOSPC);
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
  if (sync_failed(::fsync(fd_))) throw_errno("cannot sync " + path_, errno);
  check_close(fd_, path_);
}

void AtomicFile::publish() {
  if (::rename(temporary_.c_str(), target_.path.c_str()) != 0) throw_errno("cannot rename to " + path_, errno);
}

void AtomicFile::close_published() {
  ::close(fd_);
  fd_ = -1;
  sync_folder_of(target_.path);
}

void AtomicFile::copy_to_stream() {
  constexpr size_t kPieceBytes = 4096;  // PIPE_BUF: a pipe that is ready takes so many without waiting
  flush();
  const int out = open_stream(target_);
  std::string piece(kPieceBytes, '\0');
  try {
    for (uint64_t offset = 0; offset < size_;) {
      const ssize_t got = ::pread(fd_, piece.data(), piece.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) throw_errno("cannot read back what is for " + path_, got == 0 ? EIO : errno);
      wait_until_ready(out, POLLOUT);
      write_all(out, std::string_view(piece).substr(0, static_cast<size_t>(got)), path_);
      offset += static_cast<uint64_t>(got);
    }
    if (sync_failed(::fsync(out))) throw_errno("cannot sync " + path_, errno);
  } catch (...) {
    ::close(out);
    throw;
  }
  if (::close(out) != 0 && errno != EINTR) throw_errno("cannot close " + path_, errno);
  ::close(fd_);
  fd_ = -1;
}

void AtomicFile::commit() {
  if (target_.is_stream) return copy_to_stream();
  sync();
  publish();
  close_published();
}

bool AtomicFile::commit_unless_there() {
  if (target_.is_stream) return false;  // it is there
  sync();
  bool published = ::link(temporary_.c_str(), target_.path.c_str()) == 0;
  const int error_number = published ? 0 : errno;
  const bool there = ::access(target_.path.c_str(), F_OK) == 0;
  if (!there && (error_number == EPERM || error_number == ENOTSUP)) {  // a file system without hard links
    publish();
    published = true;
  } else if (!there) {
    throw_errno("cannot create " + path_, error_number);
  }
  remove_file(temporary_);
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
  write_all(fd_, bytes, path_);
  if (sync_failed(::fdatasync(fd_))) throw_errno("cannot sync " + path_, errno);
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

void write_output(const std::string& path, std::string_view bytes) {
  remove_dead_temporaries_of(path);
  write_file(path, bytes);
}

void sync_folder_of(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == EACCES) return;  // may be written to but not read
  if (fd < 0) throw_errno("cannot open " + folder, errno);
  const bool failed = sync_failed(::fsync(fd));
  const int error_number = errno;
  ::close(fd);
  if (failed) throw_errno("cannot sync " + folder, error_number);
}

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_errno("cannot remove " + path, errno);
}

void make_folder(const std::string& path) {
  refuse_address(path);
  std::filesystem::path missing = std::filesystem::path(path).lexically_normal();
  if (!missing.has_filename()) missing = missing.parent_path();
  std::vector<std::string> made;  // the innermost first
  std::error_code code;
  for (; !missing.empty() && !std::filesystem::exists(missing, code); missing = missing.parent_path()) {
    made.push_back(missing.string());
  }
  std::filesystem::create_directories(path, code);
  if (code) throw Error("cannot make the folder " + path + ": " + code.message());
  for (const std::string& folder : made) sync_folder_of(folder);
}

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

void MappedFile::read_ahead() const {
  if (data_ == nullptr) return;
#ifdef MADV_POPULATE_READ
  if (::madvise(const_cast<char*>(data_), size_, MADV_POPULATE_READ) == 0) return;
#endif
  static_cast<void>(::madvise(const_cast<char*>(data_), size_, MADV_WILLNEED));
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
