// bfloat16: the upper half of a float's bits. For the CPU and, in sources that nvcc compiles, for the GPU: the same
// bits on both.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#define FTOK_BOTH __host__ __device__ __forceinline__
#else
#define FTOK_BOTH inline
#endif

namespace ftok {

struct Bf16 {
  uint16_t bits;
};

FTOK_BOTH uint32_t float_bits(float x) {
#ifdef __CUDA_ARCH__
  return __float_as_uint(x);
#else
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
#endif
}

FTOK_BOTH float bits_float(uint32_t bits) {
#ifdef __CUDA_ARCH__
  return __uint_as_float(bits);
#else
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
#endif
}

FTOK_BOTH float to_float(Bf16 x) { return bits_float(static_cast<uint32_t>(x.bits) << 16); }
FTOK_BOTH float to_float(float x) { return x; }

// To the nearest, ties to even; numbers that are none stay none.
FTOK_BOTH Bf16 to_bfloat16(float x) {
  const uint32_t bits = float_bits(x);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return Bf16{static_cast<uint16_t>((bits >> 16) | 0x40u)};
  return Bf16{static_cast<uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16)};
}

// To one of the two neighbours, the upper one in magnitude with the probability of the fraction that is cut off:
// `random` is uniform in 0..65535. What is exact, infinite or no number stays.
FTOK_BOTH Bf16 to_bfloat16_stochastic(float x, uint32_t random) {
  const uint32_t bits = float_bits(x);
  if ((bits & 0x7F800000u) == 0x7F800000u) return to_bfloat16(x);
  return Bf16{static_cast<uint16_t>((bits + (random & 0xFFFFu)) >> 16)};
}

}  // namespace ftok
