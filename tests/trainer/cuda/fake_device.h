// The shim's device with a clock that a test sets, and with graphs that are counted instead of recorded.
#pragma once

#include <algorithm>
#include <map>
#include <memory>

#include "trainer/cuda/shim_device.h"

namespace ftok::testing {

class FakeDevice final : public Device {
 public:
  float milliseconds_of_work = 0;  // what milliseconds() says
  int timed = 0, graphs_begun = 0, graphs_queued = 0;
  size_t bytes = 0, bytes_max = 0;  // allocated now, and at most

  void* stream() override { return device_->stream(); }
  std::string name() override { return device_->name(); }
  size_t free_bytes() override { return device_->free_bytes(); }
  void* allocate(size_t size) override {
    ++allocations_;
    void* const pointer = device_->allocate(size);
    sizes_[pointer] = size;
    bytes += size;
    bytes_max = std::max(bytes_max, bytes);
    return pointer;
  }
  void release(void* pointer) override {
    bytes -= sizes_[pointer];
    device_->release(pointer);
  }
  void* allocate_host(size_t size) override { return device_->allocate_host(size); }
  void release_host(void* pointer) override { device_->release_host(pointer); }
  void copy_to_device(void* to, const void* from, size_t size) override { device_->copy_to_device(to, from, size); }
  void clear(void* pointer, size_t size) override { device_->clear(pointer, size); }
  void copy_to_host(void* to, const void* from, size_t size) override { device_->copy_to_host(to, from, size); }
  void synchronize() override {}
  float milliseconds(const std::function<void()>& work) override {
    ++timed;
    work();
    work();
    return milliseconds_of_work;
  }
  void set_mark(int) override {}
  void wait_for_mark(int) override {}

  void begin_graph() override { ++graphs_begun; }
  std::unique_ptr<DeviceGraph> end_graph() override { return std::make_unique<DeviceGraph>(); }
  void queue(DeviceGraph&) override { ++graphs_queued; }

 private:
  std::unique_ptr<Device> device_ = shim::make_device();
  std::map<void*, size_t> sizes_;
};

}  // namespace ftok::testing
