#include "dedup/clusters.h"

#include <gtest/gtest.h>

#include <algorithm>
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

// From the edges of passes, in any number of ranges of keys; and with ranks the first is the one of the smallest.
TEST(ClusterFinder, AgreesWithClusters) {
  std::mt19937_64 random(8);
  const KeyLayout layout{4, 0};
  DeduplicatorOptions options;
  options.clusters = "one";
  for (int round = 0; round < 20; ++round) {
    const uint64_t documents = 150, range = 100 + random() % 600;
    std::vector<KeyRecord> records;
    std::vector<uint64_t> ranks;
    Clusters expected;
    for (uint64_t document = 0; document < documents; ++document) {
      std::vector<uint64_t> keys = {document + 1};
      for (uint64_t place = 0; place < 4; ++place) keys.push_back((1 + random() % range) << 40 | place);
      expected.add(std::span(keys).subspan(1));
      keys.push_back(document + 1);
      append_records(options, layout, keys, document, records);
      ranks.push_back(1 + random() % 3);
    }
    sort_records(records);
    constexpr uint64_t kSplit = uint64_t{1} << 48;  // between two ranges of keys
    const auto split = std::find_if(records.begin(), records.end(), [](const KeyRecord& r) { return r.key > kSplit; });
    ASSERT_TRUE(split != records.begin() && split != records.end());
    const std::vector<KeyRun> lower = {{{records.begin(), split}, 0}}, upper = {{{split, records.end()}, 0}};
    for (const bool ranked : {false, true}) {
      DocumentRanks all;
      all.add(ranks);
      GroupOptions group;
      if (ranked) group.ranks = &all;
      ClusterFinder found(documents);
      EdgeTable edges({documents});
      group_keys(lower, 0, kSplit, group, edges);
      group_keys(upper, kSplit + 1, UINT64_MAX, group, edges);
      edges.for_each(0, [&](std::span<const KeyEdge> piece) { found.add(piece, layout); });
      found.finish(ranked ? &all : nullptr);
      std::vector<ClusterFinder::Cluster> clusters(documents, {documents, 0});  // by representative
      for (uint64_t document = 0; document < documents; ++document) {
        ClusterFinder::Cluster& cluster = clusters[expected.representative(static_cast<uint32_t>(document))];
        const bool first = cluster.size++ == 0 || (ranked && all.before(document, cluster.first));
        if (first) cluster.first = document;
      }
      for (uint64_t document = 0; document < documents; ++document) {
        ASSERT_EQ(found.of(document), clusters[expected.representative(static_cast<uint32_t>(document))]);
      }
    }
  }
}

// URLs join nothing, and a text is the same only where both its hashes are.
TEST(ClusterFinder, WhatJoinsNothing) {
  KeyLayout layout{1, 0};
  layout.urls = true;
  DeduplicatorOptions options;
  options.clusters = "sizes";
  options.url = "exact";
  std::vector<KeyRecord> records;
  append_records(options, layout, std::vector<uint64_t>{7, 1, 9, 70}, 0, records);
  append_records(options, layout, std::vector<uint64_t>{8, 2, 9, 80}, 1, records);   // the URL of the first
  append_records(options, layout, std::vector<uint64_t>{7, 3, 10, 71}, 2, records);  // one hash of its text
  append_records(options, layout, std::vector<uint64_t>{7, 4, 11, 70}, 3, records);  // both
  sort_records(records);
  EdgeTable edges({4});
  group_keys(std::vector<KeyRun>{{records, 0}}, 0, UINT64_MAX, {}, edges);
  ClusterFinder found(4);
  edges.for_each(0, [&](std::span<const KeyEdge> piece) { found.add(piece, layout); });
  found.finish(nullptr);
  EXPECT_EQ(found.of(0), (ClusterFinder::Cluster{0, 2}));
  EXPECT_EQ(found.of(1), (ClusterFinder::Cluster{1, 1}));
  EXPECT_EQ(found.of(2), (ClusterFinder::Cluster{2, 1}));
  EXPECT_EQ(found.of(3), (ClusterFinder::Cluster{0, 2}));
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
