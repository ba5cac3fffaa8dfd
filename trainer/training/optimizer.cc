#include "trainer/training/optimizer.h"

#include <algorithm>
#include <cmath>

namespace ftok {
namespace {

constexpr double kClipEpsilon = 1e-6;  // torch.nn.utils.clip_grad_norm_

}  // namespace

double clip_scale(const OptimizerOptions& options, double gradient_norm) {
  return options.clip_norm > 0 ? std::min(1.0, options.clip_norm / (gradient_norm + kClipEpsilon)) : 1.0;
}

template <typename Real>
AdamW<Real>::AdamW(const ParameterLayout& layout, const OptimizerOptions& options, Layers<Real>& layers)
    : AdamW(layout, options, layers, {0, layout.size()}) {}

template <typename Real>
AdamW<Real>::AdamW(const ParameterLayout& layout, const OptimizerOptions& options, Layers<Real>& layers,
                   ParameterRange range)
    : layout_(layout),
      options_(options),
      layers_(layers),
      range_(range),
      first_(static_cast<size_t>(range.end - range.begin)),
      second_(first_.size()) {
  options.check();
}

template <typename Real>
double AdamW<Real>::sum_of_squares(std::span<const Real> gradients) {
  return layers_.sum_of_squares(gradients.data() + range_.begin, range_.end - range_.begin);
}

template <typename Real>
double AdamW<Real>::norm(std::span<const Real> gradients) {
  return std::sqrt(sum_of_squares(gradients));
}

template <typename Real>
void AdamW<Real>::update(std::span<Real> parameters, std::span<const Real> gradients, int64_t step,
                         double learning_rate, double gradient_norm) {
  AdamWScalars scalars;
  scalars.gradient_scale = clip_scale(options_, gradient_norm);
  scalars.beta_1 = options_.beta_1, scalars.beta_2 = options_.beta_2, scalars.epsilon = options_.epsilon;
  scalars.rate = learning_rate / (1 - std::pow(options_.beta_1, static_cast<double>(step)));
  scalars.root = 1 / std::sqrt(1 - std::pow(options_.beta_2, static_cast<double>(step)));
  for (const Tensor& tensor : layout_.tensors()) {
    if (options_.has_muon() && !tensor.maps.empty()) continue;
    scalars.keep = tensor.decays ? 1 - learning_rate * options_.weight_decay : 1.0;
    const int64_t begin = std::max(tensor.offset, range_.begin),
                  end = std::min(tensor.offset + tensor.size(), range_.end);
    if (begin >= end) continue;
    layers_.adamw(parameters.data() + begin, first_.data() + (begin - range_.begin),
                  second_.data() + (begin - range_.begin), gradients.data() + begin, end - begin, scalars);
  }
}

template class AdamW<float>;
template class AdamW<double>;

}  // namespace ftok
