#include "trainer/cuda/device_decoder.h"

#include <algorithm>
#include <cassert>
#include <string>

#include "core/error.h"
#include "trainer/cuda/products.h"

namespace ftok::FTOK_SPACE {
namespace {

constexpr int64_t kChunkRows = 1;                         // of the classifier, which is not called
constexpr Fusion kFusion{true, true, true, true, false};  // each length of a prompt is a shape: not worth timing

const ModelConfig& checked(const ModelConfig& config) {
  if (config.head_channels() > kHeadChannelsMax || !is_vectorized(config.channels)) {
    throw UsageError("model.channels = " + std::to_string(config.channels) + ": on a GPU a multiple of " +
                     std::to_string(kVector) + ", and at most " + std::to_string(kHeadChannelsMax) + " a head");
  }
  return config;
}

}  // namespace

DeviceDecoder::DeviceDecoder(Device& device, Matmul& matmul, const ModelConfig& config,
                             const std::vector<float>& parameters)
    : device_(device),
      matmul_(matmul),
      config_(checked(config)),
      layout_(config),
      layers_(device, matmul, nullptr, kFusion, kChunkRows),
      parameters_(device),
      qkv_(device),
      stream_(device),
      normal_(device),
      attention_(device),
      fc_(device),
      wide_(device),
      out_(device),
      mean_(device),
      rstd_(device),
      log_sum_(device),
      tokens_(device),
      device_logits_(device) {
  std::vector<Bf16> rounded(parameters.size());
  std::transform(parameters.begin(), parameters.end(), rounded.begin(), [](float x) { return to_bfloat16(x); });
  parameters_.resize(rounded.size());
  device_.copy_to_device(parameters_.data(), rounded.data(), rounded.size() * sizeof(Bf16));
  device_.synchronize();
  qkv_.resize(static_cast<size_t>(config.layers * config.length * 3 * config.channels));
  device_logits_.resize(static_cast<size_t>(config.padded_vocabulary()));
  rounded_logits_.resize(static_cast<size_t>(config.vocabulary_size));
  logits_.resize(rounded_logits_.size());
  make_room(1);
}

void DeviceDecoder::make_room(int64_t rows) {
  const size_t R = static_cast<size_t>(rows), C = static_cast<size_t>(config_.channels);
  if (mean_.size() >= R) return;
  for (MemoryArray<Bf16>* narrow : {&stream_, &normal_, &attention_, &out_}) narrow->resize(R * C);
  fc_.resize(R * 4 * C), wide_.resize(R * 4 * C);
  mean_.resize(R), rstd_.resize(R), log_sum_.resize(R * static_cast<size_t>(config_.heads)), tokens_.resize(R);
}

std::span<const float> DeviceDecoder::read(std::span<const uint32_t> tokens) {
  position_ = 0;
  make_room(static_cast<int64_t>(tokens.size()));
  return forward(tokens);
}

void DeviceDecoder::forward_block(int64_t layer, int64_t R) {
  const int64_t C = config_.channels;
  const BlockOffsets& o = layout_.block(layer);
  Bf16* const kept = qkv_.data() + layer * config_.length * 3 * C;
  layers_.layernorm_forward(normal_.data(), mean_.data(), rstd_.data(), stream_.data(), weight(o.ln_1_gain),
                            weight(o.ln_1_bias), R, C);
  layers_.linear_forward(kept + position_ * 3 * C, normal_.data(), weight(o.qkv_weight), weight(o.qkv_bias), R, C,
                         3 * C);
  if (R == 1) {
    decode_attention(device_.stream(), attention_.data(), kept, position_, C, config_.heads);
  } else {
    layers_.attention_forward(attention_.data(), log_sum_.data(), kept, nullptr, {1, R, C, config_.heads});
  }
  layers_.linear_forward(out_.data(), attention_.data(), weight(o.attention_projection_weight),
                         weight(o.attention_projection_bias), R, C, C);
  layers_.residual_forward(stream_.data(), stream_.data(), out_.data(), R * C);
  layers_.layernorm_forward(normal_.data(), mean_.data(), rstd_.data(), stream_.data(), weight(o.ln_2_gain),
                            weight(o.ln_2_bias), R, C);
  layers_.linear_gelu_forward(wide_.data(), fc_.data(), normal_.data(), weight(o.fc_weight), weight(o.fc_bias), R, C,
                              4 * C);
  layers_.linear_forward(out_.data(), wide_.data(), weight(o.projection_weight), weight(o.projection_bias), R, 4 * C,
                         C);
  layers_.residual_forward(stream_.data(), stream_.data(), out_.data(), R * C);
}

// Several tokens at once begin at position 0.
std::span<const float> DeviceDecoder::forward(std::span<const uint32_t> tokens) {
  const int64_t C = config_.channels, R = static_cast<int64_t>(tokens.size());
  assert(R >= 1 && position_ + R <= config_.length && (R == 1 || position_ == 0));
  device_.copy_to_device(tokens_.data(), tokens.data(), tokens.size_bytes());
  layers_.encoder_forward(stream_.data(), tokens_.data(), weight(layout_.wte), weight(layout_.wpe + position_ * C),
                          {1, R, C, config_.heads});
  for (int64_t layer = 0; layer < config_.layers; ++layer) forward_block(layer, R);
  position_ += R;
  return logits_of_row(R - 1);
}

// Waits for the device.
std::span<const float> DeviceDecoder::logits_of_row(int64_t row) {
  const int64_t C = config_.channels;
  layers_.layernorm_forward(normal_.data(), mean_.data(), rstd_.data(), stream_.data() + row * C,
                            weight(layout_.ln_f_gain), weight(layout_.ln_f_bias), 1, C);
  matmul_.run(device_.stream(), input_gradient_product(device_logits_.data(), normal_.data(), weight(layout_.wte),
                                                       {1, config_.padded_vocabulary(), C}));
  device_.copy_to_host(rounded_logits_.data(), device_logits_.data(), rounded_logits_.size() * sizeof(Bf16));
  std::transform(rounded_logits_.begin(), rounded_logits_.end(), logits_.begin(), [](Bf16 x) { return to_float(x); });
  return logits_;
}

}  // namespace ftok::FTOK_SPACE
