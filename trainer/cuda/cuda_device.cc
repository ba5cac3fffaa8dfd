// The Device of the CUDA runtime.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "trainer/cuda/cuda_check.h"
#include "trainer/cuda/device.h"

namespace ftok {
namespace {

using cuda::check;

constexpr int kTimedRuns = 5;
constexpr int kCapabilityMajorMin = 8;  // bfloat16 in tensor cores

std::string gigabytes(size_t bytes) {
  return std::to_string(bytes / 100'000'000 / 10) + "." + std::to_string(bytes / 100'000'000 % 10) + " GB";
}

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

class CudaGraph final : public DeviceGraph {
 public:
  explicit CudaGraph(cudaGraphExec_t graph) : graph_(graph) {}
  ~CudaGraph() override { cudaGraphExecDestroy(graph_); }
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;
  cudaGraphExec_t get() const { return graph_; }

 private:
  cudaGraphExec_t graph_;
};

class CudaDevice final : public Device {
 public:
  explicit CudaDevice(int index) {
    check(cudaSetDevice(index), "cannot select it");
    cudaDeviceProp properties;
    check(cudaGetDeviceProperties(&properties, index), "cannot read its properties");
    name_ = properties.name;
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cannot create a stream");
    for (cudaEvent_t& mark : marks_)
      check(cudaEventCreateWithFlags(&mark, cudaEventDisableTiming), "cannot create an event");
  }
  ~CudaDevice() override {
    cudaStreamSynchronize(stream_);
    for (cudaEvent_t& mark : marks_) cudaEventDestroy(mark);
    cudaStreamDestroy(stream_);
  }
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;

  void* stream() override { return stream_; }
  std::string name() override { return name_; }
  size_t free_bytes() override {
    size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "cannot query its free memory");
    return free;
  }

  void* allocate(size_t bytes) override {
    ++allocations_;
    void* pointer = nullptr;
    const cudaError_t code = cudaMalloc(&pointer, bytes);
    if (code == cudaErrorMemoryAllocation) {
      cudaGetLastError();  // this error does not stick
      throw Error(name_ + ": out of memory: " + gigabytes(bytes) + " requested, " + gigabytes(free_bytes()) +
                  " free; a smaller run.micro_batch or run.recompute needs less");
    }
    check(code, "cannot allocate memory");
    clear(pointer, bytes);
    return pointer;
  }
  void release(void* pointer) override {
    cudaStreamSynchronize(stream_);  // in destructors: whatever is wrong is told by the next call that may throw
    cudaFree(pointer);
  }
  void* allocate_host(size_t bytes) override {
    void* pointer = nullptr;
    check(cudaMallocHost(&pointer, bytes), "cannot allocate host memory");
    return pointer;
  }
  void release_host(void* pointer) override {
    cudaStreamSynchronize(stream_);
    cudaFreeHost(pointer);
  }

  void copy_to_device(void* to, const void* from, size_t bytes) override {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_), "cannot copy to it");
  }
  void clear(void* pointer, size_t bytes) override {
    check(cudaMemsetAsync(pointer, 0, bytes, stream_), "cannot clear memory");
  }
  void copy_to_host(void* to, const void* from, size_t bytes) override {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_), "cannot copy from it");
    synchronize();
  }
  void synchronize() override { check(cudaStreamSynchronize(stream_), "an operation failed"); }

  float milliseconds(const std::function<void()>& work) override {
    cudaEvent_t begin = nullptr, end = nullptr;
    check(cudaEventCreate(&begin), "cannot create an event");
    check(cudaEventCreate(&end), "cannot create an event");
    float best = INFINITY;
    for (int i = 0; i <= kTimedRuns; ++i) {
      check(cudaEventRecord(begin, stream_), "cannot record an event");
      work();
      check(cudaEventRecord(end, stream_), "cannot record an event");
      check(cudaEventSynchronize(end), "an operation failed");
      float time = 0;
      check(cudaEventElapsedTime(&time, begin, end), "cannot time an operation");
      if (i > 0) best = std::min(best, time);
    }
    cudaEventDestroy(begin);
    cudaEventDestroy(end);
    return best;
  }

  void set_mark(int mark) override { check(cudaEventRecord(marks_[mark], stream_), "cannot record an event"); }
  void wait_for_mark(int mark) override { check(cudaEventSynchronize(marks_[mark]), "an operation failed"); }

  void begin_graph() override {
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "cannot capture a graph");
  }
  std::unique_ptr<DeviceGraph> end_graph() override {
    cudaGraph_t graph = nullptr;
    check(cudaStreamEndCapture(stream_, &graph), "cannot capture a graph");
    cudaGraphExec_t executable = nullptr;
    const cudaError_t code = cudaGraphInstantiate(&executable, graph, 0);
    cudaGraphDestroy(graph);
    check(code, "cannot create a graph");
    return std::make_unique<CudaGraph>(executable);
  }
  void queue(DeviceGraph& graph) override {
    check(cudaGraphLaunch(static_cast<CudaGraph&>(graph).get(), stream_), "cannot launch a graph");
  }

 private:
  std::string name_;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t marks_[2] = {};
};

}  // namespace

int cuda_device_count() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

std::string cuda_problem() {
  int count = 0;
  const cudaError_t code = cudaGetDeviceCount(&count);
  if (code == cudaErrorInsufficientDriver || code == cudaErrorSystemDriverMismatch) {
    int driver = 0;
    if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0)
      return "no GPU: the NVIDIA driver is not installed";
    return "the NVIDIA driver is too old: it supports CUDA " + version_text(driver) + ", and this ftok needs " +
           version_text(CUDART_VERSION);
  }
  if (code == cudaErrorNoDevice || (code == cudaSuccess && count == 0))
    return "no GPU: this machine has none, or CUDA_VISIBLE_DEVICES hides it";
  if (code != cudaSuccess) return std::string("no GPU: ") + cudaGetErrorString(code);
  return "";
}

std::unique_ptr<Device> make_cuda_device(int index) {
  const std::string problem = cuda_problem();
  if (!problem.empty()) throw Error(problem);
  if (index < 0 || index >= cuda_device_count()) {
    throw Error("GPU " + std::to_string(index) + ": this machine has " + std::to_string(cuda_device_count()));
  }
  int major = 0;
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index),
        "cannot query its compute capability");
  if (major < kCapabilityMajorMin) {
    throw Error("GPU " + std::to_string(index) + " has compute capability " + std::to_string(major) +
                ".x; ftok needs 8.0 (A100) or higher");
  }
  return std::make_unique<CudaDevice>(index);
}

}  // namespace ftok
