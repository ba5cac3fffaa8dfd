// How fast each kernel is beside what it must move: `kernel_bench`. Bytes read and written over the time, at the sizes
// of GPT-2 124M with 64 sequences of 1,024; one JSON object a line. A copy of the device's memory is the ceiling.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "core/error.h"
#include "trainer/cuda/cuda_check.h"
#include "trainer/cuda/device.h"
#include "trainer/cuda/gpu_kernels.h"
#include "trainer/cuda/token_order.h"
#include "trainer/random.h"

namespace ftok {
namespace {

constexpr int64_t kB = 64, kT = 1024, kC = 768, kH = 12, kV = 50257, kPadded = 50304, kR = kB * kT, kChunk = 8192;
constexpr int64_t kParameters = 124'000'000;

class Bench {
 public:
  explicit Bench(Device& device) : device_(device) {
    cuda::check(cudaEventCreate(&begin_), "cannot make an event");
    cuda::check(cudaEventCreate(&end_), "cannot make an event");
  }
  cudaStream_t stream() { return static_cast<cudaStream_t>(device_.stream()); }

  // The median of eleven runs after three.
  void time(const char* name, double bytes, double flops, const std::function<void()>& run) {
    std::vector<float> times;
    for (int i = 0; i < 14; ++i) {
      cuda::check(cudaEventRecord(begin_, stream()), "cannot record an event");
      run();
      cuda::check(cudaEventRecord(end_, stream()), "cannot record an event");
      cuda::check(cudaEventSynchronize(end_), name);
      float milliseconds = 0;
      cuda::check(cudaEventElapsedTime(&milliseconds, begin_, end_), name);
      if (i >= 3) times.push_back(milliseconds);
    }
    std::sort(times.begin(), times.end());
    const double seconds = static_cast<double>(times[times.size() / 2]) / 1000;
    std::printf("{\"kernel\":\"%s\",\"milliseconds\":%.4f,\"gigabytes_per_second\":%.0f,\"teraflops\":%.1f}\n", name,
                seconds * 1000, bytes / seconds / 1e9, flops / seconds / 1e12);
    std::fflush(stdout);
  }

 private:
  Device& device_;
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
};

// n numbers on the device; not zeros, on which a GPU is faster than on real ones.
MemoryArray<Bf16>& fill(Device& device, MemoryArray<Bf16>& array, int64_t n) {
  constexpr int64_t kPattern = 1 << 20;
  std::vector<Bf16> values(static_cast<size_t>(std::min(n, kPattern)));
  for (size_t i = 0; i < values.size(); ++i) values[i] = to_bfloat16(static_cast<float>(random_normal(1, 1, i)));
  array.resize(static_cast<size_t>(n));
  for (int64_t at = 0; at < n; at += kPattern) {
    device.copy_to_device(array.data() + at, values.data(),
                          static_cast<size_t>(std::min(kPattern, n - at)) * sizeof(Bf16));
  }
  device.synchronize();
  return array;
}

void run(Device& device) {
  Bench bench(device);
  void* const stream = device.stream();
  MemoryArray<Bf16> a(device), b(device), c(device), wide(device), qkv(device), gain(device), wte(device),
      logits(device);
  fill(device, a, kR * kC), fill(device, b, kR * kC), fill(device, c, kR * kC), fill(device, wide, kR * 4 * kC);
  fill(device, qkv, kR * 3 * kC), fill(device, gain, 4 * kC), fill(device, wte, kPadded * kC),
      fill(device, logits, kChunk * kPadded);
  MemoryArray<float> mean(device), rstd(device), sums(device), scratch(device), dwte(device), dwpe(device),
      log_sum(device);
  mean.resize(kR), rstd.resize(kR), sums.resize(8 * kC), dwte.resize(kPadded * kC), dwpe.resize(kT * kC),
      log_sum.resize(kR * kH);
  scratch.resize(
      static_cast<size_t>(std::max({cuda::layernorm_scratch(kR, kC), cuda::column_sums_scratch(kR, 4 * kC), kR * kH})));
  const double row = static_cast<double>(kR) * kC * 2;  // bytes of (R,C)

  bench.time("copy", 2 * row * 4, 0, [&] {
    cuda::check(cudaMemcpyAsync(qkv.data(), wide.data(), static_cast<size_t>(kR * 3 * kC * 2), cudaMemcpyDeviceToDevice,
                                bench.stream()),
                "copy");
    cuda::check(cudaMemcpyAsync(a.data(), wide.data() + kR * 3 * kC, static_cast<size_t>(kR * kC * 2),
                                cudaMemcpyDeviceToDevice, bench.stream()),
                "copy");
  });
  bench.time("layernorm_forward", 2 * row, 0, [&] {
    cuda::layernorm_forward(stream, b.data(), mean.data(), rstd.data(), a.data(), gain.data(), gain.data(), kR, kC);
  });
  bench.time("residual_layernorm_forward", 4 * row, 0, [&] {
    cuda::residual_layernorm_forward(stream, c.data(), b.data(), mean.data(), rstd.data(), a.data(), c.data(),
                                     gain.data(), gain.data(), kR, kC);
  });
  bench.time("layernorm_backward", 4 * row, 0, [&] {
    cuda::layernorm_backward(stream, c.data(), sums.data(), sums.data() + kC, scratch.data(), b.data(), a.data(),
                             gain.data(), mean.data(), rstd.data(), kR, kC);
  });
  bench.time("gelu_forward", 8 * row, 0, [&] { cuda::gelu_forward(stream, wide.data(), wide.data(), kR * 4 * kC); });
  bench.time("gelu_backward", 12 * row, 0,
             [&] { cuda::gelu_backward(stream, wide.data(), wide.data(), wide.data(), kR * 4 * kC); });
  bench.time("column_sums", 4 * row, 0,
             [&] { cuda::column_sums(stream, sums.data(), scratch.data(), wide.data(), kR, 4 * kC); });

  std::vector<uint32_t> tokens;
  for (int64_t i = 0; i < kR; ++i) {
    tokens.push_back(
        static_cast<uint32_t>(std::pow(static_cast<double>(kV), random_uniform(1, 1, static_cast<uint64_t>(i))) - 1));
  }
  const TokenOrder order = make_token_order(tokens.data(), kR, kV);
  MemoryArray<uint32_t> d_tokens(device);
  MemoryArray<int32_t> rows(device), begins(device);
  d_tokens.resize(tokens.size()), rows.resize(order.rows.size()), begins.resize(order.begins.size());
  device.copy_to_device(d_tokens.data(), tokens.data(), tokens.size() * 4);
  device.copy_to_device(rows.data(), order.rows.data(), order.rows.size() * 4);
  device.copy_to_device(begins.data(), order.begins.data(), order.begins.size() * 4);
  device.synchronize();
  const Extent extent{kB, kT, kC, kH};
  bench.time("encoder_forward", 2 * row, 0, [&] {
    cuda::encoder_forward(stream, a.data(), d_tokens.data(), wte.data(), gain.data(), {kR, 1, kC, kH});
  });
  bench.time("encoder_backward", 2 * row, 0, [&] {
    cuda::encoder_backward(stream, dwte.data(), dwpe.data(), a.data(), d_tokens.data(),
                           {rows.data(), begins.data(), static_cast<int64_t>(order.begins.size()) - 1}, extent);
  });

  const double products = 2.0 * kB * kH * kT * kT / 2 * (kC / kH);  // of one causal product of a head's rows
  bench.time("attention_forward", 4 * row, 2 * products,
             [&] { cuda::attention_forward(stream, b.data(), log_sum.data(), qkv.data(), nullptr, extent); });
  bench.time("attention_backward", 8 * row, 5 * products, [&] {
    cuda::attention_backward(stream, wide.data(), scratch.data(), a.data(), b.data(), log_sum.data(), qkv.data(),
                             nullptr, extent);
  });

  bench.time("classifier_rows", 2.0 * kChunk * kPadded * 2, 0, [&] {
    cuda::classifier_rows(stream,
                          {logits.data(), mean.data(), d_tokens.data(), nullptr, kChunk, kV, kPadded, 1e-6f, true});
  });

  MemoryArray<float> master(device), first(device), second(device), gradients(device);
  MemoryArray<Bf16> parameters(device);
  for (MemoryArray<float>* array : {&master, &first, &second, &gradients}) array->resize(kParameters);
  parameters.resize(kParameters);
  std::vector<cuda::ParameterPiece> pieces;
  for (int64_t at = 0; at < kParameters; at += cuda::kPieceElements) {
    pieces.push_back({at, static_cast<int32_t>(std::min(cuda::kPieceElements, kParameters - at)), 1});
  }
  MemoryArray<cuda::ParameterPiece> d_pieces(device);
  d_pieces.resize(pieces.size());
  device.copy_to_device(d_pieces.data(), pieces.data(), pieces.size() * sizeof(cuda::ParameterPiece));
  device.synchronize();
  cuda::AdamWStep step{};
  step.master = master.data(), step.first = first.data(), step.second = second.data(),
  step.gradients = gradients.data();
  step.parameters = parameters.data(), step.pieces = d_pieces.data(),
  step.pieces_count = static_cast<int64_t>(pieces.size());
  step.scale = 1, step.b1 = 0.9f, step.b2 = 0.95f, step.c1 = 0.1f, step.c2 = 0.05f, step.rate = 1e-4f, step.root = 1;
  step.epsilon = 1e-8f, step.keep = 1, step.stochastic = true;
  bench.time("adamw", 30.0 * kParameters, 0, [&] { cuda::adamw(stream, step); });
  MemoryArray<double> norm(device);
  norm.resize(static_cast<size_t>(1 + cuda::norm_scratch(kParameters)));
  bench.time("global_norm", 4.0 * kParameters, 0,
             [&] { cuda::global_norm(stream, norm.data(), norm.data() + 1, gradients.data(), kParameters); });
}

}  // namespace
}  // namespace ftok

int main() {
  try {
    const std::unique_ptr<ftok::Device> device = ftok::make_cuda_device(0);
    ftok::run(*device);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kernel_bench: %s\n", error.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
