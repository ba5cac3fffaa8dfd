// Arrays in the memory of a back end.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <span>
#include <utility>

namespace ftok {

// Memory that a back end's pointers point to. Not thread-safe; outlives what was allocated from it.
class Memory {
 public:
  virtual ~Memory() = default;
  // Zeroed, aligned to 256 bytes. Throws Error, saying how much was asked and left, when there is not enough.
  virtual void* allocate(size_t bytes) = 0;
  virtual void release(void* pointer) = 0;
  // From the process's memory to this one, and back. `from` may go when they return.
  virtual void write(void* to, const void* from, size_t bytes) = 0;
  virtual void read(void* to, const void* from, size_t bytes) = 0;
  // Whether the process itself can read and write it.
  virtual bool is_of_process() const = 0;
};

// The process's own memory. Its functions are thread-safe; allocate() throws std::bad_alloc.
Memory& process_memory();

// n elements in a Memory; resize forgets what was there. Elements can be touched where the memory is the process's.
template <typename T>
class MemoryArray {
 public:
  explicit MemoryArray(Memory& memory) : memory_(&memory) {}
  ~MemoryArray() { resize(0); }
  MemoryArray(const MemoryArray&) = delete;
  MemoryArray(MemoryArray&& other) noexcept
      : memory_(other.memory_), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MemoryArray& operator=(const MemoryArray&) = delete;

  void resize(size_t n) {
    if (data_ != nullptr) memory_->release(data_);
    data_ = nullptr, size_ = 0;
    if (n == 0) return;
    data_ = static_cast<T*>(memory_->allocate(n * sizeof(T)));
    size_ = n;
  }
  // Takes over the values, which are in the process's memory.
  void assign(std::span<const T> values) {
    if (size_ != values.size()) resize(values.size());
    if (size_ > 0) memory_->write(data_, values.data(), size_ * sizeof(T));
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return size_; }

  T* begin() { return touched(); }
  T* end() { return touched() + size_; }
  const T* begin() const { return touched(); }
  const T* end() const { return touched() + size_; }
  T& operator[](size_t i) { return touched()[i]; }
  const T& operator[](size_t i) const { return touched()[i]; }
  bool operator==(const MemoryArray& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

 private:
  T* touched() const {
    assert(memory_->is_of_process());
    return data_;
  }

  Memory* memory_;
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace ftok
