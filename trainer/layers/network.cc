#include "trainer/layers/network.h"

#include <cassert>
#include <type_traits>
#include <utility>

namespace ftok {
namespace {

template <typename Array, typename Real>
Array make_array(Layers<Real>& layers) {
  if constexpr (std::is_same_v<Real, Bf16>) {
    return Array(*layers.memory());
  } else {
    return Array();
  }
}

}  // namespace

// Hands out pieces of one array; a first pass with a null array counts.
template <typename Real>
template <typename T>
class Network<Real>::Pieces {
 public:
  explicit Pieces(T* base) : base_(base) {}
  T* take(int64_t n) {
    T* const piece = base_ == nullptr ? nullptr : base_ + used_;
    used_ += (n + kAlignment - 1) / kAlignment * kAlignment;
    return piece;
  }
  size_t used() const { return static_cast<size_t>(used_); }

 private:
  static constexpr int64_t kAlignment = 128;  // elements: GPUs like rows to begin where a line of their cache does

  T* base_;
  int64_t used_ = 0;
};

template <typename Real>
Network<Real>::Network(const ModelConfig& config, Layers<Real>& layers, Recompute recompute)
    : config_(config),
      layout_(config),
      layers_(layers),
      recompute_(recompute),
      parameters_(make_array<ArrayOf<Real, Real>>(layers)),
      gradients_(make_array<ArrayOf<Real, Sum>>(layers)),
      activations_(make_array<ArrayOf<Real, Real>>(layers)),
      scratch_(make_array<ArrayOf<Real, Real>>(layers)),
      statistics_(make_array<ArrayOf<Real, Sum>>(layers)),
      blocks_(static_cast<size_t>(config.layers)) {
  parameters_.resize(static_cast<size_t>(layout_.size()));
}

template <typename Real>
Extent Network<Real>::extent_of(const BatchView& batch) const {
  assert(batch.B >= 1 && batch.T >= 1 && batch.T <= config_.length);
  return {batch.B, batch.T, config_.channels, config_.heads};
}

template <typename Real>
void Network<Real>::lay_out_block(const Extent& extent, BlockActivations& block, Pieces<Real>& pieces,
                                  Pieces<Sum>& sums) {
  const int64_t R = extent.rows(), C = extent.C;
  block.ln_1 = pieces.take(R * C), block.qkv = pieces.take(R * 3 * C), block.attention = pieces.take(R * C);
  block.middle = pieces.take(R * C), block.ln_2 = pieces.take(R * C), block.fc = pieces.take(R * 4 * C);
  block.ln_1_mean = sums.take(R), block.ln_1_rstd = sums.take(R);
  block.ln_2_mean = sums.take(R), block.ln_2_rstd = sums.take(R), block.log_sum = sums.take(R * extent.H);
}

template <typename Real>
void Network<Real>::lay_out(const Extent& extent, Pieces<Real>& pieces, Pieces<Sum>& sums) {
  const int64_t R = extent.rows(), C = extent.C;
  encoded_ = pieces.take(R * C);
  for (BlockActivations& block : blocks_) {
    const BlockActivations& first = blocks_.front();
    if (recompute_ != Recompute::kBlocks || &block == &first) {
      lay_out_block(extent, block, pieces, sums);
    } else {
      block = first;
    }
    block.gelu = recompute_ == Recompute::kNothing || &block == &first ? pieces.take(R * 4 * C) : first.gelu;
    block.out = pieces.take(R * C);
  }
  ln_f_ = pieces.take(R * C), sum_ = pieces.take(R * C);
  ln_f_mean_ = sums.take(R), ln_f_rstd_ = sums.take(R);
}

template <typename Real>
void Network<Real>::make_room(const Extent& extent, bool gradients) {
  const int64_t R = extent.rows(), C = extent.C;
  Pieces<Real> needed(nullptr);
  Pieces<Sum> needed_sums(nullptr);
  lay_out(extent, needed, needed_sums);
  if (activations_.size() < needed.used()) activations_.resize(needed.used());
  if (statistics_.size() < needed_sums.used()) statistics_.resize(needed_sums.used());
  Pieces<Real> pieces(activations_.data());
  Pieces<Sum> sums(statistics_.data());
  lay_out(extent, pieces, sums);
  if (!gradients) return;
  if (gradients_.size() != parameters_.size()) gradients_.resize(parameters_.size());
  const auto lay_out_scratch = [&](Pieces<Real> scratch) {
    dstream_ = scratch.take(R * C), dnarrow_ = scratch.take(R * C), dwide_ = scratch.take(R * 4 * C);
    dqkv_ = scratch.take(R * 3 * C);
    return scratch.used();
  };
  const size_t scratch = lay_out_scratch(Pieces<Real>(nullptr));
  if (scratch_.size() < scratch) scratch_.resize(scratch);
  lay_out_scratch(Pieces<Real>(scratch_.data()));
}

template <typename Real>
void Network<Real>::reserve(int64_t B, int64_t T, bool gradients) {
  make_room({B, T, config_.channels, config_.heads}, gradients);
}

// From ln_1 to gelu.
template <typename Real>
void Network<Real>::forward_block(int64_t layer, const Real* in, const BatchView& batch) {
  const Extent extent = extent_of(batch);
  const int64_t R = extent.rows(), C = extent.C;
  const BlockActivations& a = blocks_[static_cast<size_t>(layer)];
  const BlockOffsets& o = layout_.block(layer);
  layers_.linear_forward(a.qkv, a.ln_1, weight(o.qkv_weight), weight(o.qkv_bias), R, C, 3 * C);
  layers_.attention_forward(a.attention, a.log_sum, a.qkv, batch.first_key, extent);
  layers_.linear_forward(sum_, a.attention, weight(o.attention_projection_weight), weight(o.attention_projection_bias),
                         R, C, C);
  layers_.residual_layernorm_forward(a.middle, a.ln_2, a.ln_2_mean, a.ln_2_rstd, in, sum_, weight(o.ln_2_gain),
                                     weight(o.ln_2_bias), R, C);
  layers_.linear_gelu_forward(a.gelu, a.fc, a.ln_2, weight(o.fc_weight), weight(o.fc_bias), R, C, 4 * C);
}

// The last projection, and the LayerNorm that comes after: the next block's first, or the last of all.
template <typename Real>
void Network<Real>::finish_block(int64_t layer, const Extent& extent) {
  const int64_t R = extent.rows(), C = extent.C;
  const BlockActivations& a = blocks_[static_cast<size_t>(layer)];
  const BlockOffsets& o = layout_.block(layer);
  layers_.linear_forward(sum_, a.gelu, weight(o.projection_weight), weight(o.projection_bias), R, 4 * C, C);
  if (layer + 1 == config_.layers) {
    layers_.residual_layernorm_forward(a.out, ln_f_, ln_f_mean_, ln_f_rstd_, a.middle, sum_, weight(layout_.ln_f_gain),
                                       weight(layout_.ln_f_bias), R, C);
    return;
  }
  const BlockActivations& next = blocks_[static_cast<size_t>(layer + 1)];
  const BlockOffsets& n = layout_.block(layer + 1);
  layers_.residual_layernorm_forward(a.out, next.ln_1, next.ln_1_mean, next.ln_1_rstd, a.middle, sum_,
                                     weight(n.ln_1_gain), weight(n.ln_1_bias), R, C);
}

template <typename Real>
void Network<Real>::forward(const BatchView& batch) {
  const Extent extent = extent_of(batch);
  layers_.encoder_forward(encoded_, batch.tokens, weight(layout_.wte), weight(layout_.wpe), extent);
  const BlockActivations& first = blocks_.front();
  const BlockOffsets& o = layout_.block(0);
  layers_.layernorm_forward(first.ln_1, first.ln_1_mean, first.ln_1_rstd, encoded_, weight(o.ln_1_gain),
                            weight(o.ln_1_bias), extent.rows(), extent.C);
  for (int64_t layer = 0; layer < config_.layers; ++layer) {
    forward_block(layer, block_input(layer), batch);
    finish_block(layer, extent);
  }
}

// What the forward pass has not kept of a block.
template <typename Real>
void Network<Real>::recompute_block(int64_t layer, const Real* in, const BatchView& batch) {
  const Extent extent = extent_of(batch);
  const int64_t R = extent.rows(), C = extent.C;
  const BlockActivations& a = blocks_[static_cast<size_t>(layer)];
  const BlockOffsets& o = layout_.block(layer);
  if (recompute_ == Recompute::kNothing || layer + 1 == config_.layers) return;  // the last block's are still there
  if (recompute_ == Recompute::kGelu) {
    layers_.gelu_forward(a.gelu, a.fc, R * 4 * C);
    return;
  }
  layers_.layernorm_forward(a.ln_1, a.ln_1_mean, a.ln_1_rstd, in, weight(o.ln_1_gain), weight(o.ln_1_bias), R, C);
  forward_block(layer, in, batch);
}

// dstream_ holds the gradient of the block's output and is left with that of its input.
template <typename Real>
void Network<Real>::backward_block(int64_t layer, const Real* in, const BatchView& batch) {
  const Extent extent = extent_of(batch);
  const int64_t R = extent.rows(), C = extent.C;
  const BlockActivations& a = blocks_[static_cast<size_t>(layer)];
  const BlockOffsets& o = layout_.block(layer);
  recompute_block(layer, in, batch);
  layers_.linear_gelu_backward(dwide_, gradient(o.projection_weight), gradient(o.projection_bias), dstream_, a.gelu,
                               a.fc, weight(o.projection_weight), R, 4 * C, C);
  layers_.linear_backward(dnarrow_, gradient(o.fc_weight), gradient(o.fc_bias), dwide_, a.ln_2, weight(o.fc_weight), R,
                          C, 4 * C);
  layers_.layernorm_backward(dstream_, gradient(o.ln_2_gain), gradient(o.ln_2_bias), dnarrow_, a.middle,
                             weight(o.ln_2_gain), a.ln_2_mean, a.ln_2_rstd, R, C);
  layers_.linear_backward(dnarrow_, gradient(o.attention_projection_weight), gradient(o.attention_projection_bias),
                          dstream_, a.attention, weight(o.attention_projection_weight), R, C, C);
  layers_.attention_backward(dqkv_, dnarrow_, a.attention, a.log_sum, a.qkv, batch.first_key, extent);
  layers_.linear_backward(dnarrow_, gradient(o.qkv_weight), gradient(o.qkv_bias), dqkv_, a.ln_1, weight(o.qkv_weight),
                          R, C, 3 * C);
  layers_.layernorm_backward(dstream_, gradient(o.ln_1_gain), gradient(o.ln_1_bias), dnarrow_, in, weight(o.ln_1_gain),
                             a.ln_1_mean, a.ln_1_rstd, R, C);
}

template <typename Real>
void Network<Real>::clear_gradients() {
  if (gradients_.size() != parameters_.size()) gradients_.resize(parameters_.size());
  layers_.fill_zero(gradients_.data(), static_cast<int64_t>(gradients_.size()));
}

template <typename Real>
double Network<Real>::loss(const BatchView& batch) {
  const Extent extent = extent_of(batch);
  make_room(extent, false);
  forward(batch);
  loss_ += layers_.classifier(nullptr, nullptr, ln_f_, weight(layout_.wte),
                              {batch.targets, batch.loss_mask, extent.rows(), extent.C, config_.vocabulary_size}, 0);
  return take_loss();
}

template <typename Real>
std::vector<double> Network<Real>::target_losses(const BatchView& batch) {
  const Extent extent = extent_of(batch);
  make_room(extent, false);
  forward(batch);
  std::vector<double> losses(static_cast<size_t>(extent.rows()));
  layers_.classifier(nullptr, nullptr, ln_f_, weight(layout_.wte),
                     {batch.targets, batch.loss_mask, extent.rows(), extent.C, config_.vocabulary_size, losses.data()},
                     0);
  layers_.take_loss();
  return losses;
}

template <typename Real>
double Network<Real>::take_loss() {
  return std::exchange(loss_, 0.0) + layers_.take_loss();
}

template <typename Real>
double Network<Real>::accumulate_gradients(const BatchView& batch, double scale) {
  add_gradients(batch, scale);
  return take_loss();
}

template <typename Real>
void Network<Real>::add_gradients(const BatchView& batch, double scale) {
  const Extent extent = extent_of(batch);
  const int64_t R = extent.rows(), C = extent.C;
  make_room(extent, true);
  forward(batch);
  loss_ += layers_.classifier(dnarrow_, gradient(layout_.wte), ln_f_, weight(layout_.wte),
                              {batch.targets, batch.loss_mask, R, C, config_.vocabulary_size}, scale);
  layers_.clear(dstream_, R * C);
  layers_.layernorm_backward(dstream_, gradient(layout_.ln_f_gain), gradient(layout_.ln_f_bias), dnarrow_,
                             blocks_.back().out, weight(layout_.ln_f_gain), ln_f_mean_, ln_f_rstd_, R, C);
  for (int64_t layer = config_.layers - 1; layer >= 0; --layer) backward_block(layer, block_input(layer), batch);
  layers_.encoder_backward(gradient(layout_.wte), gradient(layout_.wpe), dstream_, batch.tokens, extent);
}

template class Network<float>;
template class Network<double>;
template class Network<Bf16>;

}  // namespace ftok
