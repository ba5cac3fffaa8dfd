// The output head with softmax and cross-entropy: logits = hidden head^T, loss = log(sum exp logits) -
// logits[target], and dlogits = softmax - onehot(target), written over the logits. Rows are taken in chunks, so that
// the largest array is (chunk, V). Padded rows of it take no part.
#include <cmath>
#include <vector>

#include "trainer/cpu/exponential.h"
#include "trainer/cpu/kernels.h"

namespace ftok::cpu {
namespace {

// Rows of a chunk: at least 256, so that adding to dhead (V,C) is worth its traffic; more where V is small.
int64_t chunk_rows(int64_t V) { return std::max<int64_t>(256, (int64_t{1} << 22) / V); }

// Turns a row of logits (V) into `scale` times its gradient and returns its loss. The sum is of blocks of 1,024 exps.
template <typename Real>
FTOK_ALWAYS_INLINE double finish_loop(Real* logits, int64_t V, uint32_t target, Real scale) {
  constexpr int64_t kBlock = 1024;
  const Real most = lane_max(logits, V);
  const double target_logit = static_cast<double>(logits[target]);
  double sum = 0;
  for (int64_t begin = 0; begin < V; begin += kBlock) {
    const int64_t n = std::min(kBlock, V - begin);
    Real* const block = logits + begin;
    for (int64_t v = 0; v < n; ++v) block[v] = exponential(block[v] - most);
    sum += static_cast<double>(lane_sum<Real>(n, [&](int64_t v) { return block[v]; }));
  }
  const Real factor = static_cast<Real>(static_cast<double>(scale) / sum);
  for (int64_t v = 0; v < V; ++v) logits[v] *= factor;
  logits[target] -= scale;
  return std::log(sum) + static_cast<double>(most) - target_logit;
}

FTOK_VECTOR_CLONES double finish_row(float* logits, int64_t V, uint32_t target, float scale) {
  return finish_loop(logits, V, target, scale);
}
double finish_row(double* logits, int64_t V, uint32_t target, double scale) {
  return finish_loop(logits, V, target, scale);
}

}  // namespace

template <typename Real>
double classifier(Workers& workers, Real* dhidden, Real* dhead, const Real* hidden, const Real* head,
                  const typename Layers<Real>::Targets& targets, double scale) {
  const int64_t C = targets.C, V = targets.V, chunk = std::min(targets.R, chunk_rows(V));
  thread_local std::vector<Real> scratch;
  scratch.resize(static_cast<size_t>(chunk * V));
  Real* const logits = scratch.data();
  std::vector<double> losses(static_cast<size_t>(targets.R));
  for (int64_t begin = 0; begin < targets.R; begin += chunk) {
    const int64_t rows = std::min(chunk, targets.R - begin);
    multiply(workers, Product<Real>{rows, V, C, {hidden + begin * C, C}, {head, C, true}, logits, V});
    workers.blocks(rows, rows_per_block(V), [&](int64_t first, int64_t last) {
      for (int64_t r = first; r < last; ++r) {
        if (targets.mask != nullptr && targets.mask[begin + r] == 0) {
          std::fill_n(logits + r * V, V, Real(0));
        } else {
          const double weight = targets.weights == nullptr ? 1 : static_cast<double>(targets.weights[begin + r]);
          losses[static_cast<size_t>(begin + r)] =
              finish_row(logits + r * V, V, targets.ids[begin + r], static_cast<Real>(scale * weight));
        }
      }
    });
    if (dhidden == nullptr) continue;
    multiply(workers, Product<Real>{rows, C, V, {logits, V}, {head, C}, dhidden + begin * C, C});
    multiply(workers, Product<Real>{V, C, rows, {logits, V, true}, {hidden + begin * C, C}, dhead, C, 1, 1});
  }
  if (targets.losses != nullptr) std::copy(losses.begin(), losses.end(), targets.losses);
  double sum = 0;
  for (const double loss : losses) sum += loss;
  return sum;
}

template double classifier(Workers&, float*, float*, const float*, const float*, const Layers<float>::Targets&, double);
template double classifier(Workers&, double*, double*, const double*, const double*, const Layers<double>::Targets&,
                           double);

}  // namespace ftok::cpu
