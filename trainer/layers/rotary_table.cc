#include "trainer/layers/rotary_table.h"

#include <algorithm>
#include <cmath>

namespace ftok {
namespace {

constexpr int64_t kRowsMin = 64;  // that are made at a time, at least

}  // namespace

std::vector<double> rotary_frequencies(const ModelConfig& config) {
  std::vector<double> frequencies;
  if (!config.has_rotary()) return frequencies;
  const int64_t D = config.head_channels();
  for (int64_t i = 0; i < D / 2; ++i) {
    const double plain = std::pow(config.rope_theta, -2.0 * static_cast<double>(i) / static_cast<double>(D));
    const double slow = plain / config.rope_factor;
    double share = 1;  // of the plain one
    if (config.rope_scaling == "linear") share = 0;
    if (config.rope_scaling == "llama3") {
      const double turns = static_cast<double>(config.rope_original_length) * plain / (2 * M_PI);
      share =
          std::clamp((turns - config.rope_low_factor) / (config.rope_high_factor - config.rope_low_factor), 0.0, 1.0);
    }
    frequencies.push_back(share * plain + (1 - share) * slow);
  }
  return frequencies;
}

template <typename Real>
RotaryTable<Real>::RotaryTable(const ModelConfig& config, Memory& memory)
    : frequencies_(rotary_frequencies(config)), length_max_(config.length), cosines_(memory), sines_(memory) {}

template <typename Real>
void RotaryTable<Real>::reserve(int64_t T) {
  if (frequencies_.empty() || T <= length_) return;
  length_ = std::max(T, std::min(length_max_, std::max(kRowsMin, 2 * length_)));
  std::vector<Real> cosines, sines;
  for (int64_t t = 0; t < length_; ++t) {
    for (const double f : frequencies_) {
      cosines.push_back(static_cast<Real>(std::cos(static_cast<double>(t) * f)));
      sines.push_back(static_cast<Real>(std::sin(static_cast<double>(t) * f)));
    }
  }
  cosines_.assign(cosines), sines_.assign(sines);
}

template class RotaryTable<float>;
template class RotaryTable<double>;

}  // namespace ftok
