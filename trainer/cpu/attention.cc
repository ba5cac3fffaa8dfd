// Causal attention, head by head: S = Q K^T / sqrt(D), P = softmax of S over the keys a position may see, O = P V.
//
// Queries are taken 64 at a time, so that keys after the last of them are never touched, and P is never kept: the
// backward pass makes it again from Q, K and the log of each row's sum (Dao et al. 2022, section 3). With D = row sums
// of dO * O:
//   dP = dO V^T,  dS = P (dP - D),  dQ = dS K / sqrt,  dK = dS^T Q / sqrt,  dV = P^T dO.
// Heads are independent forward: one thread each. Backward, those that share keys and values are one thread's.
#include <cmath>
#include <vector>

#include "trainer/cpu/exponential.h"
#include "trainer/cpu/kernels.h"
#include "trainer/cpu/vectors.h"

namespace ftok::cpu {
namespace {

constexpr int64_t kQueries = 64;

// One block of queries of one head.
struct KeyBlock {
  int64_t first, last;  // queries [first, last)
  int64_t key;          // keys [key, last)
  int64_t queries() const { return last - first; }
  int64_t keys() const { return last - key; }
};

// The head (b, h) of a batch.
template <typename Real>
struct Head {
  const Extent& extent;
  const int32_t* first_key;  // of its sequence, or null
  int64_t b, h, size, row;   // row: of qkv
  Real scale;

  // `index` is b H + h.
  Head(const Extent& e, const int32_t* keys, int64_t index)
      : extent(e),
        first_key(keys == nullptr ? nullptr : keys + index / e.H * e.T),
        b(index / e.H),
        h(index % e.H),
        size(e.head_channels()),
        row(e.qkv_channels()),
        scale(static_cast<Real>(1 / std::sqrt(static_cast<double>(e.head_channels())))) {}

  int64_t first_of(int64_t t) const { return extent.first_seen(t, first_key == nullptr ? 0 : first_key[t]); }
  // Where position t's row of queries, keys or values begins in (B,T,W).
  int64_t query_at(int64_t t) const { return (b * extent.T + t) * row + h * size; }
  int64_t key_at(int64_t t) const { return (b * extent.T + t) * row + (extent.H + key_head()) * size; }
  int64_t value_at(int64_t t) const { return key_at(t) + extent.key_heads() * size; }
  int64_t out_row() const { return extent.attention_channels(); }
  int64_t out_at(int64_t t) const { return (b * extent.T + t) * out_row() + h * size; }  // in (B,T,HD)
  int64_t sum_at(int64_t t) const { return (b * extent.H + h) * extent.T + t; }          // in (B,H,T)
  int64_t key_head() const { return h * extent.key_heads() / extent.H; }

  template <typename Body>
  void for_each_block(const Body& body) const {
    for (int64_t first = 0; first < extent.T; first += kQueries) {
      body(KeyBlock{first, std::min(extent.T, first + kQueries), first_of(first)});
    }
  }
};

// scores (queries, keys) = Q K^T scale.
template <typename Real>
void make_scores(const Head<Real>& head, const KeyBlock& block, const Real* qkv, Real* scores) {
  multiply(Product<Real>{block.queries(),
                         block.keys(),
                         head.size,
                         {qkv + head.query_at(block.first), head.row},
                         {qkv + head.key_at(block.key), head.row, true},
                         scores,
                         block.keys(),
                         head.scale});
}

// x[0, n) becomes exp(x - shift); returns the sum.
template <typename Real>
FTOK_ALWAYS_INLINE Real exponentiate_loop(Real* x, int64_t n, Real shift) {
  for (int64_t k = 0; k < n; ++k) x[k] = exponential(x[k] - shift);
  return lane_sum<Real>(n, [&](int64_t k) { return x[k]; });
}
// x[0, n) becomes its softmax; returns the logarithm of the sum of the exponentials.
template <typename Real>
FTOK_ALWAYS_INLINE Real softmax_loop(Real* x, int64_t n) {
  const Real most = lane_max(x, n);
  const Real sum = exponentiate_loop(x, n, most), inverse = Real(1) / sum;
  for (int64_t k = 0; k < n; ++k) x[k] *= inverse;
  return most + std::log(sum);
}
// dp = p (dp - D), D = dy . y.
template <typename Real>
struct ScoreGradient {
  Real* dp;
  const Real* p;
  int64_t n;
  const Real *dy, *y;
  int64_t size;
};
template <typename Real>
FTOK_ALWAYS_INLINE void score_gradient_loop(const ScoreGradient<Real>& g) {
  const Real d = lane_sum<Real>(g.size, [&](int64_t c) { return g.dy[c] * g.y[c]; });
  for (int64_t k = 0; k < g.n; ++k) g.dp[k] = g.p[k] * (g.dp[k] - d);
}

FTOK_VECTOR_CLONES float exponentiate(float* x, int64_t n, float shift) { return exponentiate_loop(x, n, shift); }
double exponentiate(double* x, int64_t n, double shift) { return exponentiate_loop(x, n, shift); }
FTOK_VECTOR_CLONES float softmax(float* x, int64_t n) { return softmax_loop(x, n); }
double softmax(double* x, int64_t n) { return softmax_loop(x, n); }
FTOK_VECTOR_CLONES void score_gradient(const ScoreGradient<float>& g) { score_gradient_loop(g); }
void score_gradient(const ScoreGradient<double>& g) { score_gradient_loop(g); }

// Calls body(row, n) for the part of query t's row of scores that it may see, and clears the rest.
template <typename Real, typename Body>
void on_seen_part(const Head<Real>& head, const KeyBlock& block, int64_t t, Real* row, const Body& body) {
  const int64_t begin = head.first_of(t) - block.key, end = t + 1 - block.key;
  std::fill(row, row + begin, Real(0));
  body(row + begin, end - begin);
  std::fill(row + end, row + block.keys(), Real(0));
}

template <typename Real>
void forward_block(const Head<Real>& head, const KeyBlock& block, const Real* qkv, Real* scores, Real* out,
                   Real* log_sum) {
  make_scores(head, block, qkv, scores);
  for (int64_t t = block.first; t < block.last; ++t) {
    on_seen_part(head, block, t, scores + (t - block.first) * block.keys(),
                 [&](Real* row, int64_t n) { log_sum[head.sum_at(t)] = softmax(row, n); });
  }
  multiply(Product<Real>{block.queries(),
                         head.size,
                         block.keys(),
                         {scores, block.keys()},
                         {qkv + head.value_at(block.key), head.row},
                         out + head.out_at(block.first),
                         head.out_row()});
}

template <typename Real>
struct BackwardArrays {
  Real* dqkv;
  const Real *dout, *out, *log_sum, *qkv;
};

template <typename Real>
void backward_block(const Head<Real>& head, const KeyBlock& block, const BackwardArrays<Real>& arrays, Real* p,
                    Real* dp) {
  const int64_t stride = head.row, out_row = head.out_row(), keys = block.keys(), queries = block.queries();
  const Real* const dout = arrays.dout + head.out_at(block.first);
  make_scores(head, block, arrays.qkv, p);
  multiply(Product<Real>{
      queries, keys, head.size, {dout, out_row}, {arrays.qkv + head.value_at(block.key), stride, true}, dp, keys});
  for (int64_t t = block.first; t < block.last; ++t) {
    on_seen_part(head, block, t, p + (t - block.first) * keys,
                 [&](Real* row, int64_t n) { exponentiate(row, n, arrays.log_sum[head.sum_at(t)]); });
  }
  multiply(Product<Real>{keys,
                         head.size,
                         queries,
                         {p, keys, true},
                         {dout, out_row},
                         arrays.dqkv + head.value_at(block.key),
                         stride,
                         1,
                         1});
  for (int64_t t = block.first; t < block.last; ++t) {
    score_gradient(ScoreGradient<Real>{dp + (t - block.first) * keys, p + (t - block.first) * keys, keys,
                                       arrays.dout + head.out_at(t), arrays.out + head.out_at(t), head.size});
  }
  multiply(Product<Real>{queries,
                         head.size,
                         keys,
                         {dp, keys},
                         {arrays.qkv + head.key_at(block.key), stride},
                         arrays.dqkv + head.query_at(block.first),
                         stride,
                         head.scale});
  multiply(Product<Real>{keys,
                         head.size,
                         queries,
                         {dp, keys, true},
                         {arrays.qkv + head.query_at(block.first), stride},
                         arrays.dqkv + head.key_at(block.key),
                         stride,
                         head.scale,
                         1});
}

}  // namespace

template <typename Real>
void attention_forward(Workers& workers, Real* out, Real* log_sum, const Real* qkv, const int32_t* first_key,
                       const Extent& extent) {
  workers.blocks(extent.B * extent.H, 1, [&](int64_t begin, int64_t) {
    thread_local std::vector<Real> scores;
    scores.resize(static_cast<size_t>(kQueries * extent.T));
    const Head<Real> head(extent, first_key, begin);
    head.for_each_block([&](const KeyBlock& block) { forward_block(head, block, qkv, scores.data(), out, log_sum); });
  });
}

template <typename Real>
void attention_backward(Workers& workers, Real* dqkv, const Real* dout, const Real* out, const Real* log_sum,
                        const Real* qkv, const int32_t* first_key, const Extent& extent) {
  const int64_t group = extent.H / extent.key_heads();
  workers.blocks(extent.B * extent.key_heads(), 1, [&](int64_t begin, int64_t) {
    thread_local std::vector<Real> p, dp;
    p.resize(static_cast<size_t>(kQueries * extent.T));
    dp.resize(static_cast<size_t>(kQueries * extent.T));
    const Head<Real> first(extent, first_key, begin * group);
    for (int64_t t = 0; t < extent.T; ++t) {  // the heads' queries, and what they share
      std::fill_n(dqkv + first.query_at(t), group * first.size, Real(0));
      std::fill_n(dqkv + first.key_at(t), first.size, Real(0));
      std::fill_n(dqkv + first.value_at(t), first.size, Real(0));
    }
    const BackwardArrays<Real> arrays{dqkv, dout, out, log_sum, qkv};
    for (int64_t index = begin * group; index < (begin + 1) * group; ++index) {
      const Head<Real> head(extent, first_key, index);
      head.for_each_block([&](const KeyBlock& block) { backward_block(head, block, arrays, p.data(), dp.data()); });
    }
  });
}

template void attention_forward(Workers&, float*, float*, const float*, const int32_t*, const Extent&);
template void attention_forward(Workers&, double*, double*, const double*, const int32_t*, const Extent&);
template void attention_backward(Workers&, float*, const float*, const float*, const float*, const float*,
                                 const int32_t*, const Extent&);
template void attention_backward(Workers&, double*, const double*, const double*, const double*, const double*,
                                 const int32_t*, const Extent&);

}  // namespace ftok::cpu
