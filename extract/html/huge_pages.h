// HugePages: the allocator of lists that grow to tens of megabytes on a hostile page. From 8 MiB on it asks the system
// for pages of 2 MiB (MADV_HUGEPAGE on Linux): the first touch of each page of 4 KiB is a trap into the kernel, and
// these were half of the time of such pages. Where the system has none, nothing changes.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace ftok::html {

template <typename T>
class HugePages {
 public:
  using value_type = T;

  HugePages() = default;
  template <typename U>
  HugePages(const HugePages<U>&) {}  // NOLINT: conversion between element types is what an allocator is asked for

  T* allocate(size_t count) {
    if (count * sizeof(T) < kLarge) return static_cast<T*>(::operator new(count * sizeof(T)));
    const size_t bytes = (count * sizeof(T) + kHuge - 1) / kHuge * kHuge;
    void* const memory = std::aligned_alloc(kHuge, bytes);
    if (memory == nullptr) throw std::bad_alloc();
#if defined(__linux__)
    ::madvise(memory, bytes, MADV_HUGEPAGE);  // advice: a refusal is not an error
#endif
    return static_cast<T*>(memory);
  }

  void deallocate(T* memory, size_t count) {
    if (count * sizeof(T) < kLarge) {
      ::operator delete(memory);
    } else {
      std::free(memory);
    }
  }

  friend bool operator==(const HugePages&, const HugePages&) { return true; }

 private:
  static constexpr size_t kHuge = size_t{2} << 20, kLarge = 4 * kHuge;
};

}  // namespace ftok::html
