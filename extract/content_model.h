// The learned part of the scorer: two forests of decision trees, compiled in. content_model.cc is made by
// tools/train_extraction/train.py and holds numbers only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ftok::html {

// A child >= 0 is a node, a negative one the leaf ~child. A value <= threshold goes left.
struct TreeNode {
  float threshold;
  int16_t left, right;
  uint8_t feature;
};

struct Forest {
  const TreeNode* nodes;
  const float* leaves;
  const int32_t* roots;
  size_t trees;
};

Forest first_forest();   // over kFeatureCount features
Forest second_forest();  // over those and kContextFeatureCount more

// The trees' values summed in order: log-odds of the block of these features being main content.
float evaluate(const Forest& forest, const float* features);

// A sum as a feature of the second forest, in 0..1: (1 + s / (1 + |s|)) / 2.
float squash(float sum);
// A sum as a probability, 1 / (1 + e^-s).
//
// All three give the same bits everywhere: the four basic operations alone, no call of a mathematical library.
float probability_of(float sum);

}  // namespace ftok::html
