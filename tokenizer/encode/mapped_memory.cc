#include "tokenizer/encode/mapped_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace ftok {

namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;

}  // namespace

// Maps a huge page more than asked for and gives back what lies before and behind.
MappedMemory::MappedMemory(size_t bytes) : bytes_(bytes) {
  if (bytes >= kHugePageBytes / 2 && bytes < kHugePageBytes) bytes = bytes_ = kHugePageBytes;
  void* memory = ::mmap(nullptr, bytes + kHugePageBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  const auto address = reinterpret_cast<uintptr_t>(memory);
  const uintptr_t aligned = (address + kHugePageBytes - 1) & ~(kHugePageBytes - 1);
  if (aligned != address) ::munmap(memory, aligned - address);
  constexpr uintptr_t kPageBytes = 4096;
  const uintptr_t end = (aligned + bytes + kPageBytes - 1) & ~(kPageBytes - 1),
                  mapped_end = address + bytes + kHugePageBytes;
  if (end < mapped_end) ::munmap(reinterpret_cast<void*>(end), mapped_end - end);
  data_ = reinterpret_cast<void*>(aligned);
#if defined(MADV_HUGEPAGE)
  if (bytes >= kHugePageBytes) ::madvise(data_, bytes, MADV_HUGEPAGE);
#endif
}

MappedMemory::~MappedMemory() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

}  // namespace ftok
