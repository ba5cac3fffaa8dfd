#include "trainer/cpu/cpu_layers.h"

#include <type_traits>
#include <vector>

#include "trainer/cpu/blas.h"
#include "trainer/cpu/kernels.h"

namespace ftok {
namespace {

template <typename Real>
class CpuLayers final : public Layers<Real> {
 public:
  explicit CpuLayers(int threads) : workers_(threads) { cpu::blas(); }  // it is there, or this says so

  void encoder_forward(Real* out, const uint32_t* tokens, const Real* wte, const Real* wpe,
                       const Extent& extent) override {
    cpu::encoder_forward(workers_, out, tokens, wte, wpe, extent);
  }
  void encoder_backward(Real* dwte, Real* dwpe, const Real* dout, const uint32_t* tokens,
                        const Extent& extent) override {
    cpu::encoder_backward(workers_, dwte, dwpe, dout, tokens, extent);
  }
  void layernorm_forward(Real* out, Real* mean, Real* rstd, const Real* in, const Real* gain, const Real* bias,
                         int64_t R, int64_t C) override {
    cpu::layernorm_forward(workers_, out, mean, rstd, in, gain, bias, R, C);
  }
  void layernorm_backward(Real* din, Real* dgain, Real* dbias, const Real* dout, const Real* in, const Real* gain,
                          const Real* mean, const Real* rstd, int64_t R, int64_t C) override {
    cpu::layernorm_backward(workers_, din, dgain, dbias, dout, in, gain, mean, rstd, R, C);
  }
  void rmsnorm_forward(Real* out, Real* rstd, const Real* in, const Real* gain, double epsilon, int64_t R,
                       int64_t C) override {
    cpu::rmsnorm_forward(workers_, out, rstd, in, gain, epsilon, R, C);
  }
  void rmsnorm_backward(Real* din, Real* dgain, const Real* dout, const Real* in, const Real* gain, const Real* rstd,
                        int64_t R, int64_t C) override {
    cpu::rmsnorm_backward(workers_, din, dgain, dout, in, gain, rstd, R, C);
  }
  void linear_forward(Real* out, const Real* in, const Real* weight, const Real* bias, int64_t R, int64_t I,
                      int64_t O) override {
    cpu::linear_forward(workers_, out, in, weight, bias, R, I, O);
  }
  void linear_backward(Real* din, Real* dweight, Real* dbias, const Real* dout, const Real* in, const Real* weight,
                       int64_t R, int64_t I, int64_t O) override {
    cpu::linear_backward(workers_, din, dweight, dbias, dout, in, weight, R, I, O);
  }
  void qk_norm_forward(Real* out, Real* rstd, const Real* qkv, const Real* q_gain, const Real* k_gain, double epsilon,
                       const Extent& extent) override {
    cpu::qk_norm_forward(workers_, out, rstd, qkv, q_gain, k_gain, epsilon, extent);
  }
  void qk_norm_backward(Real* dqkv, Real* dq_gain, Real* dk_gain, const Real* qkv, const Real* q_gain,
                        const Real* k_gain, const Real* rstd, const Extent& extent) override {
    cpu::qk_norm_backward(workers_, dqkv, dq_gain, dk_gain, qkv, q_gain, k_gain, rstd, extent);
  }
  void rotary(Real* qkv, const Real* cosines, const Real* sines, bool back, const Extent& extent) override {
    cpu::rotary(workers_, qkv, cosines, sines, back, extent);
  }
  void attention_forward(Real* out, Real* log_sum, const Real* qkv, const int32_t* first_key,
                         const Extent& extent) override {
    cpu::attention_forward(workers_, out, log_sum, qkv, first_key, extent);
  }
  void attention_backward(Real* dqkv, const Real* dout, const Real* out, const Real* log_sum, const Real* qkv,
                          const int32_t* first_key, const Extent& extent) override {
    cpu::attention_backward(workers_, dqkv, dout, out, log_sum, qkv, first_key, extent);
  }
  void gelu_forward(Real* out, const Real* in, int64_t n) override { cpu::gelu_forward(workers_, out, in, n); }
  void gelu_backward(Real* din, const Real* dout, const Real* in, int64_t n) override {
    cpu::gelu_backward(workers_, din, dout, in, n);
  }
  void relu2_forward(Real* out, const Real* in, int64_t n) override { cpu::relu2_forward(workers_, out, in, n); }
  void relu2_backward(Real* din, const Real* dout, const Real* in, int64_t n) override {
    cpu::relu2_backward(workers_, din, dout, in, n);
  }
  void swiglu_forward(Real* out, const Real* in, int64_t R, int64_t F) override {
    cpu::swiglu_forward(workers_, out, in, R, F);
  }
  void swiglu_backward(Real* din, const Real* dout, const Real* in, int64_t R, int64_t F) override {
    cpu::swiglu_backward(workers_, din, dout, in, R, F);
  }
  void keep_keys_values(Real* cache, const Real* qkv, int64_t position, const Extent& extent) override {
    cpu::keep_keys_values(cache, qkv, position, extent);
  }
  void decode_attention(Real* out, const Real* qkv, const Real* cache, int64_t position,
                        const Extent& extent) override {
    cpu::decode_attention(workers_, out, qkv, cache, position, extent);
  }
  void logits(float* out, const Real* hidden, const Real* head, int64_t R, int64_t V, int64_t C) override {
    if constexpr (std::is_same_v<Real, float>) {
      wide_logits(out, hidden, head, R, V, C);
    } else {
      std::vector<Real> wide(static_cast<size_t>(R * V));
      wide_logits(wide.data(), hidden, head, R, V, C);
      std::copy(wide.begin(), wide.end(), out);
    }
  }
  void residual_forward(Real* out, const Real* a, const Real* b, int64_t n) override {
    cpu::residual_forward(workers_, out, a, b, n);
  }
  double classifier(Real* dhidden, Real* dhead, const Real* hidden, const Real* head,
                    const typename Layers<Real>::Targets& targets, double scale) override {
    return cpu::classifier(workers_, dhidden, dhead, hidden, head, targets, scale);
  }
  void fill_zero(Real* out, int64_t n) override {
    workers_.blocks(n, 1 << 18, [&](int64_t begin, int64_t end) { std::fill(out + begin, out + end, Real(0)); });
  }
  void add_product(const typename Layers<Real>::DenseProduct& p) override {
    const cpu::Matrix<Real> a{p.a, p.a_turned ? p.M : p.K, p.a_turned}, b{p.b, p.b_turned ? p.K : p.N, p.b_turned};
    cpu::multiply(workers_, cpu::Product<Real>{p.M, p.N, p.K, a, b, p.out, p.N, p.factor, Real(1)});
  }
  double sum_of_squares(const Real* x, int64_t n) override { return cpu::sum_of_squares(workers_, x, n); }
  void adamw(Real* parameters, Real* first, Real* second, const Real* gradients, int64_t n,
             const AdamWScalars& step) override {
    cpu::adamw(workers_, parameters, first, second, gradients, n, step);
  }

 private:
  void wide_logits(Real* out, const Real* hidden, const Real* head, int64_t R, int64_t V, int64_t C) {
    cpu::multiply(workers_, cpu::Product<Real>{R, V, C, {hidden, C}, {head, C, true}, out, V});
  }

  cpu::Workers workers_;
};

}  // namespace

template <typename Real>
std::unique_ptr<Layers<Real>> make_cpu_layers(int threads) {
  return std::make_unique<CpuLayers<Real>>(threads);
}

template std::unique_ptr<Layers<float>> make_cpu_layers(int);
template std::unique_ptr<Layers<double>> make_cpu_layers(int);

}  // namespace ftok
