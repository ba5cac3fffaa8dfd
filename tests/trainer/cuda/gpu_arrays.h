// What the tests on a GPU share: numbers, arrays on the device, what is made when a test first needs it, and what is
// asked of results. Needs nothing but CUDA and the standard library.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "trainer/cuda/cublaslt_matmul.h"
#include "trainer/cuda/cudnn_attention.h"
#include "trainer/random.h"

namespace ftok {

inline int failures = 0;  // of the test that runs

inline void expect(bool holds, const std::string& what) {
  if (holds) return;
  ++failures;
  std::printf("  FAILED: %s\n", what.c_str());
}

using Doubles = std::vector<double>;

template <typename T>
std::vector<T> random_numbers(int64_t n, uint64_t stream, double deviation = 1) {
  std::vector<T> numbers(static_cast<size_t>(n));
  for (size_t i = 0; i < numbers.size(); ++i) {
    const float x = static_cast<float>(deviation * random_normal(9, stream, i));
    if constexpr (std::is_same_v<T, Bf16>) {
      numbers[i] = to_bfloat16(x);
    } else {
      numbers[i] = x;
    }
  }
  return numbers;
}

template <typename T>
Doubles widen(const std::vector<T>& numbers) {
  Doubles wide;
  for (const T x : numbers) wide.push_back(static_cast<double>(to_float(x)));
  return wide;
}

// A device, and what is made when a test first needs it: kernels alone are to be watched without the libraries' work.
class Gpu {
 public:
  TunedMatmul& matmul() {
    if (!matmul_) matmul_ = make_cublaslt_matmul(*device);
    return *matmul_;
  }
  AttentionPlans& cudnn() {
    if (!cudnn_) cudnn_ = make_cudnn_attention(*device);
    return *cudnn_;
  }

  std::unique_ptr<Device> device = make_cuda_device(0);

 private:
  std::unique_ptr<TunedMatmul> matmul_;
  std::unique_ptr<AttentionPlans> cudnn_;
};

template <typename T>
class OnDevice {
 public:
  OnDevice(Gpu& gpu, const std::vector<T>& values) : gpu_(gpu), array_(*gpu.device) {
    array_.resize(values.size());
    gpu.device->copy_to_device(array_.data(), values.data(), values.size() * sizeof(T));
    gpu.device->synchronize();
  }
  T* data() { return array_.data(); }
  std::vector<T> values() {
    std::vector<T> values(array_.size());
    gpu_.device->copy_to_host(values.data(), array_.data(), values.size() * sizeof(T));
    return values;
  }

 private:
  Gpu& gpu_;
  MemoryArray<T> array_;
};

template <typename T>
OnDevice<T> unwritten(Gpu& gpu, int64_t n) {
  std::vector<T> values(static_cast<size_t>(n));
  std::memset(values.data(), 0xFF, values.size() * sizeof(T));
  return OnDevice<T>(gpu, values);
}

// ||got - expected|| / ||expected||; no number never passes.
template <typename T>
void expect_close(const std::vector<T>& got, const Doubles& expected, double distance, const std::string& what) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double d = static_cast<double>(to_float(got[i])) - expected[i];
    difference += d * d;
    norm += expected[i] * expected[i];
  }
  const double relative = std::sqrt(difference / norm);
  std::printf("  %-44s %.2e (limit %.0e)\n", what.c_str(), relative, distance);
  expect(got.size() == expected.size() && relative <= distance, what);
}

}  // namespace ftok
