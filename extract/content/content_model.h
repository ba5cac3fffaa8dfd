// The learned part of the scorer: two forests of decision trees, compiled in. content_model.cc is made by
// tools/train_extraction/train.py and holds numbers only; leaf_masks.h evaluates them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ftok::html {

// A value <= threshold goes to child[0], else to child[1]. A leaf is its own child, its threshold the value.
struct TreeNode {
  float threshold;
  uint16_t child[2];
  uint8_t feature;
};

struct Tree {
  uint16_t root;
  uint16_t depth;  // of its deepest leaf
};

struct Forest {
  const TreeNode* nodes;
  const Tree* trees;
  size_t tree_count;
};

Forest first_forest();   // over kFeatureCount features
Forest second_forest();  // over those and kContextFeatureCount more

// A sum as a feature of the second forest, in 0..1: (1 + s / (1 + |s|)) / 2.
float squash(float sum);
// A sum as a probability, 1 / (1 + e^-s).
//
// Both give the same bits everywhere: the four basic operations alone, no call of a mathematical library.
float probability_of(float sum);

}  // namespace ftok::html
