#include "core/hash_seed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "tests/support/flood.h"

namespace ftok {
namespace {

using testing::flood;
using testing::sound_run;
using testing::word_of;

template <typename Set>
size_t fullest_bucket(const Set& set) {
  size_t most = 0;
  for (size_t bucket = 0; bucket < set.bucket_count(); ++bucket) most = std::max(most, set.bucket_size(bucket));
  return most;
}

TEST(HashSeed, IsDrawnAndCanBeSet) {
  const HashSeed drawn = hash_seed();
  EXPECT_EQ(std::set<uint64_t>(std::begin(drawn.words), std::end(drawn.words)).size(), HashSeed::kWords);
  set_hash_seed(1);
  const uint64_t first = hash_seed()[0], text = seeded_hash("text");
  EXPECT_NE(first, drawn[0]);
  set_hash_seed(2);
  EXPECT_NE(hash_seed()[0], first);
  EXPECT_NE(seeded_hash("text"), text);
  set_hash_seed(1);
  EXPECT_EQ(hash_seed()[0], first);
  EXPECT_EQ(seeded_hash("text"), text);
}

TEST(HashSeed, EveryByteAndTheSizeCount) {
  set_hash_seed(3);
  std::set<uint64_t> hashes;
  size_t texts = 0;
  for (size_t size = 0; size <= 70; ++size) {
    std::string text(size, '\0');
    hashes.insert(seeded_hash(text));  // zeros of each size
    ++texts;
    for (size_t i = 0; i < size; ++i) {
      text[i] = 'x';
      hashes.insert(seeded_hash(text));
      text[i] = '\0';
      ++texts;
    }
  }
  EXPECT_EQ(hashes.size(), texts);
}

// What std::unordered_map and std::unordered_set hold: a flood made for the seed fills one bucket, and under another
// seed is spread.
TEST(HashSeed, AFloodOfStringsNeedsTheSeed) {
  constexpr size_t kWords = 2000;
  std::unordered_set<std::string, SeededHash> known;
  known.reserve(kWords);
  set_hash_seed(4);
  const auto words = flood(kWords, word_of, [&](const std::string& word) {
    return SeededHash()(std::string_view(word)) % known.bucket_count() == 7;
  });
  known.insert(words.begin(), words.end());
  EXPECT_EQ(fullest_bucket(known), kWords);
  set_hash_seed(5);
  std::unordered_set<std::string, SeededHash> unknown;
  unknown.reserve(kWords);
  unknown.insert(words.begin(), words.end());
  EXPECT_LT(fullest_bucket(unknown), 16u);
}

TEST(HashSeed, AFloodOfNumbersNeedsTheSeed) {
  constexpr size_t kNumbers = 2000;
  std::unordered_set<uint32_t, SeededHash> known;
  known.reserve(kNumbers);
  set_hash_seed(4);
  const auto numbers = flood(
      kNumbers, [](uint64_t i) { return static_cast<uint32_t>(i); },
      [&](uint32_t number) { return SeededHash()(uint64_t{number}) % known.bucket_count() == 7; });
  known.insert(numbers.begin(), numbers.end());
  EXPECT_EQ(fullest_bucket(known), kNumbers);
  set_hash_seed(5);
  std::unordered_set<uint32_t, SeededHash> unknown;
  unknown.reserve(kNumbers);
  unknown.insert(numbers.begin(), numbers.end());
  EXPECT_LT(fullest_bucket(unknown), 16u);
}

TEST(HashSeed, TheLongestRunGoesAroundTheEnd) {
  const std::string taken = "xx.x..xx";
  EXPECT_EQ(longest_run_of(taken.size(), [&](size_t i) { return taken[i] == 'x'; }), 4u);
  EXPECT_EQ(longest_run_of(3, [](size_t) { return true; }), 3u);
  EXPECT_EQ(longest_run_of(0, [](size_t) { return true; }), 0u);
}

}  // namespace
}  // namespace ftok
