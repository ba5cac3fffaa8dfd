// How fast each kernel is beside what it must move: `kernel_bench`. Bytes read and written over the time, at the sizes
// of GPT-2 124M with 64 sequences of 1,024; one JSON object per line. A copy of the device's memory is the ceiling.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "core/error.h"
#include "tools/gpu_check/bench.h"
#include "trainer/cuda/cuda_check.h"
#include "trainer/cuda/device.h"
#include "trainer/cuda/gpu_kernels.h"
#include "trainer/cuda/token_order.h"

namespace ftok::bench {
namespace {

constexpr int64_t kParameters = 124'000'000;
constexpr double kRow = static_cast<double>(kR) * kC * 2;  // bytes of (R,C)

// Times kernels; a kernel that fails is named, and the others are timed all the same.
class Bench {
 public:
  explicit Bench(Device& device) : device_(device) {}
  Device& device() { return device_; }
  void* stream() { return device_.stream(); }
  bool failed() const { return failed_; }

  void time(const char* name, double bytes, double flops, const std::function<void()>& run) {
    try {
      const double seconds = static_cast<double>(device_.milliseconds(run)) / 1000;
      std::printf("{\"kernel\":\"%s\",\"milliseconds\":%.4f,\"gigabytes_per_second\":%.0f,\"teraflops\":%.1f}\n", name,
                  seconds * 1000, bytes / seconds / 1e9, flops / seconds / 1e12);
    } catch (const Error& error) {
      failed_ = true;
      std::printf("{\"kernel\":\"%s\",\"failed\":\"%s\"}\n", name, quotable(error.what()).c_str());
    }
    std::fflush(stdout);
  }

 private:
  Device& device_;
  bool failed_ = false;
};

// Arrays that several kernels read or write: a, b, c (R,C), wide (R,4C), qkv (R,3C), gain (4C), statistics.
struct Arrays {
  explicit Arrays(Device& device)
      : a(device),
        b(device),
        c(device),
        wide(device),
        qkv(device),
        gain(device),
        mean(device),
        rstd(device),
        sums(device),
        scratch(device) {
    for (MemoryArray<Bf16>* const narrow : {&a, &b, &c}) fill(device, *narrow, kR * kC);
    fill(device, wide, kR * 4 * kC), fill(device, qkv, kR * 3 * kC), fill(device, gain, kT * kC);
    mean.resize(kR), rstd.resize(kR), sums.resize(8 * kC);
    scratch.resize(static_cast<size_t>(
        std::max({cuda::layernorm_scratch(kR, kC), cuda::column_sums_scratch(kR, 4 * kC), kR * kH})));
  }
  MemoryArray<Bf16> a, b, c, wide, qkv, gain;
  MemoryArray<float> mean, rstd, sums, scratch;
};

void time_copy(Bench& bench, Arrays& x) {
  const auto copy = [&](Bf16* to, const Bf16* from, int64_t n) {
    cuda::check(cudaMemcpyAsync(to, from, static_cast<size_t>(n) * sizeof(Bf16), cudaMemcpyDeviceToDevice,
                                static_cast<cudaStream_t>(bench.stream())),
                "cannot copy");
  };
  bench.time("copy", 2 * kRow * 4, 0, [&] {
    copy(x.qkv.data(), x.wide.data(), kR * 3 * kC);
    copy(x.a.data(), x.wide.data() + kR * 3 * kC, kR * kC);
  });
}

void time_rows(Bench& bench, Arrays& x) {
  void* const stream = bench.stream();
  bench.time("layernorm_forward", 2 * kRow, 0, [&] {
    cuda::layernorm_forward(stream, x.b.data(), x.mean.data(), x.rstd.data(), x.a.data(), x.gain.data(), x.gain.data(),
                            kR, kC);
  });
  bench.time("residual_layernorm_forward", 4 * kRow, 0, [&] {
    cuda::residual_layernorm_forward(stream, x.c.data(), x.b.data(), x.mean.data(), x.rstd.data(), x.a.data(),
                                     x.c.data(), x.gain.data(), x.gain.data(), kR, kC);
  });
  bench.time("layernorm_backward", 4 * kRow, 0, [&] {
    cuda::layernorm_backward(stream, x.c.data(), x.sums.data(), x.sums.data() + kC, x.scratch.data(), x.b.data(),
                             x.a.data(), x.gain.data(), x.mean.data(), x.rstd.data(), kR, kC);
  });
  bench.time("gelu_forward", 8 * kRow, 0,
             [&] { cuda::gelu_forward(stream, x.wide.data(), x.wide.data(), kR * 4 * kC); });
  bench.time("gelu_backward", 12 * kRow, 0,
             [&] { cuda::gelu_backward(stream, x.wide.data(), x.wide.data(), x.wide.data(), kR * 4 * kC); });
  bench.time("column_sums", 4 * kRow, 0,
             [&] { cuda::column_sums(stream, x.sums.data(), x.scratch.data(), x.wide.data(), kR, 4 * kC); });
}

// Ids by Zipf's law, so that the encoder's backward pass sees frequent tokens.
std::vector<uint32_t> make_tokens() {
  std::vector<uint32_t> tokens;
  for (uint64_t i = 0; i < static_cast<uint64_t>(kR); ++i)
    tokens.push_back(static_cast<uint32_t>(std::pow(static_cast<double>(kV), random_uniform(1, 1, i)) - 1));
  return tokens;
}

template <typename T>
void copy_to(Device& device, MemoryArray<T>& array, const std::vector<T>& values) {
  array.resize(values.size());
  device.copy_to_device(array.data(), values.data(), values.size() * sizeof(T));
  device.synchronize();
}

void time_ends(Bench& bench, Arrays& x) {
  Device& device = bench.device();
  void* const stream = bench.stream();
  const std::vector<uint32_t> tokens = make_tokens();
  const TokenOrder order = make_token_order(tokens.data(), kR, kV);
  MemoryArray<uint32_t> ids(device);
  MemoryArray<int32_t> rows(device), begins(device);
  MemoryArray<Bf16> wte(device), logits(device);
  MemoryArray<float> dwte(device), dwpe(device);
  copy_to(device, ids, tokens), copy_to(device, rows, order.rows), copy_to(device, begins, order.begins);
  fill(device, wte, kPadded * kC), fill(device, logits, kChunk * kPadded);
  dwte.resize(kPadded * kC), dwpe.resize(kT * kC);
  const Extent extent{kB, kT, kC, kH};
  bench.time("encoder_forward", 2 * kRow, 0,
             [&] { cuda::encoder_forward(stream, x.a.data(), ids.data(), wte.data(), x.gain.data(), extent); });
  bench.time("encoder_backward", 2 * kRow, 0, [&] {
    cuda::encoder_backward(stream, dwte.data(), dwpe.data(), x.a.data(), ids.data(),
                           {rows.data(), begins.data(), static_cast<int64_t>(order.begins.size()) - 1}, extent);
  });
  for (const bool two_reads : {false, true}) {
    bench.time(two_reads ? "classifier_rows_two_reads" : "classifier_rows", 2.0 * kChunk * kPadded * 2, 0, [&] {
      cuda::classifier_rows(stream, {logits.data(), x.mean.data(), ids.data(), nullptr, kChunk, kV, kPadded, 1e-6f,
                                     nullptr, true, two_reads});
    });
  }
}

void time_attention(Bench& bench, Arrays& x) {
  void* const stream = bench.stream();
  const Extent extent{kB, kT, kC, kH};
  MemoryArray<float> log_sum(bench.device());
  log_sum.resize(kR * kH);
  const double product = 2.0 * kB * kH * kT * kT / 2 * (kC / kH);  // of one causal product of all heads
  bench.time("attention_forward", 4 * kRow, 2 * product,
             [&] { cuda::attention_forward(stream, x.b.data(), log_sum.data(), x.qkv.data(), nullptr, extent); });
  bench.time("attention_backward", 8 * kRow, 5 * product, [&] {
    cuda::attention_backward(stream, x.wide.data(), x.scratch.data(), x.a.data(), x.b.data(), log_sum.data(),
                             x.qkv.data(), nullptr, extent);
  });
}

void time_optimizer(Bench& bench) {
  Device& device = bench.device();
  void* const stream = bench.stream();
  MemoryArray<float> master(device), first(device), second(device), gradients(device);
  MemoryArray<Bf16> parameters(device);
  for (MemoryArray<float>* const array : {&master, &first, &second, &gradients}) array->resize(kParameters);
  parameters.resize(kParameters);
  std::vector<cuda::ParameterPiece> host_pieces;
  for (int64_t at = 0; at < kParameters; at += cuda::kPieceElements)
    host_pieces.push_back({at, static_cast<int32_t>(std::min(cuda::kPieceElements, kParameters - at)), 1});
  MemoryArray<cuda::ParameterPiece> pieces(device);
  copy_to(device, pieces, host_pieces);
  cuda::AdamWStep step{};
  step.master = master.data(), step.first = first.data(), step.second = second.data();
  step.gradients = gradients.data(), step.parameters = parameters.data();
  step.pieces = pieces.data(), step.pieces_count = static_cast<int64_t>(pieces.size());
  step.scale = 1, step.b1 = 0.9f, step.b2 = 0.95f, step.c1 = 0.1f, step.c2 = 0.05f, step.rate = 1e-4f, step.root = 1;
  step.epsilon = 1e-8f, step.keep = 1, step.stochastic = true;
  bench.time("adamw", 30.0 * kParameters, 0, [&] { cuda::adamw(stream, step); });
  MemoryArray<double> norm(device);
  norm.resize(static_cast<size_t>(1 + cuda::norm_scratch(kParameters)));
  bench.time("global_norm", 4.0 * kParameters, 0,
             [&] { cuda::global_norm(stream, norm.data(), norm.data() + 1, gradients.data(), kParameters); });
}

int run() {
  const std::unique_ptr<Device> device = make_cuda_device(0);
  Bench bench(*device);
  {
    Arrays arrays(*device);
    time_copy(bench, arrays);
    time_rows(bench, arrays);
    time_ends(bench, arrays);
    time_attention(bench, arrays);
  }
  time_optimizer(bench);
  return bench.failed() ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace
}  // namespace ftok::bench

int main() {
  try {
    return ftok::bench::run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kernel_bench: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
