// Arrays in the memory of a back end.
#pragma once

#include <cstddef>
#include <type_traits>
#include <vector>

#include "trainer/layers/bfloat16.h"

namespace ftok {

// Memory that a back end's pointers point to. Not thread-safe; outlives what was allocated from it.
class Memory {
 public:
  virtual ~Memory() = default;
  // Zeroed, aligned to 256 bytes. Throws Error, saying how much was asked and left, when there is not enough.
  virtual void* allocate(size_t bytes) = 0;
  virtual void release(void* pointer) = 0;
};

// n elements in a Memory; resize forgets what was there.
template <typename T>
class MemoryArray {
 public:
  explicit MemoryArray(Memory& memory) : memory_(&memory) {}
  ~MemoryArray() { resize(0); }
  MemoryArray(const MemoryArray&) = delete;
  MemoryArray& operator=(const MemoryArray&) = delete;

  void resize(size_t n) {
    if (data_ != nullptr) memory_->release(data_);
    data_ = nullptr, size_ = 0;
    if (n == 0) return;
    data_ = static_cast<T*>(memory_->allocate(n * sizeof(T)));
    size_ = n;
  }
  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  Memory* memory_;
  T* data_ = nullptr;
  size_t size_ = 0;
};

// Where a network of `Real` keeps its arrays: in vectors where the CPU computes, which float and double stand for, in
// the back end's memory for Bf16.
template <typename Real, typename T>
using ArrayOf = std::conditional_t<std::is_same_v<Real, Bf16>, MemoryArray<T>, std::vector<T>>;

}  // namespace ftok
