#include "core/value_histogram.h"

#include <cmath>
#include <cstdlib>

namespace ftok {
namespace {

constexpr int kBinsOfPower = 32, kLeastExponent = -40;

// The lower edge of a bin above zero.
double edge(int bin) {
  const int power = (bin - 1) / kBinsOfPower, part = (bin - 1) % kBinsOfPower;
  return std::ldexp(0.5 + 0.5 * part / kBinsOfPower, power + kLeastExponent);
}

}  // namespace

void ValueHistogram::add(double value) {
  if (!std::isfinite(value)) return;
  int exponent = 0;
  const double mantissa = std::frexp(std::abs(value), &exponent);  // 0.5 to 1
  int bin = 0;
  if (value != 0 && exponent >= kLeastExponent) {
    bin = 1 + (exponent - kLeastExponent) * kBinsOfPower + static_cast<int>((mantissa - 0.5) * 2 * kBinsOfPower);
    if (value < 0) bin = -bin;
  }
  ++bins_[bin];
  ++count_;
}

std::vector<ValueHistogram::Bin> ValueHistogram::bins() const {
  std::vector<Bin> bins;
  for (const auto& [bin, count] : bins_) {
    if (bin == 0) bins.push_back({0, 0, count});
    else if (bin > 0) bins.push_back({edge(bin), edge(bin + 1), count});
    else bins.push_back({-edge(1 - bin), -edge(-bin), count});
  }
  return bins;
}

}  // namespace ftok
