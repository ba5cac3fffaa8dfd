// Token and position embedding: x[b,t] = wte[token[b,t]] + wpe[t].
#include "trainer/cpu/kernels.h"

namespace ftok::cpu {

template <typename Real>
void encoder_forward(Workers& workers, Real* out, const uint32_t* tokens, const Real* wte, const Real* wpe,
                     const Extent& extent) {
  const int64_t C = extent.C;
  workers.blocks(extent.rows(), rows_per_block(C), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const Real* const token = wte + tokens[r] * C;
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
      Real* const token = dwte + tokens[r] * C;
      Real* const position = dwpe + r % extent.T * C;
      for (int64_t c = begin; c < end; ++c) {
        token[c] += dout[r * C + c];
        position[c] += dout[r * C + c];
      }
    }
  });
}

template void encoder_forward(Workers&, float*, const uint32_t*, const float*, const float*, const Extent&);
template void encoder_forward(Workers&, double*, const uint32_t*, const double*, const double*, const Extent&);
template void encoder_backward(Workers&, float*, float*, const float*, const uint32_t*, const Extent&);
template void encoder_backward(Workers&, double*, double*, const double*, const uint32_t*, const Extent&);

}  // namespace ftok::cpu
