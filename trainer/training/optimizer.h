// AdamW with decoupled weight decay (Loshchilov and Hutter 2019), and clipping by the global norm.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "trainer/layers/layers.h"
#include "trainer/model.h"
#include "trainer/optimizer_options.h"

namespace ftok {

// A part [begin, end) of the flat array of parameters.
struct ParameterRange {
  int64_t begin = 0, end = 0;
};

// What gradients are scaled by where they are clipped: min(1, clip_norm / (gradient_norm + 1e-6)), as PyTorch's
// clip_grad_norm_ has it; 1 with clip_norm 0.
double clip_scale(const OptimizerOptions& options, double gradient_norm);

// The two moments of a range of the parameters, in their order; only that range is updated (ZeRO stage 1, Rajbhandari
// et al. 2020, gives each process a range of its own). Not thread-safe.
template <typename Real>
class AdamW {
 public:
  // `layout` and `layers` must outlive it.
  AdamW(const ParameterLayout& layout, const OptimizerOptions& options, Layers<Real>& layers);  // of all parameters
  AdamW(const ParameterLayout& layout, const OptimizerOptions& options, Layers<Real>& layers, ParameterRange range);

  const ParameterRange& range() const { return range_; }

  // Of the range of `gradients`, which are all parameters'.
  double sum_of_squares(std::span<const Real> gradients);
  // The Euclidean norm: the root of that.
  double norm(std::span<const Real> gradients);

  // Makes step `step` (1, 2, ...) at the given learning rate, of all but the matrices that are Muon's (muon.h).
  // Gradients are scaled by clip_scale().
  void update(std::span<Real> parameters, std::span<const Real> gradients, int64_t step, double learning_rate,
              double gradient_norm);

  std::vector<Real>& first_moments() { return first_; }
  std::vector<Real>& second_moments() { return second_; }

 private:
  const ParameterLayout& layout_;
  OptimizerOptions options_;
  Layers<Real>& layers_;
  ParameterRange range_;
  std::vector<Real> first_, second_;
};

}  // namespace ftok
