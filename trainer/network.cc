#include "trainer/network.h"

#include <algorithm>
#include <cassert>

namespace ftok {
namespace {

// Hands out pieces of one array; a first pass with a null array counts.
template <typename Real>
class Pieces {
 public:
  explicit Pieces(Real* base) : base_(base) {}
  Real* take(int64_t n) {
    Real* const piece = base_ == nullptr ? nullptr : base_ + used_;
    used_ += (n + 15) / 16 * 16;
    return piece;
  }
  size_t used() const { return static_cast<size_t>(used_); }

 private:
  Real* base_;
  int64_t used_ = 0;
};

}  // namespace

template <typename Real>
Network<Real>::Network(const ModelConfig& config, Layers<Real>& layers)
    : config_(config), layout_(config), layers_(layers), parameters_(static_cast<size_t>(layout_.size())),
      blocks_(static_cast<size_t>(config.layers)) {}

template <typename Real>
Extent Network<Real>::extent_of(const BatchView& batch) const {
  assert(batch.B >= 1 && batch.T >= 1 && batch.T <= config_.length);
  return {batch.B, batch.T, config_.channels, config_.heads};
}

template <typename Real>
void Network<Real>::make_room(const Extent& extent, bool gradients) {
  const int64_t R = extent.rows(), C = extent.C;
  const auto lay_out = [&](Real* base) {
    Pieces<Real> pieces(base);
    encoded_ = pieces.take(R * C);
    for (BlockActivations& block : blocks_) {
      block.ln_1 = pieces.take(R * C), block.ln_1_mean = pieces.take(R), block.ln_1_rstd = pieces.take(R);
      block.qkv = pieces.take(R * 3 * C), block.log_sum = pieces.take(R * extent.H), block.attention = pieces.take(R * C);
      block.middle = pieces.take(R * C);
      block.ln_2 = pieces.take(R * C), block.ln_2_mean = pieces.take(R), block.ln_2_rstd = pieces.take(R);
      block.fc = pieces.take(R * 4 * C), block.gelu = pieces.take(R * 4 * C);
      block.out = pieces.take(R * C);
    }
    ln_f_ = pieces.take(R * C), ln_f_mean_ = pieces.take(R), ln_f_rstd_ = pieces.take(R);
    sum_ = pieces.take(R * C);
    return pieces.used();
  };
  const size_t needed = lay_out(nullptr);
  if (activations_.size() < needed) activations_.resize(needed);
  lay_out(activations_.data());
  if (!gradients) return;
  gradients_.resize(parameters_.size());
  const size_t scratch = static_cast<size_t>(R * C * 9 + 64);
  if (scratch_.size() < scratch) scratch_.resize(scratch);
  Pieces<Real> pieces(scratch_.data());
  dstream_ = pieces.take(R * C), dnarrow_ = pieces.take(R * C), dwide_ = pieces.take(R * 4 * C), dqkv_ = pieces.take(R * 3 * C);
}

template <typename Real>
void Network<Real>::forward_block(int64_t layer, const Real* in, const BatchView& batch) {
  const Extent extent = extent_of(batch);
  const int64_t R = extent.rows(), C = extent.C;
  const BlockActivations& a = blocks_[static_cast<size_t>(layer)];
  const BlockOffsets& o = layout_.block(layer);
  layers_.layernorm_forward(a.ln_1, a.ln_1_mean, a.ln_1_rstd, in, weight(o.ln_1_gain), weight(o.ln_1_bias), R, C);
  layers_.linear_forward(a.qkv, a.ln_1, weight(o.qkv_weight), weight(o.qkv_bias), R, C, 3 * C);
  layers_.attention_forward(a.attention, a.log_sum, a.qkv, batch.first_key, extent);
  layers_.linear_forward(sum_, a.attention, weight(o.attention_projection_weight), weight(o.attention_projection_bias), R, C, C);
  layers_.residual_forward(a.middle, in, sum_, R * C);
  layers_.layernorm_forward(a.ln_2, a.ln_2_mean, a.ln_2_rstd, a.middle, weight(o.ln_2_gain), weight(o.ln_2_bias), R, C);
  layers_.linear_forward(a.fc, a.ln_2, weight(o.fc_weight), weight(o.fc_bias), R, C, 4 * C);
  layers_.gelu_forward(a.gelu, a.fc, R * 4 * C);
  layers_.linear_forward(sum_, a.gelu, weight(o.projection_weight), weight(o.projection_bias), R, 4 * C, C);
  layers_.residual_forward(a.out, a.middle, sum_, R * C);
}

template <typename Real>
void Network<Real>::forward(const BatchView& batch) {
  const Extent extent = extent_of(batch);
  layers_.encoder_forward(encoded_, batch.tokens, weight(layout_.wte), weight(layout_.wpe), extent);
  const Real* stream = encoded_;
  for (int64_t layer = 0; layer < config_.layers; ++layer) {
    forward_block(layer, stream, batch);
    stream = blocks_[static_cast<size_t>(layer)].out;
  }
  layers_.layernorm_forward(ln_f_, ln_f_mean_, ln_f_rstd_, stream, weight(layout_.ln_f_gain), weight(layout_.ln_f_bias),
                            extent.rows(), extent.C);
}

// dstream_ holds the gradient of the block's output and is left with that of its input.
template <typename Real>
void Network<Real>::backward_block(int64_t layer, const Real* in, const BatchView& batch) {
  const Extent extent = extent_of(batch);
  const int64_t R = extent.rows(), C = extent.C;
  const BlockActivations& a = blocks_[static_cast<size_t>(layer)];
  const BlockOffsets& o = layout_.block(layer);
  layers_.linear_backward(dwide_, gradient(o.projection_weight), gradient(o.projection_bias), dstream_, a.gelu,
                          weight(o.projection_weight), R, 4 * C, C);
  layers_.gelu_backward(dwide_, dwide_, a.fc, R * 4 * C);
  layers_.linear_backward(dnarrow_, gradient(o.fc_weight), gradient(o.fc_bias), dwide_, a.ln_2, weight(o.fc_weight), R, C, 4 * C);
  layers_.layernorm_backward(dstream_, gradient(o.ln_2_gain), gradient(o.ln_2_bias), dnarrow_, a.middle, weight(o.ln_2_gain),
                             a.ln_2_mean, a.ln_2_rstd, R, C);
  layers_.linear_backward(dnarrow_, gradient(o.attention_projection_weight), gradient(o.attention_projection_bias), dstream_,
                          a.attention, weight(o.attention_projection_weight), R, C, C);
  layers_.attention_backward(dqkv_, dnarrow_, a.attention, a.log_sum, a.qkv, batch.first_key, extent);
  layers_.linear_backward(dnarrow_, gradient(o.qkv_weight), gradient(o.qkv_bias), dqkv_, a.ln_1, weight(o.qkv_weight), R, C,
                          3 * C);
  layers_.layernorm_backward(dstream_, gradient(o.ln_1_gain), gradient(o.ln_1_bias), dnarrow_, in, weight(o.ln_1_gain),
                             a.ln_1_mean, a.ln_1_rstd, R, C);
}

template <typename Real>
void Network<Real>::clear_gradients() {
  gradients_.resize(parameters_.size());
  layers_.fill_zero(gradients_.data(), static_cast<int64_t>(gradients_.size()));
}

template <typename Real>
double Network<Real>::loss(const BatchView& batch) {
  const Extent extent = extent_of(batch);
  make_room(extent, false);
  forward(batch);
  return layers_.classifier(nullptr, nullptr, ln_f_, weight(layout_.wte),
                            {batch.targets, batch.loss_mask, extent.rows(), extent.C, config_.vocabulary_size}, 0);
}

template <typename Real>
double Network<Real>::accumulate_gradients(const BatchView& batch, double scale) {
  const Extent extent = extent_of(batch);
  const int64_t R = extent.rows(), C = extent.C;
  make_room(extent, true);
  forward(batch);
  const double loss = layers_.classifier(dnarrow_, gradient(layout_.wte), ln_f_, weight(layout_.wte),
                                         {batch.targets, batch.loss_mask, R, C, config_.vocabulary_size}, scale);
  std::fill_n(dstream_, R * C, Real(0));
  layers_.layernorm_backward(dstream_, gradient(layout_.ln_f_gain), gradient(layout_.ln_f_bias), dnarrow_, blocks_.back().out,
                             weight(layout_.ln_f_gain), ln_f_mean_, ln_f_rstd_, R, C);
  for (int64_t layer = config_.layers - 1; layer >= 0; --layer) {
    backward_block(layer, layer == 0 ? encoded_ : blocks_[static_cast<size_t>(layer - 1)].out, batch);
  }
  layers_.encoder_backward(gradient(layout_.wte), gradient(layout_.wpe), dstream_, batch.tokens, extent);
  return loss;
}

template class Network<float>;
template class Network<double>;

}  // namespace ftok
