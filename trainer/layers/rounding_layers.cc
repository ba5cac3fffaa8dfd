#include "trainer/layers/rounding_layers.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace ftok {
namespace {

constexpr int64_t kLogitRows = 1024;  // of which logits exist at a time

void round(float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] = to_float(to_bfloat16(x[i]));
}

// A rounded copy, in an array that is used again; null of what is not there.
const float* rounded(std::vector<float>& scratch, const float* x, int64_t n) {
  if (x == nullptr) return nullptr;
  scratch.assign(x, x + n);
  round(scratch.data(), n);
  return scratch.data();
}

class RoundingLayers final : public Layers<float> {
 public:
  explicit RoundingLayers(std::unique_ptr<Layers<float>> layers) : layers_(std::move(layers)) {}

  // Only the rows that are read are rounded.
  void encoder_forward(float* out, const uint32_t* tokens, const float* wte, const float* wpe,
                       const Extent& extent) override {
    for (int64_t r = 0; r < extent.rows(); ++r) {
      const float* const token = wte + tokens[r] * extent.C;
      const float* const position = wpe == nullptr ? nullptr : wpe + r % extent.T * extent.C;
      for (int64_t c = 0; c < extent.C; ++c) {
        const float x = to_float(to_bfloat16(token[c]));
        out[r * extent.C + c] = position == nullptr ? x : to_float(to_bfloat16(x + to_float(to_bfloat16(position[c]))));
      }
    }
  }
  void encoder_backward(float* dwte, float* dwpe, const float* dout, const uint32_t* tokens,
                        const Extent& extent) override {
    layers_->encoder_backward(dwte, dwpe, dout, tokens, extent);
  }

  void layernorm_forward(float* out, float* mean, float* rstd, const float* in, const float* gain, const float* bias,
                         int64_t R, int64_t C) override {
    layers_->layernorm_forward(out, mean, rstd, in, rounded(weight_, gain, C), rounded(bias_, bias, C), R, C);
    round(out, R * C);
  }
  void layernorm_backward(float* din, float* dgain, float* dbias, const float* dout, const float* in, const float* gain,
                          const float* mean, const float* rstd, int64_t R, int64_t C) override {
    layers_->layernorm_backward(din, dgain, dbias, dout, in, rounded(weight_, gain, C), mean, rstd, R, C);
    round(din, R * C);
  }

  void rmsnorm_forward(float* out, float* rstd, const float* in, const float* gain, double epsilon, int64_t R,
                       int64_t C) override {
    layers_->rmsnorm_forward(out, rstd, in, rounded(weight_, gain, C), epsilon, R, C);
    round(out, R * C);
  }
  void rmsnorm_backward(float* din, float* dgain, const float* dout, const float* in, const float* gain,
                        const float* rstd, int64_t R, int64_t C) override {
    layers_->rmsnorm_backward(din, dgain, dout, in, rounded(weight_, gain, C), rstd, R, C);
    round(din, R * C);
  }

  void linear_forward(float* out, const float* in, const float* weight, const float* bias, int64_t R, int64_t I,
                      int64_t O) override {
    layers_->linear_forward(out, in, rounded(weight_, weight, I * O), rounded(bias_, bias, O), R, I, O);
    round(out, R * O);
  }
  void linear_backward(float* din, float* dweight, float* dbias, const float* dout, const float* in,
                       const float* weight, int64_t R, int64_t I, int64_t O) override {
    layers_->linear_backward(din, dweight, dbias, dout, in, rounded(weight_, weight, I * O), R, I, O);
    round(din, R * I);
  }

  void qk_norm_forward(float* out, float* rstd, const float* qkv, const float* q_gain, const float* k_gain,
                       double epsilon, const Extent& extent) override {
    const int64_t D = extent.head_channels();
    layers_->qk_norm_forward(out, rstd, qkv, rounded(weight_, q_gain, D), rounded(bias_, k_gain, D), epsilon, extent);
    round(out, extent.rows() * extent.qkv_channels());
  }
  void qk_norm_backward(float* dqkv, float* dq_gain, float* dk_gain, const float* qkv, const float* q_gain,
                        const float* k_gain, const float* rstd, const Extent& extent) override {
    const int64_t D = extent.head_channels();
    layers_->qk_norm_backward(dqkv, dq_gain, dk_gain, qkv, rounded(weight_, q_gain, D), rounded(bias_, k_gain, D), rstd,
                              extent);
    round(dqkv, extent.rows() * extent.qkv_channels());
  }
  void rotary(float* qkv, const float* cosines, const float* sines, bool back, const Extent& extent) override {
    layers_->rotary(qkv, cosines, sines, back, extent);
    round(qkv, extent.rows() * extent.qkv_channels());
  }

  void attention_forward(float* out, float* log_sum, const float* qkv, const int32_t* first_key,
                         const Extent& extent) override {
    layers_->attention_forward(out, log_sum, qkv, first_key, extent);
    round(out, extent.rows() * extent.attention_channels());
  }
  void attention_backward(float* dqkv, const float* dout, const float* out, const float* log_sum, const float* qkv,
                          const int32_t* first_key, const Extent& extent) override {
    layers_->attention_backward(dqkv, dout, out, log_sum, qkv, first_key, extent);
    round(dqkv, extent.rows() * extent.qkv_channels());
  }

  void gelu_forward(float* out, const float* in, int64_t n) override {
    layers_->gelu_forward(out, in, n);
    round(out, n);
  }
  void gelu_backward(float* din, const float* dout, const float* in, int64_t n) override {
    layers_->gelu_backward(din, dout, in, n);
    round(din, n);
  }
  void relu2_forward(float* out, const float* in, int64_t n) override {
    layers_->relu2_forward(out, in, n);
    round(out, n);
  }
  void relu2_backward(float* din, const float* dout, const float* in, int64_t n) override {
    layers_->relu2_backward(din, dout, in, n);
    round(din, n);
  }
  void swiglu_forward(float* out, const float* in, int64_t R, int64_t F) override {
    layers_->swiglu_forward(out, in, R, F);
    round(out, R * F);
  }
  void swiglu_backward(float* din, const float* dout, const float* in, int64_t R, int64_t F) override {
    layers_->swiglu_backward(din, dout, in, R, F);
    round(din, R * 2 * F);
  }
  void residual_forward(float* out, const float* a, const float* b, int64_t n) override {
    layers_->residual_forward(out, a, b, n);
    round(out, n);
  }

  double classifier(float* dhidden, float* dhead, const float* hidden, const float* head, const Targets& targets,
                    double scale) override {
    const int64_t C = targets.C, V = targets.V;
    transpose(head, V, C);
    std::vector<float> dtransposed(dhidden == nullptr ? 0 : static_cast<size_t>(C * V)), zeros(static_cast<size_t>(V)),
        dzeros(zeros);
    double loss = 0;
    for (int64_t begin = 0; begin < targets.R; begin += kLogitRows) {
      const int64_t rows = std::min(kLogitRows, targets.R - begin);
      logits_.resize(static_cast<size_t>(rows * V));
      layers_->linear_forward(logits_.data(), hidden + begin * C, transposed_.data(), zeros.data(), rows, C, V);
      for (int64_t r = 0; r < rows; ++r) {
        const double row = finish_row(logits_.data() + r * V, V, targets, begin + r, static_cast<float>(scale));
        loss += row;
        if (targets.losses != nullptr) targets.losses[begin + r] = row;
      }
      if (dhidden == nullptr) continue;
      layers_->linear_backward(dhidden + begin * C, dtransposed.data(), dzeros.data(), logits_.data(),
                               hidden + begin * C, transposed_.data(), rows, C, V);
      round(dhidden + begin * C, rows * C);
    }
    if (dhidden == nullptr) return loss;
    for (int64_t v = 0; v < V; ++v) {
      for (int64_t c = 0; c < C; ++c) dhead[v * C + c] += dtransposed[static_cast<size_t>(c * V + v)];
    }
    return loss;
  }

  void fill_zero(float* out, int64_t n) override { layers_->fill_zero(out, n); }
  void add_product(const DenseProduct& product) override { layers_->add_product(product); }
  double sum_of_squares(const float* x, int64_t n) override { return layers_->sum_of_squares(x, n); }
  void adamw(float* parameters, float* first, float* second, const float* gradients, int64_t n,
             const AdamWScalars& step) override {
    layers_->adamw(parameters, first, second, gradients, n, step);
  }

 private:
  // transposed_ (C,V) = head^T, rounded.
  void transpose(const float* head, int64_t V, int64_t C) {
    transposed_.resize(static_cast<size_t>(C * V));
    for (int64_t v = 0; v < V; ++v) {
      for (int64_t c = 0; c < C; ++c)
        transposed_[static_cast<size_t>(c * V + v)] = to_float(to_bfloat16(head[v * C + c]));
    }
  }

  // Rounds a row of logits, turns it into its gradient, rounded, and returns its loss.
  static double finish_row(float* logits, int64_t V, const Targets& targets, int64_t r, float scale) {
    if (targets.mask != nullptr && targets.mask[r] == 0) {
      std::fill_n(logits, V, 0.0f);
      return 0;
    }
    round(logits, V);
    const double most = static_cast<double>(*std::max_element(logits, logits + V));
    double sum = 0;
    for (int64_t v = 0; v < V; ++v) sum += std::exp(static_cast<double>(logits[v]) - most);
    const double loss = std::log(sum) + most - static_cast<double>(logits[targets.ids[r]]);
    if (targets.weights != nullptr) scale *= targets.weights[r];
    for (int64_t v = 0; v < V; ++v) {
      const double share =
          std::exp(static_cast<double>(logits[v]) - most) / sum - (static_cast<uint32_t>(v) == targets.ids[r] ? 1 : 0);
      logits[v] = to_float(to_bfloat16(scale * static_cast<float>(share)));
    }
    return loss;
  }

  std::unique_ptr<Layers<float>> layers_;
  std::vector<float> weight_, bias_, transposed_, logits_;
};

}  // namespace

std::unique_ptr<Layers<float>> make_rounding_layers(std::unique_ptr<Layers<float>> layers) {
  return std::make_unique<RoundingLayers>(std::move(layers));
}

}  // namespace ftok
