// The table of pairs against a map: with room, and with so many pairs that some are left over.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tokenizer/encode/pair_table.h"

namespace ftok {
namespace {

using Pairs = std::map<std::pair<uint32_t, uint32_t>, uint32_t>;

Pairs random_pairs(size_t count, uint32_t symbols) {
  std::mt19937_64 random(count);
  Pairs pairs;
  while (pairs.size() < count) {
    const auto left = static_cast<uint32_t>(random() % symbols), right = static_cast<uint32_t>(random() % symbols);
    pairs[{left, right}] = static_cast<uint32_t>(pairs.size());
  }
  return pairs;
}

void expect_same(const PairTable& table, const Pairs& pairs, uint32_t symbols) {
  for (const auto& [pair, merged] : pairs) {
    ASSERT_EQ(table.find(pair.first, pair.second), merged);
    ASSERT_EQ(table.find_marked(pair.first, pair.second), merged % 3 == 0 ? merged : merged | PairTable::kUnsure);
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 100000; ++i) {
    const auto left = static_cast<uint32_t>(random() % symbols), right = static_cast<uint32_t>(random() % symbols);
    if (!pairs.contains({left, right})) {
      ASSERT_EQ(table.find(left, right), kNoSymbol);
    }
  }
  Pairs visited;
  table.for_each([&](uint32_t left, uint32_t right, uint32_t merged) { visited[{left, right}] = merged; });
  EXPECT_EQ(visited, pairs);
}

void fill(PairTable& table, const Pairs& pairs) {
  for (const auto& [pair, merged] : pairs) {
    table.insert(pair.first, pair.second, 5);
    table.insert(pair.first, pair.second, merged);  // in place of the other
  }
  table.mark_sure([](uint32_t, uint32_t, uint32_t merged) { return merged % 3 == 0; });
}

TEST(PairTable, HasWhatWasPutIn) {
  for (const uint32_t symbols : {300u, 100000u, PairTable::kEdge}) {
    const Pairs pairs = random_pairs(50000, symbols);
    PairTable table;
    table.reserve(pairs.size());
    fill(table, pairs);
    EXPECT_FALSE(table.has_left_over());
    expect_same(table, pairs, symbols);
  }
}

TEST(PairTable, HasWhatIsLeftOver) {
  const Pairs pairs = random_pairs(3000, 1000);
  PairTable table;
  table.reserve(10);  // 1,024 slots
  fill(table, pairs);
  EXPECT_TRUE(table.has_left_over());
  expect_same(table, pairs, 1000);
}

// Pairs chosen so that both slots of each are among 64: few find a place, and the rest costs a few moves each and a
// search in order.
TEST(PairTable, AFloodCostsNoMoreThanItsLength) {
  constexpr size_t kPairs = 1500;
  PairTable table;
  table.reserve(kPairs);  // 4,096 slots
  Pairs pairs;
  for (uint32_t left = 0; pairs.size() < kPairs; ++left) {
    for (uint32_t right = 0; right < 4096; ++right) {
      const auto slot = [&](const uint32_t(&factors)[2]) {
        const uint32_t x = left * factors[0] + right * factors[1];
        return (x ^ x >> PairTable::kMixShift) * PairTable::kSpread >> table.shift() >> 1;
      };
      if (slot(PairTable::kFirst) < 64 && slot(PairTable::kSecond) < 64) pairs[{left, right}] = left;
    }
  }
  fill(table, pairs);
  EXPECT_GE(table.left_over(), pairs.size() - 64);
  EXPECT_LE(table.moves(), 256 * 128 + 8 * pairs.size());
  expect_same(table, pairs, PairTable::kEdge);
}

TEST(PairTable, TheFiltersSayOfEveryPairWhereItMayBe) {
  const Pairs pairs = random_pairs(20000, 100000);
  PairTable table;
  table.reserve(pairs.size());
  fill(table, pairs);
  for (const auto& [pair, merged] : pairs) {
    bool may_be_there = false;
    const auto place_of = [&](const uint32_t(&factors)[2]) {
      const uint32_t x = pair.first * factors[0] + pair.second * factors[1];
      return (x ^ x >> PairTable::kMixShift) * PairTable::kSpread >> table.shift();
    };
    for (const unsigned which : {0u, 1u}) {
      const uint32_t place = place_of(which == 0 ? PairTable::kFirst : PairTable::kSecond);
      const bool is_set = (table.filter(which)[place / 32] >> place % 32 & 1) != 0;
      const uint64_t entry = table.slots()[place / 2];
      const bool is_there = (entry & 0x1FFFFF) == pair.first && (entry >> 21 & 0x1FFFFF) == pair.second;
      if (is_there) {
        EXPECT_TRUE(is_set);
      }
      may_be_there = may_be_there || (is_set && is_there);
    }
    EXPECT_TRUE(may_be_there);
  }
}

}  // namespace
}  // namespace ftok
