// A GPT-2 made of layers: the loss of a batch, and its gradient. One definition for every back end and scalar.
#pragma once

#include <cstdint>
#include <vector>

#include "trainer/layers.h"
#include "trainer/model.h"

namespace ftok {

// A batch as the network reads it; the arrays are the caller's. tokens and targets (B,T) are below the vocabulary's size.
struct BatchView {
  int64_t B = 0, T = 0;  // T <= ModelConfig::length
  const uint32_t* tokens = nullptr;
  const uint32_t* targets = nullptr;
  const uint8_t* loss_mask = nullptr;    // (B,T), 0: the target does not count; null: all count
  const int32_t* first_key = nullptr;    // (B,T), the first position each one sees; null: 0
};

// Not thread-safe. `layers` must outlive it.
template <typename Real>
class Network {
 public:
  Network(const ModelConfig& config, Layers<Real>& layers);

  const ModelConfig& config() const { return config_; }
  const ParameterLayout& layout() const { return layout_; }
  std::vector<Real>& parameters() { return parameters_; }
  std::vector<Real>& gradients() { return gradients_; }

  void clear_gradients();  // to zero

  // The sum of the losses, in nats, over the targets that count.
  double loss(const BatchView& batch);

  // The same, and gradients += scale * its gradient. With scale = 1 / (targets that count in the whole step), micro-batches
  // add up to the gradient of the step's mean loss.
  double accumulate_gradients(const BatchView& batch, double scale);

 private:
  // Activations that the backward pass reads, of one block; R = B T.
  struct BlockActivations {
    Real *ln_1, *ln_1_mean, *ln_1_rstd;  // (R,C), (R), (R)
    Real *qkv, *log_sum, *attention;     // (R,3C), (B,H,T), (R,C)
    Real* middle;                        // (R,C): the residual stream after attention
    Real *ln_2, *ln_2_mean, *ln_2_rstd;
    Real *fc, *gelu;                     // (R,4C)
    Real* out;                           // (R,C): the residual stream after the block
  };

  Extent extent_of(const BatchView& batch) const;
  void make_room(const Extent& extent, bool gradients);
  void forward(const BatchView& batch);
  void forward_block(int64_t layer, const Real* in, const BatchView& batch);
  void backward_block(int64_t layer, const Real* in, const BatchView& batch);
  const Real* weight(int64_t offset) const { return parameters_.data() + offset; }
  Real* gradient(int64_t offset) { return gradients_.data() + offset; }

  ModelConfig config_;
  ParameterLayout layout_;
  Layers<Real>& layers_;
  std::vector<Real> parameters_, gradients_;
  std::vector<Real> activations_, scratch_;
  Real *encoded_ = nullptr, *ln_f_ = nullptr, *ln_f_mean_ = nullptr, *ln_f_rstd_ = nullptr, *sum_ = nullptr;
  std::vector<BlockActivations> blocks_;
  Real *dstream_ = nullptr, *dnarrow_ = nullptr, *dwide_ = nullptr, *dqkv_ = nullptr;  // (R,C), (R,C), (R,4C), (R,3C)
};

}  // namespace ftok
