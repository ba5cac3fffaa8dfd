#include "tokenizer/bpe_train.h"

#include <gtest/gtest.h>

#include <simdjson.h>

#include <algorithm>

#include "core/file.h"
#include "core/unicode.h"
#include "tests/support/test_data.h"

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
  const BpeMerges merges = train_bpe(
      counts, {.size = static_cast<uint32_t>(256 + expected.size()), .tie_break = tie_break});
  ASSERT_EQ(merges.pairs.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(spell(merges.tokens[merges.pairs[i].first]) + " " + spell(merges.tokens[merges.pairs[i].second]) + " => " +
                  std::to_string(merges.counts[i]),
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
