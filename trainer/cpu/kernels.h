// The CPU's layers as functions; the contracts are those of trainer/layers/layers.h. Each is in the file of its name,
// for float and double.
#pragma once

#include "trainer/cpu/workers.h"
#include "trainer/layers/layers.h"

namespace ftok::cpu {

template <typename Real>
void encoder_forward(Workers& workers, Real* out, const uint32_t* tokens, const Real* wte, const Real* wpe,
                     const Extent& extent);
template <typename Real>
void encoder_backward(Workers& workers, Real* dwte, Real* dwpe, const Real* dout, const uint32_t* tokens,
                      const Extent& extent);

template <typename Real>
void layernorm_forward(Workers& workers, Real* out, Real* mean, Real* rstd, const Real* in, const Real* gain,
                       const Real* bias, int64_t R, int64_t C);
template <typename Real>
void layernorm_backward(Workers& workers, Real* din, Real* dgain, Real* dbias, const Real* dout, const Real* in,
                        const Real* gain, const Real* mean, const Real* rstd, int64_t R, int64_t C);

template <typename Real>
void rmsnorm_forward(Workers& workers, Real* out, Real* rstd, const Real* in, const Real* gain, double epsilon,
                     int64_t R, int64_t C);
template <typename Real>
void rmsnorm_backward(Workers& workers, Real* din, Real* dgain, const Real* dout, const Real* in, const Real* gain,
                      const Real* rstd, int64_t R, int64_t C);
template <typename Real>
void qk_norm_forward(Workers& workers, Real* out, Real* rstd, const Real* qkv, const Real* q_gain, const Real* k_gain,
                     double epsilon, const Extent& extent);
template <typename Real>
void qk_norm_backward(Workers& workers, Real* dqkv, Real* dq_gain, Real* dk_gain, const Real* qkv, const Real* q_gain,
                      const Real* k_gain, const Real* rstd, const Extent& extent);
template <typename Real>
void rotary(Workers& workers, Real* qkv, const Real* cosines, const Real* sines, bool back, const Extent& extent);

// A matrix in memory: `stride` elements from one row to the next; `transposed`: the operand is its transpose.
template <typename Real>
struct Matrix {
  const Real* data;
  int64_t stride;
  bool transposed = false;
};

// out (M,N, rows `out_stride` apart) = factor a (M,K) b (K,N) + keep out; keep is 0 or 1. One thread.
template <typename Real>
struct Product {
  int64_t M, N, K;
  Matrix<Real> a, b;
  Real* out;
  int64_t out_stride;
  Real factor = 1;
  Real keep = 0;
};
template <typename Real>
void multiply(const Product<Real>& product);
// The same on several threads: blocks of OpenBLAS's that depend on M and N alone; a single row by loops of our own,
// with the same bits for any number of threads.
template <typename Real>
void multiply(Workers& workers, const Product<Real>& product);

template <typename Real>
void linear_forward(Workers& workers, Real* out, const Real* in, const Real* weight, const Real* bias, int64_t R,
                    int64_t I, int64_t O);
template <typename Real>
void linear_backward(Workers& workers, Real* din, Real* dweight, Real* dbias, const Real* dout, const Real* in,
                     const Real* weight, int64_t R, int64_t I, int64_t O);

template <typename Real>
void attention_forward(Workers& workers, Real* out, Real* log_sum, const Real* qkv, const int32_t* first_key,
                       const Extent& extent);
template <typename Real>
void attention_backward(Workers& workers, Real* dqkv, const Real* dout, const Real* out, const Real* log_sum,
                        const Real* qkv, const int32_t* first_key, const Extent& extent);

template <typename Real>
void gelu_forward(Workers& workers, Real* out, const Real* in, int64_t n);
template <typename Real>
void gelu_backward(Workers& workers, Real* din, const Real* dout, const Real* in, int64_t n);

template <typename Real>
void relu2_forward(Workers& workers, Real* out, const Real* in, int64_t n);
template <typename Real>
void relu2_backward(Workers& workers, Real* din, const Real* dout, const Real* in, int64_t n);
template <typename Real>
void swiglu_forward(Workers& workers, Real* out, const Real* in, int64_t R, int64_t F);
template <typename Real>
void swiglu_backward(Workers& workers, Real* din, const Real* dout, const Real* in, int64_t R, int64_t F);

template <typename Real>
void keep_keys_values(Real* cache, const Real* qkv, int64_t position, const Extent& extent);
template <typename Real>
void decode_attention(Workers& workers, Real* out, const Real* qkv, const Real* cache, int64_t position,
                      const Extent& extent);

template <typename Real>
void residual_forward(Workers& workers, Real* out, const Real* a, const Real* b, int64_t n);

template <typename Real>
double classifier(Workers& workers, Real* dhidden, Real* dhead, const Real* hidden, const Real* head,
                  const typename Layers<Real>::Targets& targets, double scale);

template <typename Real>
double sum_of_squares(Workers& workers, const Real* x, int64_t n);
template <typename Real>
void adamw(Workers& workers, Real* parameters, Real* first, Real* second, const Real* gradients, int64_t n,
           const AdamWScalars& step);

}  // namespace ftok::cpu
