#include "extract/content/leaf_masks.h"

#include <cassert>

namespace ftok::html {

namespace {

constexpr uint32_t kLeavesMax = 32;

bool is_leaf(const Forest& forest, uint32_t node) { return forest.nodes[node].child[0] == node; }

// Of nodes in the order they are written in: a node, what is left of it, what is right of it. Depth is that of the
// deepest tree.
uint32_t leaves_below(const Forest& forest, uint32_t node) {
  if (is_leaf(forest, node)) return 1;
  return leaves_below(forest, forest.nodes[node].child[0]) + leaves_below(forest, forest.nodes[node].child[1]);
}

// The leaves [first, last) of a tree, counted from the left; those before and after them are collapsed.
struct Part {
  uint32_t first, last;
};

class MaskWriter {
 public:
  MaskWriter(const Forest& forest, Part part, std::vector<LeafMasks::Comparison>& comparisons, LeafMasks::Leaves& tree)
      : forest_(forest), part_(part), comparisons_(comparisons), tree_(tree) {}

  // Writes what is below `node`, whose leaves begin at `at`.
  void write(uint32_t node, uint32_t at) {
    const uint32_t size = leaves_below(forest_, node);
    const bool outside = at >= part_.last || at + size <= part_.first;
    if (outside || is_leaf(forest_, node)) {
      assert(bit_ < kLeavesMax);
      tree_.values[bit_++] = outside ? 0.0F : forest_.nodes[node].threshold;
      return;
    }
    const TreeNode& own = forest_.nodes[node];
    const size_t place = comparisons_.size();
    comparisons_.push_back({own.threshold, static_cast<uint32_t>(own.feature * kLanes), 0});
    const uint32_t first = bit_;
    write(own.child[0], at);
    const uint32_t left = bit_ - first == 32 ? ~0U : ((1U << (bit_ - first)) - 1) << first;
    comparisons_[place].kept = ~left;
    write(own.child[1], at + leaves_below(forest_, own.child[0]));
  }

 private:
  const Forest& forest_;
  Part part_;
  std::vector<LeafMasks::Comparison>& comparisons_;
  LeafMasks::Leaves& tree_;
  uint32_t bit_ = 0;
};

// Leaves that a part would have, collapsed ones included.
uint32_t leaves_of_part(const Forest& forest, uint32_t node, uint32_t at, Part part) {
  const uint32_t size = leaves_below(forest, node);
  if (at >= part.last || at + size <= part.first || is_leaf(forest, node)) return 1;
  const uint32_t left = leaves_below(forest, forest.nodes[node].child[0]);
  return leaves_of_part(forest, forest.nodes[node].child[0], at, part) +
         leaves_of_part(forest, forest.nodes[node].child[1], at + left, part);
}

}  // namespace

LeafMasks::LeafMasks(const Forest& forest) : forest_(forest) {
  for (size_t t = 0; t < forest.tree_count; ++t) walks_ = walks_ || forest.trees[t].depth >= kLeavesMax;
  for (size_t t = 0; t < forest.tree_count && !walks_; ++t) add_tree(forest, forest.trees[t].root);
}

void LeafMasks::add_tree(const Forest& forest, uint32_t root) {
  const uint32_t leaves = leaves_below(forest, root);
  for (uint32_t first = 0; first < leaves;) {
    uint32_t last = leaves;
    while (leaves_of_part(forest, root, 0, {first, last}) > kLeavesMax) --last;
    Leaves tree;
    tree.first = static_cast<uint32_t>(comparisons_.size());
    MaskWriter(forest, {first, last}, comparisons_, tree).write(root, 0);
    tree.last = static_cast<uint32_t>(comparisons_.size());
    trees_.push_back(tree);
    first = last;
  }
}

void LeafMasks::evaluate(const Tiles& tiles, float* sums, VectorLevel level) const {
#if defined(__x86_64__)
  if (walks_) level = VectorLevel::kPlain;
  if (level == VectorLevel::kAvx512) return evaluate_avx512(*this, tiles, sums);
  if (level == VectorLevel::kAvx2) return evaluate_avx2(*this, tiles, sums);
#endif
  (void)level;
  for (size_t t = 0; t < tiles.count; ++t) evaluate_plain(forest_, tiles[t], sums + t * kLanes);
}

// Eight rows go down a tree side by side: eight chains of loads in flight, no branch on what a comparison says.
void evaluate_plain(const Forest& forest, const float* tile, float* sums) {
  constexpr size_t kRows = 8;
  static_assert(kLanes % kRows == 0);
  for (size_t r = 0; r < kLanes; ++r) sums[r] = 0;
  for (size_t first = 0; first < kLanes; first += kRows) {
    for (size_t t = 0; t < forest.tree_count; ++t) {
      const Tree& tree = forest.trees[t];
      uint32_t at[kRows];
      for (uint32_t& node : at) node = tree.root;
      for (uint32_t level = 0; level < tree.depth; ++level) {
        for (size_t r = 0; r < kRows; ++r) {
          const TreeNode& node = forest.nodes[at[r]];
          at[r] = node.child[tile[node.feature * kLanes + first + r] > node.threshold ? 1 : 0];
        }
      }
      for (size_t r = 0; r < kRows; ++r) sums[first + r] += forest.nodes[at[r]].threshold;
    }
  }
}

const LeafMasks& first_masks() {
  static const LeafMasks masks(first_forest());
  return masks;
}

const LeafMasks& second_masks() {
  static const LeafMasks masks(second_forest());
  return masks;
}

}  // namespace ftok::html
