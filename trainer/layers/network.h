// A model made of layers: the loss of a batch, and its gradient. One definition for every back end and scalar.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "trainer/batch.h"
#include "trainer/layers/forward_pass.h"
#include "trainer/layers/layers.h"
#include "trainer/model.h"

namespace ftok {

// What the forward pass does not keep and the backward pass makes again: less memory, the same bits. (On a GPU, kGelu
// keeps GELU out of the product before it; where it is part of that without recomputation, results differ in rounding.)
enum class Recompute : uint8_t {
  kNothing,
  kGelu,    // the output of the MLP's nonlinearity: a quarter of a GPT-2 block's activations, nearly free
  kBlocks,  // all of a block but its output: a sixteenth is left, for a third more arithmetic
};

// Not thread-safe. `layers` must outlive it. Arrays lie where layers.memory() says.
template <typename Real>
class Network {
 public:
  using Sum = typename Layers<Real>::Sum;

  Network(const ModelConfig& config, Layers<Real>& layers, Recompute recompute = Recompute::kNothing);

  const ModelConfig& config() const { return config_; }
  const ParameterLayout& layout() const { return layout_; }
  MemoryArray<Real>& parameters() { return parameters_; }
  MemoryArray<Sum>& gradients() { return gradients_; }

  void clear_gradients();  // to zero, in the memory of the process

  // The sum of the losses, in nats, over the targets that count.
  double loss(const BatchView& batch);
  // (B,T): the loss of each target, 0 where it does not count.
  std::vector<double> target_losses(const BatchView& batch);

  // The same, and gradients += scale * its gradient, each target's times its weight. With scale = 1 / (targets that
  // count in the whole step), micro-batches add up to the gradient of the step's mean loss.
  double accumulate_gradients(const BatchView& batch, double scale);

  // The two halves of accumulate_gradients: the first does not wait for the back end; the second returns the sum of the
  // losses since the last call. The batch stays as it is in between.
  void add_gradients(const BatchView& batch, double scale);
  double take_loss();

  // Of a model with a score head. (B): the score of each sequence at its position `ends` (B), from 0; targets are not
  // read.
  std::vector<double> scores(const BatchView& batch, std::span<const int64_t> ends);
  // gradients += that of a function of the scores, of which `slopes` gives the derivatives (B) by the scores (B).
  using Slopes = std::function<std::vector<double>(std::span<const double>)>;
  void add_score_gradients(const BatchView& batch, std::span<const int64_t> ends, const Slopes& slopes);

  // Makes arrays for batches of B sequences of T, of a forward pass or of both; else the first batch that needs more
  // does.
  void reserve(int64_t B, int64_t T, bool gradients);

 private:
  template <typename T>
  class Pieces;

  Extent extent_of(const BatchView& batch) const { return ftok::extent_of(config_, batch.B, batch.T); }
  void make_room(const Extent& extent, bool gradients);
  void lay_out(const Extent& extent, Pieces<Real>& pieces, Pieces<Sum>& sums);
  void lay_out_block(const Extent& extent, BlockActivations<Real>& block, Pieces<Real>& pieces, Pieces<Sum>& sums);
  Normed<Real> lay_out_norm(const Extent& extent, Pieces<Real>& pieces, Pieces<Sum>& sums) const;
  size_t lay_out_scratch(const Extent& extent, Pieces<Real> pieces);
  const Real* block_input(int64_t layer) const {
    return layer == 0 ? encoded_ : blocks_[static_cast<size_t>(layer - 1)].out;
  }
  const Normed<Real>& norm_after(int64_t layer) const {
    return layer + 1 == config_.layers ? norm_f_ : blocks_[static_cast<size_t>(layer + 1)].norm_1;
  }
  void forward(const BatchView& batch);
  void backward(const BatchView& batch);
  std::vector<double> forward_scores(const BatchView& batch, std::span<const int64_t> ends);
  void forward_block(int64_t layer, const Real* in, const BatchView& batch);
  void recompute_block(int64_t layer, const Real* in, const BatchView& batch);
  void backward_block(int64_t layer, const Real* in, const BatchView& batch);
  void backward_mlp(const BlockOffsets& o, const BlockActivations<Real>& a, int64_t R);
  void backward_norm(int64_t gain_offset, int64_t bias_offset, const Normed<Real>& normed, const Real* in, int64_t R);
  const Real* weight(int64_t offset) const { return pass_.weight(offset); }
  Sum* gradient(int64_t offset) { return offset == kAbsent ? nullptr : gradients_.data() + offset; }

  ModelConfig config_;
  ParameterLayout layout_;
  Layers<Real>& layers_;
  Recompute recompute_;
  double loss_ = 0;
  MemoryArray<Real> parameters_;
  MemoryArray<Sum> gradients_;
  MemoryArray<Real> activations_, scratch_;
  MemoryArray<Sum> statistics_;
  MemoryArray<Real> scores_;  // (R)
  ForwardPass<Real> pass_;
  Real *encoded_ = nullptr, *sum_ = nullptr;  // (R,C)
  Normed<Real> norm_f_;
  std::vector<BlockActivations<Real>> blocks_;
  // Gradients: of the residual stream (R,C), of what a linear layer reads (R, C or HD), and of fc, inner and qkv.
  Real *dstream_ = nullptr, *dnarrow_ = nullptr, *dwide_ = nullptr, *dinner_ = nullptr, *dqkv_ = nullptr;
};

}  // namespace ftok
