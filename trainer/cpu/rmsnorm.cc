// RMSNorm (Zhang and Sennrich 2019) over the channels of a row: y = x rstd gain, rstd = (mean of squares +
// epsilon)^-1/2; of whole rows, and of the heads of queries and keys.
//
// Backward, with n = x rstd and g = dy gain:  dx = rstd (g - n mean(g n)).
#include <cmath>
#include <vector>

#include "trainer/cpu/kernels.h"
#include "trainer/cpu/vectors.h"

namespace ftok::cpu {
namespace {

constexpr int64_t kGainRows = 64;  // whose part of the gains' gradients is summed by one thread

template <typename Real>
FTOK_ALWAYS_INLINE Real forward_loop(Real* out, const Real* in, const Real* gain, Real epsilon, int64_t n) {
  const Real squares = lane_sum<Real>(n, [&](int64_t c) { return in[c] * in[c]; });
  const Real rstd = Real(1) / std::sqrt(squares / static_cast<Real>(n) + epsilon);
  for (int64_t c = 0; c < n; ++c) out[c] = in[c] * rstd * gain[c];
  return rstd;
}

template <typename Real>
struct RmsBackwardRow {
  Real* din;
  const Real *dout, *in, *gain;
  Real rstd;
  int64_t n;
};

// din = keep din + the gradient; din may be dout where keep is 0.
template <typename Real>
FTOK_ALWAYS_INLINE void backward_loop(const RmsBackwardRow<Real>& row, Real keep) {
  const Real *const dy = row.dout, *const x = row.in, *const gain = row.gain;
  const Real rstd = row.rstd;
  const Real mean =
      lane_sum<Real>(row.n, [&](int64_t c) { return dy[c] * gain[c] * (x[c] * rstd); }) / static_cast<Real>(row.n);
  for (int64_t c = 0; c < row.n; ++c) row.din[c] = keep * row.din[c] + rstd * (dy[c] * gain[c] - x[c] * rstd * mean);
}

template <typename Real>
FTOK_ALWAYS_INLINE void gain_loop(Real* dgain, const Real* dout, const Real* in, Real rstd, int64_t n) {
  for (int64_t c = 0; c < n; ++c) dgain[c] += dout[c] * (in[c] * rstd);
}

FTOK_VECTOR_CLONES float forward_row(float* out, const float* in, const float* gain, float epsilon, int64_t n) {
  return forward_loop(out, in, gain, epsilon, n);
}
double forward_row(double* out, const double* in, const double* gain, double epsilon, int64_t n) {
  return forward_loop(out, in, gain, epsilon, n);
}
FTOK_VECTOR_CLONES void add_to_din(const RmsBackwardRow<float>& row) { backward_loop(row, 1.0f); }
void add_to_din(const RmsBackwardRow<double>& row) { backward_loop(row, 1.0); }
FTOK_VECTOR_CLONES void set_din(const RmsBackwardRow<float>& row) { backward_loop(row, 0.0f); }
void set_din(const RmsBackwardRow<double>& row) { backward_loop(row, 0.0); }
FTOK_VECTOR_CLONES void gain_row(float* dgain, const float* dout, const float* in, float rstd, int64_t n) {
  gain_loop(dgain, dout, in, rstd, n);
}
void gain_row(double* dgain, const double* dout, const double* in, double rstd, int64_t n) {
  gain_loop(dgain, dout, in, rstd, n);
}

// The heads of queries and keys in a row of (R,W), one after the other.
struct Heads {
  int64_t D, queries, all, row;
  explicit Heads(const Extent& e)
      : D(e.head_channels()), queries(e.H), all(e.H + e.key_heads()), row(e.qkv_channels()) {}
};

}  // namespace

template <typename Real>
void rmsnorm_forward(Workers& workers, Real* out, Real* rstd, const Real* in, const Real* gain, double epsilon,
                     int64_t R, int64_t C) {
  workers.blocks(R, rows_per_block(C), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      rstd[r] = forward_row(out + r * C, in + r * C, gain, static_cast<Real>(epsilon), C);
  });
}

template <typename Real>
void rmsnorm_backward(Workers& workers, Real* din, Real* dgain, const Real* dout, const Real* in, const Real* gain,
                      const Real* rstd, int64_t R, int64_t C) {
  workers.blocks(R, rows_per_block(C), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      add_to_din(RmsBackwardRow<Real>{din + r * C, dout + r * C, in + r * C, gain, rstd[r], C});
  });
  workers.blocks(C, 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < R; ++r)
      gain_row(dgain + begin, dout + r * C + begin, in + r * C + begin, rstd[r], end - begin);
  });
}

template <typename Real>
void qk_norm_forward(Workers& workers, Real* out, Real* rstd, const Real* qkv, const Real* q_gain, const Real* k_gain,
                     double epsilon, const Extent& extent) {
  const Heads heads(extent);
  workers.blocks(extent.rows(), rows_per_block(heads.row), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      for (int64_t h = 0; h < heads.all; ++h) {
        const int64_t at = r * heads.row + h * heads.D;
        rstd[r * heads.all + h] =
            forward_row(out + at, qkv + at, h < heads.queries ? q_gain : k_gain, static_cast<Real>(epsilon), heads.D);
      }
      const int64_t values = r * heads.row + heads.all * heads.D;
      std::copy(qkv + values, qkv + (r + 1) * heads.row, out + values);
    }
  });
}

template <typename Real>
void qk_norm_backward(Workers& workers, Real* dqkv, Real* dq_gain, Real* dk_gain, const Real* qkv, const Real* q_gain,
                      const Real* k_gain, const Real* rstd, const Extent& extent) {
  const Heads heads(extent);
  const int64_t R = extent.rows(), parts = (R + kGainRows - 1) / kGainRows, D = heads.D;
  std::vector<Real> gains(static_cast<size_t>(parts * 2 * D));  // of queries, then of keys
  workers.blocks(R, kGainRows, [&](int64_t begin, int64_t end) {
    Real* const part = gains.data() + begin / kGainRows * 2 * D;
    for (int64_t r = begin; r < end; ++r) {
      for (int64_t h = 0; h < heads.all; ++h) {
        const int64_t at = r * heads.row + h * D;
        const Real s = rstd[r * heads.all + h];
        const bool query = h < heads.queries;
        gain_row(query ? part : part + D, dqkv + at, qkv + at, s, D);
        set_din(RmsBackwardRow<Real>{dqkv + at, dqkv + at, qkv + at, query ? q_gain : k_gain, s, D});
      }
    }
  });
  for (int64_t part = 0; part < parts; ++part) {
    for (int64_t c = 0; c < D; ++c) {
      dq_gain[c] += gains[static_cast<size_t>(part * 2 * D + c)];
      dk_gain[c] += gains[static_cast<size_t>((part * 2 + 1) * D + c)];
    }
  }
}

#define FTOK_INSTANCES(Real)                                                                                           \
  template void rmsnorm_forward(Workers&, Real*, Real*, const Real*, const Real*, double, int64_t, int64_t);           \
  template void rmsnorm_backward(Workers&, Real*, Real*, const Real*, const Real*, const Real*, const Real*, int64_t,  \
                                 int64_t);                                                                             \
  template void qk_norm_forward(Workers&, Real*, Real*, const Real*, const Real*, const Real*, double, const Extent&); \
  template void qk_norm_backward(Workers&, Real*, Real*, Real*, const Real*, const Real*, const Real*, const Real*,    \
                                 const Extent&);
FTOK_INSTANCES(float)
FTOK_INSTANCES(double)
#undef FTOK_INSTANCES

}  // namespace ftok::cpu
