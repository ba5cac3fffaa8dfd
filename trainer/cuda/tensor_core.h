// Products of small matrices by a warp's tensor cores, and the loads that bring their operands into registers in the
// layout they need (PTX ISA: mma.m16n8k16, ldmatrix). With g = lane / 4 and t = lane % 4, a lane holds
//   A (16,16): {A[g][2t..], A[g+8][2t..], A[g][2t+8..], A[g+8][2t+8..]}, two bfloat16 a register, the lower column in
//   the lower half;
//   B (16,8):  {B[2t..][g], B[2t+8..][g]}, two rows a register;
//   C (16,8):  {C[g][2t], C[g][2t+1], C[g+8][2t], C[g+8][2t+1]} in float.
#pragma once

#include "trainer/cuda/shim.h"

namespace ftok::FTOK_SPACE {

// The C layout of two neighbouring products, rounded, is the A layout of one: this packs two columns.
FTOK_DEVICE uint32_t pack(float low, float high) {
#ifdef __CUDA_ARCH__
  const __nv_bfloat162 two = __floats2bfloat162_rn(low, high);
  return static_cast<uint32_t>(__bfloat16_as_ushort(two.x)) | static_cast<uint32_t>(__bfloat16_as_ushort(two.y)) << 16;
#else
  return static_cast<uint32_t>(to_bfloat16(low).bits) | static_cast<uint32_t>(to_bfloat16(high).bits) << 16;
#endif
}

#ifdef __CUDACC__

// c += a b.
FTOK_DEVICE void multiply_add(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Four 8x8 matrices from shared memory: lane 8 i + j points to row j (8 elements, 16 bytes) of matrix i. out[i] is
// {M[g][2t], M[g][2t+1]}.
FTOK_DEVICE void load_matrices(uint32_t (&out)[4], const Bf16* row) {
  const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
               : "r"(address)
               : "memory");
}
// The same, out[i] = {M[2t][g], M[2t+1][g]}.
FTOK_DEVICE void load_matrices_transposed(uint32_t (&out)[4], const Bf16* row) {
  const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
               : "r"(address)
               : "memory");
}

#else

inline float half_of(uint32_t word, int which) { return bits_float(which == 0 ? word << 16 : word & 0xFFFF0000u); }

inline void multiply_add(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  Slot mine{{a[0], a[1], a[2], a[3], b0, b1}, nullptr};
  const Slot* const lanes = exchange("multiply_add", mine);
  const int g = thread_x() % kWarp / 4, t = thread_x() % 4;
  for (int i = 0; i < 4; ++i) {
    const int row = g + i / 2 * 8, column = 2 * t + i % 2;
    float sum = 0;
    for (int k = 0; k < 16; ++k) {
      const Slot& from_a = lanes[row % 8 * 4 + k % 8 / 2];
      const Slot& from_b = lanes[column * 4 + k % 8 / 2];
      sum += half_of(from_a.words[row / 8 + k / 8 * 2], k % 2) * half_of(from_b.words[4 + k / 8], k % 2);
    }
    c[i] += sum;
  }
}

inline void load_from_lanes(uint32_t (&out)[4], const Bf16* row, bool transposed) {
  Slot mine{};
  mine.pointer = row;
  const Slot* const lanes = exchange(transposed ? "load_matrices_transposed" : "load_matrices", mine);
  const int g = thread_x() % kWarp / 4, t = thread_x() % 4;
  for (int i = 0; i < 4; ++i) {
    const auto element = [&](int r, int c) {
      return static_cast<uint32_t>(static_cast<const Bf16*>(lanes[8 * i + r].pointer)[c].bits);
    };
    out[i] =
        transposed ? element(2 * t, g) | element(2 * t + 1, g) << 16 : element(g, 2 * t) | element(g, 2 * t + 1) << 16;
  }
}
inline void load_matrices(uint32_t (&out)[4], const Bf16* row) { load_from_lanes(out, row, false); }
inline void load_matrices_transposed(uint32_t (&out)[4], const Bf16* row) { load_from_lanes(out, row, true); }

#endif

}  // namespace ftok::FTOK_SPACE
