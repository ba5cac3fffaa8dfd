// The residual connection: out = a + b. Its backward is the identity for both, so the gradient of the stream is one
// array that every layer adds to.
#include "trainer/cpu/kernels.h"

namespace ftok::cpu {

template <typename Real>
void residual_forward(Workers& workers, Real* out, const Real* a, const Real* b, int64_t n) {
  workers.blocks(n, kBlockElements, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out[i] = a[i] + b[i];
  });
}

template void residual_forward(Workers&, float*, const float*, const float*, int64_t);
template void residual_forward(Workers&, double*, const double*, const double*, int64_t);

}  // namespace ftok::cpu
