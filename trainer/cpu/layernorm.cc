// LayerNorm (Ba, Kiros, Hinton 2016) over the channels of a row: y = (x - mean) rstd gain + bias.
//
// Backward, with n = (x - mean) rstd and g = dy gain:  dx = rstd (g - mean(g) - n mean(g n)).
#include <cmath>

#include "trainer/cpu/kernels.h"

namespace ftok::cpu {
namespace {

constexpr double kEpsilon = 1e-5;  // GPT-2's published code, model.py, norm()

}  // namespace

template <typename Real>
void layernorm_forward(Workers& workers, Real* out, Real* mean, Real* rstd, const Real* in, const Real* gain, const Real* bias,
                       int64_t R, int64_t C) {
  workers.blocks(R, rows_per_block(C), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const Real* const x = in + r * C;
      Real sum = 0;
      for (int64_t c = 0; c < C; ++c) sum += x[c];
      const Real m = sum / static_cast<Real>(C);
      Real squares = 0;
      for (int64_t c = 0; c < C; ++c) squares += (x[c] - m) * (x[c] - m);
      const Real s = Real(1) / std::sqrt(squares / static_cast<Real>(C) + Real(kEpsilon));
      for (int64_t c = 0; c < C; ++c) out[r * C + c] = (x[c] - m) * s * gain[c] + bias[c];
      mean[r] = m;
      rstd[r] = s;
    }
  });
}

template <typename Real>
void layernorm_backward(Workers& workers, Real* din, Real* dgain, Real* dbias, const Real* dout, const Real* in,
                        const Real* gain, const Real* mean, const Real* rstd, int64_t R, int64_t C) {
  workers.blocks(R, rows_per_block(C), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const Real* const dy = dout + r * C;
      const Real* const x = in + r * C;
      Real sum = 0, sum_n = 0;
      for (int64_t c = 0; c < C; ++c) {
        const Real g = dy[c] * gain[c];
        sum += g;
        sum_n += g * (x[c] - mean[r]) * rstd[r];
      }
      sum /= static_cast<Real>(C);
      sum_n /= static_cast<Real>(C);
      for (int64_t c = 0; c < C; ++c) {
        din[r * C + c] += rstd[r] * (dy[c] * gain[c] - sum - (x[c] - mean[r]) * rstd[r] * sum_n);
      }
    }
  });
  workers.blocks(C, 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < R; ++r) {
      for (int64_t c = begin; c < end; ++c) {
        dgain[c] += dout[r * C + c] * (in[r * C + c] - mean[r]) * rstd[r];
        dbias[c] += dout[r * C + c];
      }
    }
  });
}

template void layernorm_forward(Workers&, float*, float*, float*, const float*, const float*, const float*, int64_t, int64_t);
template void layernorm_forward(Workers&, double*, double*, double*, const double*, const double*, const double*, int64_t,
                                int64_t);
template void layernorm_backward(Workers&, float*, float*, float*, const float*, const float*, const float*, const float*,
                                 const float*, int64_t, int64_t);
template void layernorm_backward(Workers&, double*, double*, double*, const double*, const double*, const double*,
                                 const double*, const double*, int64_t, int64_t);

}  // namespace ftok::cpu
