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

FTOK_KERNEL(kThreads) decode_kernel(Bf16* out, const Bf16* qkv, int64_t position, int64_t C, int64_t D, float scale) {
  FTOK_SHARED(Shared, shared);
  const Bf16* const head = qkv + block_x() * D;
  float query[kParts], key[kParts], value[kParts], sums[kParts] = {};
  load_channels(query, head + position * 3 * C, D);
  float most = -INFINITY, sum = 0;
  for (int64_t t = warp(); t <= position; t += kWarps) {
    load_channels(key, head + t * 3 * C + C, D);
    load_channels(value, head + t * 3 * C + 2 * C, D);
    float product = 0;
    FTOK_UNROLL
    for (int p = 0; p < kParts; ++p) product += query[p] * key[p];
    const float score = warp_sum(product) * scale;
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
  out[block_x() * D + c] = round_to_bfloat16(weighted / total);
}

}  // namespace

void decode_attention(Stream stream, Bf16* out, const Bf16* qkv, int64_t position, int64_t C, int64_t H) {
  const float scale = 1.0f / std::sqrt(static_cast<float>(C / H));
  launch(stream, {H}, kThreads, decode_kernel, out, qkv, position, C, C / H, scale);
}

}  // namespace ftok::FTOK_SPACE
