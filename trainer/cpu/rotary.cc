// Rotary positions (Su et al. 2021), in the order of channels that Hugging Face's models have: channels i and i + D/2
// of a head are a pair, which position t turns by the angle t f_i.
#include "trainer/cpu/kernels.h"
#include "trainer/cpu/vectors.h"

namespace ftok::cpu {
namespace {

template <typename Real>
FTOK_ALWAYS_INLINE void turn_loop(Real* head, const Real* cosines, const Real* sines, Real sign, int64_t pairs) {
  for (int64_t i = 0; i < pairs; ++i) {
    const Real x = head[i], y = head[i + pairs], c = cosines[i], s = sign * sines[i];
    head[i] = x * c - y * s;
    head[i + pairs] = y * c + x * s;
  }
}
FTOK_VECTOR_CLONES void turn(float* head, const float* cosines, const float* sines, float sign, int64_t pairs) {
  turn_loop(head, cosines, sines, sign, pairs);
}
void turn(double* head, const double* cosines, const double* sines, double sign, int64_t pairs) {
  turn_loop(head, cosines, sines, sign, pairs);
}

}  // namespace

template <typename Real>
void rotary(Workers& workers, Real* qkv, const Real* cosines, const Real* sines, bool back, const Extent& extent) {
  const int64_t D = extent.head_channels(), W = extent.qkv_channels(), heads = extent.H + extent.key_heads();
  workers.blocks(extent.rows(), rows_per_block(W), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const int64_t angles = r % extent.T * (D / 2);
      for (int64_t h = 0; h < heads; ++h)
        turn(qkv + r * W + h * D, cosines + angles, sines + angles, back ? Real(-1) : Real(1), D / 2);
    }
  });
}

template void rotary(Workers&, float*, const float*, const float*, bool, const Extent&);
template void rotary(Workers&, double*, const double*, const double*, bool, const Extent&);

}  // namespace ftok::cpu
