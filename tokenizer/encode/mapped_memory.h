// MappedMemory: zeroed address space of its own, memory as it is touched, in huge pages where the system has them: for
// tables that are read all over, where each place would otherwise have to be translated again.
#pragma once

#include <cstddef>
#include <utility>

namespace ftok {

// Owns its memory. Throws std::bad_alloc when there is none to be had.
class MappedMemory {
 public:
  MappedMemory() = default;
  explicit MappedMemory(size_t bytes);
  ~MappedMemory();
  MappedMemory(MappedMemory&& other) noexcept { *this = std::move(other); }
  MappedMemory& operator=(MappedMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }  // at least what was asked for

 private:
  void* data_ = nullptr;  // begins where a huge page does
  size_t bytes_ = 0;
};

}  // namespace ftok
