// GELU, the tanh form (Hendrycks and Gimpel 2016): 0.5 x (1 + tanh u) with u = sqrt(2 / pi) (x + 0.044715 x^3).
//
// 0.5 (1 + tanh u) = 1 / (1 + exp(-2 u)) = s, so GELU(x) = x s and GELU'(x) = s + x s (1 - s) 2 u': one exp, no
// cancellation.
#include "trainer/cpu/exponential.h"
#include "trainer/cpu/kernels.h"
#include "trainer/cpu/vectors.h"

namespace ftok::cpu {
namespace {

constexpr double kTwoRoot = 1.5957691216057308;  // 2 sqrt(2 / pi)
constexpr double kCubic = 0.044715;

template <typename Real>
FTOK_ALWAYS_INLINE Real sigmoid_of_gelu(Real x) {
  return Real(1) / (Real(1) + exponential(-Real(kTwoRoot) * (x + Real(kCubic) * x * x * x)));
}

template <typename Real>
FTOK_ALWAYS_INLINE void forward_loop(Real* out, const Real* in, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = in[i] * sigmoid_of_gelu(in[i]);
}

template <typename Real>
FTOK_ALWAYS_INLINE void backward_loop(Real* din, const Real* dout, const Real* in, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const Real x = in[i];
    const Real s = sigmoid_of_gelu(x);
    const Real slope = Real(kTwoRoot) * (Real(1) + Real(3 * kCubic) * x * x);
    din[i] = dout[i] * (s + x * s * (Real(1) - s) * slope);
  }
}

FTOK_VECTOR_CLONES void forward_part(float* out, const float* in, int64_t n) { forward_loop(out, in, n); }
void forward_part(double* out, const double* in, int64_t n) { forward_loop(out, in, n); }
FTOK_VECTOR_CLONES void backward_part(float* din, const float* dout, const float* in, int64_t n) {
  backward_loop(din, dout, in, n);
}
void backward_part(double* din, const double* dout, const double* in, int64_t n) { backward_loop(din, dout, in, n); }

}  // namespace

template <typename Real>
void gelu_forward(Workers& workers, Real* out, const Real* in, int64_t n) {
  workers.blocks(n, kBlockElements,
                 [&](int64_t begin, int64_t end) { forward_part(out + begin, in + begin, end - begin); });
}

template <typename Real>
void gelu_backward(Workers& workers, Real* din, const Real* dout, const Real* in, int64_t n) {
  workers.blocks(n, kBlockElements, [&](int64_t begin, int64_t end) {
    backward_part(din + begin, dout + begin, in + begin, end - begin);
  });
}

template void gelu_forward(Workers&, float*, const float*, int64_t);
template void gelu_forward(Workers&, double*, const double*, int64_t);
template void gelu_backward(Workers&, float*, const float*, const float*, int64_t);
template void gelu_backward(Workers&, double*, const double*, const double*, int64_t);

}  // namespace ftok::cpu
