#include "trainer/cuda/shim_device.h"

#include <cstring>
#include <new>

namespace ftok::shim {
namespace {

constexpr std::align_val_t kAlignment{256};

class ShimDevice final : public Device {
 public:
  void* stream() override { return nullptr; }
  std::string name() override { return "CPU"; }
  size_t free_bytes() override { return SIZE_MAX; }

  void* allocate(size_t bytes) override {
    ++allocations_;
    void* const pointer = ::operator new(bytes, kAlignment);
    std::memset(pointer, 0, bytes);
    return pointer;
  }
  void release(void* pointer) override { ::operator delete(pointer, kAlignment); }
  void* allocate_host(size_t bytes) override { return ::operator new(bytes, kAlignment); }
  void release_host(void* pointer) override { ::operator delete(pointer, kAlignment); }

  void copy_to_device(void* to, const void* from, size_t bytes) override { std::memcpy(to, from, bytes); }
  void clear(void* pointer, size_t bytes) override { std::memset(pointer, 0, bytes); }
  void copy_to_host(void* to, const void* from, size_t bytes) override { std::memcpy(to, from, bytes); }
  void synchronize() override {}
  bool is_of_process() const override { return true; }
  float milliseconds(const std::function<void()>& work) override {
    work();
    return 0;
  }
  void set_mark(int) override {}
  void wait_for_mark(int) override {}

  void begin_graph() override {}
  std::unique_ptr<DeviceGraph> end_graph() override { return nullptr; }
  void queue(DeviceGraph&) override {}
};

}  // namespace

std::unique_ptr<Device> make_device() { return std::make_unique<ShimDevice>(); }

}  // namespace ftok::shim
