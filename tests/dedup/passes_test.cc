#include "dedup/passes.h"

#include <gtest/gtest.h>
#include <simdjson.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <random>

#include "core/file.h"
#include "dedup/index.h"
#include "dedup/minhash.h"
#include "dedup/signatures.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

// Documents as deduplication sees them: their keys, and where inputs begin.
struct Corpus {
  std::vector<std::vector<uint64_t>> keys;
  std::vector<uint64_t> inputs;  // the first document of each
};

struct Outcome {
  std::vector<Verdict> verdicts;
  DeduplicatorStatistics statistics;
};

Outcome in_memory(const Corpus& corpus, const DeduplicatorOptions& options, const KeyLayout& layout) {
  Deduplicator deduplicator(options, layout);
  Outcome outcome;
  size_t input = 0;
  for (uint64_t number = 0; number < corpus.keys.size(); ++number) {
    for (; input < corpus.inputs.size() && corpus.inputs[input] == number; ++input) deduplicator.begin_input();
    outcome.verdicts.push_back(deduplicator.judge(corpus.keys[number], number));
  }
  for (; input < corpus.inputs.size(); ++input) deduplicator.begin_input();
  outcome.statistics = deduplicator.statistics();
  return outcome;
}

struct Pieces {
  std::vector<uint64_t> run_ends, document_ends;
  size_t key_ranges = 1;
  size_t records_max = size_t{1} << 22;
};

double similarity(const Corpus& corpus, const KeyLayout& layout, const Repeat& repeat) {
  const auto signature = [&](uint64_t document) {
    return layout.parts_of(std::span<const uint64_t>(corpus.keys[document])).signature;
  };
  return signature_similarity(signature(repeat.first), signature(repeat.document), layout.signature_hashes);
}

// What is said of documents with ranks, key by key.
Outcome by_rank(const Corpus& corpus, const DeduplicatorOptions& options, const KeyLayout& layout) {
  const auto number_of_input = [&](uint64_t document) {
    if (options.scope != "file") return std::ptrdiff_t{0};
    return std::upper_bound(corpus.inputs.begin(), corpus.inputs.end(), document) - corpus.inputs.begin();
  };
  const auto order = [&](uint64_t document) { return std::pair(layout.rank_of(corpus.keys[document]), document); };
  std::map<std::pair<uint64_t, std::ptrdiff_t>, std::vector<uint64_t>> having;
  const size_t url_slot = layout.urls ? layout.url_slot() : layout.keys();
  const auto compared = [&](size_t slot) { return slot == 0 ? options.exact : slot == url_slot || options.minhash; };
  for (uint64_t number = 0; number < corpus.keys.size(); ++number) {
    for (size_t slot = 0; slot < layout.compared_keys(); ++slot) {
      const uint64_t key = corpus.keys[number][slot];
      if (key != 0 && compared(slot)) having[{key, number_of_input(number)}].push_back(number);
    }
  }
  Outcome outcome;
  for (uint64_t number = 0; number < corpus.keys.size(); ++number) {
    std::vector<std::optional<uint64_t>> firsts;  // by slot
    for (size_t slot = 0; slot < layout.compared_keys(); ++slot) {
      firsts.emplace_back();
      if (corpus.keys[number][slot] == 0 || !compared(slot)) continue;
      const std::vector<uint64_t>& all = having[{corpus.keys[number][slot], number_of_input(number)}];
      const uint64_t first =
          *std::min_element(all.begin(), all.end(), [&](uint64_t a, uint64_t b) { return order(a) < order(b); });
      if (first != number) firsts.back() = first;
    }
    if (firsts[0] && corpus.keys[*firsts[0]].back() == corpus.keys[number].back()) {
      outcome.verdicts.push_back(exact_verdict(*firsts[0]));
      continue;
    }
    if (layout.urls && firsts[url_slot]) {
      outcome.verdicts.push_back(url_verdict(*firsts[url_slot]));
      continue;
    }
    size_t shared = 0;
    std::optional<uint64_t> nearest;
    for (size_t slot = 1; slot <= layout.buckets; ++slot) {
      if (!firsts[slot]) continue;
      ++shared;
      if (options.verifies() && similarity(corpus, layout, {number, *firsts[slot]}) < options.verify_jaccard) continue;
      if (!nearest || order(*firsts[slot]) < order(*nearest)) nearest = firsts[slot];
    }
    const double alike = nearest ? similarity(corpus, layout, {number, *nearest}) : 0;
    outcome.verdicts.push_back(
        nearest ? near_verdict(*nearest, shared, layout.buckets, options.verifies() ? &alike : nullptr)
                : Verdict::keep());
  }
  return outcome;
}

// The passes, one after the other, each piece by itself.
Outcome in_passes(const Corpus& corpus, const DeduplicatorOptions& options, const KeyLayout& layout,
                  const Pieces& pieces) {
  Outcome outcome;
  std::vector<uint64_t> ranks;
  for (const std::vector<uint64_t>& keys : corpus.keys) ranks.push_back(layout.rank_of(keys));
  DocumentRanks document_ranks;
  for (size_t i = 0; i < pieces.run_ends.size(); ++i) {
    const uint64_t from = i == 0 ? 0 : pieces.run_ends[i - 1];
    document_ranks.add(std::span<const uint64_t>(ranks).subspan(from, pieces.run_ends[i] - from));
  }
  std::vector<std::vector<KeyRecord>> runs;
  uint64_t begin = 0;
  for (const uint64_t end : pieces.run_ends) {
    std::vector<KeyRecord>& run = runs.emplace_back();
    for (uint64_t number = begin; number < end; ++number) {
      const bool has_buckets = append_records(options, layout, corpus.keys[number], number - begin, run);
      outcome.statistics.without_shingles += options.minhash && !has_buckets ? 1 : 0;
    }
    sort_records(run);
    begin = end;
  }
  GroupOptions group;
  group.records_max = pieces.records_max;
  if (options.scope == "file") group.inputs = corpus.inputs;
  if (layout.ranked) group.ranks = &document_ranks;
  std::vector<EdgeTable> tables;
  for (size_t range = 0; range < pieces.key_ranges; ++range) {
    std::vector<KeyRun> slices;
    for (size_t i = 0; i < runs.size(); ++i) {
      const std::vector<uint64_t> ends = key_range_ends(runs[i], pieces.key_ranges);
      const uint64_t from = range == 0 ? 0 : ends[range - 1];
      slices.push_back(
          {std::span<const KeyRecord>(runs[i]).subspan(from, ends[range] - from), i == 0 ? 0 : pieces.run_ends[i - 1]});
    }
    const bool last = range + 1 == pieces.key_ranges;
    tables.emplace_back(pieces.document_ends);
    outcome.statistics.index_keys +=
        group_keys(slices, key_range_begin(range, pieces.key_ranges),
                   last ? UINT64_MAX : key_range_begin(range + 1, pieces.key_ranges) - 1, group, tables.back())
            .keys;
  }
  begin = 0;
  for (size_t range = 0; range < pieces.document_ends.size(); ++range) {
    RangeDecider decider(options, layout, begin, pieces.document_ends[range]);
    for (const EdgeTable& table : tables) {
      table.for_each(range, [&](std::span<const KeyEdge> edges) { decider.add(edges); });
    }
    std::map<uint64_t, std::vector<Repeat>> repeats;
    decider.for_each([&](Repeat repeat) {
      repeat.agrees = corpus.keys[repeat.document].back() == corpus.keys[repeat.first].back();
      if (options.verifies() && repeat.alike == Alike::kBuckets) repeat.similarity = similarity(corpus, layout, repeat);
      repeat.rank = ranks[repeat.first];
      repeats[repeat.document].push_back(repeat);
    });
    for (auto& [document, all] : repeats) {
      if (layout.ranked) order_by_rank(all);
    }
    outcome.statistics.add(decider.statistics());
    for (; begin < pieces.document_ends[range]; ++begin) {
      outcome.verdicts.push_back(verdict_of(repeats[begin], options, layout, outcome.statistics));
    }
  }
  return outcome;
}

std::string text_of(DeduplicatorStatistics statistics) {
  statistics.index_bytes = 0;
  JsonWriter json;
  json.begin_object();
  statistics.write_fields(json);
  json.end_object();
  return json.take();
}

void expect_equal(const Outcome& expected, const Outcome& got) {
  ASSERT_EQ(expected.verdicts.size(), got.verdicts.size());
  for (size_t i = 0; i < expected.verdicts.size(); ++i) {
    const Verdict &a = expected.verdicts[i], &b = got.verdicts[i];
    ASSERT_TRUE(a.kind == b.kind && a.reason == b.reason && a.value == b.value && a.threshold == b.threshold &&
                a.detail == b.detail)
        << "document " << i << ": " << a.reason.view() << " " << a.value << " " << a.detail << ", in passes "
        << b.reason.view() << " " << b.value << " " << b.detail;
  }
  EXPECT_EQ(text_of(expected.statistics), text_of(got.statistics));
}

std::vector<uint64_t> random_ends(std::mt19937_64& random, uint64_t documents, size_t count) {
  std::vector<uint64_t> ends;
  for (size_t i = 1; i < count; ++i) ends.push_back(random() % (documents + 1));
  std::sort(ends.begin(), ends.end());
  ends.push_back(documents);
  return ends;
}

Pieces random_pieces(std::mt19937_64& random, uint64_t documents) {
  Pieces pieces;
  pieces.run_ends = random_ends(random, documents, 1 + random() % 9);
  pieces.document_ends = random_ends(random, documents, 1 + random() % 9);
  pieces.key_ranges = 1 + random() % 9;
  if (random() % 2 == 0) pieces.records_max = 1 + random() % 50;
  return pieces;
}

// Keys drawn from few values, some of them 0, some in two slots of one document or in other slots of another.
Corpus random_corpus(std::mt19937_64& random, const KeyLayout& layout) {
  Corpus corpus;
  const uint64_t documents = random() % 300, values = 1 + random() % 400;
  std::vector<uint64_t> pool(values);
  for (uint64_t& key : pool) key = random() % 20 == 0 ? 0 : random() % 3 == 0 ? UINT64_MAX - random() % 9 : random();
  for (uint64_t number = 0; number < documents; ++number) {
    std::vector<uint64_t>& keys = corpus.keys.emplace_back();
    for (size_t i = 0; i < layout.compared_keys(); ++i) keys.push_back(pool[random() % values]);
    for (size_t i = layout.compared_keys(); i < layout.keys(); ++i) keys.push_back(random() & 0x0101010101010101u);
    if (layout.ranked) keys[keys.size() - 2] = random() % 4;
    keys.back() = random() % 3 == 0 ? 1 : 2;  // the content check
  }
  corpus.inputs = random_ends(random, documents, 1 + random() % 6);
  corpus.inputs.insert(corpus.inputs.begin(), 0);
  corpus.inputs.pop_back();
  return corpus;
}

TEST(Passes, GiveTheVerdictsOfTheIndexOnRandomKeys) {
  std::mt19937_64 random(15);
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE(round);
    DeduplicatorOptions options;
    options.scope = std::vector<std::string>{"file", "crawl", "run"}[random() % 3];
    options.exact = random() % 4 != 0;
    options.minhash = random() % 4 != 0;
    options.verify_jaccard = random() % 3 == 0 ? 0.5 : 0;
    if (random() % 3 == 0) options.url = "exact";
    const KeyLayout layout{random() % 6, options.verify_jaccard > 0 ? size_t{24} : 0, options.urls()};
    const Corpus corpus = random_corpus(random, layout);
    expect_equal(in_memory(corpus, options, layout),
                 in_passes(corpus, options, layout, random_pieces(random, corpus.keys.size())));
    if (HasFatalFailure()) return;
  }
}

TEST(Passes, KeepTheSmallestRank) {
  std::mt19937_64 random(19);
  size_t later = 0;
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE(round);
    DeduplicatorOptions options;
    options.keeper.keep = "longest";
    if (random() % 3 == 0) options.url = "exact";
    options.scope = random() % 2 == 0 ? "file" : "run";
    options.exact = random() % 4 != 0;
    options.minhash = random() % 4 != 0;
    options.verify_jaccard = random() % 3 == 0 ? 0.5 : 0;
    const KeyLayout layout{random() % 6, options.verify_jaccard > 0 ? size_t{24} : 0, options.urls(), true};
    const Corpus corpus = random_corpus(random, layout);
    const Outcome expected = by_rank(corpus, options, layout);
    Outcome got = in_passes(corpus, options, layout, random_pieces(random, corpus.keys.size()));
    for (size_t i = 0; i < expected.verdicts.size(); ++i) {
      later += !expected.verdicts[i].kept() && expected.verdicts[i].value > static_cast<double>(i) ? 1 : 0;
    }
    got.statistics = expected.statistics;
    expect_equal(expected, got);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(later, 1000u);
}

std::vector<std::string> revisions() {
  const std::string compressed = read_file((testing::test_data_folder() / "dedup/doc_revisions.jsonl.zst").string());
  std::string lines(size_t{64} << 20, '\0');
  const size_t size = ZSTD_decompress(lines.data(), lines.size(), compressed.data(), compressed.size());
  EXPECT_FALSE(ZSTD_isError(size));
  std::vector<std::string> texts;
  simdjson::dom::parser parser;
  simdjson::dom::document_stream documents = parser.parse_many(lines.data(), size, size_t{16} << 20);
  for (const auto document : documents) texts.emplace_back(document["text"].get_string().value());
  return texts;
}

TEST(Passes, GiveTheVerdictsOfTheIndexOnRealTexts) {
  FTOK_NEEDS_TEST_DATA("dedup/doc_revisions.jsonl.zst");
  const std::vector<std::string> texts = revisions();
  MinHashOptions minhash;
  minhash.keep_signature = true;
  const MinHashStage stage(minhash);
  std::mt19937_64 random(16);
  for (const double jaccard : {0.0, 0.7}) {
    DeduplicatorOptions options;
    options.verify_jaccard = jaccard;
    const Deduplicator deduplicator(options, stage.layout());
    Corpus corpus;
    for (const std::string& text : texts) {
      Document document;
      document.text = text;
      document.dump = text.size() % 2 == 0 ? "CC-MAIN-2024-10" : "CC-MAIN-2024-18";
      stage.process(document, nullptr);
      corpus.keys.push_back(deduplicator.keys(document));
    }
    const Outcome expected = in_memory(corpus, options, stage.layout());
    EXPECT_GT(expected.statistics.minhash, 20u);
    for (int round = 0; round < 10; ++round) {
      expect_equal(expected, in_passes(corpus, options, stage.layout(), random_pieces(random, corpus.keys.size())));
    }
  }
}

// The index a run would have held, as its prediction says.
TEST(Passes, CountTheKeysOfTheIndex) {
  std::mt19937_64 random(17);
  Corpus corpus;
  for (int i = 0; i < 5000; ++i) corpus.keys.push_back({1 + random() % 4000, random() | 1, random() | 1, 0});
  const KeyLayout layout{2, 0};
  Pieces pieces{{1000, 5000}, {2500, 5000}, 3, 1 << 10};
  const Outcome expected = in_memory(corpus, {}, layout), got = in_passes(corpus, {}, layout, pieces);
  EXPECT_EQ(FirstSeenIndex::predict_bytes(got.statistics.index_keys) + SignatureStore(8).predict_bytes(5000),
            expected.statistics.index_bytes);
}

// One key that all documents share is more than a batch may hold.
TEST(Passes, HoldNoMoreRecordsThanTheyMay) {
  Corpus corpus;
  for (uint64_t i = 0; i < 3000; ++i) corpus.keys.push_back({i % 2 == 0 ? 7u : i + 100, i % 3 == 0 ? 8 : i << 20, 0});
  const KeyLayout layout{1, 0};
  const Outcome expected = in_memory(corpus, {}, layout);
  for (const size_t records_max : {size_t{1}, size_t{100}, size_t{2999}, size_t{3000}, size_t{3001}}) {
    expect_equal(expected, in_passes(corpus, {}, layout, {{1, 1500, 3000}, {3000}, 1, records_max}));
  }
}

TEST(Passes, NumbersOfDocumentsDoNotEndAt32Bits) {
  const uint64_t far = (uint64_t{1} << 40) + 5;
  const std::vector<KeyRecord> one = {{42, place_of(3, 1)}}, other = {{42, place_of(0, 2)}};
  const std::vector<KeyRun> runs = {{one, 0}, {other, far}};
  EdgeTable edges({far, far + 1});
  group_keys(runs, 0, UINT64_MAX, {}, edges);
  ASSERT_EQ(edges.size(), 1u);
  edges.for_each(1, [&](std::span<const KeyEdge> got) {
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0], (KeyEdge{place_of(far, 2), 3}));
  });
}

TEST(Passes, KeysFallIntoTheRangeThatHoldsThem) {
  for (const size_t ranges : {1, 2, 3, 7, 64, 1000}) {
    EXPECT_EQ(key_range(0, ranges), 0u);
    EXPECT_EQ(key_range(UINT64_MAX, ranges), ranges - 1);
    for (size_t range = 1; range < ranges; ++range) {
      const uint64_t begin = key_range_begin(range, ranges);
      EXPECT_EQ(key_range(begin, ranges), range);
      EXPECT_EQ(key_range(begin - 1, ranges), range - 1);
    }
  }
}

TEST(Passes, SortIsStable) {
  std::mt19937_64 random(18);
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{24}, size_t{25}, size_t{1000}, size_t{70000}, size_t{300000}}) {
    for (const uint64_t mask : {uint64_t{0}, uint64_t{7}, uint64_t{0xFFFF} << 48, UINT64_MAX}) {
      std::vector<KeyRecord> records(size);
      for (size_t i = 0; i < size; ++i) records[i] = {random() & mask, i};
      std::vector<KeyRecord> expected = records;
      std::stable_sort(expected.begin(), expected.end(),
                       [](const KeyRecord& a, const KeyRecord& b) { return a.key < b.key; });
      sort_records(records);
      ASSERT_EQ(records, expected) << size << " " << mask;
    }
  }
}

}  // namespace
}  // namespace ftok
