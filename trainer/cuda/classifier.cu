// Softmax, cross-entropy and their gradient over rows of logits, in place: one block a row, one pass that keeps a
// running maximum and sum (Milakov and Gimelshein 2018), one that writes. In between the row waits in shared memory
// where it fits there; each thread reads what it has put there itself. Else the second pass reads the row again. The
// bits are the same. Rows of a padded vocabulary hold `V_padded` logits, of which the last ones take no part and get no
// gradient.
#include "trainer/cuda/gpu_kernels.h"

namespace ftok::FTOK_SPACE {
namespace {

constexpr int kThreads = 512;

struct Shared {
  float scratch[kWarp];
};

// Largest logit and sum of exp(logit - largest) over the thread's part of a row.
template <bool kKept>
FTOK_DEVICE void scan_row(const Bf16* row, Bf16* kept, int64_t V, float& most, float& sum) {
  most = -INFINITY, sum = 0;
  for (int64_t at = thread_x() * kVector; at < V; at += int64_t{kThreads} * kVector) {
    float x[kVector];
    load(x, row + at);
    if (kKept) store(kept + at, x);  // exact: they were bfloat16
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

// `from` is the row, or the same logits elsewhere, as far as there are logits.
FTOK_DEVICE void write_gradient(const ClassifierRows& c, Bf16* row, const Bf16* from, float most, float factor,
                                int64_t target, float scale) {
  for (int64_t at = thread_x() * kVector; at < c.V_padded; at += int64_t{kThreads} * kVector) {
    float x[kVector] = {};
    if (at < c.V) load(x, from + at);
    FTOK_UNROLL
    for (int i = 0; i < kVector; ++i) {
      x[i] = at + i < c.V ? exponential(x[i] - most) * factor - (at + i == target ? scale : 0.0f) : 0.0f;
    }
    store(row + at, x);
  }
}

// A row that does not count; whatever its logits are.
FTOK_DEVICE void clear_row(Bf16* row, int64_t V_padded) {
  const float zeros[kVector] = {};
  for (int64_t at = thread_x() * kVector; at < V_padded; at += int64_t{kThreads} * kVector) store(row + at, zeros);
}

template <bool kKept>
FTOK_KERNEL(kThreads)
rows_kernel(ClassifierRows c) {
  FTOK_SHARED(Shared, shared);
  FTOK_LAUNCH_SHARED(memory);
  Bf16* const kept = reinterpret_cast<Bf16*>(memory);
  const int64_t r = block_x();
  Bf16* const row = c.logits + static_cast<size_t>(r) * static_cast<size_t>(c.V_padded);
  const bool counts = c.mask == nullptr || c.mask[r] != 0;
  const int64_t target = c.ids[r];
  if (!counts) {  // the whole block
    if (thread_x() == 0) c.losses[r] = 0;
    if (c.gradient) clear_row(row, c.V_padded);
    return;
  }
  float most, sum;
  scan_row<kKept>(row, kept, c.V, most, sum);
  const float row_most = block_max(most, shared.scratch);
  sum = block_sum(sum * exponential(most - row_most), shared.scratch);  // a part without logits has sum 0
  if (thread_x() == 0) c.losses[r] = logf(sum) + row_most - to_float(row[target]);
  barrier();  // the target's logit is read before it is overwritten
  if (!c.gradient) return;
  float scale = c.scale_at == nullptr ? c.scale : *c.scale_at;
  if (c.weights != nullptr) scale *= c.weights[r];
  write_gradient(c, row, kKept ? kept : row, row_most, scale / sum, target, scale);
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
  const size_t row_bytes = static_cast<size_t>(call.V_padded) * sizeof(Bf16);
  if (!call.gradient || call.two_reads || row_bytes > launch_shared_bytes_max()) {
    launch(stream, {call.rows}, kThreads, rows_kernel<false>, call);
  } else {
    launch_shared(stream, {call.rows}, kThreads, row_bytes, rows_kernel<true>, call);
  }
}

void add_losses(Stream stream, double* total, const float* losses, int64_t R) {
  launch(stream, {1}, kLossThreads, losses_kernel, total, losses, R);
}

}  // namespace ftok::FTOK_SPACE
