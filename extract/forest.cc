#include <cmath>

#include "extract/content_model.h"

namespace ftok::html {

float evaluate(const Forest& forest, const float* features) {
  float sum = 0;
  for (size_t t = 0; t < forest.trees; ++t) {
    int32_t at = forest.roots[t];
    while (at >= 0) {
      const TreeNode& node = forest.nodes[at];
      at = features[node.feature] <= node.threshold ? node.left : node.right;
    }
    sum += forest.leaves[~at];
  }
  return (1 + sum / (1 + std::fabs(sum))) / 2;
}

}  // namespace ftok::html
