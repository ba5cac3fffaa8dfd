#include "trainer/layers/array.h"

#include <cstring>
#include <new>

namespace ftok {
namespace {

constexpr std::align_val_t kArrayAlignment{256};

class ProcessMemory final : public Memory {
 public:
  void* allocate(size_t bytes) override {
    void* const pointer = ::operator new(bytes, kArrayAlignment);
    std::memset(pointer, 0, bytes);
    return pointer;
  }
  void release(void* pointer) override { ::operator delete(pointer, kArrayAlignment); }
  void write(void* to, const void* from, size_t bytes) override { std::memcpy(to, from, bytes); }
  void read(void* to, const void* from, size_t bytes) override { std::memcpy(to, from, bytes); }
  bool is_of_process() const override { return true; }
};

}  // namespace

Memory& process_memory() {
  static ProcessMemory memory;
  return memory;
}

}  // namespace ftok
