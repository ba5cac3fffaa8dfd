#include "trainer/cuda/device_layers.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.h"
#include "trainer/cuda/products.h"

namespace ftok {

void check_for_gpu(const ModelConfig& config) {
  if (config.head_channels() > FTOK_SPACE::kHeadChannelsMax) {
    throw UsageError("model.channels / model.heads = " + std::to_string(config.head_channels()) +
                     ": on a GPU at most " + std::to_string(FTOK_SPACE::kHeadChannelsMax));
  }
}

}  // namespace ftok

namespace ftok::FTOK_SPACE {
namespace {

constexpr int64_t kVocabularyPadding = 128;  // ModelConfig::padded_vocabulary

}  // namespace

DeviceLayers::DeviceLayers(Device& device, Matmul& matmul, AttentionPlans* attention, const Fusion& fusion,
                           int64_t chunk_rows)
    : device_(device),
      matmul_(matmul),
      attention_(attention),
      fusion_(fusion),
      chunk_rows_(chunk_rows),
      scratch_(device),
      losses_(device),
      logits_(device),
      loss_(device) {
  loss_.resize(1);
}

float* DeviceLayers::scratch(int64_t n) {
  if (scratch_.size() < static_cast<size_t>(n)) scratch_.resize(static_cast<size_t>(n));
  return scratch_.data();
}

void DeviceLayers::clear(Bf16* out, int64_t n) { device_.clear(out, static_cast<size_t>(n) * sizeof(Bf16)); }

void DeviceLayers::encoder_forward(Bf16* out, const uint32_t* tokens, const Bf16* wte, const Bf16* wpe,
                                   const Extent& extent) {
  FTOK_SPACE::encoder_forward(stream(), out, tokens, wte, wpe, extent);
}

void DeviceLayers::encoder_backward(float* dwte, float* dwpe, const Bf16* dout, const uint32_t* tokens,
                                    const Extent& extent) {
  FTOK_SPACE::encoder_backward(stream(), dwte, dwpe, dout, tokens, runs_, extent);
}

void DeviceLayers::layernorm_forward(Bf16* out, float* mean, float* rstd, const Bf16* in, const Bf16* gain,
                                     const Bf16* bias, int64_t R, int64_t C) {
  FTOK_SPACE::layernorm_forward(stream(), out, mean, rstd, in, gain, bias, R, C);
}

void DeviceLayers::residual_layernorm_forward(Bf16* sum, Bf16* out, float* mean, float* rstd, const Bf16* a,
                                              const Bf16* b, const Bf16* gain, const Bf16* bias, int64_t R, int64_t C) {
  FTOK_SPACE::residual_layernorm_forward(stream(), sum, out, mean, rstd, a, b, gain, bias, R, C);
}

void DeviceLayers::layernorm_backward(Bf16* din, float* dgain, float* dbias, const Bf16* dout, const Bf16* in,
                                      const Bf16* gain, const float* mean, const float* rstd, int64_t R, int64_t C) {
  FTOK_SPACE::layernorm_backward(stream(), din, dgain, dbias, scratch(layernorm_scratch(R, C)), dout, in, gain, mean,
                                 rstd, R, C);
}

void DeviceLayers::rmsnorm_forward(Bf16* out, float* rstd, const Bf16* in, const Bf16* gain, double epsilon, int64_t R,
                                   int64_t C) {
  FTOK_SPACE::rmsnorm_forward(stream(), out, rstd, in, gain, epsilon, R, C);
}

void DeviceLayers::residual_rmsnorm_forward(Bf16* sum, Bf16* out, float* rstd, const Bf16* a, const Bf16* b,
                                            const Bf16* gain, double epsilon, int64_t R, int64_t C) {
  FTOK_SPACE::residual_rmsnorm_forward(stream(), sum, out, rstd, a, b, gain, epsilon, R, C);
}

void DeviceLayers::rmsnorm_backward(Bf16* din, float* dgain, const Bf16* dout, const Bf16* in, const Bf16* gain,
                                    const float* rstd, int64_t R, int64_t C) {
  FTOK_SPACE::rmsnorm_backward(stream(), din, dgain, scratch(layernorm_scratch(R, C)), dout, in, gain, rstd, R, C);
}

void DeviceLayers::qk_norm_forward(Bf16* out, float* rstd, const Bf16* qkv, const Bf16* q_gain, const Bf16* k_gain,
                                   double epsilon, const Extent& extent) {
  FTOK_SPACE::qk_norm_forward(stream(), out, rstd, qkv, q_gain, k_gain, epsilon, extent);
}

void DeviceLayers::qk_norm_backward(Bf16* dqkv, float* dq_gain, float* dk_gain, const Bf16* qkv, const Bf16* q_gain,
                                    const Bf16* k_gain, const float* rstd, const Extent& extent) {
  FTOK_SPACE::qk_norm_backward(stream(), dqkv, dq_gain, dk_gain, scratch(qk_norm_scratch(extent)), qkv, q_gain, k_gain,
                               rstd, extent);
}

void DeviceLayers::rotary(Bf16* qkv, const float* cosines, const float* sines, bool back, const Extent& extent) {
  FTOK_SPACE::rotary(stream(), qkv, cosines, sines, back, extent);
}

// Queues the fused product where there is one and nothing is faster. Nothing is timed but in a shape's first call,
// which is not recorded into a graph.
bool DeviceLayers::run_fused(const MatmulCall& fused, const std::function<float()>& milliseconds_apart) {
  if (fusion_.timed && !matmul_.is_chosen(fused)) {
    const float together = matmul_.milliseconds(stream(), fused);
    if (std::isfinite(together) && milliseconds_apart() < together) matmul_.decline(fused);
  }
  return matmul_.run(stream(), fused);
}

void DeviceLayers::linear_forward(Bf16* out, const Bf16* in, const Bf16* weight, const Bf16* bias, int64_t R, int64_t I,
                                  int64_t O) {
  const MatmulCall plain = forward_product(out, in, weight, {R, I, O});
  const auto apart = [&] {
    matmul_.run(stream(), plain);
    if (bias != nullptr) add_bias(stream(), out, bias, R, O);
  };
  if (fusion_.bias && bias != nullptr) {
    MatmulCall call = plain;
    call.epilogue = Epilogue::kBias, call.bias = bias;
    if (run_fused(call, [&] { return device_.milliseconds(apart); })) return;
  }
  apart();
}

void DeviceLayers::linear_gelu_forward(Bf16* out, Bf16* before, const Bf16* in, const Bf16* weight, const Bf16* bias,
                                       int64_t R, int64_t I, int64_t O) {
  const auto apart = [&] {
    linear_forward(before, in, weight, bias, R, I, O);
    gelu_forward(out, before, R * O);
  };
  if (fusion_.gelu && bias != nullptr) {
    MatmulCall call = forward_product(out, in, weight, {R, I, O});
    call.epilogue = Epilogue::kGeluAuxBias, call.bias = bias;
    call.aux = before, call.ld_aux = O;
    if (run_fused(call, [&] { return device_.milliseconds(apart); })) return;
  }
  apart();
}

void DeviceLayers::weight_and_bias_gradients(float* dweight, float* dbias, const Bf16* dout, const Bf16* in, int64_t R,
                                             int64_t I, int64_t O) {
  const MatmulCall plain = weight_gradient_product(dweight, dout, in, {R, I, O});
  if (dbias == nullptr) {
    matmul_.run(stream(), plain);
    return;
  }
  if (fusion_.bias_gradient) {
    MatmulCall call = plain;
    call.epilogue = Epilogue::kBgradA, call.bias_gradient = scratch(O);
    const auto apart = [&] {  // the sums are added to: while they are timed, to an array that nobody reads
      MemoryArray<float> sums(device_), parts(device_);
      sums.resize(static_cast<size_t>(O)), parts.resize(static_cast<size_t>(column_sums_scratch(R, O)));
      return matmul_.milliseconds(stream(), plain) +
             device_.milliseconds([&] { column_sums(stream(), sums.data(), parts.data(), dout, R, O); });
    };
    if (run_fused(call, apart)) {
      add_rows(stream(), dbias, call.bias_gradient, 1, O);
      return;
    }
  }
  matmul_.run(stream(), plain);
  column_sums(stream(), dbias, scratch(column_sums_scratch(R, O)), dout, R, O);
}

void DeviceLayers::linear_backward(Bf16* din, float* dweight, float* dbias, const Bf16* dout, const Bf16* in,
                                   const Bf16* weight, int64_t R, int64_t I, int64_t O) {
  matmul_.run(stream(), input_gradient_product(din, dout, weight, {R, I, O}));
  weight_and_bias_gradients(dweight, dbias, dout, in, R, I, O);
}

void DeviceLayers::linear_gelu_backward(Bf16* dbefore, float* dweight, float* dbias, const Bf16* dout, const Bf16* in,
                                        const Bf16* before, const Bf16* weight, int64_t R, int64_t I, int64_t O) {
  const MatmulCall plain = input_gradient_product(dbefore, dout, weight, {R, I, O});
  const auto apart = [&] {
    matmul_.run(stream(), plain);
    gelu_backward(dbefore, dbefore, before, R * I);
  };
  bool fused = false;
  if (fusion_.gelu_gradient) {
    MatmulCall call = plain;
    call.epilogue = Epilogue::kDGelu;
    call.aux = const_cast<Bf16*>(before), call.ld_aux = I;  // read only
    fused = run_fused(call, [&] { return device_.milliseconds(apart); });
  }
  if (!fused) apart();
  weight_and_bias_gradients(dweight, dbias, dout, in, R, I, O);
}

void DeviceLayers::attention_forward(Bf16* out, float* log_sum, const Bf16* qkv, const int32_t* first_key,
                                     const Extent& extent) {
  if (attention_ != nullptr && attention_->forward(stream(), out, log_sum, qkv, first_key, extent)) return;
  FTOK_SPACE::attention_forward(stream(), out, log_sum, qkv, first_key, extent);
}

void DeviceLayers::attention_backward(Bf16* dqkv, const Bf16* dout, const Bf16* out, const float* log_sum,
                                      const Bf16* qkv, const int32_t* first_key, const Extent& extent) {
  if (attention_ != nullptr && attention_->backward(stream(), dqkv, dout, out, log_sum, qkv, first_key, extent)) return;
  FTOK_SPACE::attention_backward(stream(), dqkv, scratch(extent.rows() * extent.H), dout, out, log_sum, qkv, first_key,
                                 extent);
}

void DeviceLayers::gelu_forward(Bf16* out, const Bf16* in, int64_t n) {
  FTOK_SPACE::gelu_forward(stream(), out, in, n);
}

void DeviceLayers::gelu_backward(Bf16* din, const Bf16* dout, const Bf16* in, int64_t n) {
  FTOK_SPACE::gelu_backward(stream(), din, dout, in, n);
}

void DeviceLayers::relu2_forward(Bf16* out, const Bf16* in, int64_t n) {
  FTOK_SPACE::relu2_forward(stream(), out, in, n);
}

void DeviceLayers::relu2_backward(Bf16* din, const Bf16* dout, const Bf16* in, int64_t n) {
  FTOK_SPACE::relu2_backward(stream(), din, dout, in, n);
}

void DeviceLayers::swiglu_forward(Bf16* out, const Bf16* in, int64_t R, int64_t F) {
  FTOK_SPACE::swiglu_forward(stream(), out, in, R, F);
}

void DeviceLayers::swiglu_backward(Bf16* din, const Bf16* dout, const Bf16* in, int64_t R, int64_t F) {
  FTOK_SPACE::swiglu_backward(stream(), din, dout, in, R, F);
}

void DeviceLayers::residual_forward(Bf16* out, const Bf16* a, const Bf16* b, int64_t n) {
  FTOK_SPACE::residual_forward(stream(), out, a, b, n);
}

double DeviceLayers::classifier(Bf16* dhidden, float* dhead, const Bf16* hidden, const Bf16* head,
                                const Targets& targets, double scale) {
  const int64_t R = targets.R, C = targets.C, chunk = std::min(R, chunk_rows_);
  const int64_t V = divide_up(targets.V, kVocabularyPadding) * kVocabularyPadding;
  const size_t logits = static_cast<size_t>(chunk) * static_cast<size_t>(V);
  if (logits_.size() < logits) logits_.resize(logits);
  if (losses_.size() < static_cast<size_t>(R)) losses_.resize(static_cast<size_t>(R));
  for (int64_t begin = 0; begin < R; begin += chunk) {
    const int64_t rows = std::min(chunk, R - begin);
    const LinearShape shape{rows, V, C};
    matmul_.run(stream(), input_gradient_product(logits_.data(), hidden + begin * C, head, shape));
    classifier_rows(stream(), {logits_.data(), losses_.data() + begin, targets.ids + begin,
                               targets.mask == nullptr ? nullptr : targets.mask + begin, rows, targets.V, V,
                               static_cast<float>(scale), loss_scale_, dhidden != nullptr, false,
                               targets.weights == nullptr ? nullptr : targets.weights + begin});
    if (dhidden == nullptr) continue;
    matmul_.run(stream(), forward_product(dhidden + begin * C, logits_.data(), head, shape));
    matmul_.run(stream(), weight_gradient_product(dhead, hidden + begin * C, logits_.data(), shape));
  }
  add_losses(stream(), loss_.data(), losses_.data(), R);
  if (targets.losses != nullptr) {
    std::vector<float> losses(static_cast<size_t>(R));
    device_.copy_to_host(losses.data(), losses_.data(), losses.size() * sizeof(float));
    std::copy(losses.begin(), losses.end(), targets.losses);
  }
  return 0;
}

void DeviceLayers::keep_keys_values(Bf16* cache, const Bf16* qkv, int64_t position, const Extent& extent) {
  FTOK_SPACE::keep_keys_values(stream(), cache, qkv, position, extent);
}

void DeviceLayers::decode_attention(Bf16* out, const Bf16* qkv, const Bf16* cache, int64_t position,
                                    const Extent& extent) {
  FTOK_SPACE::decode_attention(stream(), out, qkv, cache, position, extent);
}

// Waits for the device.
void DeviceLayers::logits(float* out, const Bf16* hidden, const Bf16* head, int64_t R, int64_t V, int64_t C) {
  const int64_t padded = divide_up(V, kVocabularyPadding) * kVocabularyPadding;
  std::vector<Bf16> rounded(static_cast<size_t>(R * padded));
  if (logits_.size() < rounded.size()) logits_.resize(rounded.size());
  matmul_.run(stream(), input_gradient_product(logits_.data(), hidden, head, {R, padded, C}));
  device_.copy_to_host(rounded.data(), logits_.data(), rounded.size() * sizeof(Bf16));
  for (int64_t r = 0; r < R; ++r) {
    const Bf16* const row = rounded.data() + r * padded;
    std::transform(row, row + V, out + r * V, [](Bf16 x) { return to_float(x); });
  }
}

double DeviceLayers::take_loss() {
  double loss = 0;
  device_.copy_to_host(&loss, loss_.data(), sizeof loss);
  device_.clear(loss_.data(), sizeof loss);
  return loss;
}

}  // namespace ftok::FTOK_SPACE
