// LayerNorm (Ba, Kiros, Hinton 2016) over the channels of a row: y = (x - mean) rstd gain + bias.
//
// Backward, with n = (x - mean) rstd and g = dy gain:  dx = rstd (g - mean(g) - n mean(g n)).
#include <cmath>

#include "trainer/cpu/kernels.h"
#include "trainer/cpu/vectors.h"

namespace ftok::cpu {
namespace {

constexpr double kEpsilon = 1e-5;  // GPT-2's published code, model.py, norm()

template <typename Real>
struct ForwardRow {
  Real *out, *mean, *rstd;
  const Real *in, *gain, *bias;
  int64_t C;
};

template <typename Real>
FTOK_ALWAYS_INLINE void forward_loop(const ForwardRow<Real>& row) {
  const Real* const x = row.in;
  const Real m = lane_sum<Real>(row.C, [&](int64_t c) { return x[c]; }) / static_cast<Real>(row.C);
  const Real squares = lane_sum<Real>(row.C, [&](int64_t c) { return (x[c] - m) * (x[c] - m); });
  const Real s = Real(1) / std::sqrt(squares / static_cast<Real>(row.C) + Real(kEpsilon));
  for (int64_t c = 0; c < row.C; ++c) row.out[c] = (x[c] - m) * s * row.gain[c] + row.bias[c];
  *row.mean = m;
  *row.rstd = s;
}

template <typename Real>
struct BackwardRow {
  Real* din;
  const Real *dout, *in, *gain;
  Real mean, rstd;
  int64_t C;
};

template <typename Real>
FTOK_ALWAYS_INLINE void backward_loop(const BackwardRow<Real>& row) {
  const Real *const dy = row.dout, *const x = row.in, *const gain = row.gain;
  const Real mean = row.mean, rstd = row.rstd, inverse = Real(1) / static_cast<Real>(row.C);
  const Real sum = lane_sum<Real>(row.C, [&](int64_t c) { return dy[c] * gain[c]; }) * inverse;
  const Real sum_n =
      lane_sum<Real>(row.C, [&](int64_t c) { return dy[c] * gain[c] * ((x[c] - mean) * rstd); }) * inverse;
  for (int64_t c = 0; c < row.C; ++c) row.din[c] += rstd * (dy[c] * gain[c] - sum - (x[c] - mean) * rstd * sum_n);
}

// dgain and dbias of columns [0, columns) take in a row.
template <typename Real>
FTOK_ALWAYS_INLINE void gains_loop(Real* dgain, Real* dbias, const Real* dout, const Real* in, Real mean, Real rstd,
                                   int64_t columns) {
  for (int64_t c = 0; c < columns; ++c) {
    dgain[c] += dout[c] * (in[c] - mean) * rstd;
    dbias[c] += dout[c];
  }
}

FTOK_VECTOR_CLONES void forward_row(const ForwardRow<float>& row) { forward_loop(row); }
void forward_row(const ForwardRow<double>& row) { forward_loop(row); }
FTOK_VECTOR_CLONES void backward_row(const BackwardRow<float>& row) { backward_loop(row); }
void backward_row(const BackwardRow<double>& row) { backward_loop(row); }
FTOK_VECTOR_CLONES void gains_row(float* dgain, float* dbias, const float* dout, const float* in, float mean,
                                  float rstd, int64_t n) {
  gains_loop(dgain, dbias, dout, in, mean, rstd, n);
}
void gains_row(double* dgain, double* dbias, const double* dout, const double* in, double mean, double rstd,
               int64_t n) {
  gains_loop(dgain, dbias, dout, in, mean, rstd, n);
}

}  // namespace

template <typename Real>
void layernorm_forward(Workers& workers, Real* out, Real* mean, Real* rstd, const Real* in, const Real* gain,
                       const Real* bias, int64_t R, int64_t C) {
  workers.blocks(R, rows_per_block(C), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      forward_row(ForwardRow<Real>{out + r * C, mean + r, rstd + r, in + r * C, gain, bias, C});
    }
  });
}

template <typename Real>
void layernorm_backward(Workers& workers, Real* din, Real* dgain, Real* dbias, const Real* dout, const Real* in,
                        const Real* gain, const Real* mean, const Real* rstd, int64_t R, int64_t C) {
  workers.blocks(R, rows_per_block(C), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      backward_row(BackwardRow<Real>{din + r * C, dout + r * C, in + r * C, gain, mean[r], rstd[r], C});
    }
  });
  workers.blocks(C, 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < R; ++r) {
      gains_row(dgain + begin, dbias + begin, dout + r * C + begin, in + r * C + begin, mean[r], rstd[r], end - begin);
    }
  });
}

template void layernorm_forward(Workers&, float*, float*, float*, const float*, const float*, const float*, int64_t,
                                int64_t);
template void layernorm_forward(Workers&, double*, double*, double*, const double*, const double*, const double*,
                                int64_t, int64_t);
template void layernorm_backward(Workers&, float*, float*, float*, const float*, const float*, const float*,
                                 const float*, const float*, int64_t, int64_t);
template void layernorm_backward(Workers&, double*, double*, double*, const double*, const double*, const double*,
                                 const double*, const double*, int64_t, int64_t);

}  // namespace ftok::cpu
