// The forests' vector kernels against a walk down each tree: the model's own forests and random ones, whose largest
// trees have more leaves than a word has bits, on random rows with values at the thresholds, infinite ones and NaN.
#include "extract/content/leaf_masks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "tests/support/vector_levels.h"

namespace ftok::html {
namespace {

constexpr size_t kFeatures = 256;

struct RandomForest {
  std::vector<TreeNode> nodes;
  std::vector<Tree> trees;

  Forest view() const { return {nodes.data(), trees.data(), trees.size()}; }

  // Below the node that is next: `leaves` leaves. Gives back the depth.
  uint16_t add(uint32_t leaves, std::mt19937& random) {
    const uint16_t at = static_cast<uint16_t>(nodes.size());
    const float value = static_cast<float>(static_cast<int>(random() % 41) - 20) / 8;
    nodes.push_back({value, {at, at}, 0});
    if (leaves == 1) return 0;
    const uint32_t on_left = 1 + random() % (leaves - 1);
    TreeNode node{value, {0, 0}, static_cast<uint8_t>(random() % kFeatures)};
    node.child[0] = static_cast<uint16_t>(nodes.size());
    const uint16_t left = add(on_left, random);
    node.child[1] = static_cast<uint16_t>(nodes.size());
    const uint16_t right = add(leaves - on_left, random);
    nodes[at] = node;
    return static_cast<uint16_t>(1 + std::max(left, right));
  }
};

float slow_sum(const Forest& forest, const float* tile, size_t row) {
  float sum = 0;
  for (size_t t = 0; t < forest.tree_count; ++t) {
    uint32_t at = forest.trees[t].root;
    while (forest.nodes[at].child[0] != at) {
      const TreeNode& node = forest.nodes[at];
      at = node.child[tile[node.feature * kLanes + row] > node.threshold ? 1 : 0];
    }
    sum += forest.nodes[at].threshold;
  }
  return sum;
}

std::vector<float> random_tiles(const Forest& forest, size_t nodes, size_t count, std::mt19937& random) {
  std::vector<float> tiles(count * kFeatures * kLanes);
  for (float& value : tiles) {
    switch (random() % 8) {
      case 0: value = forest.nodes[random() % nodes].threshold; break;  // at a threshold, or about one
      case 1: value = std::nextafter(forest.nodes[random() % nodes].threshold, -1e9F); break;
      case 2: value = std::numeric_limits<float>::infinity() * (random() % 2 == 0 ? 1.0F : -1.0F); break;
      case 3: value = random() % 4 == 0 ? std::nanf("") : 0.0F; break;
      default: value = static_cast<float>(static_cast<int>(random() % 4001) - 2000) / 700; break;
    }
  }
  return tiles;
}

void expect_same(const Forest& forest, size_t nodes, int tiles) {
  std::mt19937 random(7);
  const LeafMasks masks(forest);
  for (int i = 0; i < tiles; ++i) {
    const size_t count = 1 + static_cast<size_t>(i) % 5;
    const std::vector<float> values = random_tiles(forest, nodes, count, random);
    const Tiles some{values.data(), count, kFeatures * kLanes};
    for (const VectorLevel level : testing::vector_levels_here()) {
      std::vector<float> sums(count * kLanes);
      masks.evaluate(some, sums.data(), level);
      for (size_t r = 0; r < sums.size(); ++r) {
        const float slow = slow_sum(forest, some[r / kLanes], r % kLanes);
        ASSERT_EQ(std::memcmp(&slow, &sums[r], sizeof slow), 0)
            << "level " << static_cast<int>(level) << ", row " << r << ": " << slow << " and " << sums[r];
      }
    }
  }
}

size_t nodes_of(const Forest& forest) {
  uint32_t last = forest.trees[forest.tree_count - 1].root;
  while (forest.nodes[last].child[1] != last) last = forest.nodes[last].child[1];
  return last + 1;
}

TEST(LeafMasks, AreTheModelsForests) {
  for (const Forest& forest : {first_forest(), second_forest()}) expect_same(forest, nodes_of(forest), 300);
}

TEST(LeafMasks, AreRandomForestsOfAnySize) {
  std::mt19937 random(11);
  for (const uint32_t leaves_max : {1U, 2U, 31U, 32U, 33U, 64U, 150U}) {
    RandomForest forest;
    for (int t = 0; t < 20; ++t) {
      const uint16_t root = static_cast<uint16_t>(forest.nodes.size());
      const uint16_t depth = forest.add(1 + random() % leaves_max, random);
      forest.trees.push_back({root, depth});
    }
    forest.trees.push_back({static_cast<uint16_t>(forest.nodes.size()), 0});
    forest.trees.back().depth = forest.add(leaves_max, random);
    expect_same(forest.view(), forest.nodes.size(), 60);
  }
}

// A chain has no subtree to cut off; the way to its last leaves is longer than a word.
TEST(LeafMasks, WalkChainsLongerThanAWord) {
  RandomForest forest;
  std::mt19937 random(13);
  forest.trees.push_back({0, 0});
  for (uint16_t i = 0; i < 100; ++i) {
    const uint16_t at = static_cast<uint16_t>(forest.nodes.size());
    forest.nodes.push_back({static_cast<float>(i) / 40 - 1,
                            {static_cast<uint16_t>(at + 1), static_cast<uint16_t>(at + 2)},
                            static_cast<uint8_t>(i % 3)});
    forest.nodes.push_back(
        {static_cast<float>(i) / 8, {static_cast<uint16_t>(at + 1), static_cast<uint16_t>(at + 1)}, 0});
  }
  const uint16_t last = static_cast<uint16_t>(forest.nodes.size());
  forest.nodes.push_back({0.5F, {last, last}, 0});
  forest.trees[0].depth = 100;
  expect_same(forest.view(), forest.nodes.size(), 60);
}

}  // namespace
}  // namespace ftok::html
