#include "dedup/minhash.h"
#include "dedup/exact.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "core/error.h"
#include "tests/support/vector_levels.h"

namespace ftok {
namespace {

constexpr uint64_t kPrime = (uint64_t{1} << 61) - 1;

// The definition, one hash and one shingle at a time, with 128-bit arithmetic.
std::vector<uint64_t> slow_signature(const MinHash& minhash, const std::vector<uint64_t>& shingles) {
  std::vector<uint64_t> signature;
  for (size_t i = 0; i < minhash.parameters().hashes(); ++i) {
    uint64_t least = UINT64_MAX;
    for (const uint64_t x : shingles) {
      const uint64_t y = minhash.multipliers()[i] * x + minhash.addends()[i];
      least = std::min(least, minhash.parameters().fineweb ? y % kPrime : y);
    }
    signature.push_back(least);
  }
  return signature;
}

TEST(MinHash, HeedsFtokVector) {
  const VectorLevel level = MinHash({}).level();
  const char* named = std::getenv("FTOK_VECTOR");  // tests/dedup/CMakeLists.txt runs this with each
  if (named != nullptr && std::string_view(named) == "plain") {
    EXPECT_EQ(level, VectorLevel::kPlain);
  } else if (named != nullptr && std::string_view(named) == "avx2") {
    EXPECT_LE(level, VectorLevel::kAvx2);
  } else {
    EXPECT_EQ(level, vector_level());
  }
}

TEST(MinHash, EveryLevelFollowsTheDefinition) {
  std::mt19937_64 random(3);
  for (const bool fineweb : {false, true}) {
    for (const size_t buckets : {1u, 3u, 14u, 20u}) {
      for (const size_t count : {0u, 1u, 2u, 100u, 2047u, 2048u, 2049u, 5000u}) {
        std::vector<uint64_t> shingles(count);
        for (uint64_t& shingle : shingles) shingle = random();
        if (count > 1) shingles[0] = 0, shingles[1] = UINT64_MAX;
        for (const VectorLevel level : testing::vector_levels_here()) {
          const MinHash minhash({buckets, 7, 5, fineweb}, level);
          std::vector<uint64_t> signature;
          minhash.signature(shingles, signature);
          ASSERT_EQ(signature, slow_signature(minhash, shingles)) << static_cast<int>(level) << " " << count;
        }
      }
    }
  }
}

// Values that fold to the prime itself, which stands for 0: 2^61 - 1 and its multiples.
TEST(MinHash, FoldsMultiplesOfThePrimeToZero) {
  for (const VectorLevel level : testing::vector_levels_here()) {
    const MinHash minhash({1, 8, 1, true}, level);
    for (uint64_t multiple = 0; multiple <= 8; ++multiple) {
      for (size_t i = 0; i < 8; ++i) {
        uint64_t inverse = minhash.multipliers()[i];  // of an odd multiplier mod 2^64, by Newton's iteration
        if (inverse % 2 == 0) continue;
        const uint64_t a = inverse;
        for (int step = 0; step < 6; ++step) inverse *= 2 - a * inverse;
        const std::vector<uint64_t> shingles = {(multiple * kPrime - minhash.addends()[i]) * inverse};
        std::vector<uint64_t> signature;
        minhash.signature(shingles, signature);
        EXPECT_EQ(signature[i], 0u);
        EXPECT_EQ(signature, slow_signature(minhash, shingles));
      }
    }
  }
}

// Shingles and signature by NumPy and hashlib on datatrove's simplify_text, split at spaces; seed 1, 112 hashes.
TEST(MinHash, IsFineWebsWithSha1) {
  ShingleOptions options;
  options.hash = ShingleHash::kSha1;
  options.punctuation = Punctuation::kSpace;
  std::vector<uint64_t> shingles, signature;
  make_shingles("The quick brown fox jumps over the lazy dog and runs away from 27 angry cats.", options, shingles);
  ASSERT_EQ(shingles.size(), 12u);
  MinHash({14, 8, 1, true}).signature(shingles, signature);
  EXPECT_EQ((std::vector<uint64_t>(signature.begin(), signature.begin() + 8)),
            (std::vector<uint64_t>{405494947178053686, 248469680858563057, 120803428546693814, 67873351415665774,
                                   42312182183823545, 295150809832830541, 176716875786467591, 439255022718586444}));
  EXPECT_EQ(signature[111], 85088343178436702u);
  uint64_t all = 0;
  for (const uint64_t value : signature) all ^= value;
  EXPECT_EQ(all, 936068892093404966u);
}

TEST(MinHash, ABucketKeyIsOfItsValuesAndItsPlace) {
  const MinHash minhash({2, 3, 1, false});
  std::vector<uint64_t> first(2), second(2);
  minhash.bucket_keys(std::vector<uint64_t>{1, 2, 3, 1, 2, 3}, first);
  EXPECT_NE(first[0], first[1]);
  minhash.bucket_keys(std::vector<uint64_t>{1, 2, 3, 1, 2, 4}, second);
  EXPECT_EQ(first[0], second[0]);
  EXPECT_NE(first[1], second[1]);
}

TEST(MinHashStage, FillsTheKeysAndKeeps) {
  const MinHashStage stage{MinHashOptions()};
  EXPECT_EQ(stage.keys_per_document(), 16u);
  Document five, four, same;
  five.text = "one two three four five";
  four.text = "one two three four";
  same.text = "One, two; THREE four five!";
  for (Document* document : {&five, &four, &same}) {
    EXPECT_TRUE(stage.process(*document).kept());
    EXPECT_EQ(document->dedup_keys.size(), 16u);
    EXPECT_EQ(document->dedup_keys.back(), content_check(document->text));
    EXPECT_NE(document->dedup_keys[0], 0u);
  }
  EXPECT_EQ(std::count(five.dedup_keys.begin() + 1, five.dedup_keys.end(), 0u), 0);
  EXPECT_EQ(std::count(four.dedup_keys.begin() + 1, four.dedup_keys.end(), 0u), 14);
  EXPECT_NE(five.dedup_keys[0], same.dedup_keys[0]);
  EXPECT_TRUE(std::equal(five.dedup_keys.begin() + 1, five.dedup_keys.end() - 1, same.dedup_keys.begin() + 1));
  Report report;
  stage.process(five, &report);
  ASSERT_EQ(report.measurements.size(), 1u);
  EXPECT_EQ(report.measurements[0].value, 1);
}

TEST(MinHashStage, KeepsTheSignatureOnRequest) {
  MinHashOptions options;
  options.keep_signature = true;
  options.words = "spaces";
  const MinHashStage stage(options);
  EXPECT_EQ(stage.keys_per_document(), 30u);
  Document document;
  document.text = "one two three four five six";
  stage.process(document);
  std::vector<uint64_t> shingles, signature;
  make_shingles(document.text, {}, shingles);
  MinHash({}).signature(shingles, signature);
  for (size_t i = 0; i < 112; ++i) {
    EXPECT_EQ(document.dedup_keys[15 + i / 8] >> (8 * (i % 8)) & 0xFF, signature[i] & 0xFF) << i;
  }
}

TEST(MinHashStage, PresetsDifferInPunctuation) {
  Document released, today;
  released.text = today.text = "don't stop me now please ok";
  MinHashStage(MinHashOptions()).process(released);
  MinHashStage(MinHashOptions::head()).process(today);
  EXPECT_NE(released.dedup_keys, today.dedup_keys);
}

TEST(MinHashStage, NamesAnOptionOutOfRange) {
  MinHashOptions options;
  options.buckets = 0;
  try {
    MinHashStage stage(options);
    FAIL() << "expected a UsageError";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "minhash.buckets: 0 is not in 1..1000");
  }
  options = MinHashOptions();
  options.seed = int64_t{1} << 32;
  EXPECT_THROW(MinHashStage{options}, UsageError);
  options = MinHashOptions();
  options.ngram_words = 0;
  EXPECT_THROW(MinHashStage{options}, UsageError);
}

}  // namespace
}  // namespace ftok
