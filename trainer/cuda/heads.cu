// Queries and keys on their way to attention: RMSNorm of each head, a warp a head, and rotary positions, a thread W
// pairs of channels. Backward, a block takes some rows; its warps keep the sums of the gains' gradients in registers,
// are added in order at the end, and the blocks' sums after that: no atomics.
#include "trainer/cuda/gpu_kernels.h"

namespace ftok::FTOK_SPACE {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr int kParts = kHeadChannelsMax / kWarp;  // channels of a head that a lane has
constexpr int64_t kBlocksMax = 512;

struct Heads {
  int64_t R, T, W, D, queries, normed, all;  // heads: of queries, with keys, with values
  float epsilon;
};

Heads heads_of(const Extent& e, double epsilon) {
  return {e.rows(),
          e.T,
          e.qkv_channels(),
          e.head_channels(),
          e.H,
          e.H + e.key_heads(),
          e.H + 2 * e.key_heads(),
          static_cast<float>(epsilon)};
}

// Channels lane, lane + 32, ... of a head; 0 beyond it.
FTOK_DEVICE void load_head(float (&x)[kParts], const Bf16* head, int64_t D) {
  FTOK_UNROLL
  for (int p = 0; p < kParts; ++p) {
    const int64_t c = p * kWarp + lane();
    x[p] = c < D ? to_float(head[c]) : 0.0f;
  }
}
FTOK_DEVICE void store_head(Bf16* head, const float (&x)[kParts], int64_t D) {
  FTOK_UNROLL
  for (int p = 0; p < kParts; ++p) {
    const int64_t c = p * kWarp + lane();
    if (c < D) head[c] = round_to_bfloat16(x[p]);
  }
}

// A warp: one head of one row; those of values are copied.
FTOK_KERNEL(kThreads)
norm_kernel(Bf16* out, float* rstd, const Bf16* qkv, const Bf16* q_gain, const Bf16* k_gain, Heads s) {
  const int64_t index = block_x() * kWarps + warp();
  if (index >= s.R * s.all) return;  // the whole warp
  const int64_t r = index / s.all, h = index % s.all, at = r * s.W + h * s.D;
  float x[kParts];
  load_head(x, qkv + at, s.D);
  if (h < s.normed) {
    float gain[kParts], squares = 0;
    load_head(gain, h < s.queries ? q_gain : k_gain, s.D);
    FTOK_UNROLL
    for (int p = 0; p < kParts; ++p) squares += x[p] * x[p];
    const float scale = 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(s.D) + s.epsilon);
    FTOK_UNROLL
    for (int p = 0; p < kParts; ++p) x[p] *= scale * gain[p];
    if (lane() == 0) rstd[r * s.normed + h] = scale;
  }
  store_head(out + at, x, s.D);
}

struct NormBackward {
  Bf16* dqkv;
  float* parts;  // of queries (blocks,D), then of keys
  const Bf16 *qkv, *q_gain, *k_gain;
  const float* rstd;
  int64_t rows;  // of a block
};

struct alignas(16) GainSums {
  float at[2][kWarps][kHeadChannelsMax];
};

FTOK_KERNEL(kThreads) norm_backward_kernel(NormBackward b, Heads s) {
  FTOK_SHARED(GainSums, sums);
  const int64_t begin = block_x() * b.rows, end = begin + b.rows < s.R ? begin + b.rows : s.R;
  float gains[2][kParts] = {};
  for (int64_t i = begin * s.normed + warp(); i < end * s.normed; i += kWarps) {
    const int64_t h = i % s.normed, at = i / s.normed * s.W + h * s.D;
    const bool query = h < s.queries;
    const float scale = b.rstd[i];
    float x[kParts], d[kParts], gain[kParts], sum = 0;
    load_head(x, b.qkv + at, s.D);
    load_head(d, b.dqkv + at, s.D);
    load_head(gain, query ? b.q_gain : b.k_gain, s.D);
    FTOK_UNROLL
    for (int p = 0; p < kParts; ++p) {
      x[p] *= scale;
      const float of_gain = d[p] * x[p];
      gains[0][p] += query ? of_gain : 0.0f;
      gains[1][p] += query ? 0.0f : of_gain;
      d[p] *= gain[p];
      sum += d[p] * x[p];
    }
    const float mean = warp_sum(sum) / static_cast<float>(s.D);
    FTOK_UNROLL
    for (int p = 0; p < kParts; ++p) d[p] = scale * (d[p] - x[p] * mean);
    store_head(b.dqkv + at, d, s.D);
  }
  FTOK_UNROLL
  for (int p = 0; p < kParts; ++p) {
    sums.at[0][warp()][p * kWarp + lane()] = gains[0][p];
    sums.at[1][warp()][p * kWarp + lane()] = gains[1][p];
  }
  barrier();
  const int which = thread_x() / kHeadChannelsMax, c = thread_x() % kHeadChannelsMax;  // two times 128 threads
  if (c >= s.D) return;
  float total = 0;
  for (int w = 0; w < kWarps; ++w) total += sums.at[which][w][c];
  b.parts[(which * grid_x() + block_x()) * s.D + c] = total;
}

// A thread: W pairs of one head of queries or keys.
template <int W>
FTOK_KERNEL(kThreads)
rotary_kernel(Bf16* qkv, const float* cosines, const float* sines, float sign, Heads s) {
  const int64_t pairs = s.D / 2, index = (block_x() * kThreads + thread_x()) * W;
  if (index >= s.R * s.normed * pairs) return;
  const int64_t i = index % pairs, h = index / pairs % s.normed, r = index / pairs / s.normed;
  Bf16* const head = qkv + r * s.W + h * s.D + i;
  float x[W], y[W], c[W], n[W];
  load(x, head);
  load(y, head + pairs);
  load(c, cosines + r % s.T * pairs + i);
  load(n, sines + r % s.T * pairs + i);
  FTOK_UNROLL
  for (int k = 0; k < W; ++k) {
    const float a = x[k], b = y[k], turn = sign * n[k];
    x[k] = a * c[k] - b * turn;
    y[k] = b * c[k] + a * turn;
  }
  store(head, x);
  store(head + pairs, y);
}

int64_t rows_per_block(int64_t R) { return divide_up(R, kBlocksMax); }

}  // namespace

void qk_norm_forward(Stream stream, Bf16* out, float* rstd, const Bf16* qkv, const Bf16* q_gain, const Bf16* k_gain,
                     double epsilon, const Extent& extent) {
  const Heads s = heads_of(extent, epsilon);
  launch(stream, {divide_up(s.R * s.all, kWarps)}, kThreads, norm_kernel, out, rstd, qkv, q_gain, k_gain, s);
}

int64_t qk_norm_scratch(const Extent& extent) {
  return 2 * divide_up(extent.rows(), rows_per_block(extent.rows())) * extent.head_channels();
}

void qk_norm_backward(Stream stream, Bf16* dqkv, float* dq_gain, float* dk_gain, float* scratch, const Bf16* qkv,
                      const Bf16* q_gain, const Bf16* k_gain, const float* rstd, const Extent& extent) {
  const Heads s = heads_of(extent, 0);
  const NormBackward b{dqkv, scratch, qkv, q_gain, k_gain, rstd, rows_per_block(s.R)};
  const int64_t blocks = divide_up(s.R, b.rows);
  launch(stream, {blocks}, kThreads, norm_backward_kernel, b, s);
  add_rows(stream, dq_gain, scratch, blocks, s.D);
  add_rows(stream, dk_gain, scratch + blocks * s.D, blocks, s.D);
}

void rotary(Stream stream, Bf16* qkv, const float* cosines, const float* sines, bool back, const Extent& extent) {
  const Heads s = heads_of(extent, 0);
  const int64_t n = s.R * s.normed * (s.D / 2);
  const float sign = back ? -1.0f : 1.0f;
  if (is_vectorized(s.D / 2)) {
    launch(stream, {divide_up(n, kThreads * kVector)}, kThreads, rotary_kernel<kVector>, qkv, cosines, sines, sign, s);
  } else {
    launch(stream, {divide_up(n, kThreads)}, kThreads, rotary_kernel<1>, qkv, cosines, sines, sign, s);
  }
}

}  // namespace ftok::FTOK_SPACE
