#include "dedup/recall.h"

#include <gtest/gtest.h>
#include <simdjson.h>
#include <zstd.h>

#include <cmath>
#include <random>

#include "core/file.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

TEST(ParsePairs, ReadsNumbersAndSkipsTheRest) {
  const auto pairs = parse_pairs("a\tb\tjaccard\tx\n0\t1\t0.5\t1\n2\t3\t1");
  ASSERT_TRUE(pairs.ok());
  ASSERT_EQ(pairs->size(), 2u);
  EXPECT_EQ((*pairs)[0].jaccard, 0.5);
  EXPECT_EQ((*pairs)[1].b, 3u);
  for (const std::string bad : {"0\t1", "0\tx\t0.5", "0\t1\t1.5", "0\t1\tnan", "-1\t0\t0.5", "0 1 0.5"}) {
    const auto result = parse_pairs("a\tb\tjaccard\n" + bad);
    ASSERT_FALSE(result.ok()) << bad;
    EXPECT_TRUE(result.damage().detail.starts_with("line 2: ")) << bad;
  }
}

// FineWeb, section 3.4, and datatrove's table: 0.56, 0.77, 0.92, 0.988 at 0.70, 0.75, 0.80, 0.85.
TEST(BucketProbability, IsFineWebs) {
  EXPECT_NEAR(bucket_probability(0.70, {}), 0.56, 0.01);
  EXPECT_NEAR(bucket_probability(0.75, {}), 0.77, 0.01);
  EXPECT_NEAR(bucket_probability(0.80, {}), 0.92, 0.01);
  EXPECT_NEAR(bucket_probability(0.85, {}), 0.988, 0.002);
  EXPECT_EQ(bucket_probability(0, {}), 0);
  EXPECT_EQ(bucket_probability(1, {}), 1);
}

// Sets of random shingles with a chosen overlap.
TEST(MeasureRecall, FollowsTheTheoryOnRandomSets) {
  std::mt19937_64 random(8);
  std::vector<std::vector<uint64_t>> shingles;
  std::vector<SimilarPair> pairs;
  for (int i = 0; i < 300; ++i) {
    std::vector<uint64_t> a, b;
    const int common = 20 + i / 2;
    for (int k = 0; k < common; ++k) b.push_back(a.emplace_back(random()));
    for (int k = 0; k < 30; ++k) a.push_back(random()), b.push_back(random());
    pairs.push_back(
        {static_cast<uint32_t>(shingles.size()), static_cast<uint32_t>(shingles.size() + 1), common / (common + 60.0)});
    shingles.push_back(a);
    shingles.push_back(b);
  }
  EXPECT_LT(compare_jaccard(shingles, pairs).largest, 1e-12);
  for (const bool fineweb : {false, true}) {
    RecallOptions options;
    options.seeds = 100;
    options.parameters.fineweb = fineweb;
    uint64_t counted = 0;
    for (const RecallBin& bin : measure_recall(shingles, pairs, options)) {
      counted += bin.pairs;
      // Pairs and seeds are independent here: 4 standard errors of the mean.
      const double error = std::sqrt(0.25 / static_cast<double>(bin.pairs * options.seeds));
      EXPECT_NEAR(bin.mean_recall, bin.theory, 4 * error) << bin.low;
    }
    EXPECT_EQ(counted, pairs.size());
  }
}

std::vector<std::vector<uint64_t>> revision_shingles(const ShingleOptions& options) {
  const std::string compressed = read_file((testing::test_data_folder() / "dedup/doc_revisions.jsonl.zst").string());
  std::string text(ZSTD_getFrameContentSize(compressed.data(), compressed.size()), '\0');
  EXPECT_EQ(ZSTD_decompress(text.data(), text.size(), compressed.data(), compressed.size()), text.size());
  simdjson::dom::parser parser;
  simdjson::dom::document_stream documents;
  EXPECT_EQ(parser.parse_many(text.data(), text.size(), text.size()).get(documents), simdjson::SUCCESS);
  std::vector<std::vector<uint64_t>> shingles;
  for (const auto document : documents) {
    make_shingles(std::string_view(document["text"]), options, shingles.emplace_back());
  }
  return shingles;
}

// The mean over the seeds lies within .01 of the theory in each bin, the default seed within 3 standard deviations of
// that mean.
void expect_theory(bool fineweb) {
  constexpr uint32_t kSeeds = 200;
  ShingleOptions shingle_options;
  shingle_options.hash = fineweb ? ShingleHash::kSha1 : ShingleHash::kXxh3;
  const auto shingles = revision_shingles(shingle_options);
  ASSERT_EQ(shingles.size(), 617u);
  const auto pairs = parse_pairs(read_file((testing::test_data_folder() / "dedup/doc_revisions.pairs.tsv").string()));
  ASSERT_TRUE(pairs.ok());
  ASSERT_EQ(pairs->size(), 1228u);
  RecallOptions options;
  options.seeds = kSeeds;
  options.parameters.fineweb = fineweb;
  for (const RecallBin& bin : measure_recall(shingles, *pairs, options)) {
    EXPECT_NEAR(bin.mean_recall, bin.theory, 0.01) << "from " << bin.low;
    EXPECT_LE(std::abs(bin.default_recall - bin.mean_recall), 3 * bin.deviation + 1e-12) << "from " << bin.low;
  }
}

TEST(RecallOnRevisions, FollowsTheTheory) {
  FTOK_NEEDS_TEST_DATA("dedup/doc_revisions.jsonl.zst");
  expect_theory(false);
}

TEST(RecallOnRevisions, FollowsTheTheoryWithFineWebsHashes) {
  FTOK_NEEDS_TEST_DATA("dedup/doc_revisions.jsonl.zst");
  expect_theory(true);
}

}  // namespace
}  // namespace ftok
