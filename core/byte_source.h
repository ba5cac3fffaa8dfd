// ByteSource: bytes from a file, a pipe or a connection, read forward; from a file also at any place, for formats whose
// table of contents stands at the end. What parsers of formats read from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace ftok {

class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Reads up to `size` bytes into `out`; returns how many, 0 only at the end. Throws Error naming the input when
  // reading fails for good, and Stopped when a stop is asked for while it waits. Not thread-safe.
  virtual size_t read(char* out, size_t size) = 0;

  // Reads up to `size` bytes from `offset` on, wherever read() stands; returns how many, fewer only at the end. Only
  // where can_read_at(). Throws as read() does.
  virtual bool can_read_at() const { return false; }
  virtual size_t read_at(uint64_t offset, char* out, size_t size);

  // The input as the user named it, for messages.
  virtual const std::string& name() const = 0;

  // Bytes in the whole input where that is known, else 0.
  virtual uint64_t size_if_known() const { return 0; }
};

// Opens a local file, or standard input for "-". A FIFO is waited for when it is read, not when it is opened. Throws
// Error naming the path.
std::unique_ptr<ByteSource> open_file_source(const std::string& path);

// Whether what `path` names has its bytes for whoever opens it next: a regular file does, and a block device; standard
// input ("-"), a FIFO and a process substitution do not. True also where nothing is there.
bool can_be_read_again(const std::string& path);

// Bytes in memory, for tests; at most `read_max` bytes a read when it is not 0. Keeps its own copy.
std::unique_ptr<ByteSource> make_memory_source(std::string bytes, std::string name = "memory", size_t read_max = 0);

}  // namespace ftok
