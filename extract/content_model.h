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

// How much the block of these features looks like main content, in 0..1: the trees' values summed in order and squashed by
// (1 + s / (1 + |s|)) / 2. The same bits everywhere: single precision, the four basic operations alone.
float evaluate(const Forest& forest, const float* features);

}  // namespace ftok::html
