#include <cmath>

#include "extract/content/content_model.h"

namespace ftok::html {

namespace {

// e^x for -30 <= x <= 0: (e^(x/64))^64, the inner one by its series (Abramowitz and Stegun 4.2.1) to 1e-12 of its
// value.
double exponential(double x) {
  const double y = x / 64;
  double term = 1, sum = 1;
  for (int k = 1; k <= 10; ++k) {
    term *= y / k;
    sum += term;
  }
  for (int k = 0; k < 6; ++k) sum *= sum;
  return sum;
}

}  // namespace

float squash(float sum) { return (1 + sum / (1 + std::fabs(sum))) / 2; }

float probability_of(float sum) {
  const double e = exponential(-std::fmin(std::fabs(static_cast<double>(sum)), 30.0));
  return static_cast<float>(sum >= 0 ? 1 / (1 + e) : e / (1 + e));
}

}  // namespace ftok::html
