#include "trainer/optimizer.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"

namespace ftok {
namespace {

constexpr double kClipEpsilon = 1e-6;  // torch.nn.utils.clip_grad_norm_

void check_range(std::string_view key, double value, double least, double most) {
  if (!(value >= least && value <= most)) {
    throw UsageError(fmt::format("optimizer.{} = {}: expected {} to {}", key, value, least, most));
  }
}

}  // namespace

void OptimizerOptions::check() const {
  check_range("beta_1", beta_1, 0, 0.999999);
  check_range("beta_2", beta_2, 0, 0.999999);
  check_range("epsilon", epsilon, 1e-30, 1);
  check_range("weight_decay", weight_decay, 0, 100);
  check_range("clip_norm", clip_norm, 0, 1e9);
}

template <typename Real>
AdamW<Real>::AdamW(const ParameterLayout& layout, const OptimizerOptions& options)
    : layout_(layout), options_(options), first_(static_cast<size_t>(layout.size())), second_(static_cast<size_t>(layout.size())) {
  options.check();
}

template <typename Real>
double AdamW<Real>::norm(const std::vector<Real>& gradients) const {
  constexpr size_t kBlock = 4096;  // eight sums a block, so that the additions do not wait for each other
  double total = 0;
  for (size_t begin = 0; begin < gradients.size(); begin += kBlock) {
    const size_t end = std::min(gradients.size(), begin + kBlock);
    double sums[8] = {};
    for (size_t i = begin; i < end; ++i) {
      const double g = static_cast<double>(gradients[i]);
      sums[i % 8] += g * g;
    }
    for (const double sum : sums) total += sum;
  }
  return std::sqrt(total);
}

template <typename Real>
void AdamW<Real>::update(std::vector<Real>& parameters, const std::vector<Real>& gradients, int64_t step, double learning_rate,
                         double gradient_norm) {
  const double clip = options_.clip_norm > 0 ? std::min(1.0, options_.clip_norm / (gradient_norm + kClipEpsilon)) : 1.0;
  const Real scale = static_cast<Real>(clip), b1 = static_cast<Real>(options_.beta_1), b2 = static_cast<Real>(options_.beta_2);
  const Real c1 = static_cast<Real>(1 - options_.beta_1), c2 = static_cast<Real>(1 - options_.beta_2);
  const double correction_1 = 1 - std::pow(options_.beta_1, static_cast<double>(step));
  const double correction_2 = 1 - std::pow(options_.beta_2, static_cast<double>(step));
  const Real rate = static_cast<Real>(learning_rate / correction_1), root = static_cast<Real>(1 / std::sqrt(correction_2));
  const Real epsilon = static_cast<Real>(options_.epsilon);
  for (const Tensor& tensor : layout_.tensors()) {
    const Real keep = static_cast<Real>(tensor.decays ? 1 - learning_rate * options_.weight_decay : 1.0);
    Real* const p = parameters.data() + tensor.offset;
    Real* const m = first_.data() + tensor.offset;
    Real* const v = second_.data() + tensor.offset;
    const Real* const gradient = gradients.data() + tensor.offset;
    for (int64_t i = 0; i < tensor.size(); ++i) {
      const Real g = gradient[i] * scale;
      m[i] = b1 * m[i] + c1 * g;
      v[i] = b2 * v[i] + c2 * g * g;
      p[i] = p[i] * keep - rate * m[i] / (std::sqrt(v[i]) * root + epsilon);
    }
  }
}

template class AdamW<float>;
template class AdamW<double>;

}  // namespace ftok
