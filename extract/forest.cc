#include <cmath>

#include "extract/content_model.h"

namespace ftok::html {

namespace {

// e^x for -30 <= x <= 0: (e^(x/64))^64, the inner one by its series (Abramowitz and Stegun 4.2.1) to 1e-12 of its value.
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

namespace {

// Eight rows go down a tree side by side: eight chains of loads in flight, no branch on what a comparison says.
template <size_t kRows>
void evaluate_rows(const Forest& forest, const float* features, size_t stride, float* sums) {
  for (size_t r = 0; r < kRows; ++r) sums[r] = 0;
  for (size_t t = 0; t < forest.tree_count; ++t) {
    const Tree& tree = forest.trees[t];
    uint32_t at[kRows];
    for (size_t r = 0; r < kRows; ++r) at[r] = tree.root;
    for (uint32_t level = 0; level < tree.depth; ++level) {
      for (size_t r = 0; r < kRows; ++r) {
        const TreeNode& node = forest.nodes[at[r]];
        at[r] = node.child[features[r * stride + node.feature] > node.threshold ? 1 : 0];
      }
    }
    for (size_t r = 0; r < kRows; ++r) sums[r] += forest.nodes[at[r]].threshold;
  }
}

}  // namespace

void evaluate(const Forest& forest, const float* features, size_t stride, size_t rows, float* sums) {
  size_t row = 0;
  for (; row + 8 <= rows; row += 8) evaluate_rows<8>(forest, features + row * stride, stride, sums + row);
  for (; row < rows; ++row) evaluate_rows<1>(forest, features + row * stride, stride, sums + row);
}

float squash(float sum) { return (1 + sum / (1 + std::fabs(sum))) / 2; }

float probability_of(float sum) {
  const double e = exponential(-std::fmin(std::fabs(static_cast<double>(sum)), 30.0));
  return static_cast<float>(sum >= 0 ? 1 / (1 + e) : e / (1 + e));
}

}  // namespace ftok::html
