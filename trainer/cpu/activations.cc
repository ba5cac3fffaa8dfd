// The nonlinearities of MLPs besides GELU. Squared ReLU (So et al. 2021): y = max(x, 0)^2. SwiGLU (Shazeer 2020): y =
// silu(g) u with silu(g) = g s, s = 1 / (1 + exp(-g)), and silu'(g) = s (1 + g (1 - s)).
#include "trainer/cpu/exponential.h"
#include "trainer/cpu/kernels.h"
#include "trainer/cpu/vectors.h"

namespace ftok::cpu {
namespace {

template <typename Real>
FTOK_ALWAYS_INLINE void relu2_loop(Real* out, const Real* in, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = in[i] <= Real(0) ? Real(0) : in[i] * in[i];
}
template <typename Real>
FTOK_ALWAYS_INLINE void relu2_gradient_loop(Real* din, const Real* dout, const Real* in, int64_t n) {
  for (int64_t i = 0; i < n; ++i) din[i] = in[i] <= Real(0) ? Real(0) : dout[i] * Real(2) * in[i];
}
template <typename Real>
FTOK_ALWAYS_INLINE void swiglu_loop(Real* out, const Real* gate, const Real* up, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = gate[i] / (Real(1) + exponential(-gate[i])) * up[i];
}
template <typename Real>
FTOK_ALWAYS_INLINE void swiglu_gradient_loop(Real* din, const Real* dout, const Real* in, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const Real g = in[i], s = Real(1) / (Real(1) + exponential(-g));
    const Real up = in[n + i], d = dout[i];
    din[i] = d * up * (s * (Real(1) + g * (Real(1) - s)));
    din[n + i] = d * (g * s);
  }
}

FTOK_VECTOR_CLONES void relu2(float* out, const float* in, int64_t n) { relu2_loop(out, in, n); }
void relu2(double* out, const double* in, int64_t n) { relu2_loop(out, in, n); }
FTOK_VECTOR_CLONES void relu2_gradient(float* din, const float* dout, const float* in, int64_t n) {
  relu2_gradient_loop(din, dout, in, n);
}
void relu2_gradient(double* din, const double* dout, const double* in, int64_t n) {
  relu2_gradient_loop(din, dout, in, n);
}
FTOK_VECTOR_CLONES void swiglu(float* out, const float* gate, const float* up, int64_t n) {
  swiglu_loop(out, gate, up, n);
}
void swiglu(double* out, const double* gate, const double* up, int64_t n) { swiglu_loop(out, gate, up, n); }
FTOK_VECTOR_CLONES void swiglu_gradient(float* din, const float* dout, const float* in, int64_t n) {
  swiglu_gradient_loop(din, dout, in, n);
}
void swiglu_gradient(double* din, const double* dout, const double* in, int64_t n) {
  swiglu_gradient_loop(din, dout, in, n);
}

}  // namespace

template <typename Real>
void relu2_forward(Workers& workers, Real* out, const Real* in, int64_t n) {
  workers.blocks(n, kBlockElements, [&](int64_t begin, int64_t end) { relu2(out + begin, in + begin, end - begin); });
}

template <typename Real>
void relu2_backward(Workers& workers, Real* din, const Real* dout, const Real* in, int64_t n) {
  workers.blocks(n, kBlockElements, [&](int64_t begin, int64_t end) {
    relu2_gradient(din + begin, dout + begin, in + begin, end - begin);
  });
}

template <typename Real>
void swiglu_forward(Workers& workers, Real* out, const Real* in, int64_t R, int64_t F) {
  workers.blocks(R, rows_per_block(F), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) swiglu(out + r * F, in + r * 2 * F, in + r * 2 * F + F, F);
  });
}

template <typename Real>
void swiglu_backward(Workers& workers, Real* din, const Real* dout, const Real* in, int64_t R, int64_t F) {
  workers.blocks(R, rows_per_block(F), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) swiglu_gradient(din + r * 2 * F, dout + r * F, in + r * 2 * F, F);
  });
}

#define FTOK_INSTANCES(Real)                                                        \
  template void relu2_forward(Workers&, Real*, const Real*, int64_t);               \
  template void relu2_backward(Workers&, Real*, const Real*, const Real*, int64_t); \
  template void swiglu_forward(Workers&, Real*, const Real*, int64_t, int64_t);     \
  template void swiglu_backward(Workers&, Real*, const Real*, const Real*, int64_t, int64_t);
FTOK_INSTANCES(float)
FTOK_INSTANCES(double)
#undef FTOK_INSTANCES

}  // namespace ftok::cpu
