// A GPT-2 made of layers: the loss of a batch, and its gradient. One definition for every back end and scalar.
#pragma once

#include <cstdint>
#include <vector>

#include "trainer/layers/layers.h"
#include "trainer/model.h"

namespace ftok {

// A batch as the network reads it; the arrays are the caller's. tokens and targets (B,T) are below the vocabulary's
// size.
struct BatchView {
  int64_t B = 0, T = 0;  // T <= ModelConfig::length
  const uint32_t* tokens = nullptr;
  const uint32_t* targets = nullptr;
  const uint8_t* loss_mask = nullptr;  // (B,T), 0: the target does not count; null: all count
  const int32_t* first_key = nullptr;  // (B,T), the first position each one sees; null: 0
};

// What the forward pass does not keep and the backward pass makes again: less memory, the same bits. (On a GPU, kGelu
// keeps GELU out of the product before it; where it is part of that without recomputation, results differ in rounding.)
enum class Recompute : uint8_t {
  kNothing,
  kGelu,    // the output of GELU: a quarter of a block's activations, nearly free
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
  ArrayOf<Real, Real>& parameters() { return parameters_; }
  ArrayOf<Real, Sum>& gradients() { return gradients_; }

  void clear_gradients();  // to zero, in the memory of the process

  // The sum of the losses, in nats, over the targets that count.
  double loss(const BatchView& batch);
  // (B,T): the loss of each target, 0 where it does not count.
  std::vector<double> target_losses(const BatchView& batch);

  // The same, and gradients += scale * its gradient. With scale = 1 / (targets that count in the whole step),
  // micro-batches add up to the gradient of the step's mean loss.
  double accumulate_gradients(const BatchView& batch, double scale);

  // The two halves of accumulate_gradients: the first does not wait for the back end; the second returns the sum of the
  // losses since the last call. The batch stays as it is in between.
  void add_gradients(const BatchView& batch, double scale);
  double take_loss();

  // Makes arrays for batches of B sequences of T, of a forward pass or of both; else the first batch that needs more
  // does.
  void reserve(int64_t B, int64_t T, bool gradients);

 private:
  // Activations that the backward pass reads, of one block; R = B T.
  struct BlockActivations {
    Real *ln_1, *qkv, *attention;                                  // (R,C), (R,3C), (R,C)
    Real* middle;                                                  // (R,C): the residual stream after attention
    Real *ln_2, *fc, *gelu;                                        // (R,C), (R,4C), (R,4C)
    Real* out;                                                     // (R,C): the residual stream after the block
    Sum *ln_1_mean, *ln_1_rstd, *ln_2_mean, *ln_2_rstd, *log_sum;  // (R) four times, (B,H,T)
  };
  template <typename T>
  class Pieces;

  Extent extent_of(const BatchView& batch) const;
  void make_room(const Extent& extent, bool gradients);
  void lay_out(const Extent& extent, Pieces<Real>& pieces, Pieces<Sum>& sums);
  void lay_out_block(const Extent& extent, BlockActivations& block, Pieces<Real>& pieces, Pieces<Sum>& sums);
  const Real* block_input(int64_t layer) const {
    return layer == 0 ? encoded_ : blocks_[static_cast<size_t>(layer - 1)].out;
  }
  void forward(const BatchView& batch);
  void forward_block(int64_t layer, const Real* in, const BatchView& batch);
  void finish_block(int64_t layer, const Extent& extent);
  void recompute_block(int64_t layer, const Real* in, const BatchView& batch);
  void backward_block(int64_t layer, const Real* in, const BatchView& batch);
  const Real* weight(int64_t offset) const { return parameters_.data() + offset; }
  Sum* gradient(int64_t offset) { return gradients_.data() + offset; }

  ModelConfig config_;
  ParameterLayout layout_;
  Layers<Real>& layers_;
  Recompute recompute_;
  double loss_ = 0;
  ArrayOf<Real, Real> parameters_;
  ArrayOf<Real, Sum> gradients_;
  ArrayOf<Real, Real> activations_, scratch_;
  ArrayOf<Real, Sum> statistics_;
  Real *encoded_ = nullptr, *ln_f_ = nullptr, *sum_ = nullptr;  // (R,C)
  Sum *ln_f_mean_ = nullptr, *ln_f_rstd_ = nullptr;             // (R)
  std::vector<BlockActivations> blocks_;
  Real *dstream_ = nullptr, *dnarrow_ = nullptr, *dwide_ = nullptr, *dqkv_ = nullptr;  // (R,C), (R,C), (R,4C), (R,3C)
};

}  // namespace ftok
