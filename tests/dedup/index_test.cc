#include "dedup/index.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>

#include "tests/support/flood.h"

namespace ftok {
namespace {

TEST(FirstSeenIndex, AgreesWithAMap) {
  for (const uint64_t range : {10u, 1000u, 100000u, 0u}) {  // 0: all 64 bits
    std::mt19937_64 random(range);
    FirstSeenIndex index;
    std::map<uint64_t, uint32_t> twin;
    for (uint32_t number = 0; number < 60000; ++number) {
      const uint64_t key = (range == 0 ? random() : random() % range) | 1;
      const auto [at, is_new] = twin.emplace(key, number);
      ASSERT_TRUE(index.reserve(1));
      ASSERT_EQ(index.insert(key, number), is_new ? FirstSeenIndex::kNone : at->second);
    }
    EXPECT_EQ(index.size(), twin.size());
    for (const auto& [key, number] : twin) ASSERT_EQ(index.find(key), number);
    for (int i = 0; i < 1000; ++i) {
      const uint64_t key = random() | 1;
      ASSERT_EQ(index.find(key), twin.contains(key) ? twin[key] : FirstSeenIndex::kNone);
    }
    index.clear();
    EXPECT_EQ(index.size(), 0u);
    EXPECT_EQ(index.find(twin.begin()->first), FirstSeenIndex::kNone);
  }
}

TEST(FirstSeenIndex, TakesSequentialKeys) {
  FirstSeenIndex index;
  for (uint32_t key = 1; key <= 100000; ++key) {
    index.reserve(1);
    ASSERT_EQ(index.insert(key, key), FirstSeenIndex::kNone);
  }
  for (uint32_t key = 1; key <= 100000; ++key) ASSERT_EQ(index.find(key), key);
}

TEST(FirstSeenIndex, TakesExactlyThePredictedMemory) {
  EXPECT_EQ(FirstSeenIndex().bytes(), FirstSeenIndex::predict_bytes(0));
  std::mt19937_64 random(9);
  FirstSeenIndex index;
  for (uint64_t keys = 1; keys <= 40000; ++keys) {
    ASSERT_TRUE(index.reserve(1));
    index.insert(random() | 1, static_cast<uint32_t>(keys));
    ASSERT_EQ(index.size(), keys);  // no repeats among so few of so many
    ASSERT_EQ(index.bytes(), FirstSeenIndex::predict_bytes(keys)) << keys;
  }
}

// Keys that lie close together, at the end of the table where it has few slots to spare: 1,500 of them filled an index
// whose function was known. Those for one seed are spread by another, and the answers are the same.
TEST(FirstSeenIndex, AFloodNeedsTheSeed) {
  constexpr size_t kKeys = 900;
  set_hash_seed(1);
  const uint64_t factors[] = {hash_seed()[0] | 1, hash_seed()[1] | 1};
  const auto keys = testing::flood(
      kKeys, [](uint64_t i) { return i + 1; },
      [&](uint64_t key) {
        key = (key ^ (key >> 30)) * factors[0];
        key = (key ^ (key >> 27)) * factors[1];
        return (key ^ (key >> 31)) >> 52 == 0xFFF;
      });
  const auto fill = [&](uint64_t seed) {
    set_hash_seed(seed);
    auto index = std::make_unique<FirstSeenIndex>();
    for (uint32_t i = 0; i < kKeys; ++i) {
      EXPECT_TRUE(index->reserve(1));
      EXPECT_EQ(index->insert(keys[i], i), FirstSeenIndex::kNone);
    }
    for (uint32_t i = 0; i < kKeys; ++i) EXPECT_EQ(index->insert(keys[i], kKeys), i);
    return index;
  };
  EXPECT_EQ(fill(1)->longest_run(), kKeys);
  const auto unknown = fill(2);
  EXPECT_LT(unknown->longest_run(), testing::sound_run(kKeys));
  EXPECT_EQ(unknown->bytes(), FirstSeenIndex::predict_bytes(kKeys));
}

TEST(FirstSeenIndex, StopsAtTheCeiling) {
  const uint64_t enough = FirstSeenIndex::predict_bytes(10000);
  FirstSeenIndex below(enough - 1), at(enough);
  EXPECT_FALSE(below.reserve(10000));
  EXPECT_EQ(below.bytes(), 0u);
  EXPECT_TRUE(at.reserve(10000));
  EXPECT_EQ(at.bytes(), enough);
}

}  // namespace
}  // namespace ftok
