// The optimizer's arithmetic (trainer/training/optimizer.h) over one tensor, and the sum of squares that its clipping
// needs.
#include <cmath>
#include <vector>

#include "trainer/cpu/kernels.h"
#include "trainer/cpu/vectors.h"

namespace ftok::cpu {
namespace {

constexpr int64_t kSquaresBlock = 1 << 15;

template <typename Real>
FTOK_ALWAYS_INLINE double squares_loop(const Real* x, int64_t n) {
  return lane_sum<double>(n, [&](int64_t i) { return static_cast<double>(x[i]) * static_cast<double>(x[i]); });
}
FTOK_VECTOR_CLONES double squares(const float* x, int64_t n) { return squares_loop(x, n); }
double squares(const double* x, int64_t n) { return squares_loop(x, n); }

// One block of a tensor.
template <typename Real>
struct Part {
  Real *p, *m, *v;
  const Real* g;
  int64_t n;
};

template <typename Real>
FTOK_ALWAYS_INLINE void adamw_loop(const Part<Real>& part, const AdamWScalars& step) {
  Real *const p = part.p, *const m = part.m, *const v = part.v;
  const Real* const gradient = part.g;
  const Real scale = static_cast<Real>(step.gradient_scale), keep = static_cast<Real>(step.keep);
  const Real b1 = static_cast<Real>(step.beta_1), b2 = static_cast<Real>(step.beta_2);
  const Real c1 = static_cast<Real>(1 - step.beta_1), c2 = static_cast<Real>(1 - step.beta_2);
  const Real rate = static_cast<Real>(step.rate), root = static_cast<Real>(step.root),
             epsilon = static_cast<Real>(step.epsilon);
  for (int64_t i = 0; i < part.n; ++i) {
    const Real g = gradient[i] * scale;
    m[i] = b1 * m[i] + c1 * g;
    v[i] = b2 * v[i] + c2 * g * g;
    p[i] = p[i] * keep - rate * m[i] / (std::sqrt(v[i]) * root + epsilon);
  }
}
FTOK_VECTOR_CLONES void adamw_part(const Part<float>& part, const AdamWScalars& step) { adamw_loop(part, step); }
void adamw_part(const Part<double>& part, const AdamWScalars& step) { adamw_loop(part, step); }

}  // namespace

template <typename Real>
double sum_of_squares(Workers& workers, const Real* x, int64_t n) {
  std::vector<double> sums(static_cast<size_t>((n + kSquaresBlock - 1) / kSquaresBlock));
  workers.blocks(n, kSquaresBlock, [&](int64_t begin, int64_t end) {
    sums[static_cast<size_t>(begin / kSquaresBlock)] = squares(x + begin, end - begin);
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

template <typename Real>
void adamw(Workers& workers, Real* parameters, Real* first, Real* second, const Real* gradients, int64_t n,
           const AdamWScalars& step) {
  workers.blocks(n, kBlockElements, [&](int64_t begin, int64_t end) {
    adamw_part(Part<Real>{parameters + begin, first + begin, second + begin, gradients + begin, end - begin}, step);
  });
}

template double sum_of_squares(Workers&, const float*, int64_t);
template double sum_of_squares(Workers&, const double*, int64_t);
template void adamw(Workers&, float*, float*, float*, const float*, int64_t, const AdamWScalars&);
template void adamw(Workers&, double*, double*, double*, const double*, int64_t, const AdamWScalars&);

}  // namespace ftok::cpu
