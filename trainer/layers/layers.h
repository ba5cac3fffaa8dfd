// The layers of the models that trainer/model.h describes, forward and backward: what a back end implements.
// trainer/cpu/ is one in float (training) and in double (the reference that the tests differentiate numerically).
//
// Pointers are to arrays in the back end's memory, row-major, shapes in comments; B sequences, T positions, C channels,
// H heads, K heads of keys and values, D channels of a head, V vocabulary, R = B T rows, W = (H + 2 K) D. Outputs come
// first. Gradients d... of parameters are added to (so that micro-batches accumulate); gradients of activations are
// overwritten unless it says otherwise. Arrays do not overlap unless it says so.
//
// Activations and weights are `Real`; gradients of parameters and the statistics of rows are `Sum`, which is float
// where Real is bfloat16. A back end may run behind its caller: arrays belong to it until a call that returns a number.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "core/error.h"
#include "trainer/layers/array.h"
#include "trainer/layers/bfloat16.h"

namespace ftok {

// Sizes of a batch of activations.
struct Extent {
  int64_t B = 0, T = 0, C = 0, H = 0;
  int64_t K = 0;       // 0: H
  int64_t D = 0;       // 0: C / H
  int64_t window = 0;  // positions that a query sees, its own included; 0: all before it

  int64_t rows() const { return B * T; }
  int64_t key_heads() const { return K > 0 ? K : H; }
  int64_t head_channels() const { return D > 0 ? D : C / H; }
  int64_t attention_channels() const { return H * head_channels(); }
  int64_t qkv_channels() const { return (H + 2 * key_heads()) * head_channels(); }  // W
  // The first position that position t of a sequence sees; `first_key` is of its document, or 0.
  int64_t first_seen(int64_t t, int64_t first_key) const {
    return window > 0 ? std::max(first_key, t - window + 1) : first_key;
  }
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

  // Where the arrays lie.
  virtual Memory& memory() { return process_memory(); }
  // out (n) = 0.
  virtual void clear(Real* out, int64_t n) { std::fill_n(out, n, Real{}); }

  // out (B,T,C) = wte[token] + wpe[t], or without wpe where it is null. Tokens (B,T) are below V.
  virtual void encoder_forward(Real* out, const uint32_t* tokens, const Real* wte, const Real* wpe,
                               const Extent& extent) = 0;
  // dwte (V,C) and, where it is not null, dwpe (T,C) += the rows of dout (B,T,C).
  virtual void encoder_backward(Sum* dwte, Sum* dwpe, const Real* dout, const uint32_t* tokens,
                                const Extent& extent) = 0;

  // out (R,C) = (in - mean) rstd gain + bias; mean and rstd (R) are kept for the backward pass. rstd = (var +
  // 1e-5)^-1/2.
  virtual void layernorm_forward(Real* out, Sum* mean, Sum* rstd, const Real* in, const Real* gain, const Real* bias,
                                 int64_t R, int64_t C) = 0;
  // din (R,C) += ...: the residual stream's gradient takes it up. dgain, dbias (C) += ...
  virtual void layernorm_backward(Real* din, Sum* dgain, Sum* dbias, const Real* dout, const Real* in, const Real* gain,
                                  const Sum* mean, const Sum* rstd, int64_t R, int64_t C) = 0;

  // The same without mean and bias (Zhang and Sennrich 2019): out (R,C) = in rstd gain, rstd = (mean of squares +
  // epsilon)^-1/2.
  virtual void rmsnorm_forward(Real* /*out*/, Sum* /*rstd*/, const Real* /*in*/, const Real* /*gain*/,
                               double /*epsilon*/, int64_t /*R*/, int64_t /*C*/) {
    missing("RMSNorm");
  }
  virtual void rmsnorm_backward(Real* /*din*/, Sum* /*dgain*/, const Real* /*dout*/, const Real* /*in*/,
                                const Real* /*gain*/, const Sum* /*rstd*/, int64_t /*R*/, int64_t /*C*/) {
    missing("RMSNorm");
  }

  // out (R,O) = in (R,I) weight (I,O) + bias (O); bias null: none.
  virtual void linear_forward(Real* out, const Real* in, const Real* weight, const Real* bias, int64_t R, int64_t I,
                              int64_t O) = 0;
  // din (R,I) = dout weight^T; dweight (I,O) += in^T dout; dbias (O), where it is not null, += column sums of dout.
  virtual void linear_backward(Real* din, Sum* dweight, Sum* dbias, const Real* dout, const Real* in,
                               const Real* weight, int64_t R, int64_t I, int64_t O) = 0;

  // What happens to queries and keys on their way to attention. RMSNorm of each head: out (R,W) = qkv with queries and
  // keys normalised, rstd (R,H+K) of each; the gains are (D).
  virtual void qk_norm_forward(Real* /*out*/, Sum* /*rstd*/, const Real* /*qkv*/, const Real* /*q_gain*/,
                               const Real* /*k_gain*/, double /*epsilon*/, const Extent& /*extent*/) {
    missing("norm of queries and keys");
  }
  // dqkv (R,W), the gradient of `out`, becomes that of qkv; the gains' gradients (D) += ...
  virtual void qk_norm_backward(Real* /*dqkv*/, Sum* /*dq_gain*/, Sum* /*dk_gain*/, const Real* /*qkv*/,
                                const Real* /*q_gain*/, const Real* /*k_gain*/, const Sum* /*rstd*/,
                                const Extent& /*extent*/) {
    missing("norm of queries and keys");
  }
  // Rotary positions (Su et al. 2021), in place: channels i and i + D/2 of each query and key at position t are turned
  // by the angle whose cosine and sine stand at [t, i] of the tables (T,D/2); `back`: by the negative angle, which is
  // the backward pass.
  virtual void rotary(Real* /*qkv*/, const Sum* /*cosines*/, const Sum* /*sines*/, bool /*back*/,
                      const Extent& /*extent*/) {
    missing("rotary positions");
  }

  // Causal attention: out (B,T,HD) from qkv (B,T,W); log_sum (B,H,T) is kept for the backward pass. Head h reads keys
  // and values of head h K / H. Position t sees [first_key[b,t], t], and of that what extent.window leaves; first_key
  // (B,T) does not fall along a sequence, and null means 0: no document mask.
  virtual void attention_forward(Real* out, Sum* log_sum, const Real* qkv, const int32_t* first_key,
                                 const Extent& extent) = 0;
  virtual void attention_backward(Real* dqkv, const Real* dout, const Real* out, const Sum* log_sum, const Real* qkv,
                                  const int32_t* first_key, const Extent& extent) = 0;

  // out (n) = GELU of in, the tanh form; out may be in.
  virtual void gelu_forward(Real* out, const Real* in, int64_t n) = 0;
  // din (n) = dout GELU'(in); din may be dout.
  virtual void gelu_backward(Real* din, const Real* dout, const Real* in, int64_t n) = 0;

  // out (n) = max(in, 0)^2 (So et al. 2021).
  virtual void relu2_forward(Real* /*out*/, const Real* /*in*/, int64_t /*n*/) { missing("squared ReLU"); }
  // din (n) = dout 2 max(in, 0); din may be dout.
  virtual void relu2_backward(Real* /*din*/, const Real* /*dout*/, const Real* /*in*/, int64_t /*n*/) {
    missing("squared ReLU");
  }

  // out (R,F) = silu(gate) up with in (R,2F) = gate, up, silu(x) = x / (1 + exp(-x)) (Shazeer 2020).
  virtual void swiglu_forward(Real* /*out*/, const Real* /*in*/, int64_t /*R*/, int64_t /*F*/) { missing("SwiGLU"); }
  // din (R,2F) from dout (R,F).
  virtual void swiglu_backward(Real* /*din*/, const Real* /*dout*/, const Real* /*in*/, int64_t /*R*/, int64_t /*F*/) {
    missing("SwiGLU");
  }

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
    // (R): what each target's gradient is multiplied by; null: 1 everywhere. Losses are without it.
    const float* weights = nullptr;
  };
  // The head (V,C) with softmax and cross-entropy, in chunks of rows so that no array of (R,V) exists. Returns the sum
  // of the losses in nats over the targets that count. With dhidden (R,C) not null it is set to, and dhead (V,C) grows
  // by, `scale` times the gradient of that sum.
  virtual double classifier(Real* dhidden, Sum* dhead, const Real* hidden, const Real* head, const Targets& targets,
                            double scale) = 0;
  // A back end that runs behind its caller returns 0 from classifier(); this waits and returns the sum since the last
  // call.
  virtual double take_loss() { return 0; }

  // Text, a position after the other. The cache (positions, 2 K D) holds keys, then values of each position: rows
  // [position, position + T) become those of qkv (T,W), of one sequence.
  virtual void keep_keys_values(Real* /*cache*/, const Real* /*qkv*/, int64_t /*position*/, const Extent& /*extent*/) {
    missing("cache of keys and values");
  }
  // out (HD) = the attention of the query in qkv (W) at `position` over what the cache holds up to there.
  virtual void decode_attention(Real* /*out*/, const Real* /*qkv*/, const Real* /*cache*/, int64_t /*position*/,
                                const Extent& /*extent*/) {
    missing("cache of keys and values");
  }
  // logits (R,V), in the memory of the process, = hidden (R,C) head^T, head (V,C).
  virtual void logits(float* /*out*/, const Real* /*hidden*/, const Real* /*head*/, int64_t /*R*/, int64_t /*V*/,
                      int64_t /*C*/) {
    missing("logits");
  }

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

  // out (M,N) = factor a b + out, with a (M,K) or, where `turned`, its transpose (K,M), and b (K,N) or its transpose
  // (N,K).
  struct DenseProduct {
    Sum* out = nullptr;
    const Sum *a = nullptr, *b = nullptr;
    int64_t M = 0, N = 0, K = 0;
    bool a_turned = false, b_turned = false;
    Sum factor = 1;
  };
  virtual void add_product(const DenseProduct& p) {
    for (int64_t m = 0; m < p.M; ++m) {
      for (int64_t n = 0; n < p.N; ++n) {
        Sum sum = 0;
        for (int64_t k = 0; k < p.K; ++k)
          sum += p.a[p.a_turned ? k * p.M + m : m * p.K + k] * p.b[p.b_turned ? n * p.K + k : k * p.N + n];
        p.out[m * p.N + n] += p.factor * sum;
      }
    }
  }

  // Pairs of layers that a back end may make in one pass; the same as one after the other, to rounding.

  // sum (R,C) = a + b, and layernorm_forward of that sum as it is stored; sum may be a or b.
  virtual void residual_layernorm_forward(Real* sum, Real* out, Sum* mean, Sum* rstd, const Real* a, const Real* b,
                                          const Real* gain, const Real* bias, int64_t R, int64_t C) {
    residual_forward(sum, a, b, R * C);
    layernorm_forward(out, mean, rstd, sum, gain, bias, R, C);
  }
  virtual void residual_rmsnorm_forward(Real* sum, Real* out, Sum* rstd, const Real* a, const Real* b, const Real* gain,
                                        double epsilon, int64_t R, int64_t C) {
    residual_forward(sum, a, b, R * C);
    rmsnorm_forward(out, rstd, sum, gain, epsilon, R, C);
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

 private:
  [[noreturn]] static void missing(const char* layer) { throw Error(std::string("this back end has no ") + layer); }
};

}  // namespace ftok
