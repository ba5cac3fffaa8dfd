// The tables of the tokenizer, flooded by words and pairs made for their hash functions.
#include <gtest/gtest.h>

#include <map>

#include "tests/support/flood.h"
#include "tokenizer/encode/bpe_encode.h"
#include "tokenizer/encode/token_table.h"
#include "tokenizer/encoding.h"
#include "tokenizer/pretoken_counts.h"
#include "tokenizer/train/pair_counts.h"
#include "tokenizer/vocabulary.h"

namespace ftok {
namespace {

using testing::flood;
using testing::sound_run;
using testing::word_of;

void set_seed(uint64_t number) {
  set_hash_seed(number);
  reseed_pretoken_keys();
}

std::string long_word_of(uint64_t number) { return "averyveryverylongword" + word_of(number); }

// Counts of pretokens, what vocabularies are trained on: short ones by their bytes, long ones by a hash.
TEST(Flood, PretokenCountsNeedTheSeed) {
  constexpr size_t kWords = 750, kSlots = 16384;
  set_seed(1);
  const uint64_t first = hash_seed()[0], second = hash_seed()[1];
  const auto is_hit = [&](const std::string& word) {
    uint64_t low = 0, high = uint64_t{word.size()} << 56;
    if (word.size() <= 15) {
      std::memcpy(&low, word.data(), std::min<size_t>(8, word.size()));
      if (word.size() > 8) std::memcpy(&high, word.data() + 8, word.size() - 8);
    } else {
      low = seeded_hash(word);
      high = uint64_t{0xFF} << 56 | (low * 0x9E3779B97F4A7C15ull) >> 8;
    }
    return seeded_mix(low, high, first, second) % kSlots == 7;
  };
  for (const auto make : {word_of, long_word_of}) {
    set_seed(1);
    const auto words = flood(kWords, make, is_hit);
    PretokenCounts known;
    for (const std::string& word : words) known.add(word);
    EXPECT_EQ(known.longest_run(), kWords);
    set_seed(2);
    PretokenCounts unknown;
    for (const std::string& word : words) unknown.add(word, 2);
    EXPECT_LT(unknown.longest_run(), sound_run(kWords));
    EXPECT_EQ(unknown.count(words[5]), 2u);
  }
}

// Pairs of symbols in training.
TEST(Flood, PairCountsNeedTheSeed) {
  constexpr size_t kPairs = 2000, kSlots = 4096;
  set_seed(1);
  const uint64_t first = hash_seed()[0], second = hash_seed()[1];
  const auto pairs = flood(
      kPairs, [](uint64_t i) { return pair_key(static_cast<uint32_t>(i / 3000), static_cast<uint32_t>(i % 3000)); },
      [&](uint64_t key) { return seeded_mix(key, 0, first, second) % kSlots == 7; });
  const auto run_of = [&](uint64_t seed) {
    set_seed(seed);
    PairCounts counts(0);
    for (const uint64_t pair : pairs) counts.insert(pair).count = 1;
    return counts.longest_run();
  };
  EXPECT_EQ(run_of(1), kPairs);
  EXPECT_LT(run_of(2), sound_run(kPairs));
}

// A vocabulary whose tokens share a slot of the table of tokens under one seed.
TEST(Flood, TokensNeedTheSeed) {
  constexpr size_t kTokens = 700, kSlots = 2048;  // with the 256 bytes
  for (const auto make : {word_of, long_word_of}) {
    set_seed(1);
    const auto words =
        flood(kTokens, make, [&](const std::string& word) { return PretokenKey::of(word).hash() % kSlots == 7; });
    Vocabulary vocabulary;
    const auto append = [&](std::string_view token) {
      vocabulary.bytes += token;
      vocabulary.offsets.push_back(static_cast<uint32_t>(vocabulary.bytes.size()));
    };
    for (int b = 0; b < 256; ++b) append(std::string(1, static_cast<char>(b)));
    for (const std::string& word : words) append(word);
    const TokenTable known(vocabulary);
    EXPECT_GE(known.longest_run(), kTokens);
    EXPECT_EQ(known.find(words[9]), 265u);
    set_seed(2);
    const TokenTable unknown(vocabulary);
    EXPECT_LT(unknown.longest_run(), sound_run(1000));
    EXPECT_EQ(unknown.find(words[9]), 265u);
  }
}

// Blocks of sixteen bytes after which an unseeded hash of this kind no longer knows what came before: those that make a
// factor zero. Under the seed such blocks are secret too.
TEST(Flood, NoBlockMakesLongKeysForgetWhatCameBefore) {
  set_seed(1);
  const uint64_t guess = 0xA0761D6478BD642Full;
  std::string block(16, 'x');
  std::memcpy(block.data() + 8, &guess, 8);
  std::map<uint64_t, std::string> keys;
  for (uint64_t i = 0; i < 1000; ++i) {
    const std::string word =
        std::string("0123456789abcdef").substr(0, 12) + std::to_string(1000 + i) + block + "tail of it";
    const PretokenKey key = PretokenKey::of(word);
    EXPECT_TRUE(keys.emplace(key.low, word).second);
    EXPECT_TRUE(keys.emplace(key.high, word).second);
    EXPECT_TRUE(keys.emplace(seeded_hash(word), word).second);
  }
}

// The cache of pretokens is bounded whatever the keys are: two lines of two entries each, eight moves. Ids are the same
// under every seed, with words that share a line under one of them.
TEST(Flood, TheCacheOfPretokensGivesTheSameIds) {
  Vocabulary vocabulary;
  vocabulary.name = "bytes";
  for (int b = 0; b < 256; ++b) {
    vocabulary.bytes += static_cast<char>(b);
    vocabulary.offsets.push_back(static_cast<uint32_t>(b + 1));
  }
  set_seed(1);
  const uint64_t lines = PretokenCache::kTableBytesMin / PretokenCache::kLineBytes;
  const auto words = flood(300, word_of, [&](const std::string& word) {
    return PretokenKey::of(" " + word).hash() / PretokenCache::kLineBytes % lines < 2;
  });
  std::string text;
  for (const std::string& word : words) text += " " + word;
  text += text;
  std::vector<std::vector<uint32_t>> ids;
  for (const uint64_t seed : {1u, 2u, 3u}) {
    set_seed(seed);
    const Encoding encoding(vocabulary);
    ids.push_back(encoding.encode_ordinary(text));
  }
  EXPECT_EQ(ids[0].size(), text.size());
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(ids[0], ids[2]);
}

}  // namespace
}  // namespace ftok
