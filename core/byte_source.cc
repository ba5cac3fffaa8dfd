#include "core/byte_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/file.h"
#include "core/signals.h"

namespace ftok {
namespace {

class FileSource : public ByteSource {
 public:
  explicit FileSource(const std::string& path) : name_(path) {
    if (path == "-") {
      fd_ = STDIN_FILENO;
      name_ = "standard input";
      return;
    }
    refuse_address(path);
    fd_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd_ < 0) throw_errno("cannot open " + path, errno);
    struct stat status {};
    if (::fstat(fd_, &status) != 0 || S_ISDIR(status.st_mode)) {
      const int error_number = errno;
      ::close(fd_);
      if (S_ISDIR(status.st_mode)) throw Error("cannot read " + path + ": it is a directory");
      throw_errno("cannot stat " + path, error_number);
    }
    if (S_ISREG(status.st_mode)) {
      is_file_ = true;
      size_ = static_cast<uint64_t>(status.st_size);
      ::posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
    } else {
      ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) & ~O_NONBLOCK);
    }
  }
  ~FileSource() override {
    if (fd_ > STDIN_FILENO) ::close(fd_);
  }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  size_t read(char* out, size_t size) override {
    while (true) {
      if (!is_file_) wait_until_ready(fd_, POLLIN);
      const ssize_t got = ::read(fd_, out, size);
      if (got >= 0) {
        offset_ += static_cast<uint64_t>(got);
        return static_cast<size_t>(got);
      }
      if (errno != EINTR && errno != EAGAIN) {
        throw_errno("cannot read " + name_ + " at byte " + std::to_string(offset_), errno);
      }
    }
  }
  bool can_read_at() const override { return is_file_; }
  size_t read_at(uint64_t offset, char* out, size_t size) override {
    size_t done = 0;
    while (done < size) {
      const ssize_t got = ::pread(fd_, out + done, size - done, static_cast<off_t>(offset + done));
      if (got == 0) break;
      if (got > 0) {
        done += static_cast<size_t>(got);
      } else if (errno != EINTR) {
        throw_errno("cannot read " + name_ + " at byte " + std::to_string(offset + done), errno);
      }
    }
    return done;
  }
  const std::string& name() const override { return name_; }
  uint64_t size_if_known() const override { return size_; }

 private:
  std::string name_;
  int fd_ = -1;
  bool is_file_ = false;
  uint64_t size_ = 0;
  uint64_t offset_ = 0;
};

class MemorySource : public ByteSource {
 public:
  MemorySource(std::string bytes, std::string name, size_t read_max)
      : bytes_(std::move(bytes)), name_(std::move(name)), read_max_(read_max) {}

  size_t read(char* out, size_t size) override {
    size_t count = std::min(size, bytes_.size() - position_);
    if (read_max_ != 0) count = std::min(count, read_max_);
    std::memcpy(out, bytes_.data() + position_, count);
    position_ += count;
    return count;
  }
  bool can_read_at() const override { return true; }
  size_t read_at(uint64_t offset, char* out, size_t size) override {
    return offset < bytes_.size() ? bytes_.copy(out, size, static_cast<size_t>(offset)) : 0;
  }
  const std::string& name() const override { return name_; }
  uint64_t size_if_known() const override { return bytes_.size(); }

 private:
  std::string bytes_;
  std::string name_;
  size_t read_max_;
  size_t position_ = 0;
};

}  // namespace

size_t ByteSource::read_at(uint64_t, char*, size_t) {
  assert(false);  // asked of a source that cannot
  return 0;
}

std::unique_ptr<ByteSource> open_file_source(const std::string& path) { return std::make_unique<FileSource>(path); }

bool can_be_read_again(const std::string& path) {
  struct stat status {};
  if (path == "-") return false;
  return ::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode) || S_ISBLK(status.st_mode) ||
         S_ISDIR(status.st_mode);
}

std::unique_ptr<ByteSource> make_memory_source(std::string bytes, std::string name, size_t read_max) {
  return std::make_unique<MemorySource>(std::move(bytes), std::move(name), read_max);
}

}  // namespace ftok
