// Sums over rows in a fixed order, in two passes: blocks of rows to partial sums, then the partial sums one after the
// other.
#include "trainer/cuda/gpu_kernels.h"

namespace ftok::FTOK_SPACE {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr int64_t kPartsMax = 128;  // a function of R alone decides how many there are, not the GPU

int64_t rows_per_part(int64_t R) { return divide_up(divide_up(R, kPartsMax), kWarps) * kWarps; }

template <int W>
struct alignas(16) WarpSums {
  float at[kWarps][kWarp][W];
};

// A block: 32 W columns, rows_per_part rows, every 8th row a warp. parts (parts,O).
template <int W>
FTOK_KERNEL(kThreads)
part_kernel(float* parts, const Bf16* in, int64_t R, int64_t O, int64_t rows) {
  FTOK_SHARED(WarpSums<W>, sums);
  const int64_t c = (block_x() * kWarp + lane()) * W;
  const int64_t begin = block_y() * rows, end = begin + rows < R ? begin + rows : R;
  float sum[W] = {};
  if (c < O) {
    for (int64_t r = begin + warp(); r < end; r += kWarps) {
      float row[W];
      load(row, in + r * O + c);
      FTOK_UNROLL
      for (int k = 0; k < W; ++k) sum[k] += row[k];
    }
  }
  FTOK_UNROLL
  for (int k = 0; k < W; ++k) sums.at[warp()][lane()][k] = sum[k];
  barrier();
  if (warp() != 0 || c >= O) return;
  float total[W] = {};
  for (int w = 0; w < kWarps; ++w) {
    FTOK_UNROLL
    for (int k = 0; k < W; ++k) total[k] += sums.at[w][lane()][k];
  }
  store(parts + block_y() * O + c, total);
}

struct RowSums {
  float at[kWarps][kWarp];
};

// A block: 32 columns; every 8th row a warp.
FTOK_KERNEL(kThreads) add_rows_kernel(float* sums, const float* parts, int64_t count, int64_t n) {
  FTOK_SHARED(RowSums, shared);
  const int64_t c = block_x() * kWarp + lane();
  float sum = 0;
  if (c < n) {
    for (int64_t r = warp(); r < count; r += kWarps) sum += parts[r * n + c];
  }
  shared.at[warp()][lane()] = sum;
  barrier();
  if (warp() != 0 || c >= n) return;
  float total = 0;
  for (int w = 0; w < kWarps; ++w) total += shared.at[w][lane()];
  sums[c] += total;
}

template <int W>
void parts_of(Stream stream, float* parts, const Bf16* in, int64_t R, int64_t O) {
  const int64_t rows = rows_per_part(R);
  launch(stream, {divide_up(O, kWarp * W), divide_up(R, rows)}, kThreads, part_kernel<W>, parts, in, R, O, rows);
}

}  // namespace

int64_t column_sums_scratch(int64_t R, int64_t O) { return divide_up(R, rows_per_part(R)) * O; }

void column_sums(Stream stream, float* sums, float* scratch, const Bf16* in, int64_t R, int64_t O) {
  (is_vectorized(O) ? parts_of<kVector> : parts_of<1>)(stream, scratch, in, R, O);
  add_rows(stream, sums, scratch, divide_up(R, rows_per_part(R)), O);
}

void add_rows(Stream stream, float* sums, const float* parts, int64_t count, int64_t n) {
  launch(stream, {divide_up(n, kWarp)}, kThreads, add_rows_kernel, sums, parts, count, n);
}

}  // namespace ftok::FTOK_SPACE
