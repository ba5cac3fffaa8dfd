// Attention of one new position over those before it, whose keys and values are kept: softmax(q K^T / sqrt(D)) V.
#include <algorithm>
#include <cmath>
#include <vector>

#include "trainer/cpu/exponential.h"
#include "trainer/cpu/kernels.h"
#include "trainer/cpu/vectors.h"

namespace ftok::cpu {
namespace {

constexpr int64_t kProductsPerThread = 1 << 16;  // that a head should have before heads go to several threads

// A head of the new position: out (D) from its query (D), and keys and values of n positions, `row` elements apart.
template <typename Real>
struct NewHead {
  Real* out;
  const Real *query, *keys, *values;
  int64_t n, row, D;
  Real* scores;  // (n), scratch
};

template <typename Real>
FTOK_ALWAYS_INLINE void new_head_loop(const NewHead<Real>& head) {
  Real* const scores = head.scores;
  const Real scale = Real(1) / std::sqrt(static_cast<Real>(head.D));
  for (int64_t t = 0; t < head.n; ++t) {
    const Real* const key = head.keys + t * head.row;
    scores[t] = scale * lane_sum<Real>(head.D, [&](int64_t c) { return head.query[c] * key[c]; });
  }
  const Real most = lane_max(scores, head.n);
  for (int64_t t = 0; t < head.n; ++t) scores[t] = exponential(scores[t] - most);
  const Real inverse = Real(1) / lane_sum<Real>(head.n, [&](int64_t t) { return scores[t]; });
  std::fill_n(head.out, head.D, Real(0));
  for (int64_t t = 0; t < head.n; ++t) {
    const Real share = scores[t] * inverse;
    const Real* const value = head.values + t * head.row;
    for (int64_t c = 0; c < head.D; ++c) head.out[c] += share * value[c];
  }
}

FTOK_VECTOR_CLONES void decode_head(const NewHead<float>& head) { new_head_loop(head); }
void decode_head(const NewHead<double>& head) { new_head_loop(head); }

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
  const int64_t first = extent.first_seen(position, 0), n = position + 1 - first;
  const int64_t heads = std::max<int64_t>(1, kProductsPerThread / (n * D));
  const int64_t row = 2 * extent.key_heads() * D;
  workers.blocks(extent.H, heads, [&](int64_t begin, int64_t end) {
    thread_local std::vector<Real> scores;
    scores.resize(static_cast<size_t>(n));
    for (int64_t h = begin; h < end; ++h) {
      const Real* const keys = cache + first * row + h / group * D;
      decode_head({out + h * D, qkv + h * D, keys, keys + extent.key_heads() * D, n, row, D, scores.data()});
    }
  });
}

template void keep_keys_values(float*, const float*, int64_t, const Extent&);
template void keep_keys_values(double*, const double*, int64_t, const Extent&);
template void decode_attention(Workers&, float*, const float*, const float*, int64_t, const Extent&);
template void decode_attention(Workers&, double*, const double*, const double*, int64_t, const Extent&);

}  // namespace ftok::cpu
