#include "dedup/index.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

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
