#include "dedup/clusters.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "dedup/deduplicator.h"

namespace ftok {
namespace {

TEST(Clusters, JoinWhatSharesAKeyDirectlyOrNot) {
  Clusters clusters;
  clusters.add(std::vector<uint64_t>{1, 2});
  clusters.add(std::vector<uint64_t>{3, 4});
  clusters.add(std::vector<uint64_t>{5, 0});
  clusters.add(std::vector<uint64_t>{4, 2});  // joins the first two
  clusters.add(std::vector<uint64_t>{0, 0});
  EXPECT_EQ(clusters.representative(0), 0u);
  EXPECT_EQ(clusters.representative(1), 0u);
  EXPECT_EQ(clusters.representative(2), 2u);
  EXPECT_EQ(clusters.representative(3), 0u);
  EXPECT_EQ(clusters.representative(4), 4u);
  EXPECT_EQ(clusters.sizes(), (std::vector<Clusters::SizeCount>{{1, 2}, {3, 1}}));
}

// Against breadth-first search over all pairs; and first-seen keeps at least one document of each cluster, its first.
TEST(Clusters, AgreeWithASlowSearch) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 30; ++round) {
    const size_t documents = 120;
    const uint64_t range = 100 + random() % 800;
    std::vector<std::vector<uint64_t>> keys(documents);
    Clusters clusters;
    DeduplicatorOptions options;
    options.scope = "run";
    options.exact = false;
    Deduplicator first_seen(options, 4);
    std::vector<bool> kept;
    for (size_t d = 0; d < documents; ++d) {
      keys[d] = {0};
      for (uint64_t place = 0; place < 4; ++place) keys[d].push_back((1 + random() % range) * 4 + place);
      clusters.add(keys[d]);
      std::vector<uint64_t> with_check = keys[d];
      with_check.push_back(d + 1);
      kept.push_back(first_seen.judge(with_check, d).kept());
    }
    std::vector<uint32_t> slow(documents, UINT32_MAX);
    for (size_t d = 0; d < documents; ++d) {
      if (slow[d] != UINT32_MAX) continue;
      std::vector<size_t> open = {d};
      slow[d] = static_cast<uint32_t>(d);
      while (!open.empty()) {
        const size_t at = open.back();
        open.pop_back();
        for (size_t other = 0; other < documents; ++other) {
          bool shares = false;
          for (size_t place = 1; place < 5; ++place) shares = shares || keys[at][place] == keys[other][place];
          if (shares && slow[other] == UINT32_MAX) {
            slow[other] = static_cast<uint32_t>(d);
            open.push_back(other);
          }
        }
      }
    }
    for (uint32_t d = 0; d < documents; ++d) {
      ASSERT_EQ(clusters.representative(d), slow[d]);
      EXPECT_TRUE(kept[d] || slow[d] != d);
    }
  }
}

TEST(BucketSizes, CountEqualKeys) {
  EXPECT_EQ(bucket_sizes({7, 5, 7, 0, 9, 7, 0}), (std::vector<Clusters::SizeCount>{{1, 2}, {3, 1}}));
  EXPECT_TRUE(bucket_sizes({}).empty());
}

}  // namespace
}  // namespace ftok
