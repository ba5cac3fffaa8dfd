#include "trainer/layers/network.h"

#include <algorithm>
#include <cassert>
#include <type_traits>
#include <utility>

#include "trainer/layers/bfloat16.h"

namespace ftok {
namespace {

template <typename Real>
double double_of(Real x) {
  if constexpr (std::is_same_v<Real, Bf16>) {
    return static_cast<double>(to_float(x));
  } else {
    return static_cast<double>(x);
  }
}

template <typename Real>
Real real_of(double x) {
  if constexpr (std::is_same_v<Real, Bf16>) {
    return to_bfloat16(static_cast<float>(x));
  } else {
    return static_cast<Real>(x);
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
      parameters_(layers.memory()),
      gradients_(layers.memory()),
      activations_(layers.memory()),
      scratch_(layers.memory()),
      statistics_(layers.memory()),
      scores_(layers.memory()),
      pass_(config_, layout_, layers),
      blocks_(static_cast<size_t>(config.layers)) {
  parameters_.resize(static_cast<size_t>(layout_.size()));
}

template <typename Real>
Normed<Real> Network<Real>::lay_out_norm(const Extent& extent, Pieces<Real>& pieces, Pieces<Sum>& sums) const {
  Normed<Real> normed;
  normed.out = pieces.take(extent.rows() * extent.C);
  if (config_.has_layernorm()) normed.mean = sums.take(extent.rows());
  normed.rstd = sums.take(extent.rows());
  return normed;
}

template <typename Real>
void Network<Real>::lay_out_block(const Extent& extent, BlockActivations<Real>& block, Pieces<Real>& pieces,
                                  Pieces<Sum>& sums) {
  const int64_t R = extent.rows();
  block.norm_1 = lay_out_norm(extent, pieces, sums);
  block.qkv = block.heads = pieces.take(R * extent.qkv_channels());
  if (config_.qk_norm) {
    block.heads = pieces.take(R * extent.qkv_channels());
    block.qk_rstd = sums.take(R * (extent.H + extent.key_heads()));
  }
  block.attention = pieces.take(R * extent.attention_channels());
  block.middle = pieces.take(R * extent.C);
  block.norm_2 = lay_out_norm(extent, pieces, sums);
  block.fc = pieces.take(R * config_.fc_channels());
  block.log_sum = sums.take(R * extent.H);
}

template <typename Real>
void Network<Real>::lay_out(const Extent& extent, Pieces<Real>& pieces, Pieces<Sum>& sums) {
  const int64_t R = extent.rows(), C = extent.C;
  encoded_ = pieces.take(R * C);
  for (BlockActivations<Real>& block : blocks_) {
    const BlockActivations<Real>& first = blocks_.front();
    if (recompute_ != Recompute::kBlocks || &block == &first) {
      lay_out_block(extent, block, pieces, sums);
    } else {
      block = first;
    }
    const bool own = recompute_ == Recompute::kNothing || &block == &first;
    block.inner = own ? pieces.take(R * config_.inner_channels()) : first.inner;
    block.out = pieces.take(R * C);
  }
  norm_f_ = lay_out_norm(extent, pieces, sums);
  sum_ = pieces.take(R * C);
}

template <typename Real>
size_t Network<Real>::lay_out_scratch(const Extent& extent, Pieces<Real> scratch) {
  const int64_t R = extent.rows(), C = extent.C;
  dstream_ = scratch.take(R * C), dnarrow_ = scratch.take(R * std::max(C, extent.attention_channels()));
  dwide_ = dinner_ = scratch.take(R * config_.fc_channels());
  if (config_.has_swiglu()) dinner_ = scratch.take(R * config_.inner_channels());
  dqkv_ = scratch.take(R * extent.qkv_channels());
  return scratch.used();
}

template <typename Real>
void Network<Real>::make_room(const Extent& extent, bool gradients) {
  pass_.set_parameters(parameters_.data());
  pass_.reserve(extent.T);
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
  const size_t scratch = lay_out_scratch(extent, Pieces<Real>(nullptr));
  if (scratch_.size() < scratch) scratch_.resize(scratch);
  lay_out_scratch(extent, Pieces<Real>(scratch_.data()));
}

template <typename Real>
void Network<Real>::reserve(int64_t B, int64_t T, bool gradients) {
  make_room(ftok::extent_of(config_, B, T), gradients);
}

// From norm_1 to inner.
template <typename Real>
void Network<Real>::forward_block(int64_t layer, const Real* in, const BatchView& batch) {
  const Extent extent = extent_of(batch);
  pass_.forward(layer, in, blocks_[static_cast<size_t>(layer)], sum_, 0, extent, [&](const BlockActivations<Real>& a) {
    layers_.attention_forward(a.attention, a.log_sum, a.heads, batch.first_key, extent);
  });
}

template <typename Real>
void Network<Real>::forward(const BatchView& batch) {
  const Extent extent = extent_of(batch);
  pass_.embed(encoded_, batch.tokens, 0, extent);
  pass_.norm(0, blocks_.front().norm_1, encoded_, extent.rows());
  for (int64_t layer = 0; layer < config_.layers; ++layer) {
    forward_block(layer, block_input(layer), batch);
    pass_.finish(layer, blocks_[static_cast<size_t>(layer)], sum_, norm_after(layer), extent.rows());
  }
}

// What the forward pass has not kept of a block.
template <typename Real>
void Network<Real>::recompute_block(int64_t layer, const Real* in, const BatchView& batch) {
  const int64_t R = extent_of(batch).rows();
  const BlockActivations<Real>& a = blocks_[static_cast<size_t>(layer)];
  if (recompute_ == Recompute::kNothing || layer + 1 == config_.layers) return;  // the last block's are still there
  if (recompute_ == Recompute::kGelu) return pass_.activate(a, R);
  pass_.norm(layer, a.norm_1, in, R);
  forward_block(layer, in, batch);
}

// dwide_ becomes the gradient of fc, from that of the block's output.
template <typename Real>
void Network<Real>::backward_mlp(const BlockOffsets& o, const BlockActivations<Real>& a, int64_t R) {
  const int64_t C = config_.channels, F = config_.inner_channels();
  Sum *const dweight = gradient(o.projection_weight), *const dbias = gradient(o.projection_bias);
  if (config_.has_gelu()) {
    return layers_.linear_gelu_backward(dwide_, dweight, dbias, dstream_, a.inner, a.fc, weight(o.projection_weight), R,
                                        F, C);
  }
  layers_.linear_backward(dinner_, dweight, dbias, dstream_, a.inner, weight(o.projection_weight), R, F, C);
  if (config_.has_swiglu()) {
    layers_.swiglu_backward(dwide_, dinner_, a.fc, R, F);
  } else {
    layers_.relu2_backward(dwide_, dinner_, a.fc, R * F);
  }
}

// dstream_ += the gradient of what a norm read, from dnarrow_, that of what it gave.
template <typename Real>
void Network<Real>::backward_norm(int64_t gain, int64_t bias, const Normed<Real>& normed, const Real* in, int64_t R) {
  if (config_.has_layernorm()) {
    layers_.layernorm_backward(dstream_, gradient(gain), gradient(bias), dnarrow_, in, weight(gain), normed.mean,
                               normed.rstd, R, config_.channels);
  } else {
    layers_.rmsnorm_backward(dstream_, gradient(gain), dnarrow_, in, weight(gain), normed.rstd, R, config_.channels);
  }
}

// dstream_ holds the gradient of the block's output and is left with that of its input.
template <typename Real>
void Network<Real>::backward_block(int64_t layer, const Real* in, const BatchView& batch) {
  const Extent extent = extent_of(batch);
  const int64_t R = extent.rows(), C = extent.C;
  const BlockActivations<Real>& a = blocks_[static_cast<size_t>(layer)];
  const BlockOffsets& o = layout_.block(layer);
  recompute_block(layer, in, batch);
  backward_mlp(o, a, R);
  layers_.linear_backward(dnarrow_, gradient(o.fc_weight), gradient(o.fc_bias), dwide_, a.norm_2.out,
                          weight(o.fc_weight), R, C, config_.fc_channels());
  backward_norm(o.ln_2_gain, o.ln_2_bias, a.norm_2, a.middle, R);
  layers_.linear_backward(dnarrow_, gradient(o.attention_projection_weight), gradient(o.attention_projection_bias),
                          dstream_, a.attention, weight(o.attention_projection_weight), R, extent.attention_channels(),
                          C);
  layers_.attention_backward(dqkv_, dnarrow_, a.attention, a.log_sum, a.heads, batch.first_key, extent);
  pass_.turn(dqkv_, true, 0, extent);
  if (config_.qk_norm) {
    layers_.qk_norm_backward(dqkv_, gradient(o.q_norm_gain), gradient(o.k_norm_gain), a.qkv, weight(o.q_norm_gain),
                             weight(o.k_norm_gain), a.qk_rstd, extent);
  }
  layers_.linear_backward(dnarrow_, gradient(o.qkv_weight), gradient(o.qkv_bias), dqkv_, a.norm_1.out,
                          weight(o.qkv_weight), R, C, extent.qkv_channels());
  backward_norm(o.ln_1_gain, o.ln_1_bias, a.norm_1, in, R);
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
  loss_ += layers_.classifier(nullptr, nullptr, norm_f_.out, weight(layout_.head),
                              {batch.targets, batch.loss_mask, extent.rows(), extent.C, config_.vocabulary_size}, 0);
  return take_loss();
}

template <typename Real>
std::vector<double> Network<Real>::target_losses(const BatchView& batch) {
  const Extent extent = extent_of(batch);
  make_room(extent, false);
  forward(batch);
  std::vector<double> losses(static_cast<size_t>(extent.rows()));
  layers_.classifier(nullptr, nullptr, norm_f_.out, weight(layout_.head),
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
  loss_ += layers_.classifier(
      dnarrow_, gradient(layout_.head), norm_f_.out, weight(layout_.head),
      {batch.targets, batch.loss_mask, R, C, config_.vocabulary_size, nullptr, batch.loss_weights}, scale);
  backward(batch);
}

// From dnarrow_, the gradient of what the last norm gives.
template <typename Real>
void Network<Real>::backward(const BatchView& batch) {
  const Extent extent = extent_of(batch);
  const int64_t R = extent.rows(), C = extent.C;
  layers_.clear(dstream_, R * C);
  backward_norm(layout_.ln_f_gain, layout_.ln_f_bias, norm_f_, blocks_.back().out, R);
  for (int64_t layer = config_.layers - 1; layer >= 0; --layer) backward_block(layer, block_input(layer), batch);
  layers_.encoder_backward(gradient(layout_.wte), gradient(layout_.wpe), dstream_, batch.tokens, extent);
}

template <typename Real>
std::vector<double> Network<Real>::forward_scores(const BatchView& batch, std::span<const int64_t> ends) {
  assert(layout_.score != kAbsent);
  const Extent extent = extent_of(batch);
  const size_t R = static_cast<size_t>(extent.rows());
  forward(batch);
  if (scores_.size() < R) scores_.resize(R);
  layers_.linear_forward(scores_.data(), norm_f_.out, weight(layout_.score), nullptr, extent.rows(), extent.C, 1);
  std::vector<Real> all(R);
  layers_.memory().read(all.data(), scores_.data(), R * sizeof(Real));
  std::vector<double> scores;
  for (int64_t b = 0; b < batch.B; ++b)
    scores.push_back(double_of(all[static_cast<size_t>(b * batch.T + ends[static_cast<size_t>(b)])]));
  return scores;
}

template <typename Real>
std::vector<double> Network<Real>::scores(const BatchView& batch, std::span<const int64_t> ends) {
  make_room(extent_of(batch), false);
  return forward_scores(batch, ends);
}

template <typename Real>
void Network<Real>::add_score_gradients(const BatchView& batch, std::span<const int64_t> ends, const Slopes& slopes) {
  const Extent extent = extent_of(batch);
  make_room(extent, true);
  const std::vector<double> by_score = slopes(forward_scores(batch, ends));
  std::vector<Real> all(static_cast<size_t>(extent.rows()));
  for (int64_t b = 0; b < batch.B; ++b) {
    all[static_cast<size_t>(b * batch.T + ends[static_cast<size_t>(b)])] =
        real_of<Real>(by_score[static_cast<size_t>(b)]);
  }
  layers_.memory().write(scores_.data(), all.data(), all.size() * sizeof(Real));
  layers_.linear_backward(dnarrow_, gradient(layout_.score), nullptr, scores_.data(), norm_f_.out,
                          weight(layout_.score), extent.rows(), extent.C, 1);
  backward(batch);
}

template class Network<float>;
template class Network<double>;
template class Network<Bf16>;

}  // namespace ftok
