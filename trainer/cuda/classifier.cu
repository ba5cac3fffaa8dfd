// Softmax, cross-entropy and their gradient over rows of logits, in place: one block a row, one pass that keeps a
// running maximum and sum (Milakov and Gimelshein 2018), one that writes. The second pass reads the row from the
// second-level cache. Rows of a padded vocabulary hold `V_padded` logits, of which the last ones take no part and get
// no gradient.
#include "trainer/cuda/gpu_kernels.h"

namespace ftok::FTOK_SPACE {
namespace {

constexpr int kThreads = 512;

struct Shared {
  float scratch[kWarp];
};

// Largest logit and sum of exp(logit - largest) over the thread's part of a row.
FTOK_DEVICE void scan_row(const Bf16* row, int64_t V, float& most, float& sum) {
  most = -INFINITY, sum = 0;
  for (int64_t at = thread_x() * kVector; at < V; at += int64_t{kThreads} * kVector) {
    float x[kVector];
    load(x, row + at);
    float here = -INFINITY;
    FTOK_UNROLL
    for (int i = 0; i < kVector; ++i) {
      if (at + i >= V) x[i] = -INFINITY;
      here = larger(here, x[i]);
    }
    if (here > most) {
      sum *= exponential(most - here);
      most = here;
    }
    if (most == -INFINITY) continue;  // else the next line would make no number of it
    FTOK_UNROLL
    for (int i = 0; i < kVector; ++i) sum += exponential(x[i] - most);
  }
}

FTOK_DEVICE void write_gradient(const ClassifierRows& c, Bf16* row, float most, float factor, int64_t target,
                                float scale) {
  for (int64_t at = thread_x() * kVector; at < c.V_padded; at += int64_t{kThreads} * kVector) {
    float x[kVector];
    load(x, row + at);
    FTOK_UNROLL
    for (int i = 0; i < kVector; ++i) {
      x[i] = at + i < c.V ? exponential(x[i] - most) * factor - (at + i == target ? scale : 0.0f) : 0.0f;
    }
    store(row + at, x);
  }
}

FTOK_KERNEL(kThreads) rows_kernel(ClassifierRows c) {
  FTOK_SHARED(Shared, shared);
  const int64_t r = block_x();
  Bf16* const row = c.logits + static_cast<size_t>(r) * static_cast<size_t>(c.V_padded);
  const bool counts = c.mask == nullptr || c.mask[r] != 0;
  const int64_t target = c.ids[r];
  if (!counts) {  // the whole block
    if (thread_x() == 0) c.losses[r] = 0;
    if (c.gradient) write_gradient(c, row, 0, 0, -1, 0);
    return;
  }
  float most, sum;
  scan_row(row, c.V, most, sum);
  const float row_most = block_max(most, shared.scratch);
  sum = block_sum(sum * exponential(most - row_most), shared.scratch);  // a part without logits has sum 0
  if (thread_x() == 0) c.losses[r] = logf(sum) + row_most - to_float(row[target]);
  barrier();  // the target's logit is read before it is overwritten
  if (c.gradient) write_gradient(c, row, row_most, c.scale / sum, target, c.scale);
}

constexpr int kLossThreads = 1024;

struct LossShared {
  double sums[kLossThreads];
};

FTOK_KERNEL(kLossThreads) losses_kernel(double* total, const float* losses, int64_t R) {
  FTOK_SHARED(LossShared, shared);
  double sum = 0;
  for (int64_t r = thread_x(); r < R; r += kLossThreads) sum += static_cast<double>(losses[r]);
  shared.sums[thread_x()] = sum;
  for (int half = kLossThreads / 2; half > 0; half /= 2) {
    barrier();
    if (thread_x() < half) shared.sums[thread_x()] += shared.sums[thread_x() + half];
  }
  if (thread_x() == 0) *total += shared.sums[0];
}

}  // namespace

void classifier_rows(Stream stream, const ClassifierRows& call) {
  launch(stream, {call.rows}, kThreads, rows_kernel, call);
}

void add_losses(Stream stream, double* total, const float* losses, int64_t R) {
  launch(stream, {1}, kLossThreads, losses_kernel, total, losses, R);
}

}  // namespace ftok::FTOK_SPACE
