// A GPU as its owner sees it: memory, one queue of work, copies, graphs. The shim has one that is the CPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "trainer/cuda_devices.h"
#include "trainer/layers/array.h"

namespace ftok {

// Work that was recorded once and is queued as a whole.
class DeviceGraph {
 public:
  virtual ~DeviceGraph() = default;
};

// Not thread-safe. Queued work runs in order. Every failure throws Error with the device's words.
class Device : public Memory {
 public:
  virtual void* stream() = 0;       // a cudaStream_t
  virtual std::string name() = 0;   // "NVIDIA H200"
  virtual size_t free_bytes() = 0;  // of its memory
  // How often memory was allocated: when it has not grown, all arrays are where they were.
  int64_t allocations() const { return allocations_; }

  // Memory of the host that the device copies from and to without help.
  virtual void* allocate_host(size_t bytes) = 0;
  virtual void release_host(void* pointer) = 0;

  // Queued: `from` stays as it is until the work before a mark or a synchronize() is done.
  virtual void copy_to_device(void* to, const void* from, size_t bytes) = 0;
  virtual void clear(void* pointer, size_t bytes) = 0;
  // Waits for all queued work, then copies.
  virtual void copy_to_host(void* to, const void* from, size_t bytes) = 0;
  virtual void synchronize() = 0;

  void write(void* to, const void* from, size_t bytes) override {
    copy_to_device(to, from, bytes);
    synchronize();
  }
  void read(void* to, const void* from, size_t bytes) override { copy_to_host(to, from, bytes); }
  bool is_of_process() const override { return false; }

  // Milliseconds that the work takes which `work` queues: the least of several runs, after one that does not count.
  virtual float milliseconds(const std::function<void()>& work) = 0;

  // Marks 0 and 1: wait_for_mark returns when all that was queued before the latest set_mark is done.
  virtual void set_mark(int mark) = 0;
  virtual void wait_for_mark(int mark) = 0;

  // Between the two, work is recorded instead of queued; null where there are no graphs: work was done as ever. What is
  // recorded may not allocate, wait or copy to the host.
  virtual void begin_graph() = 0;
  virtual std::unique_ptr<DeviceGraph> end_graph() = 0;
  virtual void queue(DeviceGraph& graph) = 0;

 protected:
  int64_t allocations_ = 0;
};

// Memory of the host for copies, released with the device's consent.
class HostBuffer {
 public:
  HostBuffer(Device& device, size_t bytes) : device_(device), data_(device.allocate_host(bytes)) {}
  ~HostBuffer() { device_.release_host(data_); }
  HostBuffer(const HostBuffer&) = delete;
  HostBuffer& operator=(const HostBuffer&) = delete;
  void* data() { return data_; }

 private:
  Device& device_;
  void* data_;
};

// GPU number `index` of those that this process sees. Throws Error with the line of cuda_problem() where there is one.
std::unique_ptr<Device> make_cuda_device(int index);

}  // namespace ftok
