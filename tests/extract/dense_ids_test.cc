#include "extract/content/dense_ids.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/support/flood.h"

namespace ftok::html {
namespace {

using testing::flood;
using testing::sound_run;

TEST(DenseIds, AgreesWithAMapWhateverTheSeed) {
  for (const uint64_t seed : {1u, 2u, 3u}) {
    set_hash_seed(seed);
    std::mt19937_64 random(9);
    DenseIds ids(5000);
    std::map<uint64_t, uint32_t> twin;
    for (int i = 0; i < 20000; ++i) {
      const uint64_t key = random() % 5000;
      const auto [at, is_new] = twin.emplace(key, static_cast<uint32_t>(twin.size()));
      ASSERT_EQ(ids.id_of(key), at->second);
    }
    EXPECT_EQ(ids.count(), twin.size());
  }
}

// Parents and shapes of containers are such keys: 64 bits that a page chooses.
TEST(DenseIds, AFloodNeedsTheSeed) {
  constexpr size_t kKeys = 3000, kSlots = 8192;
  set_hash_seed(1);
  const uint64_t first = hash_seed()[0], second = hash_seed()[1];
  const auto keys = flood(
      kKeys, [](uint64_t i) { return i; },
      [&](uint64_t key) { return seeded_mix(key, 0, first, second) % kSlots == 7; });
  DenseIds known(kKeys);
  for (uint32_t i = 0; i < kKeys; ++i) ASSERT_EQ(known.id_of(keys[i]), i);
  EXPECT_EQ(known.longest_run(), kKeys);
  set_hash_seed(2);
  DenseIds unknown(kKeys);
  for (uint32_t i = 0; i < kKeys; ++i) ASSERT_EQ(unknown.id_of(keys[i]), i);
  EXPECT_LT(unknown.longest_run(), sound_run(kKeys));
}

}  // namespace
}  // namespace ftok::html
