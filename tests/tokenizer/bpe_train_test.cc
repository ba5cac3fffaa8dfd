#include "tokenizer/bpe_train.h"

#include <gtest/gtest.h>

#include <simdjson.h>

#include <algorithm>
#include <map>
#include <random>

#include "core/file.h"
#include "tests/reference/slow_bpe_train.h"
#include "tests/support/test_data.h"
#include "text/unicode.h"

namespace ftok {
namespace {

std::vector<std::string> tokens_after_bytes(const BpeMerges& merges) {
  return {merges.tokens.begin() + 256, merges.tokens.end()};
}

BpeMerges train(const std::vector<std::pair<std::string, uint64_t>>& words, BpeTrainOptions options) {
  PretokenCounts counts;
  for (const auto& [word, count] : words) counts.add(word, count);
  return train_bpe(counts, options);
}

TEST(BpeTrain, MergesTheMostFrequentPairFirst) {
  const BpeMerges merges = train({{"abc", 2}, {"bc", 3}}, {.size = 258});
  EXPECT_EQ(tokens_after_bytes(merges), (std::vector<std::string>{"bc", "abc"}));
  EXPECT_EQ(merges.counts, (std::vector<uint64_t>{5, 2}));
}

TEST(BpeTrain, TiesGoToTheSmallerSymbols) {
  const BpeMerges merges = train({{"zy", 2}, {"ab", 2}, {"ac", 2}}, {.size = 259});
  EXPECT_EQ(tokens_after_bytes(merges), (std::vector<std::string>{"ab", "ac", "zy"}));
}

TEST(BpeTrain, TiesGoToTheGreaterBytesOnRequest) {
  const BpeMerges merges =
      train({{"zy", 2}, {"ab", 2}, {"ac", 2}}, {.size = 259, .tie_break = TieBreak::kGreatestBytes});
  EXPECT_EQ(tokens_after_bytes(merges), (std::vector<std::string>{"zy", "ac", "ab"}));
}

TEST(BpeTrain, LetterOrderPutsTheSpaceLast) {
  EXPECT_EQ(tokens_after_bytes(train({{" a", 2}, {"zy", 2}}, {.size = 257})), (std::vector<std::string>{" a"}));
  EXPECT_EQ(tokens_after_bytes(train({{" a", 2}, {"zy", 2}}, {.size = 257, .byte_order = ByteOrder::kLetters})),
            (std::vector<std::string>{"zy"}));
}

TEST(BpeTrain, RunsOfOneLetterMergeFromTheLeft) {
  // aaaaa: (a,a) is counted 4 times; after the first merge it is A A a.
  const BpeMerges merges = train({{"aaaaa", 1}}, {.size = 300});
  EXPECT_EQ(tokens_after_bytes(merges), (std::vector<std::string>{"aa", "aaa", "aaaaa"}));
}

TEST(BpeTrain, StopsAtTheMinimumCountAndTheLongestToken) {
  EXPECT_EQ(tokens_after_bytes(train({{"abc", 2}, {"bc", 3}}, {.size = 300, .count_min = 3})),
            (std::vector<std::string>{"bc"}));
  EXPECT_EQ(tokens_after_bytes(train({{"abc", 2}, {"bc", 3}}, {.size = 300, .token_bytes_max = 2})),
            (std::vector<std::string>{"bc"}));
  EXPECT_EQ(train({}, {.size = 300}).tokens.size(), 256u);
}

void expect_equal(const BpeMerges& merges, const BpeMerges& expected) {
  EXPECT_EQ(merges.pairs, expected.pairs);
  EXPECT_EQ(merges.counts, expected.counts);
  EXPECT_EQ(merges.tokens, expected.tokens);
}

// Words over few letters, so that pairs overlap, counts tie and tokens come to be in many ways.
std::vector<std::pair<std::string, uint64_t>> random_words(std::mt19937& random) {
  std::map<std::string, uint64_t> words;
  const unsigned letters = 1 + random() % 5;
  for (unsigned n = 1 + random() % 60; n > 0; --n) {
    std::string word;
    for (unsigned i = 1 + random() % 24; i > 0; --i) word.push_back("abc \xE4"[random() % letters]);
    words[word] += 1 + random() % 4;
  }
  return {words.begin(), words.end()};
}

TEST(BpeTrain, MergesAsTheSlowTwinDoes) {
  std::mt19937 random(11);
  for (int round = 0; round < 400; ++round) {
    const auto words = random_words(random);
    const BpeTrainOptions options{.size = 256 + static_cast<uint32_t>(random() % 80),
                                  .pretoken_count_min = random() % 3,
                                  .count_min = random() % 5,
                                  .token_bytes_max = random() % 2 ? 256 : 2 + static_cast<uint32_t>(random() % 8),
                                  .byte_order = random() % 2 ? ByteOrder::kBytes : ByteOrder::kLetters,
                                  .tie_break = random() % 2 ? TieBreak::kSmallestRanks : TieBreak::kGreatestBytes};
    expect_equal(train(words, options), reference::slow_train_bpe(words, options));
  }
}

TEST(BpeTrain, GoesOnFromAVocabularyAsIfItHadNotStopped) {
  std::mt19937 random(12);
  for (int round = 0; round < 100; ++round) {
    const auto words = random_words(random);
    BpeTrainOptions options{.size = 300, .byte_order = random() % 2 ? ByteOrder::kBytes : ByteOrder::kLetters};
    const BpeMerges whole = train(words, options);
    options.size = 256 + static_cast<uint32_t>(random() % 40);
    const Vocabulary base = make_vocabulary(train(words, options), "base", Pattern::kGpt2, {});
    options.base = &base;
    options.size = 300;
    const BpeMerges rest = train(words, options);
    EXPECT_EQ(rest.tokens, whole.tokens);
    EXPECT_EQ(rest.first, base.token_count());
    EXPECT_TRUE(std::equal(rest.pairs.rbegin(), rest.pairs.rend(), whole.pairs.rbegin()));
    EXPECT_TRUE(std::equal(rest.counts.rbegin(), rest.counts.rend(), whole.counts.rbegin()));
  }
}

TEST(BpeTrain, OldIdsStayAndSpecialTokensToo) {
  const std::vector<std::pair<std::string, uint64_t>> words = {{"abcd", 9}, {"bcd", 8}, {"cd", 7}};
  const Vocabulary base = make_vocabulary(train(words, {.size = 257}), "base", Pattern::kGpt2, {"<a>", "<b>"});
  EXPECT_EQ(base.specials[0].id, 257u);
  const BpeMerges merges = train(words, {.size = 300, .base = &base});
  EXPECT_EQ(merges.tokens[256], "cd");
  EXPECT_EQ(merges.tokens[257], "");  // <a>, <b>
  EXPECT_EQ(merges.tokens[258], "");
  EXPECT_EQ(merges.tokens[259], "bcd");
  EXPECT_EQ(merges.tokens[260], "abcd");
  const Vocabulary made = make_vocabulary(merges, "made", Pattern::kGpt2, {"<b>", "<c>"}, &base);
  ASSERT_EQ(made.specials.size(), 3u);
  EXPECT_EQ(made.specials[1].id, 258u);
  EXPECT_EQ(made.specials[2].text, "<c>");
  EXPECT_EQ(made.specials[2].id, 261u);
}

TEST(BpeTrain, LeavesRarePretokensOut) {
  EXPECT_EQ(tokens_after_bytes(train({{"ab", 1}, {"xab", 2}, {"cd", 2}}, {.size = 257, .pretoken_count_min = 2})),
            (std::vector<std::string>{"ab"}));
  EXPECT_EQ(train({{"ab", 1}}, {.size = 257, .pretoken_count_min = 2}).pairs.size(), 0u);
}

std::string spell(const std::string& bytes) {
  std::string out;
  const std::vector<unsigned char> letters = letter_order();
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const size_t rank = static_cast<size_t>(std::find(letters.begin(), letters.end(), byte) - letters.begin());
    append_utf8(out, rank < 188 ? char32_t{byte} : static_cast<char32_t>(0x100 + rank - 188));
  }
  return out;
}

// The words and merges of a public trainer (ffbpe), as JSON {"word": count} and lines "left right => count" in GPT-2's
// letters. Its two cases break ties differently.
void check_golden(const std::string& words_file, const std::string& merges_file, TieBreak tie_break) {
  PretokenCounts counts;
  simdjson::dom::parser parser;
  const simdjson::dom::element words = parser.load(words_file);
  for (const auto field : words.get_object()) counts.add(field.key, field.value.get_uint64().value());
  std::vector<std::string> expected;
  const std::string content = read_file(merges_file);
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = content.find('\n', begin);
    expected.push_back(content.substr(begin, end - begin));
    begin = end + 1;
  }
  const BpeMerges merges =
      train_bpe(counts, {.size = static_cast<uint32_t>(256 + expected.size()), .tie_break = tie_break});
  ASSERT_EQ(merges.pairs.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(spell(merges.tokens[merges.pairs[i].first]) + " " + spell(merges.tokens[merges.pairs[i].second]) +
                  " => " + std::to_string(merges.counts[i]),
              expected[i])
        << merges_file << ": merge " << i;
  }
}

TEST(BpeTrain, Golden) {
  FTOK_NEEDS_TEST_DATA("tokenizer/bpe_trainer_golden.tar.zst");
  const testing::TemporaryFolder folder;
  const std::string command = "zstd -dcq --long=27 '" +
                              (testing::test_data_folder() / "tokenizer/bpe_trainer_golden.tar.zst").string() +
                              "' | tar -x -C '" + folder.path().string() + "'";
  ASSERT_EQ(std::system(command.c_str()), 0);
  check_golden(folder / "ffbpe/_words.tinystories_sample_5M.json", folder / "ffbpe/merges.tinystories_sample_5M.txt",
               TieBreak::kSmallestRanks);
  check_golden(folder / "ffbpe/_words.TinyStoriesV2-GPT4-train.json",
               folder / "ffbpe/merges.TinyStoriesV2-GPT4-train.txt", TieBreak::kGreatestBytes);
}

}  // namespace
}  // namespace ftok
