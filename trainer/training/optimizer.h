// AdamW with decoupled weight decay (Loshchilov and Hutter 2019), and clipping by the global norm.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/options.h"
#include "trainer/layers/layers.h"
#include "trainer/model.h"

namespace ftok {

struct OptimizerOptions {
  double beta_1 = 0.9;
  double beta_2 = 0.95;
  double epsilon = 1e-8;
  double weight_decay = 0.1;
  double clip_norm = 1.0;

  void visit(OptionVisitor& visitor) {
    visitor.field("beta_1", beta_1, "decay rate of the first moment (GPT-3, appendix B)");
    visitor.field("beta_2", beta_2, "decay rate of the second moment (GPT-3, appendix B)");
    visitor.field("epsilon", epsilon, "number added to the root of the second moment (GPT-3, appendix B)");
    visitor.field("weight_decay", weight_decay,
                  "weight decay of matrices and embeddings; gains and biases have none (GPT-3, appendix B)");
    visitor.field("clip_norm", clip_norm,
                  "gradients are scaled down to this global norm (GPT-3, appendix B); 0: never");
  }
  void check() const;  // throws UsageError naming the key that is out of range
};

// A part [begin, end) of the flat array of parameters.
struct ParameterRange {
  int64_t begin = 0, end = 0;
};

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

  // Makes step `step` (1, 2, ...) at the given learning rate. Gradients are scaled by clip_norm / (norm + 1e-6) where
  // that is below 1 (PyTorch's clip_grad_norm_ has the same constant).
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
