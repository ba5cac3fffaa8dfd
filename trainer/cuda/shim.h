// The vocabulary that kernels are written in: threads, blocks, shared memory, sums over a warp, tensor-core products.
//
// A kernel source (*.cu) is compiled twice: by nvcc for GPUs (namespace ftok::cuda), and by a C++ compiler with
// FTOK_SHIM defined (namespace ftok::shim), where a block runs on one CPU thread and its threads take turns
// (shim_block.h). Control flow, indices and the order of additions are the same; what differs is the rounding of exp
// and log, contraction to fused multiply-adds, and the order of additions inside a tensor-core product.
//
// Kernels keep to these rules, which the shim checks where it can: all threads of a warp reach the same warp-wide call,
// all threads of a block reach the same barrier, block sizes are multiples of 32, shared memory is a struct of at most
// 48 KiB; what a launch asks for beside it may be more.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "trainer/layers/bfloat16.h"

#ifdef FTOK_SHIM
#include "trainer/cuda/shim_block.h"
#define FTOK_SPACE shim
#define FTOK_KERNEL(threads) void
#define FTOK_DEVICE inline
#define FTOK_UNROLL
#define FTOK_SHARED(Type, name) Type& name = *static_cast<Type*>(::ftok::shim::shared_memory(sizeof(Type)))
#define FTOK_LAUNCH_SHARED(name) char* const name = ::ftok::shim::launch_shared_memory()
#else
#define FTOK_SPACE cuda
#endif

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#define FTOK_KERNEL(threads) __global__ void __launch_bounds__(threads, 1)
#define FTOK_DEVICE __device__ __forceinline__
#define FTOK_UNROLL _Pragma("unroll")
#define FTOK_SHARED(Type, name) __shared__ Type name
#define FTOK_LAUNCH_SHARED(name) extern __shared__ __align__(16) char name[]
#endif

namespace ftok::FTOK_SPACE {

// A queue of the device's work: a cudaStream_t; nothing in the shim, where work is done at once.
using Stream = void*;

struct Grid {
  int64_t x = 1, y = 1, z = 1;
};

constexpr int kWarp = 32;

FTOK_BOTH constexpr int64_t divide_up(int64_t n, int64_t d) { return (n + d - 1) / d; }

#ifdef FTOK_SHIM

template <typename... Parameters, typename... Arguments>
void launch(Stream, const Grid& grid, int threads, void (*kernel)(Parameters...), Arguments... arguments) {
  run_grid(grid.x, grid.y, grid.z, threads, [&] { kernel(static_cast<Parameters>(arguments)...); });
}

// With `shared_bytes` of shared memory (FTOK_LAUNCH_SHARED) beside the kernel's own; at most launch_shared_bytes_max().
template <typename... Parameters, typename... Arguments>
void launch_shared(Stream, const Grid& grid, int threads, size_t shared_bytes, void (*kernel)(Parameters...),
                   Arguments... arguments) {
  run_grid(
      grid.x, grid.y, grid.z, threads, [&] { kernel(static_cast<Parameters>(arguments)...); }, shared_bytes);
}
inline size_t launch_shared_bytes_max() { return kLaunchSharedBytesMax; }

inline float warp_sum(float x) {
  Slot mine{};
  mine.words[0] = float_bits(x);
  const Slot* const lanes = exchange("warp_sum", mine);
  float v[kWarp];
  for (int i = 0; i < kWarp; ++i) v[i] = bits_float(lanes[i].words[0]);
  for (int half = kWarp / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) v[i] = v[i] + v[i + half];
  }
  return v[0];
}

inline float lane_value(float x, int lane_xor) {
  Slot mine{};
  mine.words[0] = float_bits(x);
  return bits_float(exchange("lane_value", mine)[(thread_x() % kWarp) ^ lane_xor].words[0]);
}

#endif

#ifdef __CUDACC__

// Throws Error naming the kernel's configuration when CUDA refuses it.
void check_launch(const Grid& grid, int threads);

template <typename... Parameters, typename... Arguments>
void launch(Stream stream, const Grid& grid, int threads, void (*kernel)(Parameters...), Arguments... arguments) {
  kernel<<<dim3(static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y), static_cast<unsigned>(grid.z)),
           static_cast<unsigned>(threads), 0, static_cast<cudaStream_t>(stream)>>>(
      static_cast<Parameters>(arguments)...);
  check_launch(grid, threads);
}

// The device's, less what kernels have of their own.
size_t launch_shared_bytes_max();

template <typename... Parameters, typename... Arguments>
void launch_shared(Stream stream, const Grid& grid, int threads, size_t shared_bytes, void (*kernel)(Parameters...),
                   Arguments... arguments) {
  cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes));
  cudaFuncSetAttribute(kernel, cudaFuncAttributePreferredSharedMemoryCarveout, cudaSharedmemCarveoutMaxShared);
  kernel<<<dim3(static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y), static_cast<unsigned>(grid.z)),
           static_cast<unsigned>(threads), shared_bytes, static_cast<cudaStream_t>(stream)>>>(
      static_cast<Parameters>(arguments)...);
  check_launch(grid, threads);
}

FTOK_DEVICE int thread_x() { return static_cast<int>(threadIdx.x); }
FTOK_DEVICE int block_threads() { return static_cast<int>(blockDim.x); }
FTOK_DEVICE int64_t block_x() { return blockIdx.x; }
FTOK_DEVICE int64_t block_y() { return blockIdx.y; }
FTOK_DEVICE int64_t block_z() { return blockIdx.z; }
FTOK_DEVICE int64_t grid_x() { return gridDim.x; }
FTOK_DEVICE int64_t grid_y() { return gridDim.y; }
FTOK_DEVICE void barrier() { __syncthreads(); }

FTOK_DEVICE float warp_sum(float x) {
  FTOK_UNROLL
  for (int half = kWarp / 2; half > 0; half /= 2) x += __shfl_xor_sync(0xFFFFFFFFu, x, half);
  return x;
}
// What the lane (mine xor lane_xor) passes.
FTOK_DEVICE float lane_value(float x, int lane_xor) { return __shfl_xor_sync(0xFFFFFFFFu, x, lane_xor); }

#endif

#if defined(FTOK_SHIM) || defined(__CUDACC__)

FTOK_DEVICE int lane() { return thread_x() % kWarp; }
FTOK_DEVICE int warp() { return thread_x() / kWarp; }

FTOK_DEVICE float larger(float a, float b) { return a > b ? a : b; }

#ifdef FTOK_SHIM
inline float warp_max(float x) {
  Slot mine{};
  mine.words[0] = float_bits(x);
  const Slot* const lanes = exchange("warp_max", mine);
  for (int i = 0; i < kWarp; ++i) x = larger(x, bits_float(lanes[i].words[0]));
  return x;
}
#else
FTOK_DEVICE float warp_max(float x) {
  FTOK_UNROLL
  for (int half = kWarp / 2; half > 0; half /= 2) x = larger(x, lane_value(x, half));
  return x;
}
#endif

// The same over all threads of a block, up to 32 warps, in a fixed order; `scratch` (32) is shared. Begins and ends
// with a barrier.
FTOK_DEVICE float block_sum(float x, float* scratch) {
  x = warp_sum(x);
  barrier();
  if (lane() == 0) scratch[warp()] = x;
  barrier();
  x = warp_sum(lane() < block_threads() / kWarp ? scratch[lane()] : 0.0f);
  barrier();
  return x;
}
FTOK_DEVICE float block_max(float x, float* scratch) {
  x = warp_max(x);
  barrier();
  if (lane() == 0) scratch[warp()] = x;
  barrier();
  x = warp_max(lane() < block_threads() / kWarp ? scratch[lane()] : -INFINITY);
  barrier();
  return x;
}

FTOK_DEVICE float exponential(float x) {
#ifdef __CUDA_ARCH__
  return __expf(x);
#else
  return std::exp(x);
#endif
}

FTOK_DEVICE Bf16 round_to_bfloat16(float x) {
#ifdef __CUDA_ARCH__
  return Bf16{__bfloat16_as_ushort(__float2bfloat16_rn(x))};
#else
  return to_bfloat16(x);
#endif
}

// N elements read or written at once; `p` is aligned to them.
template <typename T, int N>
struct alignas(sizeof(T) * N) Vector {
  T at[N];
};

template <int N>
FTOK_DEVICE void load(float (&out)[N], const Bf16* p) {
  const Vector<Bf16, N> v = *reinterpret_cast<const Vector<Bf16, N>*>(p);
  FTOK_UNROLL
  for (int i = 0; i < N; ++i) out[i] = to_float(v.at[i]);
}
template <int N>
FTOK_DEVICE void store(Bf16* p, const float (&x)[N]) {
  Vector<Bf16, N> v;
  FTOK_UNROLL
  for (int i = 0; i < N; ++i) v.at[i] = round_to_bfloat16(x[i]);
  *reinterpret_cast<Vector<Bf16, N>*>(p) = v;
}
// Floats go 4 at a time: 16 bytes.
template <int N>
FTOK_DEVICE void load(float (&out)[N], const float* p) {
  constexpr int kPart = N < 4 ? N : 4;
  FTOK_UNROLL
  for (int part = 0; part < N; part += kPart) {
    const Vector<float, kPart> v = *reinterpret_cast<const Vector<float, kPart>*>(p + part);
    FTOK_UNROLL
    for (int i = 0; i < kPart; ++i) out[part + i] = v.at[i];
  }
}
template <int N>
FTOK_DEVICE void store(float* p, const float (&x)[N]) {
  constexpr int kPart = N < 4 ? N : 4;
  FTOK_UNROLL
  for (int part = 0; part < N; part += kPart) {
    Vector<float, kPart> v;
    FTOK_UNROLL
    for (int i = 0; i < kPart; ++i) v.at[i] = x[part + i];
    *reinterpret_cast<Vector<float, kPart>*>(p + part) = v;
  }
}

#endif

// Elements of bfloat16 that rows of `width` allow at once: 16 bytes' worth, or one. (Arrays begin at multiples of 16
// bytes.)
constexpr int64_t kVector = 8;
FTOK_BOTH constexpr bool is_vectorized(int64_t width) { return width % kVector == 0; }

}  // namespace ftok::FTOK_SPACE
