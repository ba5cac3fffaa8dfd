#include "trainer/training/muon.h"

#include <algorithm>
#include <cmath>

namespace ftok {
namespace {

// The polynomial a x + b x^3 + c x^5 that Jordan et al. chose: five steps bring singular values from (0, 1] to about 1.
constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;
constexpr int kSteps = 5;
constexpr double kNormMin = 1e-7;
constexpr double kUpdateSize = 0.2;  // the root mean square of AdamW's updates (Liu et al. 2025)

}  // namespace

template <typename Real>
Muon<Real>::Muon(const ParameterLayout& layout, const OptimizerOptions& options, Layers<Real>& layers,
                 ParameterRange range, std::vector<Real>& first_moments)
    : layout_(layout), options_(options), layers_(layers), range_(range), momentum_(first_moments) {}

// What of a tensor lies in the range; empty for one that is not Muon's.
template <typename Real>
ParameterRange Muon<Real>::part_of(const Tensor& tensor) const {
  if (tensor.maps.empty()) return {};
  const int64_t begin = std::max(tensor.offset, range_.begin);
  return {begin, std::max(begin, std::min(tensor.offset + tensor.size(), range_.end))};
}

template <typename Real>
void Muon<Real>::direct(std::span<Real> gradients, double gradient_norm) {
  const Real scale = static_cast<Real>(clip_scale(options_, gradient_norm));
  const Real keep = static_cast<Real>(options_.muon_momentum), take = static_cast<Real>(1 - options_.muon_momentum);
  for (const Tensor& tensor : layout_.tensors()) {
    const ParameterRange part = part_of(tensor);
    for (int64_t i = part.begin; i < part.end; ++i) {
      const Real g = gradients[static_cast<size_t>(i)] * scale;
      Real& m = momentum_[static_cast<size_t>(i - range_.begin)];
      m = keep * m + take * g;
      gradients[static_cast<size_t>(i)] = take * g + keep * m;
    }
  }
}

template <typename Real>
void Muon<Real>::update(std::span<Real> parameters, std::span<const Real> directions, double learning_rate) {
  for (const Tensor& tensor : layout_.tensors()) {
    const ParameterRange part = part_of(tensor);
    if (part.begin >= part.end) continue;
    int64_t first_column = 0;
    for (const int64_t columns : tensor.maps) {
      update_map(tensor, first_column, columns, parameters, directions, learning_rate);
      first_column += columns;
    }
  }
}

template <typename Real>
void Muon<Real>::update_map(const Tensor& tensor, int64_t first_column, int64_t columns, std::span<Real> parameters,
                            std::span<const Real> directions, double learning_rate) {
  const int64_t rows = tensor.rows;
  map_.resize(static_cast<size_t>(rows * columns));
  for (int64_t row = 0; row < rows; ++row) {
    const Real* const from = directions.data() + tensor.offset + row * tensor.columns + first_column;
    std::copy(from, from + columns, map_.begin() + row * columns);
  }
  orthogonalise(rows, columns);
  const double size = kUpdateSize * std::sqrt(static_cast<double>(std::max(rows, columns)));
  const Real rate = static_cast<Real>(learning_rate * options_.muon_rate * size);
  const Real keep = static_cast<Real>(1 - learning_rate * options_.weight_decay);
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t begin = tensor.offset + row * tensor.columns + first_column;
    const int64_t end = std::min(begin + columns, range_.end);
    for (int64_t i = std::max(begin, range_.begin); i < end; ++i) {
      Real& p = parameters[static_cast<size_t>(i)];
      p = p * keep - rate * map_[static_cast<size_t>(row * columns + i - begin)];
    }
  }
}

// map_, X below, becomes nearly orthogonal: X = a X + (b A + c A A) X with A = X X^T, or the same from the right where
// that is the smaller square.
template <typename Real>
void Muon<Real>::orthogonalise(int64_t rows, int64_t columns) {
  const bool is_wide = rows <= columns;
  const int64_t n = std::min(rows, columns);
  const double norm = std::sqrt(layers_.sum_of_squares(map_.data(), rows * columns));
  const Real scale = static_cast<Real>(1 / std::max(norm, kNormMin));
  for (Real& x : map_) x *= scale;
  for (int step = 0; step < kSteps; ++step) {
    square_.assign(static_cast<size_t>(n * n), Real(0));
    layers_.add_product(
        {square_.data(), map_.data(), map_.data(), n, n, std::max(rows, columns), !is_wide, is_wide, Real(1)});
    polynomial_.resize(square_.size());
    std::transform(square_.begin(), square_.end(), polynomial_.begin(),
                   [](Real a) { return static_cast<Real>(kB) * a; });
    layers_.add_product(
        {polynomial_.data(), square_.data(), square_.data(), n, n, n, false, false, static_cast<Real>(kC)});
    next_.resize(map_.size());
    std::transform(map_.begin(), map_.end(), next_.begin(), [](Real x) { return static_cast<Real>(kA) * x; });
    layers_.add_product({next_.data(), is_wide ? polynomial_.data() : map_.data(),
                         is_wide ? map_.data() : polynomial_.data(), rows, columns, n, false, false, Real(1)});
    map_.swap(next_);
  }
}

template class Muon<float>;
template class Muon<double>;

}  // namespace ftok
