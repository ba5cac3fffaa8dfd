// Attention of one new position over all before it, whose keys and values were kept: a block a head; its warps take the
// positions in turn, each with a running maximum and sum, and are joined in order at the end.
#include "trainer/cuda/gpu_kernels.h"

namespace ftok::FTOK_SPACE {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr int kParts = kHeadChannelsMax / kWarp;  // channels of a head that a lane has

struct alignas(16) Shared {
  float most[kWarps], sum[kWarps];
  float out[kWarps][kHeadChannelsMax];
};

// Channels lane, lane + 32, ... of a head; 0 beyond it.
FTOK_DEVICE void load_channels(float (&x)[kParts], const Bf16* head, int64_t D) {
  FTOK_UNROLL
  for (int p = 0; p < kParts; ++p) {
    const int64_t c = p * kWarp + lane();
    x[p] = c < D ? to_float(head[c]) : 0.0f;
  }
}

// Rows of the cache: keys of all heads, then values.
struct DecodeCall {
  Bf16* out;
  const Bf16 *queries, *cache;
  int64_t first, position;  // the positions that are seen
  int64_t K, D, group;      // group: heads that share keys and values
  float scale;
};

FTOK_KERNEL(kThreads) decode_kernel(DecodeCall call) {
  FTOK_SHARED(Shared, shared);
  const int64_t D = call.D, row = 2 * call.K * D;
  const Bf16* const keys = call.cache + block_x() / call.group * D;
  float query[kParts], key[kParts], value[kParts], sums[kParts] = {};
  load_channels(query, call.queries + block_x() * D, D);
  float most = -INFINITY, sum = 0;
  for (int64_t t = call.first + warp(); t <= call.position; t += kWarps) {
    load_channels(key, keys + t * row, D);
    load_channels(value, keys + t * row + call.K * D, D);
    float product = 0;
    FTOK_UNROLL
    for (int p = 0; p < kParts; ++p) product += query[p] * key[p];
    const float score = warp_sum(product) * call.scale;
    const float most_now = larger(most, score), factor = exponential(most - most_now),
                weight = exponential(score - most_now);
    most = most_now;
    sum = sum * factor + weight;
    FTOK_UNROLL
    for (int p = 0; p < kParts; ++p) sums[p] = sums[p] * factor + weight * value[p];
  }
  if (lane() == 0) shared.most[warp()] = most, shared.sum[warp()] = sum;
  FTOK_UNROLL
  for (int p = 0; p < kParts; ++p) shared.out[warp()][p * kWarp + lane()] = sums[p];
  barrier();
  const int c = thread_x();
  if (c >= D) return;
  for (int w = 0; w < kWarps; ++w) most = larger(most, shared.most[w]);
  float total = 0, weighted = 0;
  for (int w = 0; w < kWarps; ++w) {
    const float factor = exponential(shared.most[w] - most);
    total += factor * shared.sum[w];
    weighted += factor * shared.out[w][c];
  }
  call.out[block_x() * D + c] = round_to_bfloat16(weighted / total);
}

// Copies rows of `width` elements that are `stride` apart, W at a time.
template <int W>
FTOK_KERNEL(kThreads)
keep_kernel(Bf16* to, const Bf16* from, int64_t rows, int64_t width, int64_t stride) {
  const int64_t at = (block_x() * kThreads + thread_x()) * W;
  if (at >= rows * width) return;
  float x[W];
  load(x, from + at / width * stride + at % width);
  store(to + at, x);
}

}  // namespace

void keep_keys_values(Stream stream, Bf16* cache, const Bf16* qkv, int64_t position, const Extent& extent) {
  const int64_t D = extent.head_channels(), width = 2 * extent.key_heads() * D;
  Bf16* const to = cache + position * width;
  const Bf16* const from = qkv + extent.H * D;
  const int64_t n = extent.T * width;
  if (is_vectorized(D)) {
    launch(stream, {divide_up(n, kThreads * kVector)}, kThreads, keep_kernel<kVector>, to, from, extent.T, width,
           extent.qkv_channels());
  } else {
    launch(stream, {divide_up(n, kThreads)}, kThreads, keep_kernel<1>, to, from, extent.T, width,
           extent.qkv_channels());
  }
}

void decode_attention(Stream stream, Bf16* out, const Bf16* qkv, const Bf16* cache, int64_t position,
                      const Extent& extent) {
  const int64_t D = extent.head_channels(), K = extent.key_heads();
  const float scale = 1.0f / std::sqrt(static_cast<float>(D));
  launch(stream, {extent.H}, kThreads, decode_kernel,
         DecodeCall{out, qkv, cache, extent.first_seen(position, 0), position, K, D, extent.H / K, scale});
}

}  // namespace ftok::FTOK_SPACE
