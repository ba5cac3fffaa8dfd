#include "dedup/deduplicator.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "core/error.h"
#include "dedup/minhash.h"

namespace ftok {
namespace {

// With the keys given and a content check that goes with the content key.
Document document_with(std::vector<uint64_t> keys, std::string dump = "") {
  Document document;
  document.dedup_keys = std::move(keys);
  if (!document.dedup_keys.empty()) document.dedup_keys.push_back(~document.dedup_keys[0]);
  document.dump = std::move(dump);
  return document;
}

DeduplicatorOptions options_with(std::string scope) {
  DeduplicatorOptions options;
  options.scope = std::move(scope);
  return options;
}

TEST(Deduplicator, GivesEachReasonWithTheEarlierDocument) {
  Deduplicator dedup(options_with("run"), 2);
  EXPECT_TRUE(dedup.judge(document_with({1, 11, 12}), 0).kept());
  EXPECT_TRUE(dedup.judge(document_with({2, 21, 22}), 1).kept());
  const Verdict exact = dedup.judge(document_with({1, 11, 12}), 2);
  EXPECT_EQ(exact.reason, "dedup.exact");
  EXPECT_EQ(exact.value, 0);
  const Verdict near = dedup.judge(document_with({3, 21, 12}), 3);
  EXPECT_EQ(near.reason, "dedup.minhash");
  EXPECT_EQ(near.value, 0);  // the earlier of the two
  EXPECT_EQ(near.detail, "2 of 2 buckets shared");
  EXPECT_TRUE(dedup.judge(document_with({4, 41, 42}), 4).kept());
}

// A dropped document's buckets count too: A ~ B ~ C drops C even where A and C share nothing.
TEST(Deduplicator, ADroppedDocumentStillHidesLaterOnes) {
  Deduplicator dedup(options_with("run"), 2);
  EXPECT_TRUE(dedup.judge(document_with({1, 11, 12}), 0).kept());
  EXPECT_FALSE(dedup.judge(document_with({2, 11, 22}), 1).kept());
  const Verdict third = dedup.judge(document_with({3, 31, 22}), 2);
  EXPECT_FALSE(third.kept());
  EXPECT_EQ(third.value, 1);
}

TEST(Deduplicator, KeyZeroIsNoKey) {
  Deduplicator dedup(options_with("run"), 2);
  EXPECT_TRUE(dedup.judge(document_with({1, 0, 0}), 0).kept());
  EXPECT_TRUE(dedup.judge(document_with({2, 0, 0}), 1).kept());
  EXPECT_EQ(dedup.judge(document_with({1, 0, 0}), 2).reason, "dedup.exact");
  EXPECT_EQ(dedup.statistics().without_shingles, 3u);
}

TEST(Deduplicator, ADocumentDoesNotRepeatItself) {
  Deduplicator dedup(options_with("run"), 2);
  EXPECT_TRUE(dedup.judge(document_with({1, 11, 11}), 0).kept());  // twice in its buckets
  EXPECT_TRUE(dedup.judge(document_with({2, 2, 22}), 1).kept());   // as its content and in a bucket
  const Verdict later = dedup.judge(document_with({3, 31, 2}), 2);
  EXPECT_EQ(later.reason, "dedup.minhash");
  EXPECT_EQ(later.value, 1);
  EXPECT_EQ(dedup.judge(document_with({4, 11, 11}), 3).detail, "2 of 2 buckets shared");
  EXPECT_EQ(dedup.statistics().bucket_hits, (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(dedup.statistics().shared_buckets, (std::vector<uint64_t>{2, 1, 1}));
}

TEST(Deduplicator, EachKindCanBeOff) {
  DeduplicatorOptions options = options_with("run");
  options.exact = false;
  Deduplicator near_only(options, 1);
  near_only.judge(document_with({1, 11}), 0);
  EXPECT_TRUE(near_only.judge(document_with({1, 12}), 1).kept());
  EXPECT_EQ(near_only.judge(document_with({1, 11}), 2).reason, "dedup.minhash");
  options.exact = true;
  options.minhash = false;
  Deduplicator exact_only(options, 1);
  exact_only.judge(document_with({1, 11}), 0);
  EXPECT_TRUE(exact_only.judge(document_with({2, 11}), 1).kept());
  EXPECT_EQ(exact_only.judge(document_with({1, 12}), 2).reason, "dedup.exact");
}

TEST(Deduplicator, ScopesAreWhatTheySay) {
  const auto kept_of = [](const std::string& scope) {
    Deduplicator dedup(options_with(scope), 1);
    std::vector<bool> kept;
    uint64_t number = 0;
    for (const std::string dump : {"CC-MAIN-2024-10", "CC-MAIN-2024-10", "CC-MAIN-2024-18"}) {  // an input each
      dedup.begin_input();
      for (int repeat = 0; repeat < 2; ++repeat) {
        kept.push_back(dedup.judge(document_with({1, 11}, dump), number++).kept());
      }
    }
    return kept;
  };
  EXPECT_EQ(kept_of("file"), (std::vector<bool>{true, false, true, false, true, false}));
  EXPECT_EQ(kept_of("crawl"), (std::vector<bool>{true, false, false, false, true, false}));
  EXPECT_EQ(kept_of("run"), (std::vector<bool>{true, false, false, false, false, false}));
  EXPECT_EQ(kept_of("off"), (std::vector<bool>{true, true, true, true, true, true}));
}

TEST(Deduplicator, ComparesTextsWithoutTheMinHashStage) {
  Deduplicator dedup(options_with("run"), 0);
  EXPECT_EQ(dedup.keys_per_document(), 2u);
  Document document;
  document.text = "one";
  EXPECT_TRUE(dedup.judge(document, 0).kept());
  document.text = "two";
  EXPECT_TRUE(dedup.judge(document, 1).kept());
  EXPECT_EQ(dedup.judge(document, 2).reason, "dedup.exact");
}

// Two texts with one content key: their checks differ, so neither hides the other, and the first one's repeats are
// still found.
TEST(Deduplicator, CollidingContentKeysDropNothing) {
  Deduplicator dedup(options_with("run"), 0);
  EXPECT_TRUE(dedup.judge(std::vector<uint64_t>{7, 100}, 0).kept());
  EXPECT_TRUE(dedup.judge(std::vector<uint64_t>{7, 200}, 1).kept());
  const Verdict again = dedup.judge(std::vector<uint64_t>{7, 100}, 2);
  EXPECT_EQ(again.reason, "dedup.exact");
  EXPECT_EQ(again.value, 0);
  EXPECT_TRUE(dedup.judge(std::vector<uint64_t>{8, 100}, 3).kept());
  EXPECT_EQ(dedup.statistics().exact, 1u);
}

TEST(Deduplicator, RefusesKeysOfAnotherLayout) {
  Deduplicator dedup(options_with("run"), 1);
  EXPECT_NO_THROW(dedup.judge(std::vector<uint64_t>{1, 2, 3}, 0));
  EXPECT_THROW(dedup.judge(std::vector<uint64_t>{1, 2}, 1), Error);
  EXPECT_THROW(dedup.judge(std::vector<uint64_t>{1, 2, 3, 4}, 1), Error);
  Document document;
  document.dedup_keys = {1, 2};
  EXPECT_THROW(dedup.keys(document), Error);
}

TEST(Deduplicator, OffHasNoKeys) {
  Deduplicator dedup(options_with("off"), 14);
  EXPECT_EQ(dedup.keys_per_document(), 0u);
  EXPECT_TRUE(dedup.keys(document_with({})).empty());
  EXPECT_EQ(dedup.predict_bytes(1000000), 0u);
}

TEST(Deduplicator, NamesTheSettingAtItsCeiling) {
  DeduplicatorOptions options = options_with("run");
  options.memory = static_cast<int64_t>(FirstSeenIndex::predict_bytes(3 * 1000)) + 4096 * 8;
  Deduplicator dedup(options, 2);
  EXPECT_LE(dedup.predict_bytes(1000), static_cast<uint64_t>(options.memory));
  std::mt19937_64 random(1);
  uint64_t number = 0;
  const auto judge_next = [&] { dedup.judge(document_with({random() | 1, random() | 1, random() | 1}), number++); };
  while (number < 1000) ASSERT_NO_THROW(judge_next());
  try {
    while (number < 10000) judge_next();
    FAIL() << "expected an Error";
  } catch (const UsageError&) {
    FAIL() << "a full index is no misuse";
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("dedup.memory: the index is full: ")) << error.what();
  }
  EXPECT_LE(dedup.statistics().index_bytes, static_cast<uint64_t>(options.memory));
  options.memory = 0;
  EXPECT_THROW(Deduplicator(options, 2), UsageError);
}

TEST(Deduplicator, RefusesANumberThatDoesNotFit) {
  Deduplicator dedup(options_with("run"), 0);
  EXPECT_NO_THROW(dedup.judge(document_with({1}), 0xFFFFFFFE));
  EXPECT_THROW(dedup.judge(document_with({2}), 0xFFFFFFFF), Error);
}

// Against the definition: dropped when any earlier document shares the content or a bucket at the same place; the value
// is the earliest of the first documents with one of its keys.
TEST(Deduplicator, AgreesWithTheNaiveIndex) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 50; ++round) {
    const uint64_t range = 20 + random() % 2000;
    Deduplicator dedup(options_with("run"), 4), replayed(options_with("run"), 4);
    std::vector<std::vector<uint64_t>> seen;
    for (uint64_t number = 0; number < 200; ++number) {
      std::vector<uint64_t> keys;
      for (uint64_t place = 0; place < 5; ++place) keys.push_back((1 + random() % range) * 8 + place);
      uint64_t exact = UINT64_MAX, near = UINT64_MAX;
      for (uint64_t earlier = seen.size(); earlier-- > 0;) {
        if (seen[earlier][0] == keys[0]) exact = earlier;
        for (size_t place = 1; place < 5; ++place) {
          if (seen[earlier][place] == keys[place]) near = earlier;
        }
      }
      seen.push_back(keys);
      keys.push_back(~keys[0]);  // the content check
      // Half the documents are replayed, the way a resumed run does it: the verdicts after them are the same.
      if (number < 100) replayed.replay(keys, number);
      const Verdict verdict = dedup.judge(keys, number);
      if (number >= 100) {
        EXPECT_EQ(replayed.judge(keys, number).reason, verdict.reason);
      }
      if (exact != UINT64_MAX) {
        EXPECT_EQ(verdict.reason, "dedup.exact");
        EXPECT_EQ(verdict.value, static_cast<double>(exact));
      } else if (near != UINT64_MAX) {
        EXPECT_EQ(verdict.reason, "dedup.minhash");
        EXPECT_EQ(verdict.value, static_cast<double>(near));
      } else {
        EXPECT_TRUE(verdict.kept());
      }
    }
  }
}

// Signatures of 8 hashes in one key. Equal bytes e of 8 estimate (e / 8 - 1 / 256) / (1 - 1 / 256).
TEST(Deduplicator, VerifiesOnBothSidesOfTheThreshold) {
  const auto verdict_at = [](double threshold) {
    DeduplicatorOptions options = options_with("run");
    options.verify_jaccard = threshold;
    Deduplicator dedup(options, KeyLayout{2, 8});
    dedup.judge(document_with({1, 11, 12, 0x0807060504030201}), 0);
    const Verdict verdict = dedup.judge(document_with({2, 11, 22, 0xFFFF060504030201}), 1);  // 6 of 8 hashes agree
    EXPECT_EQ(dedup.statistics().unverified, verdict.kept() ? 1u : 0u);
    return verdict;
  };
  const double estimate = (6.0 / 8 - 1.0 / 256) / (1 - 1.0 / 256);
  EXPECT_EQ(verdict_at(estimate).reason, "dedup.minhash");
  EXPECT_EQ(verdict_at(estimate).detail, "1 of 2 buckets shared, similarity about 0.75");
  EXPECT_TRUE(verdict_at(estimate + 1e-9).kept());
}

TEST(Deduplicator, VerifiedNamesTheFirstDocumentThatIsSimilar) {
  DeduplicatorOptions options = options_with("run");
  options.verify_jaccard = 0.7;
  Deduplicator dedup(options, KeyLayout{2, 8});
  dedup.judge(document_with({1, 11, 12, 0x0807060504030201}), 0);
  dedup.judge(document_with({2, 21, 22, 0x1817161514131211}), 1);
  const Verdict verdict = dedup.judge(document_with({3, 11, 22, 0x1817161514131211}), 2);
  EXPECT_EQ(verdict.value, 1);
}

TEST(Deduplicator, VerifyingNeedsSignaturesAndTheirMemory) {
  DeduplicatorOptions options = options_with("run");
  options.verify_jaccard = 0.7;
  EXPECT_THROW(Deduplicator(options, KeyLayout{14, 0}), UsageError);
  const Deduplicator dedup(options, KeyLayout{14, 112});
  EXPECT_EQ(dedup.predict_bytes(4096), FirstSeenIndex::predict_bytes(4096 * 15) + 4096 * (112 + 8));
  EXPECT_EQ(dedup.predict_bytes(4097), FirstSeenIndex::predict_bytes(4097 * 15) + 2 * 4096 * (112 + 8));
  options.verify_jaccard = 1.01;
  EXPECT_THROW(Deduplicator(options, KeyLayout{14, 112}), UsageError);
  options.verify_jaccard = 0.7;
  options.memory = 4096 * (112 + 8);  // one chunk of signatures and checks, and no room for the index
  Deduplicator full(options, KeyLayout{14, 112});
  EXPECT_THROW(full.judge(document_with(std::vector<uint64_t>(29, 1)), 0), Error);
}

TEST(Deduplicator, CountsBucketsAndDuplicates) {
  Deduplicator dedup(options_with("run"), 3);
  dedup.judge(document_with({1, 11, 12, 13}), 0);
  dedup.judge(document_with({2, 11, 12, 23}), 1);
  dedup.judge(document_with({3, 31, 12, 33}), 2);
  dedup.judge(document_with({3, 41, 42, 43}), 3);
  const DeduplicatorStatistics statistics = dedup.statistics();
  EXPECT_EQ(statistics.documents, 4u);
  EXPECT_EQ(statistics.exact, 1u);
  EXPECT_EQ(statistics.minhash, 2u);
  EXPECT_EQ(statistics.bucket_hits, (std::vector<uint64_t>{1, 2, 0}));
  EXPECT_EQ(statistics.shared_buckets, (std::vector<uint64_t>{2, 1, 1, 0}));
  EXPECT_EQ(statistics.index_keys, 12u);
  JsonWriter json;
  json.begin_object();
  statistics.write_fields(json);
  json.end_object();
  EXPECT_EQ(json.text(),
            "{\"documents\":4,\"exact\":1,\"url\":0,\"minhash\":2,\"unverified\":0,\"without_shingles\":0,\"bucket_"
            "hits\":[1,2,0]"
            ",\"shared_buckets\":[2,1,1,"
            "0],\"index_keys\":12,\"index_bytes\":" +
                std::to_string(FirstSeenIndex::predict_bytes(12) + 4096 * 8) + "}");
}

}  // namespace
}  // namespace ftok
