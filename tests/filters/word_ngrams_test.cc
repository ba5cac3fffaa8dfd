// NgramRows at every level against its definition, taken literally.
#include "filters/language_models/word_ngrams.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace ftok {
namespace {

bool continues(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

// By start, then by length: every run of whole characters, hashed anew.
std::vector<uint32_t> rows_by_definition(const NgramRows& model, const std::string& word, size_t begin, size_t stop) {
  std::vector<uint32_t> rows;
  for (size_t start = begin; start < stop; ++start) {
    if (continues(word[start])) continue;
    for (uint32_t n = std::max(model.least, 1U); n <= model.most; ++n) {
      size_t end = start;
      uint32_t whole = 0;
      for (; end < word.size() && whole < n; ++whole) {
        do ++end;
        while (end < word.size() && continues(word[end]));
      }
      if (whole < n || (n == 1 && (start == 0 || end == word.size()))) continue;
      uint32_t hash = 2166136261U;
      for (size_t i = start; i < end; ++i) {
        hash = (hash ^ static_cast<uint32_t>(static_cast<int32_t>(static_cast<int8_t>(word[i])))) * 16777619U;
      }
      const uint32_t bucket = hash % model.buckets;
      if (model.blocks.empty()) {
        rows.push_back(model.first_row + bucket);
      } else if ((model.blocks[bucket / 64].present >> (bucket % 64) & 1) != 0) {
        uint32_t row = model.blocks[bucket / 64].first_row;
        for (uint32_t below = 0; below < bucket % 64; ++below) {
          row += static_cast<uint32_t>(model.blocks[bucket / 64].present >> below & 1);
        }
        rows.push_back(row);
      }
    }
  }
  return rows;
}

NgramRows some_model(std::mt19937_64& random, uint32_t least, uint32_t most, uint32_t buckets, bool pruned) {
  NgramRows model;
  model.least = least;
  model.most = most;
  model.set_buckets(buckets);
  model.first_row = 1000;
  if (!pruned) return model;
  uint32_t row = model.first_row;
  for (uint32_t block = 0; block <= buckets / 64; ++block) {
    const bool is_full = random() % 64 == 0;  // most n-grams of the larger models have no row
    model.blocks.push_back({is_full || buckets < 64 * 64 ? random() : random() & random() & random() & random(), row});
    for (uint64_t bits = model.blocks.back().present; bits != 0; bits &= bits - 1) ++row;
  }
  model.index_blocks();
  return model;
}

std::string some_word(std::mt19937_64& random) {
  static const std::string kCharacters[] = {"a",    "e",   "\xc3\xa4", "\xd0\xb6", "\xe4\xb8\xad", "\xf0\x9f\x98\x80",
                                            "\x80", "\xff"};
  const size_t kinds = std::size_t{1} << (random() % 4);  // from ASCII alone to bytes that are no UTF-8
  std::string word = "<";
  for (size_t length = random() % 40; length > 0; --length) word += kCharacters[random() % kinds];
  if (random() % 50 == 0) word += std::string(20, '\x80');
  return word + ">";
}

TEST(WordNgrams, AreThoseOfTheDefinition) {
  std::mt19937_64 random(5);
  std::vector<VectorLevel> levels = {VectorLevel::kPlain};
  if (vector_level() == VectorLevel::kAvx512) levels.push_back(VectorLevel::kAvx512);
  size_t found = 0, words = 0;
  for (const auto& [least, most] : {std::pair(1U, 4U), {2U, 4U}, {0U, 3U}, {3U, 6U}, {1U, 1U}, {4U, 4U}}) {
    for (const uint32_t buckets : {1U, 63U, 64U, 500000U, 2000000U, 4294967295U}) {
      const bool pruned = buckets < 3000000 && random() % 2 == 0;
      const NgramRows model = some_model(random, least, most, buckets, pruned);
      for (int i = 0; i < 200; ++i, ++words) {
        const std::string word = some_word(random);
        const size_t begin = random() % word.size(), stop = begin + 1 + random() % (word.size() - begin);
        for (const auto& [from, to] : {std::pair(size_t{0}, word.size()), {begin, stop}}) {
          const std::vector<uint32_t> expected = rows_by_definition(model, word, from, to);
          found += expected.size();
          for (const VectorLevel level : levels) {
            std::vector<uint32_t> rows = {7};  // what is there stays
            model.find(word, from, to, rows, level);
            ASSERT_EQ(rows.front(), 7U);
            rows.erase(rows.begin());
            rows.resize(
                static_cast<size_t>(model.rows_of(rows.data(), rows.data() + rows.size(), level) - rows.data()));
            ASSERT_EQ(rows, expected) << "level " << static_cast<int>(level) << ", " << least << " to " << most
                                      << " characters, " << buckets << " buckets, bytes " << from << " to " << to;
          }
        }
      }
    }
  }
  EXPECT_GT(found, 10 * words);
}

}  // namespace
}  // namespace ftok
