// Token and position embedding: x[b,t] = wte[token[b,t]] + wpe[t]; or of tokens alone.
#include "trainer/cpu/kernels.h"

#include "trainer/cpu/vectors.h"

namespace ftok::cpu {
namespace {

template <typename Real>
FTOK_ALWAYS_INLINE void add_twice_loop(Real* a, Real* b, const Real* in, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    a[i] += in[i];
    b[i] += in[i];
  }
}
template <typename Real>
FTOK_ALWAYS_INLINE void add_loop(Real* a, const Real* in, int64_t n) {
  for (int64_t i = 0; i < n; ++i) a[i] += in[i];
}
FTOK_VECTOR_CLONES void add_once(float* a, const float* in, int64_t n) { add_loop(a, in, n); }
void add_once(double* a, const double* in, int64_t n) { add_loop(a, in, n); }
FTOK_VECTOR_CLONES void add_twice(float* a, float* b, const float* in, int64_t n) { add_twice_loop(a, b, in, n); }
void add_twice(double* a, double* b, const double* in, int64_t n) { add_twice_loop(a, b, in, n); }

}  // namespace

template <typename Real>
void encoder_forward(Workers& workers, Real* out, const uint32_t* tokens, const Real* wte, const Real* wpe,
                     const Extent& extent) {
  const int64_t C = extent.C;
  workers.blocks(extent.rows(), rows_per_block(C), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const Real* const token = wte + tokens[r] * C;
      if (wpe == nullptr) {
        std::copy_n(token, C, out + r * C);
        continue;
      }
      const Real* const position = wpe + r % extent.T * C;
      for (int64_t c = 0; c < C; ++c) out[r * C + c] = token[c] + position[c];
    }
  });
}

// Blocks are of channels, so that rows of one token, which add to one row of dwte, do so in one thread and in order.
template <typename Real>
void encoder_backward(Workers& workers, Real* dwte, Real* dwpe, const Real* dout, const uint32_t* tokens,
                      const Extent& extent) {
  const int64_t C = extent.C;
  workers.blocks(C, 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < extent.rows(); ++r) {
      Real* const token = dwte + tokens[r] * C + begin;
      if (dwpe == nullptr) {
        add_once(token, dout + r * C + begin, end - begin);
      } else {
        add_twice(token, dwpe + r % extent.T * C + begin, dout + r * C + begin, end - begin);
      }
    }
  });
}

template void encoder_forward(Workers&, float*, const uint32_t*, const float*, const float*, const Extent&);
template void encoder_forward(Workers&, double*, const uint32_t*, const double*, const double*, const Extent&);
template void encoder_backward(Workers&, float*, float*, const float*, const uint32_t*, const Extent&);
template void encoder_backward(Workers&, double*, double*, const double*, const uint32_t*, const Extent&);

}  // namespace ftok::cpu
