// The optimizer: the gradient's global norm, and AdamW over all tensors in one launch. A block takes one piece (at most
// 8,192 parameters of one tensor), so that decay is the same for all its threads. Random bits for rounding come from
// the counter (seed, step, index): they do not depend on the cutting.
#include "trainer/cuda/gpu_kernels.h"
#include "trainer/cuda/philox.h"

namespace ftok::FTOK_SPACE {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kNormElements = 1 << 16;  // of a block

struct NormShared {
  double sums[kThreads];
};

// A tree over the block's sums; thread 0 has the result.
FTOK_DEVICE double tree_sum(NormShared& shared, double sum) {
  shared.sums[thread_x()] = sum;
  for (int half = kThreads / 2; half > 0; half /= 2) {
    barrier();
    if (thread_x() < half) shared.sums[thread_x()] += shared.sums[thread_x() + half];
  }
  return shared.sums[0];
}

FTOK_KERNEL(kThreads) squares_kernel(double* parts, const float* gradients, int64_t n) {
  FTOK_SHARED(NormShared, shared);
  const int64_t begin = block_x() * kNormElements, end = begin + kNormElements < n ? begin + kNormElements : n;
  double sum = 0;
  for (int64_t at = begin + thread_x() * 4; at < end; at += kThreads * 4) {
    float four = 0;
    if (at + 4 <= end) {
      float x[4];
      load(x, gradients + at);
      FTOK_UNROLL
      for (int i = 0; i < 4; ++i) four += x[i] * x[i];
    } else {
      for (int64_t i = at; i < end; ++i) four += gradients[i] * gradients[i];
    }
    sum += static_cast<double>(four);
  }
  sum = tree_sum(shared, sum);
  if (thread_x() == 0) parts[block_x()] = sum;
}

FTOK_KERNEL(kThreads) norm_kernel(double* norm, const double* parts, int64_t count) {
  FTOK_SHARED(NormShared, shared);
  double sum = 0;
  for (int64_t i = thread_x(); i < count; i += kThreads) sum += parts[i];
  sum = tree_sum(shared, sum);
  if (thread_x() == 0) *norm = sqrt(sum);
}

FTOK_DEVICE Bf16 rounded(const AdamWStep& s, const Philox& bits, int i, float x) {
  if (!s.stochastic) return round_to_bfloat16(x);
  return to_bfloat16_stochastic(x, bits.words[i / 2] >> (16 * (i % 2)));
}

FTOK_DEVICE float updated(const AdamWStep& s, float p, float g, float& m, float& v, float keep) {
  g *= s.scale;
  m = s.b1 * m + s.c1 * g;
  v = s.b2 * v + s.c2 * g * g;
  return p * keep - s.rate * m / (sqrtf(v) * s.root + s.epsilon);
}

// Eight parameters from an offset that is a multiple of eight.
FTOK_DEVICE void update_eight(const AdamWStep& s, int64_t at, float keep) {
  float p[kVector], g[kVector], m[kVector], v[kVector];
  const int64_t own = at - s.begin;
  load(p, s.master + own);
  load(g, s.gradients + at);
  load(m, s.first + own);
  load(v, s.second + own);
  const Philox bits = rounding_bits(s.seed, s.step, static_cast<uint64_t>(at / kVector));
  Vector<Bf16, kVector> out;
  FTOK_UNROLL
  for (int i = 0; i < kVector; ++i) {
    p[i] = updated(s, p[i], g[i], m[i], v[i], keep);
    out.at[i] = rounded(s, bits, i, p[i]);
  }
  store(s.master + own, p);
  store(s.first + own, m);
  store(s.second + own, v);
  *reinterpret_cast<Vector<Bf16, kVector>*>(s.parameters + at) = out;
}

FTOK_DEVICE void update_one(const AdamWStep& s, int64_t at, float keep) {
  const Philox bits = rounding_bits(s.seed, s.step, static_cast<uint64_t>(at / kVector));
  const int64_t own = at - s.begin;
  const float p = updated(s, s.master[own], s.gradients[at], s.first[own], s.second[own], keep);
  s.master[own] = p;
  FTOK_UNROLL
  for (int i = 0; i < kVector; ++i) {
    if (i == at % kVector) s.parameters[at] = rounded(s, bits, i, p);
  }
}

// The first and last parameters of a piece that does not begin or end at a multiple of eight go one by one.
FTOK_KERNEL(kThreads) adamw_kernel(AdamWStep s) {
  const ParameterPiece piece = s.pieces[block_x()];
  const float keep = piece.decays != 0 ? s.keep : 1.0f;
  const int64_t begin = piece.offset, end = begin + piece.count, first = begin / kVector * kVector;
  for (int64_t at = first + thread_x() * kVector; at < end; at += kThreads * kVector) {
    if (at >= begin && at + kVector <= end) {
      update_eight(s, at, keep);
    } else {
      for (int64_t i = at < begin ? begin : at; i < at + kVector && i < end; ++i) update_one(s, i, keep);
    }
  }
}

FTOK_KERNEL(kThreads) round_kernel(AdamWStep s) {
  const ParameterPiece piece = s.pieces[block_x()];
  for (int64_t at = piece.offset + thread_x(); at < piece.offset + piece.count; at += kThreads) {
    const Philox bits = rounding_bits(s.seed, s.step, static_cast<uint64_t>(at / kVector));
    FTOK_UNROLL
    for (int i = 0; i < kVector; ++i) {
      if (i == at % kVector) s.parameters[at] = rounded(s, bits, i, s.master[at - s.begin]);
    }
  }
}

}  // namespace

int64_t norm_scratch(int64_t n) { return divide_up(n, kNormElements); }

void global_norm(Stream stream, double* norm, double* scratch, const float* gradients, int64_t n) {
  launch(stream, {divide_up(n, kNormElements)}, kThreads, squares_kernel, scratch, gradients, n);
  launch(stream, {1}, kThreads, norm_kernel, norm, scratch, divide_up(n, kNormElements));
}

void adamw(Stream stream, const AdamWStep& step) {
  if (step.pieces_count > 0) launch(stream, {step.pieces_count}, kThreads, adamw_kernel, step);
}

void round_parameters(Stream stream, const AdamWStep& step) {
  if (step.pieces_count > 0) launch(stream, {step.pieces_count}, kThreads, round_kernel, step);
}

}  // namespace ftok::FTOK_SPACE
