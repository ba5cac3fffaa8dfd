// LineVector: a std::vector whose memory begins where a cache line does, so that rows of 64 bytes lie in one line each:
// one that is read from anywhere in a large table then costs one fetch and not two.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace ftok {

inline constexpr size_t kCacheLineBytes = 64;

template <typename T>
struct CacheLineAllocator {
  using value_type = T;

  CacheLineAllocator() = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}

  T* allocate(size_t count) {
    if (count > static_cast<size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t(kCacheLineBytes)));
  }
  void deallocate(T* memory, size_t) { ::operator delete(memory, std::align_val_t(kCacheLineBytes)); }

  friend bool operator==(const CacheLineAllocator&, const CacheLineAllocator&) { return true; }
};

template <typename T>
using LineVector = std::vector<T, CacheLineAllocator<T>>;

}  // namespace ftok
