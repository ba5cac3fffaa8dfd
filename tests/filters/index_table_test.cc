// IndexTable against a map, from one document to the next.
#include "filters/measures/index_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace ftok {
namespace {

// Documents of all sizes follow each other in one table, some larger than it was told.
TEST(IndexTable, IsAMapForEachDocument) {
  std::mt19937_64 random(9);
  IndexTable table;
  for (int document = 0; document < 300; ++document) {
    const size_t size = size_t{1} << (random() % 15), kinds = 1 + random() % (2 * size);
    table.clear(random() % 3 == 0 ? 0 : random() % 2 == 0 ? size : 4 * size);
    std::vector<uint64_t> things(size);
    std::map<uint64_t, uint32_t> known;
    for (uint32_t i = 0; i < size; ++i) {
      things[i] = random() % kinds;
      const uint64_t hash = things[i] * 0x9E3779B97F4A7C15U;
      const uint32_t expected = known.try_emplace(things[i], i).first->second;
      ASSERT_EQ(table.find_or_insert(hash, i, [&](uint32_t other) { return things[other] == things[i]; }), expected);
    }
  }
}

// Indices near the end of their range use up the numbers that tell documents apart.
TEST(IndexTable, StartsAnewWhenItsNumbersEnd) {
  IndexTable table;
  for (int document = 0; document < 10; ++document) {
    table.clear(1);
    const uint32_t index = (uint32_t{1} << 30) + static_cast<uint32_t>(document);
    EXPECT_EQ(table.find_or_insert(5, index, [](uint32_t) { return true; }), index);
    EXPECT_EQ(table.find_or_insert(5, index + 1, [](uint32_t) { return true; }), index);
  }
}

}  // namespace
}  // namespace ftok
