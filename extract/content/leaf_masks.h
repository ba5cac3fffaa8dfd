// LeafMasks: a forest laid out so that sixteen rows go through a tree together, without a branch or a pointer
// (QuickScorer, Lucchese et al., SIGIR 2015; over vectors of rows, V-QuickScorer, 2016). A tree's leaves are the bits
// of a word, from left to right. Each of its comparisons that is false, the value being above the threshold, strikes
// out the leaves on its left side; the lowest bit left is the leaf that a walk from the root would come to. Every
// comparison is made, in any order, of two tiles of rows at a time: a tree then ends half as often.
//
// A tree of more than 32 leaves becomes several, each with a part of its leaves, all others being one leaf of value 0:
// what is added is the same, bit for bit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/vector_level.h"
#include "extract/content/content_model.h"

namespace ftok::html {

// Rows lie in tiles of kLanes, feature by feature: feature f of the tile's row r is tile[f * kLanes + r].
constexpr size_t kLanes = 16;

// Some tiles that lie one after the other.
struct Tiles {
  const float* first = nullptr;
  size_t count = 0;
  size_t stride = 0;  // floats from the beginning of one to that of the next

  const float* operator[](size_t i) const { return first + i * stride; }
};

class LeafMasks {
 public:
  struct Comparison {
    float threshold;
    uint32_t offset;  // of the feature's lanes in a tile
    uint32_t kept;    // leaves left when it is false
  };
  struct Leaves {          // a tree's, or a part's
    uint32_t first, last;  // [first, last) of its comparisons
    std::array<float, 32> values{};
  };

  explicit LeafMasks(const Forest& forest);  // whose arrays must outlive it

  // The trees' values summed in order, for each of the tiles' rows: log-odds of the block being main content. The same
  // bits at every level; `level` must be the processor's or below it.
  void evaluate(const Tiles& tiles, float* sums, VectorLevel level) const;

  const std::vector<Comparison>& comparisons() const { return comparisons_; }
  const std::vector<Leaves>& trees() const { return trees_; }

 private:
  void add_tree(const Forest& forest, uint32_t root);

  Forest forest_;
  bool walks_ = false;  // a tree is too deep: the way to a leaf takes more bits than there are
  std::vector<Comparison> comparisons_;
  std::vector<Leaves> trees_;
};

const LeafMasks& first_masks();  // of first_forest()
const LeafMasks& second_masks();

// The instruction sets' kernels, for LeafMasks::evaluate.
void evaluate_plain(const Forest& forest, const float* tile, float* sums);  // walks: on few lanes that is faster
void evaluate_avx2(const LeafMasks& masks, const Tiles& tiles, float* sums);
void evaluate_avx512(const LeafMasks& masks, const Tiles& tiles, float* sums);

}  // namespace ftok::html
