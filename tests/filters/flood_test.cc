// The tables of the filters, flooded by texts made for their hash functions.
#include <gtest/gtest.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/file.h"
#include "filters/language_model.h"
#include "filters/measures/lines.h"
#include "filters/measures/ngrams.h"
#include "filters/url_lists/hashed_set.h"
#include "tests/support/flood.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

using testing::flood;
using testing::sound_run;
using testing::word_of;

constexpr size_t kWords = 2000, kSlots = 4096;  // of an IndexTable that holds so many

std::vector<std::string> words_in_one_slot(uint64_t seed) {
  set_hash_seed(seed);
  const uint64_t first = hash_seed()[0];
  return flood(kWords, word_of, [&](const std::string& word) {
    return (XXH3_64bits_withSeed(word.data(), word.size(), first) >> 32 & (kSlots - 1)) == 7;
  });
}

TEST(Flood, LinesNeedTheSeed) {
  const std::vector<std::string> words = words_in_one_slot(1);
  std::vector<std::string_view> lines(words.begin(), words.end());
  lines.push_back(words[3]);
  IndexTable known;
  EXPECT_EQ(find_duplicates(lines, known).pieces, 1u);
  EXPECT_EQ(known.longest_run(), kWords);
  set_hash_seed(2);
  IndexTable unknown;
  EXPECT_EQ(find_duplicates(lines, unknown).pieces, 1u);
  EXPECT_LT(unknown.longest_run(), sound_run(kWords));
}

TEST(Flood, WordsNeedTheSeed) {
  const std::vector<std::string> words = words_in_one_slot(1);
  const std::vector<std::string_view> views(words.begin(), words.end());
  WordNGrams known;
  known.assign(views);
  EXPECT_EQ(known.longest_run(), kWords);
  set_hash_seed(2);
  WordNGrams unknown;
  unknown.assign(views);
  EXPECT_LT(unknown.longest_run(), sound_run(kWords));
}

// Pairs of a few words: what a table of bigrams holds are the places of their first and second words.
TEST(Flood, NGramsNeedTheSeed) {
  constexpr size_t kFew = 400, kHot = 64;
  set_hash_seed(1);
  const uint64_t first = hash_seed()[0], second = hash_seed()[1];
  std::vector<std::string> few;
  for (uint64_t i = 0; i < kFew; ++i) few.push_back(word_of(i));
  std::vector<std::string_view> text(few.begin(), few.end());  // word i first occurs at i
  size_t pairs = 0;
  for (uint32_t a = 0; a < kFew && pairs < kWords; ++a) {
    for (uint32_t b = 0; b < kFew; ++b) {
      if ((seeded_mix(a, b, first, second) >> 32 & (2 * kSlots - 1)) >= kHot) continue;
      text.push_back(few[a]);
      text.push_back(few[b]);
      ++pairs;
    }
  }
  ASSERT_GT(pairs, 1000u);
  const auto run_and_chars = [&](uint64_t seed) {
    set_hash_seed(seed);
    WordNGrams grams;
    grams.assign(text);
    const size_t chars = grams.top_chars(2);
    return std::pair(grams.longest_run(), chars);
  };
  const auto [known, known_chars] = run_and_chars(1);
  const auto [unknown, unknown_chars] = run_and_chars(2);
  EXPECT_GT(known, pairs / 2);
  EXPECT_LT(unknown, sound_run(2 * pairs));
  EXPECT_EQ(known_chars, unknown_chars);
}

// A list's entries by the high bits of their hashes.
TEST(Flood, UrlListsNeedTheSeed) {
  set_hash_seed(1);
  const uint64_t first = hash_seed()[0];
  const auto entries = flood(kWords, word_of, [&](const std::string& word) {
    return XXH3_128bits_withSeed(word.data(), word.size(), first).high64 >> 54 == 7;
  });
  const auto fullest = [&](uint64_t seed) {
    set_hash_seed(seed);
    HashedSet set;
    for (const std::string& entry : entries) set.add(entry);
    set.seal();
    for (const std::string& entry : entries) EXPECT_TRUE(set.contains(entry));
    EXPECT_FALSE(set.contains("Not There"));
    return set.fullest_range();
  };
  EXPECT_EQ(fullest(1), kWords);
  EXPECT_LT(fullest(2), 20u);
}

// A model's words, by a hash of our own: fastText's is fixed, and n-grams alone need it.
TEST(Flood, AModelsWordsAreSpreadByTheSeed) {
  const std::string bytes = read_file((testing::source_folder() / "share/models/ftok-lid.ftz").string());
  for (const uint64_t seed : {1u, 2u}) {
    set_hash_seed(seed);
    const auto model = LanguageModel::parse(bytes);
    ASSERT_TRUE(model.ok());
    EXPECT_LT((*model)->longest_run(), sound_run(100000));
  }
}

}  // namespace
}  // namespace ftok
