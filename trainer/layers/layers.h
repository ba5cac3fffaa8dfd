// The layers of a GPT-2, forward and backward: what a back end implements. trainer/cpu/ is one in float (training) and
// in double (the reference that the tests differentiate numerically).
//
// Pointers are to arrays in the back end's memory, row-major, shapes in comments; B sequences, T positions, C channels,
// H heads, V vocabulary, R = B T rows. Outputs come first. Gradients d... of parameters are added to (so that
// micro-batches accumulate); gradients of activations are overwritten unless it says otherwise. Arrays do not overlap
// unless it says so.
//
// Activations and weights are `Real`; gradients of parameters and the statistics of rows are `Sum`, which is float
// where Real is bfloat16. A back end may run behind its caller: arrays belong to it until a call that returns a number.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "trainer/layers/array.h"

namespace ftok {

// Sizes of a batch of activations.
struct Extent {
  int64_t B = 0, T = 0, C = 0, H = 0;
  int64_t rows() const { return B * T; }
};

template <typename Real>
struct SumOf {
  using type = Real;
};
template <>
struct SumOf<Bf16> {
  using type = float;
};

// One AdamW step of a tensor (trainer/training/optimizer.h), with everything that is the same for all its elements
// worked out:
//   g = gradient_scale gradient; m = beta_1 m + (1 - beta_1) g; v = beta_2 v + (1 - beta_2) g^2;
//   p = keep p - rate m / (root sqrt(v) + epsilon).
struct AdamWScalars {
  double gradient_scale = 1;  // clipping
  double beta_1 = 0, beta_2 = 0, epsilon = 0;
  double keep = 1;  // 1 - learning rate * decay
  double rate = 0;  // learning rate / (1 - beta_1^t)
  double root = 1;  // (1 - beta_2^t)^-1/2
};

// Not thread-safe: one caller. The same calls give the same bits, for any number of threads.
template <typename Real>
class Layers {
 public:
  using Sum = typename SumOf<Real>::type;

  virtual ~Layers() = default;

  // Where the arrays lie; null: in any memory of the process.
  virtual Memory* memory() { return nullptr; }
  // out (n) = 0.
  virtual void clear(Real* out, int64_t n) { std::fill_n(out, n, Real{}); }

  // out (B,T,C) = wte[token] + wpe[t]. Tokens (B,T) are below V.
  virtual void encoder_forward(Real* out, const uint32_t* tokens, const Real* wte, const Real* wpe,
                               const Extent& extent) = 0;
  // dwte (V,C) and dwpe (T,C) += the rows of dout (B,T,C).
  virtual void encoder_backward(Sum* dwte, Sum* dwpe, const Real* dout, const uint32_t* tokens,
                                const Extent& extent) = 0;

  // out (R,C) = (in - mean) rstd gain + bias; mean and rstd (R) are kept for the backward pass. rstd = (var +
  // 1e-5)^-1/2.
  virtual void layernorm_forward(Real* out, Sum* mean, Sum* rstd, const Real* in, const Real* gain, const Real* bias,
                                 int64_t R, int64_t C) = 0;
  // din (R,C) += ...: the residual stream's gradient takes it up. dgain, dbias (C) += ...
  virtual void layernorm_backward(Real* din, Sum* dgain, Sum* dbias, const Real* dout, const Real* in, const Real* gain,
                                  const Sum* mean, const Sum* rstd, int64_t R, int64_t C) = 0;

  // out (R,O) = in (R,I) weight (I,O) + bias (O).
  virtual void linear_forward(Real* out, const Real* in, const Real* weight, const Real* bias, int64_t R, int64_t I,
                              int64_t O) = 0;
  // din (R,I) = dout weight^T; dweight (I,O) += in^T dout; dbias (O) += column sums of dout.
  virtual void linear_backward(Real* din, Sum* dweight, Sum* dbias, const Real* dout, const Real* in,
                               const Real* weight, int64_t R, int64_t I, int64_t O) = 0;

  // Causal attention: out (B,T,C) from qkv (B,T,3C); log_sum (B,H,T) is kept for the backward pass. Position t sees
  // [first_key[b,t], t]; first_key (B,T) does not fall along a sequence, and null means 0: no document mask.
  virtual void attention_forward(Real* out, Sum* log_sum, const Real* qkv, const int32_t* first_key,
                                 const Extent& extent) = 0;
  virtual void attention_backward(Real* dqkv, const Real* dout, const Real* out, const Sum* log_sum, const Real* qkv,
                                  const int32_t* first_key, const Extent& extent) = 0;

  // out (n) = GELU of in, the tanh form; out may be in.
  virtual void gelu_forward(Real* out, const Real* in, int64_t n) = 0;
  // din (n) = dout GELU'(in); din may be dout.
  virtual void gelu_backward(Real* din, const Real* dout, const Real* in, int64_t n) = 0;

  // out (n) = a + b; out may be either.
  virtual void residual_forward(Real* out, const Real* a, const Real* b, int64_t n) = 0;

  // What the head is told of its targets. `mask` (R) is 0 where a target does not count; null: all count.
  struct Targets {
    const uint32_t* ids = nullptr;  // (R), below V
    const uint8_t* mask = nullptr;
    int64_t R = 0, C = 0, V = 0;
    // (R), in the memory of the process: set to the target's loss, 0 where it does not count; null: not wanted. With
    // it, a back end that runs behind its caller waits.
    double* losses = nullptr;
  };
  // The tied head with softmax and cross-entropy, in chunks of rows so that no array of (R,V) exists. Returns the sum
  // of the losses in nats over the targets that count. With dhidden (R,C) not null it is set to, and dwte (V,C) grows
  // by, `scale` times the gradient of that sum.
  virtual double classifier(Real* dhidden, Sum* dwte, const Real* hidden, const Real* wte, const Targets& targets,
                            double scale) = 0;
  // A back end that runs behind its caller returns 0 from classifier(); this waits and returns the sum since the last
  // call.
  virtual double take_loss() { return 0; }

  // The optimizer's loops over parameters in the process's own memory (AdamW in trainer/training/optimizer.h); as they
  // stand here on one thread.
  virtual void fill_zero(Sum* out, int64_t n) { std::fill_n(out, n, Sum(0)); }
  // The sum of x[i]^2 (n), in double and in a fixed order.
  virtual double sum_of_squares(const Sum* x, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    return sum;
  }
  virtual void adamw(Sum* parameters, Sum* first, Sum* second, const Sum* gradients, int64_t n,
                     const AdamWScalars& step) {
    for (int64_t i = 0; i < n; ++i) {
      const double g = static_cast<double>(gradients[i]) * step.gradient_scale;
      const double m = step.beta_1 * static_cast<double>(first[i]) + (1 - step.beta_1) * g;
      const double v = step.beta_2 * static_cast<double>(second[i]) + (1 - step.beta_2) * g * g;
      first[i] = static_cast<Sum>(m), second[i] = static_cast<Sum>(v);
      parameters[i] = static_cast<Sum>(static_cast<double>(parameters[i]) * step.keep -
                                       step.rate * m / (std::sqrt(v) * step.root + step.epsilon));
    }
  }

  // Pairs of layers that a back end may make in one pass; the same as one after the other, to rounding.

  // sum (R,C) = a + b, and layernorm_forward of that sum as it is stored; sum may be a or b.
  virtual void residual_layernorm_forward(Real* sum, Real* out, Sum* mean, Sum* rstd, const Real* a, const Real* b,
                                          const Real* gain, const Real* bias, int64_t R, int64_t C) {
    residual_forward(sum, a, b, R * C);
    layernorm_forward(out, mean, rstd, sum, gain, bias, R, C);
  }
  // before (R,O) = linear_forward of in; out = GELU of it.
  virtual void linear_gelu_forward(Real* out, Real* before, const Real* in, const Real* weight, const Real* bias,
                                   int64_t R, int64_t I, int64_t O) {
    linear_forward(before, in, weight, bias, R, I, O);
    gelu_forward(out, before, R * O);
  }
  // linear_backward with in (R,I) = GELU of before; dbefore (R,I) is the gradient of `before`.
  virtual void linear_gelu_backward(Real* dbefore, Sum* dweight, Sum* dbias, const Real* dout, const Real* in,
                                    const Real* before, const Real* weight, int64_t R, int64_t I, int64_t O) {
    linear_backward(dbefore, dweight, dbias, dout, in, weight, R, I, O);
    gelu_backward(dbefore, dbefore, before, R * I);
  }
};

}  // namespace ftok
