// Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"): momentum whose matrices are
// made orthogonal before they are taken off the weights. For the matrices inside a model's blocks, each linear map for
// itself.
//
//   m = b m + (1 - b) g; d = (1 - b) g + b m (Nesterov); O = an orthogonal matrix near d, by five steps of Newton and
//   Schulz; p = p (1 - lr decay) - lr rate 0.2 sqrt(max(rows, columns)) O
//
// with g the clipped gradient. The factor makes the update as large as AdamW's usually is (Liu et al. 2025,
// section 2.2).
#pragma once

#include <span>
#include <vector>

#include "trainer/training/optimizer.h"

namespace ftok {

// m is kept where AdamW keeps the first moment. Of a range of the parameters, in two steps, since a matrix may lie in
// the ranges of several processes: direct() works on the range alone; update() needs the directions of all parameters,
// and changes those in the range. Not thread-safe.
template <typename Real>
class Muon {
 public:
  // `layout`, `layers` and `first_moments` (of the range) must outlive it.
  Muon(const ParameterLayout& layout, const OptimizerOptions& options, Layers<Real>& layers, ParameterRange range,
       std::vector<Real>& first_moments);

  // gradients, in the range: of matrices, from g to d.
  void direct(std::span<Real> gradients, double gradient_norm);
  void update(std::span<Real> parameters, std::span<const Real> directions, double learning_rate);

 private:
  ParameterRange part_of(const Tensor& tensor) const;
  void update_map(const Tensor& tensor, int64_t first_column, int64_t columns, std::span<Real> parameters,
                  std::span<const Real> directions, double learning_rate);
  void orthogonalise(int64_t rows, int64_t columns);

  const ParameterLayout& layout_;
  OptimizerOptions options_;
  Layers<Real>& layers_;
  ParameterRange range_;
  std::vector<Real>& momentum_;
  std::vector<Real> map_, next_, square_, polynomial_;  // scratch: a map, and squares of its smaller side
};

}  // namespace ftok
