// LayerNorm, and RMSNorm as one whose mean is zero and that has no bias; a warp a row forward. Where the row fits into
// the warp's registers it is read once: K vectors of 8 channels a lane; K = 0 is for other widths, and reads the row
// again from the cache. The variance is that of the differences from the mean (two passes over registers), as on the
// CPU.
//
// Backward in one pass over dout, in and din: blocks take tiles of 8 rows. First a warp a row makes the two means that
// the row's gradient needs; then, with the tile still in the first-level cache, each thread owns W channels for some
// rows of the tile, writes din and adds to its sums for dgain and dbias. The blocks' sums are added in order by a
// second kernel.
#include "trainer/cuda/gpu_kernels.h"

namespace ftok::FTOK_SPACE {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr float kEpsilon = 1e-5f;  // GPT-2's published code, model.py, norm()
constexpr int64_t kPartsMax = 512;

struct Forward {
  Bf16 *sum, *out;  // sum: null without a residual
  float *mean, *rstd;
  const Bf16 *a, *b, *gain, *bias;
  int64_t R, C;
  float epsilon;
  bool rms;  // RMSNorm: mean and bias are null
};

// W channels of the input row, which is a + b rounded where there is a residual: what is stored is what is normalised.
template <int W>
FTOK_DEVICE void load_input(float (&x)[W], const Forward& f, int64_t at) {
  load(x, f.a + at);
  if (f.b == nullptr) return;
  float y[W];
  load(y, f.b + at);
  FTOK_UNROLL
  for (int i = 0; i < W; ++i) x[i] = to_float(round_to_bfloat16(x[i] + y[i]));
}

template <int W>
FTOK_DEVICE void write_output(const Forward& f, int64_t row, int64_t c, float (&x)[W], float mean, float rstd) {
  float gain[W], bias[W];
  load(gain, f.gain + c);
  if (!f.rms) {
    load(bias, f.bias + c);
  } else {
    FTOK_UNROLL
    for (int i = 0; i < W; ++i) bias[i] = 0;
  }
  if (f.sum != nullptr) store(f.sum + row + c, x);
  FTOK_UNROLL
  for (int i = 0; i < W; ++i) x[i] = (x[i] - mean) * rstd * gain[i] + bias[i];
  store(f.out + row + c, x);
}

template <int K>
FTOK_KERNEL(kThreads)
forward_kernel(Forward f) {
  constexpr int W = kVector;
  const int64_t r = block_x() * kWarps + warp();
  if (r >= f.R) return;  // the whole warp
  const int64_t row = r * f.C;
  float x[K][W], sum = 0, squares = 0;
  FTOK_UNROLL
  for (int k = 0; k < K; ++k) {
    const int64_t c = (static_cast<int64_t>(k) * kWarp + lane()) * W;
    FTOK_UNROLL
    for (int i = 0; i < W; ++i) x[k][i] = 0;
    if (c < f.C) load_input(x[k], f, row + c);
    FTOK_UNROLL
    for (int i = 0; i < W; ++i) sum += x[k][i];
  }
  const float mean = f.rms ? 0.0f : warp_sum(sum) / static_cast<float>(f.C);
  FTOK_UNROLL
  for (int k = 0; k < K; ++k) {
    if ((static_cast<int64_t>(k) * kWarp + lane()) * W >= f.C) continue;
    FTOK_UNROLL
    for (int i = 0; i < W; ++i) squares += (x[k][i] - mean) * (x[k][i] - mean);
  }
  const float rstd = 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(f.C) + f.epsilon);
  FTOK_UNROLL
  for (int k = 0; k < K; ++k) {
    const int64_t c = (static_cast<int64_t>(k) * kWarp + lane()) * W;
    if (c < f.C) write_output(f, row, c, x[k], mean, rstd);
  }
  if (lane() != 0) return;
  f.rstd[r] = rstd;
  if (!f.rms) f.mean[r] = mean;
}

// Any width; reads the input three times.
template <int W>
FTOK_KERNEL(kThreads)
forward_any_kernel(Forward f) {
  const int64_t r = block_x() * kWarps + warp();
  if (r >= f.R) return;
  const int64_t row = r * f.C;
  float x[W], sum = 0, squares = 0;
  for (int64_t c = lane() * W; c < f.C; c += kWarp * W) {
    load_input(x, f, row + c);
    FTOK_UNROLL
    for (int i = 0; i < W; ++i) sum += x[i];
  }
  const float mean = f.rms ? 0.0f : warp_sum(sum) / static_cast<float>(f.C);
  for (int64_t c = lane() * W; c < f.C; c += kWarp * W) {
    load_input(x, f, row + c);
    FTOK_UNROLL
    for (int i = 0; i < W; ++i) squares += (x[i] - mean) * (x[i] - mean);
  }
  const float rstd = 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(f.C) + f.epsilon);
  for (int64_t c = lane() * W; c < f.C; c += kWarp * W) {
    load_input(x, f, row + c);
    write_output(f, row, c, x, mean, rstd);
  }
  if (lane() != 0) return;
  f.rstd[r] = rstd;
  if (!f.rms) f.mean[r] = mean;
}

void forward(Stream stream, const Forward& f) {
  const Grid grid{divide_up(f.R, kWarps)};
  const int64_t vectors = divide_up(f.C, kWarp * kVector);  // a lane
  if (!is_vectorized(f.C)) {
    launch(stream, grid, kThreads, forward_any_kernel<1>, f);
  } else if (vectors <= 1) {
    launch(stream, grid, kThreads, forward_kernel<1>, f);
  } else if (vectors <= 3) {  // 768
    launch(stream, grid, kThreads, forward_kernel<3>, f);
  } else if (vectors <= 5) {  // 1024, 1280
    launch(stream, grid, kThreads, forward_kernel<5>, f);
  } else if (vectors <= 7) {  // 1600
    launch(stream, grid, kThreads, forward_kernel<7>, f);
  } else {
    launch(stream, grid, kThreads, forward_any_kernel<kVector>, f);
  }
}

struct Backward {
  Bf16* din;
  float* parts;  // (blocks,2,C)
  const Bf16 *dout, *in, *gain;
  const float *mean, *rstd;  // mean: null for RMSNorm
  int64_t R, C, rows;        // rows of a block
};

template <int W>
struct alignas(16) BackwardShared {
  float sum[kWarps], sum_n[kWarps];  // of the tile's rows
  float dgain[kThreads][W], dbias[kThreads][W];
};

// The means of g and g n over row r, by one warp.
template <int W>
FTOK_DEVICE void row_means(const Backward& b, int64_t r, float& mean_g, float& mean_gn) {
  const float mean = b.mean == nullptr ? 0.0f : b.mean[r], rstd = b.rstd[r];
  float sum = 0, sum_n = 0;
  for (int64_t c = lane() * W; c < b.C; c += kWarp * W) {
    float dy[W], x[W], gain[W];
    load(dy, b.dout + r * b.C + c);
    load(x, b.in + r * b.C + c);
    load(gain, b.gain + c);
    FTOK_UNROLL
    for (int i = 0; i < W; ++i) {
      const float g = dy[i] * gain[i];
      sum += g;
      sum_n += g * ((x[i] - mean) * rstd);
    }
  }
  mean_g = b.mean == nullptr ? 0.0f : warp_sum(sum) / static_cast<float>(b.C);
  mean_gn = warp_sum(sum_n) / static_cast<float>(b.C);
}

// Channels [c, c+W) of row r: din is written, the sums grow.
template <int W>
FTOK_DEVICE void finish_channels(const Backward& b, int64_t r, int64_t c, float mean_g, float mean_gn,
                                 const float (&gain)[W], float (&dgain)[W], float (&dbias)[W]) {
  const float mean = b.mean == nullptr ? 0.0f : b.mean[r], rstd = b.rstd[r];
  float dy[W], x[W], dx[W];
  load(dy, b.dout + r * b.C + c);
  load(x, b.in + r * b.C + c);
  load(dx, b.din + r * b.C + c);
  FTOK_UNROLL
  for (int i = 0; i < W; ++i) {
    const float n = (x[i] - mean) * rstd;
    dx[i] += rstd * (dy[i] * gain[i] - mean_g - n * mean_gn);
    dgain[i] += dy[i] * n;
    dbias[i] += dy[i];
  }
  store(b.din + r * b.C + c, dx);
}

// blockIdx.x: rows; blockIdx.y: a slice of `owners` W channels. A thread owns W channels of every (256 / owners)-th row
// of a tile.
template <int W>
FTOK_KERNEL(kThreads)
backward_kernel(Backward b, int owners) {
  using Shared = BackwardShared<W>;
  FTOK_SHARED(Shared, shared);
  const int groups = kThreads / owners, group = thread_x() / owners, owner = thread_x() % owners;
  const int64_t c = (block_y() * owners + owner) * W;
  const bool active = group < groups && c < b.C;
  const int64_t begin = block_x() * b.rows, end = begin + b.rows < b.R ? begin + b.rows : b.R;
  float gain[W] = {}, dgain[W] = {}, dbias[W] = {};
  if (active) load(gain, b.gain + c);
  for (int64_t tile = begin; tile < end; tile += kWarps) {
    const int64_t r = tile + warp();
    float mean_g = 0, mean_gn = 0;
    if (r < end) row_means<W>(b, r, mean_g, mean_gn);
    if (lane() == 0) shared.sum[warp()] = mean_g, shared.sum_n[warp()] = mean_gn;
    barrier();
    const int rows = static_cast<int>(end - tile < kWarps ? end - tile : kWarps);
    if (active) {
      for (int i = group; i < rows; i += groups) {
        finish_channels(b, tile + i, c, shared.sum[i], shared.sum_n[i], gain, dgain, dbias);
      }
    }
    barrier();
  }
  FTOK_UNROLL
  for (int i = 0; i < W; ++i) shared.dgain[thread_x()][i] = dgain[i], shared.dbias[thread_x()][i] = dbias[i];
  barrier();
  if (group != 0 || c >= b.C) return;
  for (int g = 1; g < groups; ++g) {
    FTOK_UNROLL
    for (int i = 0; i < W; ++i) {
      dgain[i] += shared.dgain[g * owners + owner][i];
      dbias[i] += shared.dbias[g * owners + owner][i];
    }
  }
  store(b.parts + block_x() * 2 * b.C + c, dgain);
  store(b.parts + block_x() * 2 * b.C + b.C + c, dbias);
}

int64_t rows_per_block(int64_t R) { return divide_up(divide_up(R, kPartsMax), kWarps) * kWarps; }

template <int W>
void backward(Stream stream, const Backward& b) {
  const int64_t slices = divide_up(b.C, int64_t{kThreads} * W);
  const int owners = static_cast<int>(divide_up(divide_up(b.C, W), slices));
  launch(stream, {divide_up(b.R, b.rows), divide_up(b.C, int64_t{owners} * W)}, kThreads, backward_kernel<W>, b,
         owners);
}

// dgain and dbias lie apart: two sums over the blocks; or one, where dbias is null.
FTOK_KERNEL(kThreads) add_parts_kernel(float* dgain, float* dbias, const float* parts, int64_t blocks, int64_t C) {
  struct Sums {
    float at[kWarps][kWarp];
  };
  FTOK_SHARED(Sums, shared);
  const int64_t c = block_x() * kWarp + lane();
  float sum = 0;
  if (c < 2 * C) {
    for (int64_t i = warp(); i < blocks; i += kWarps) sum += parts[i * 2 * C + c];
  }
  shared.at[warp()][lane()] = sum;
  barrier();
  if (warp() != 0 || c >= (dbias == nullptr ? C : 2 * C)) return;
  float total = 0;
  for (int w = 0; w < kWarps; ++w) total += shared.at[w][lane()];
  float* const out = c < C ? dgain + c : dbias + (c - C);
  *out += total;
}

}  // namespace

void layernorm_forward(Stream stream, Bf16* out, float* mean, float* rstd, const Bf16* in, const Bf16* gain,
                       const Bf16* bias, int64_t R, int64_t C) {
  forward(stream, {nullptr, out, mean, rstd, in, nullptr, gain, bias, R, C, kEpsilon, false});
}

void residual_layernorm_forward(Stream stream, Bf16* sum, Bf16* out, float* mean, float* rstd, const Bf16* a,
                                const Bf16* b, const Bf16* gain, const Bf16* bias, int64_t R, int64_t C) {
  forward(stream, {sum, out, mean, rstd, a, b, gain, bias, R, C, kEpsilon, false});
}

int64_t layernorm_scratch(int64_t R, int64_t C) { return divide_up(R, rows_per_block(R)) * 2 * C; }

void layernorm_backward(Stream stream, Bf16* din, float* dgain, float* dbias, float* scratch, const Bf16* dout,
                        const Bf16* in, const Bf16* gain, const float* mean, const float* rstd, int64_t R, int64_t C) {
  const Backward b{din, scratch, dout, in, gain, mean, rstd, R, C, rows_per_block(R)};
  (is_vectorized(C) ? backward<kVector> : backward<1>)(stream, b);
  launch(stream, {divide_up(2 * C, kWarp)}, kThreads, add_parts_kernel, dgain, dbias, scratch, divide_up(R, b.rows), C);
}

void rmsnorm_forward(Stream stream, Bf16* out, float* rstd, const Bf16* in, const Bf16* gain, double epsilon, int64_t R,
                     int64_t C) {
  forward(stream, {nullptr, out, nullptr, rstd, in, nullptr, gain, nullptr, R, C, static_cast<float>(epsilon), true});
}

void residual_rmsnorm_forward(Stream stream, Bf16* sum, Bf16* out, float* rstd, const Bf16* a, const Bf16* b,
                              const Bf16* gain, double epsilon, int64_t R, int64_t C) {
  forward(stream, {sum, out, nullptr, rstd, a, b, gain, nullptr, R, C, static_cast<float>(epsilon), true});
}

void rmsnorm_backward(Stream stream, Bf16* din, float* dgain, float* scratch, const Bf16* dout, const Bf16* in,
                      const Bf16* gain, const float* rstd, int64_t R, int64_t C) {
  layernorm_backward(stream, din, dgain, nullptr, scratch, dout, in, gain, nullptr, rstd, R, C);
}

}  // namespace ftok::FTOK_SPACE
