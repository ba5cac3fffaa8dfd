// What the attention kernels share: tiles of a head's rows in shared memory, operands of tensor-core products out of
// them, and which keys a query may see.
#pragma once

#include "trainer/cuda/gpu_kernels.h"
#include "trainer/cuda/tensor_core.h"

namespace ftok::FTOK_SPACE {

// N rows of a head of at most D channels; 16 bytes after each row spread the rows over the banks. Channels and rows
// beyond those that exist are zero.
template <int N, int D>
struct alignas(16) Tile {
  static constexpr int kRows = N, kStride = D + kVector;
  Bf16 at[N][kStride];
};

// `group` heads of queries share one of the K of keys and values; D: channels of a head. Narrow integers: the kernels
// need all registers.
struct AttentionShape {
  int32_t T, H, K, D, group, window;
  const int32_t* first_key;
  float scale;

  FTOK_DEVICE int64_t row() const { return static_cast<int64_t>(H + 2 * K) * D; }  // of qkv
  FTOK_DEVICE int64_t out_row() const { return static_cast<int64_t>(H) * D; }
};

// A head of one sequence.
struct Head : AttentionShape {
  int32_t b, h;

  FTOK_DEVICE int64_t position(int64_t t) const { return static_cast<int64_t>(b) * T + t; }
  FTOK_DEVICE int64_t query_at(int64_t t) const { return position(t) * row() + h * D; }
  FTOK_DEVICE int64_t key_at(int64_t t) const { return position(t) * row() + (H + h / group) * D; }
  FTOK_DEVICE int64_t value_at(int64_t t) const { return key_at(t) + K * D; }
  FTOK_DEVICE int64_t out_at(int64_t t) const { return position(t) * out_row() + h * D; }
  FTOK_DEVICE int64_t sum_at(int64_t t) const { return (static_cast<int64_t>(b) * H + h) * T + t; }
  FTOK_DEVICE int64_t first_of(int64_t t) const {
    const int64_t first = first_key == nullptr ? 0 : first_key[t];
    return window > 0 && t - window + 1 > first ? t - window + 1 : first;
  }
};

// The head b H + h.
FTOK_DEVICE Head head_of(const AttentionShape& s, int64_t index) {
  Head head;
  static_cast<AttentionShape&>(head) = s;
  head.b = static_cast<int32_t>(index / s.H), head.h = static_cast<int32_t>(index % s.H);
  if (s.first_key != nullptr) head.first_key = s.first_key + static_cast<int64_t>(head.b) * s.T;
  return head;
}

// Rows [first, first + N) of a head into a tile; `row_0` is the head's row 0, rows are `stride` apart. All threads of
// the block take part.
template <int Threads, int N, int D>
FTOK_DEVICE void load_tile(Tile<N, D>& tile, const Bf16* row_0, int64_t stride, int64_t first, const Head& head) {
  constexpr int kVectors = D / static_cast<int>(kVector);
  for (int i = thread_x(); i < N * kVectors; i += Threads) {
    const int row = i / kVectors, c = i % kVectors * static_cast<int>(kVector);
    const int64_t t = first + row;
    Vector<Bf16, kVector> v{};
    if (t < head.T) {
      const Bf16* const from = row_0 + t * stride + c;
      if (is_vectorized(head.D)) {
        if (c < head.D) v = *reinterpret_cast<const Vector<Bf16, kVector>*>(from);
      } else {
        FTOK_UNROLL
        for (int k = 0; k < kVector; ++k) {
          if (c + k < head.D) v.at[k] = from[k];
        }
      }
    }
    *reinterpret_cast<Vector<Bf16, kVector>*>(&tile.at[row][c]) = v;
  }
}

// The operand A (16,16) at (row, k) of a tile M.
template <int N, int D>
FTOK_DEVICE void load_a(uint32_t (&a)[4], const Tile<N, D>& m, int row, int k) {
  const int i = lane() / 8, j = lane() % 8;
  load_matrices(a, &m.at[row + i % 2 * 8 + j][k + i / 2 * 8]);
}
// Two operands B (16,8) of a product with M^T: B[k'][n'] = M[n + n'][k + k'], the second one 8 rows of M further.
template <int N, int D>
FTOK_DEVICE void load_b_transposed(uint32_t (&b)[4], const Tile<N, D>& m, int n, int k) {
  const int i = lane() / 8, j = lane() % 8;
  load_matrices(b, &m.at[n + i / 2 * 8 + j][k + i % 2 * 8]);
}
// Two operands B (16,8) of a product with M: B[k'][n'] = M[k + k'][n + n'], the second one 8 columns further.
template <int N, int D>
FTOK_DEVICE void load_b(uint32_t (&b)[4], const Tile<N, D>& m, int k, int n) {
  const int i = lane() / 8, j = lane() % 8;
  load_matrices_transposed(b, &m.at[k + i % 2 * 8 + j][n + i / 2 * 8]);
}

// out (16, N) = rows [row, row + 16) of a (.., D) times b^T (D, N).
template <int NA, int N, int D>
FTOK_DEVICE void multiply_transposed(float (&out)[N / 8][4], const Tile<NA, D>& a, int row, const Tile<N, D>& b) {
  FTOK_UNROLL
  for (int n = 0; n < N / 8; ++n) {
    FTOK_UNROLL
    for (int i = 0; i < 4; ++i) out[n][i] = 0;
  }
  FTOK_UNROLL
  for (int k = 0; k < D; k += 16) {
    uint32_t operand[4];
    load_a(operand, a, row, k);
    FTOK_UNROLL
    for (int n = 0; n < N / 8; n += 2) {
      uint32_t two[4];
      load_b_transposed(two, b, n * 8, k);
      multiply_add(out[n], operand, two[0], two[1]);
      multiply_add(out[n + 1], operand, two[2], two[3]);
    }
  }
}

// out (16, D) += p (16, N), rounded, times b (N, D).
template <int N, int D>
FTOK_DEVICE void multiply_add_rows(float (&out)[D / 8][4], const float (&p)[N / 8][4], const Tile<N, D>& b) {
  FTOK_UNROLL
  for (int k = 0; k < N / 16; ++k) {
    const uint32_t operand[4] = {pack(p[2 * k][0], p[2 * k][1]), pack(p[2 * k][2], p[2 * k][3]),
                                 pack(p[2 * k + 1][0], p[2 * k + 1][1]), pack(p[2 * k + 1][2], p[2 * k + 1][3])};
    FTOK_UNROLL
    for (int n = 0; n < D / 8; n += 2) {
      uint32_t two[4];
      load_b(two, b, k * 16, n * 8);
      multiply_add(out[n], operand, two[0], two[1]);
      multiply_add(out[n + 1], operand, two[2], two[3]);
    }
  }
}

// Over the four lanes that hold one row of a product.
FTOK_DEVICE float row_max(float x) {
  x = larger(x, lane_value(x, 1));
  return larger(x, lane_value(x, 2));
}
FTOK_DEVICE float row_sum(float x) {
  x += lane_value(x, 1);
  return x + lane_value(x, 2);
}

// Element i of product n of a lane lies in this row and column of the warp's 16 rows.
FTOK_DEVICE int row_of(int i) { return lane() / 4 + i / 2 * 8; }
FTOK_DEVICE int column_of(int n, int i) { return n * 8 + lane() % 4 * 2 + i % 2; }

// Row `which` (0: lane / 4, 1: 8 further) of x (16, D) times `factor`, to `row` in memory.
template <int D>
FTOK_DEVICE void store_row(Bf16* row, const float (&x)[D / 8][4], int which, float factor, const Head& head) {
  FTOK_UNROLL
  for (int n = 0; n < D / 8; ++n) {
    const int c = column_of(n, 0);
    const float low = x[n][2 * which] * factor, high = x[n][2 * which + 1] * factor;
    if (head.D % 2 == 0) {
      if (c < head.D) *reinterpret_cast<uint32_t*>(row + c) = pack(low, high);
    } else {
      if (c < head.D) row[c] = round_to_bfloat16(low);
      if (c + 1 < head.D) row[c + 1] = round_to_bfloat16(high);
    }
  }
}

inline AttentionShape shape_of(const int32_t* first_key, const Extent& extent) {
  const auto narrow = [](int64_t n) { return static_cast<int32_t>(n); };
  const int64_t D = extent.head_channels(), K = extent.key_heads();
  const int64_t window = extent.window < extent.T ? extent.window : 0;
  const float scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(D)));
  return {narrow(extent.T),     narrow(extent.H), narrow(K), narrow(D),
          narrow(extent.H / K), narrow(window),   first_key, scale};
}

}  // namespace ftok::FTOK_SPACE
