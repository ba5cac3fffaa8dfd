// Token and position embedding, or tokens alone. Backward, every row of dwte is summed by one block that goes through
// the token's rows in order (a list that the host sorts): no atomics, one reading of dout.
#include "trainer/cuda/gpu_kernels.h"

namespace ftok::FTOK_SPACE {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;

// A thread: W channels of one row.
template <int W>
FTOK_KERNEL(kThreads)
forward_kernel(Bf16* out, const uint32_t* tokens, const Bf16* wte, const Bf16* wpe, int64_t R, int64_t T, int64_t C) {
  const int64_t at = (block_x() * kThreads + thread_x()) * W;
  if (at >= R * C) return;
  const int64_t r = at / C, c = at % C;
  float token[W], position[W];
  load(token, wte + static_cast<int64_t>(tokens[r]) * C + c);
  if (wpe != nullptr) {
    load(position, wpe + r % T * C + c);
    FTOK_UNROLL
    for (int i = 0; i < W; ++i) token[i] += position[i];
  }
  store(out + at, token);
}

template <int W>
struct alignas(16) WarpSums {
  float at[kWarps][kWarp][W];
};

// A block: one token, 32 W channels; warp w takes every 8th of its rows from the w-th on.
template <int W>
FTOK_KERNEL(kThreads)
token_kernel(float* dwte, const Bf16* dout, const uint32_t* tokens, const int32_t* rows, const int32_t* begins,
             int64_t C) {
  FTOK_SHARED(WarpSums<W>, sums);
  const int64_t begin = begins[block_x()], end = begins[block_x() + 1];
  if (begin == end) return;  // the whole block
  const int64_t c = (block_y() * kWarp + lane()) * W;
  float sum[W] = {};
  if (c < C) {
    for (int64_t i = begin + warp(); i < end; i += kWarps) {
      float row[W];
      load(row, dout + static_cast<int64_t>(rows[i]) * C + c);
      FTOK_UNROLL
      for (int k = 0; k < W; ++k) sum[k] += row[k];
    }
  }
  FTOK_UNROLL
  for (int k = 0; k < W; ++k) sums.at[warp()][lane()][k] = sum[k];
  barrier();
  if (warp() != 0 || c >= C) return;
  float* const out = dwte + static_cast<int64_t>(tokens[rows[begin]]) * C + c;
  float total[W];
  load(total, out);
  for (int w = 0; w < kWarps; ++w) {
    FTOK_UNROLL
    for (int k = 0; k < W; ++k) total[k] += sums.at[w][lane()][k];
  }
  store(out, total);
}

// A thread: W channels of one position, over all sequences.
template <int W>
FTOK_KERNEL(kThreads)
position_kernel(float* dwpe, const Bf16* dout, int64_t B, int64_t T, int64_t C) {
  const int64_t at = (block_x() * kThreads + thread_x()) * W;
  if (at >= T * C) return;
  float total[W];
  load(total, dwpe + at);
  for (int64_t b = 0; b < B; ++b) {
    float row[W];
    load(row, dout + b * T * C + at);
    FTOK_UNROLL
    for (int k = 0; k < W; ++k) total[k] += row[k];
  }
  store(dwpe + at, total);
}

template <int W>
void forward(Stream stream, Bf16* out, const uint32_t* tokens, const Bf16* wte, const Bf16* wpe, const Extent& e) {
  launch(stream, {divide_up(e.rows() * e.C, kThreads * W)}, kThreads, forward_kernel<W>, out, tokens, wte, wpe,
         e.rows(), e.T, e.C);
}

template <int W>
void backward(Stream stream, float* dwte, float* dwpe, const Bf16* dout, const uint32_t* tokens, const TokenRuns& runs,
              const Extent& e) {
  launch(stream, {runs.runs, divide_up(e.C, kWarp * W)}, kThreads, token_kernel<W>, dwte, dout, tokens, runs.rows,
         runs.begins, e.C);
  if (dwpe == nullptr) return;
  launch(stream, {divide_up(e.T * e.C, kThreads * W)}, kThreads, position_kernel<W>, dwpe, dout, e.B, e.T, e.C);
}

}  // namespace

void encoder_forward(Stream stream, Bf16* out, const uint32_t* tokens, const Bf16* wte, const Bf16* wpe,
                     const Extent& extent) {
  (is_vectorized(extent.C) ? forward<kVector> : forward<1>)(stream, out, tokens, wte, wpe, extent);
}

void encoder_backward(Stream stream, float* dwte, float* dwpe, const Bf16* dout, const uint32_t* tokens,
                      const TokenRuns& runs, const Extent& extent) {
  (is_vectorized(extent.C) ? backward<kVector> : backward<1>)(stream, dwte, dwpe, dout, tokens, runs, extent);
}

}  // namespace ftok::FTOK_SPACE
