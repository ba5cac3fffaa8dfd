// The checksum of every file ftok writes: XXH3 with 128 bits (seed 0), as 32 lower-case hexadecimal digits: what
// `xxhsum -H2 FILE` prints. It finds damage (a flipped bit goes unseen with a chance of 2^-128); it is not a signature.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/file.h"

struct XXH3_state_s;

namespace ftok {

inline constexpr size_t kChecksumDigits = 32;
inline constexpr size_t kChecksumBytes = 16;

// The checksum of bytes that come in pieces. Not thread-safe.
class Checksum {
 public:
  Checksum();
  ~Checksum();
  Checksum(Checksum&&) noexcept;
  Checksum& operator=(Checksum&&) noexcept;

  void update(std::string_view bytes);
  std::string hex() const;    // of the bytes so far
  std::string bytes() const;  // the same 16 bytes, most significant first

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};

std::string checksum_of(std::string_view bytes);

// 64 bits of the same kind, for blocks of files that live no longer than the run that wrote them.
uint64_t block_checksum(std::string_view bytes);

// Of a whole file, read in blocks; `bytes` (may be null) gets its size. Throws Error naming the path.
std::string checksum_of_file(const std::string& path, uint64_t* bytes = nullptr);

// What a manifest or receipt says of a file: its name relative to the output folder, its size and its checksum.
struct FileEntry {
  std::string name;
  uint64_t bytes = 0;
  std::string checksum;

  bool operator==(const FileEntry&) const = default;
};

// An AtomicFile that keeps the checksum of what is written to it. It may hold several parts, each with the bytes of a
// file of its own.
class ChecksummedFile {
 public:
  explicit ChecksummedFile(const std::string& path) : file_(path) {}

  void write(std::string_view bytes) {
    file_.write(bytes);
    checksum_.update(bytes);
    if (part_begin_ > 0) part_.update(bytes);
  }
  void begin_part() {  // the first begins with the file
    part_ = Checksum();
    part_begin_ = size();
  }
  uint64_t part_size() const { return size() - part_begin_; }
  // Ends the part with the 16 bytes of the checksum of everything before them in it (formats "FTOK...").
  void write_checksum() { write((part_begin_ > 0 ? part_ : checksum_).bytes()); }
  uint64_t size() const { return file_.size(); }
  std::string hex() const { return checksum_.hex(); }
  void commit() { file_.commit(); }

 private:
  AtomicFile file_;
  Checksum checksum_, part_;  // the part's own only behind the first
  uint64_t part_begin_ = 0;
};

// True when `bytes` ends in the checksum of what comes before it.
bool ends_in_checksum(std::string_view bytes);

}  // namespace ftok
