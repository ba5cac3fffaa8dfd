// Attention of one new position over those before it, whose keys and values are kept: softmax(q K^T / sqrt(D)) V.
#include <cmath>
#include <vector>

#include "trainer/cpu/kernels.h"

namespace ftok::cpu {
namespace {

constexpr int64_t kProductsPerThread = 1 << 16;  // that a head should have before heads go to several threads

// Of head h: out (D) from the query (D).
template <typename Real>
void decode_head(Real* out, const Real* query, const Real* cache, int64_t first, int64_t position, int64_t key_head,
                 const Extent& extent) {
  const int64_t D = extent.head_channels(), row = 2 * extent.key_heads() * D;
  const Real* const keys = cache + key_head * D;
  const Real* const values = keys + extent.key_heads() * D;
  const Real scale = Real(1) / std::sqrt(static_cast<Real>(D));
  thread_local std::vector<Real> scores;
  scores.resize(static_cast<size_t>(position + 1));
  Real most = -INFINITY, sum = 0;
  for (int64_t t = first; t <= position; ++t) {
    Real score = 0;
    for (int64_t c = 0; c < D; ++c) score += query[c] * keys[t * row + c];
    scores[static_cast<size_t>(t)] = score * scale;
    most = std::max(most, score * scale);
  }
  for (int64_t t = first; t <= position; ++t)
    sum += scores[static_cast<size_t>(t)] = std::exp(scores[static_cast<size_t>(t)] - most);
  std::fill_n(out, D, Real(0));
  for (int64_t t = first; t <= position; ++t) {
    const Real share = scores[static_cast<size_t>(t)] / sum;
    for (int64_t c = 0; c < D; ++c) out[c] += share * values[t * row + c];
  }
}

}  // namespace

template <typename Real>
void keep_keys_values(Real* cache, const Real* qkv, int64_t position, const Extent& extent) {
  const int64_t kept = 2 * extent.key_heads() * extent.head_channels();
  for (int64_t t = 0; t < extent.T; ++t) {
    const Real* const row = qkv + t * extent.qkv_channels() + extent.attention_channels();
    std::copy_n(row, kept, cache + (position + t) * kept);
  }
}

template <typename Real>
void decode_attention(Workers& workers, Real* out, const Real* qkv, const Real* cache, int64_t position,
                      const Extent& extent) {
  const int64_t D = extent.head_channels(), group = extent.H / extent.key_heads();
  const int64_t first = extent.first_seen(position, 0);
  const int64_t heads = std::max<int64_t>(1, kProductsPerThread / ((position + 1 - first) * D));
  workers.blocks(extent.H, heads, [&](int64_t begin, int64_t end) {
    for (int64_t h = begin; h < end; ++h)
      decode_head(out + h * D, qkv + h * D, cache, first, position, h / group, extent);
  });
}

template void keep_keys_values(float*, const float*, int64_t, const Extent&);
template void keep_keys_values(double*, const double*, int64_t, const Extent&);
template void decode_attention(Workers&, float*, const float*, const float*, int64_t, const Extent&);
template void decode_attention(Workers&, double*, const double*, const double*, int64_t, const Extent&);

}  // namespace ftok::cpu
