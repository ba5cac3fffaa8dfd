#include "dedup/evaluation_sets.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "dedup/decontaminate.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

// `count` words, different for each `first`.
std::string words(size_t count, size_t first) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    std::string word;
    for (size_t rest = first * 1000 + i, letter = 0; letter < 6; ++letter, rest /= 20)
      word += "bcdfghjklmnpqrstvxyz"[rest % 20];
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

class EvaluationSetsTest : public ::testing::Test {
 protected:
  EvaluationSets read(const std::vector<std::pair<std::string, std::string>>& files) {
    for (const auto& [name, content] : files) {
      write_file(folder_ / name, content);
      options_.sets.push_back(folder_ / name);
    }
    return EvaluationSets(options_);
  }
  // "set: item" of each match, in order.
  static std::string found(const EvaluationSets& sets, const std::string& text) {
    std::vector<EvaluationSets::Match> matches;
    sets.find(text, matches);
    std::string names;
    for (const auto& match : matches) names += (names.empty() ? "" : ", ") + sets.name_of(match.item);
    return names;
  }

  testing::TemporaryFolder folder_;
  EvaluationSetOptions options_;
};

TEST_F(EvaluationSetsTest, EveryItemPutInVerbatimIsFoundAndNamed) {
  std::string lines;
  for (size_t i = 0; i < 50; ++i) {
    const std::string id = i % 2 == 0 ? "\"id\": \"q" + std::to_string(i) + "\", " : "";
    lines += "{" + id + "\"question\": \"" + words(8 + i % 20, i) + "\", \"choices\": [\"yes\", \"no\"]}\n";
  }
  const EvaluationSets sets = read({{"bench.jsonl", lines}});
  ASSERT_EQ(sets.items().size(), 50u);
  for (size_t i = 0; i < 50; ++i) {
    const std::string name = i % 2 == 0 ? "bench: q" + std::to_string(i) : "bench: line " + std::to_string(i + 1);
    EXPECT_EQ(found(sets, "Some words before it. " + words(8 + i % 20, i) + "? And after it."), name);
    EXPECT_EQ(found(sets, words(8 + i % 20, i + 100)), "");
  }
}

TEST_F(EvaluationSetsTest, ThirteenWordsInARow) {
  const EvaluationSets sets = read({{"a.jsonl", "{\"text\": \"" + words(20, 1) + "\"}"}});
  const auto piece = [&](size_t count) {
    const std::string all = words(20, 1);
    size_t end = 0;
    for (size_t i = 0; i < count; ++i) end = all.find(' ', end + 1);
    return all.substr(0, end);
  };
  EXPECT_EQ(found(sets, "x " + piece(13) + " y"), "a: line 1");
  EXPECT_EQ(found(sets, "x " + piece(12) + " y"), "");
  std::vector<EvaluationSets::Match> matches;
  EXPECT_EQ(sets.find("x " + piece(15), matches), 3u);  // n-grams
  EXPECT_EQ(matches.at(0).ngrams, 3u);
  EXPECT_EQ(matches.at(0).word, 1u);
  EXPECT_EQ(sets.ngram_at("x " + piece(15), 1), piece(13));
}

TEST_F(EvaluationSetsTest, CasePunctuationAndScriptDoNotMatter) {
  const EvaluationSets sets =
      read({{"a.jsonl", "{\"text\": \"" + words(13, 1) + "\"}\n{\"text\": \"世界各地的水车博物馆每年春天都会举办\"}"}});
  std::string shouted = words(13, 1);
  for (char& c : shouted) c = c == ' ' ? ',' : static_cast<char>(c - 'a' + 'A');
  EXPECT_EQ(found(sets, shouted), "a: line 1");
  EXPECT_EQ(found(sets, "听说世界各地的水车博物馆每年春天都会举办课程"), "a: line 2");
}

TEST_F(EvaluationSetsTest, ShortStringsAsAWholeFromEightWordsOn) {
  const EvaluationSets sets = read({{"a.jsonl", "{\"q\": \"" + words(8, 1) + "\"}\n{\"q\": \"" + words(7, 2) + "\"}"}});
  EXPECT_EQ(found(sets, "x " + words(8, 1) + " y"), "a: line 1");
  EXPECT_EQ(found(sets, "x " + words(7, 1) + " y"), "");
  EXPECT_EQ(found(sets, words(7, 2)), "");
  EXPECT_FALSE(sets.items()[0].is_short);
  EXPECT_TRUE(sets.items()[1].is_short);
  EXPECT_EQ(sets.items()[1].ngrams, 0u);
}

TEST_F(EvaluationSetsTest, WhatManyItemsOfSeveralSetsSayIsIgnoredAndListed) {
  const std::string stem = words(13, 7);
  const auto set_of = [&](size_t items, size_t first) {
    std::string lines;
    for (size_t i = 0; i < items; ++i) lines += "{\"q\": \"" + stem + " " + words(13, first + i) + "\"}\n";
    return lines;
  };
  options_.frequent_items = 6;
  const EvaluationSets both = read({{"a.jsonl", set_of(3, 20)}, {"b.jsonl", set_of(3, 40)}});
  EXPECT_EQ(both.ignored(), std::vector<std::string>{stem});
  EXPECT_EQ(found(both, stem), "");
  EXPECT_EQ(found(both, words(13, 41)), "b: line 2");
  options_.sets.clear();
  EXPECT_TRUE(read({{"a.jsonl", set_of(3, 20)}, {"b.jsonl", set_of(2, 40)}}).ignored().empty());  // five items
  options_.sets.clear();
  EXPECT_TRUE(read({{"a.jsonl", set_of(6, 20)}}).ignored().empty());  // one set
}

TEST_F(EvaluationSetsTest, FieldsAskedFor) {
  options_.fields = {"question"};
  const EvaluationSets sets =
      read({{"a.jsonl", "{\"question\": \"" + words(13, 1) + "\", \"context\": \"" + words(13, 2) + "\"}"}});
  EXPECT_EQ(found(sets, words(13, 1)), "a: line 1");
  EXPECT_EQ(found(sets, words(13, 2)), "");
}

TEST_F(EvaluationSetsTest, AFieldThatNoItemHas) {
  const std::vector<std::pair<std::string, std::string>> files = {
      {"a.jsonl", "{\"question\": \"" + words(13, 1) + "\"}\n"}, {"b.jsonl", "{\"goal\": \"" + words(13, 2) + "\"}\n"}};
  const auto refusal = [&](const std::vector<std::string>& fields) -> std::string {
    options_.fields = fields, options_.sets = {};
    try {
      read(files);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal({"question", "goal"}), "");
  EXPECT_EQ(refusal({"question", "goal", "nope"}), "decontaminate.fields: no item of any set has a field 'nope'");
  EXPECT_EQ(refusal({"nope"}), (folder_ / "a.jsonl") + ": no item has a field 'nope'");
  EXPECT_EQ(refusal({"question"}), (folder_ / "b.jsonl") + ": no item has a field 'question'");
}

TEST_F(EvaluationSetsTest, ReadByWhatTheProgramBrings) {
  options_.sets = {"bench.csv"};
  options_.fields = {"q"};
  const EvaluationSets sets(options_,
                            [&](const std::string& path, const std::vector<std::string>& keys, const auto& visit) {
                              EXPECT_EQ(path, "bench.csv");
                              EXPECT_EQ(keys, options_.fields);
                              visit("{\"q\": \"" + words(13, 1) + "\"}", "row 1");
                            });
  EXPECT_EQ(found(sets, words(13, 1)), "bench: row 1");
}

TEST_F(EvaluationSetsTest, WhatCannotBeRead) {
  EXPECT_THROW(read({{"a.jsonl", "{\"q\": \"x\"}\nnot JSON\n"}}), Error);
  options_.sets = {folder_ / "missing.jsonl"};
  EXPECT_THROW(EvaluationSets{options_}, Error);
  options_.sets = {};
  EXPECT_THROW(read({{"empty.jsonl", ""}}), Error);
  options_.sets = {};
  options_.ngram_words = 0;
  EXPECT_THROW(EvaluationSets{options_}, UsageError);
}

TEST_F(EvaluationSetsTest, TheStageOnBothSidesOfItsThreshold) {
  write_file(folder_ / "bench.jsonl", "{\"id\": \"q1\", \"text\": \"" + words(20, 1) + "\"}");
  DecontaminateOptions options;
  EXPECT_TRUE(options.idle());
  options.sets = {folder_ / "bench.jsonl"};
  Document document;
  document.text = "Before. " + words(20, 1);
  options.ngrams_min = 8;
  const Verdict verdict = Decontaminate(options).process(document);
  EXPECT_EQ(verdict.reason, "decontaminate.overlap");
  EXPECT_EQ(verdict.value, 8);
  EXPECT_EQ(verdict.detail, "bench: q1");
  options.ngrams_min = 9;
  EXPECT_TRUE(Decontaminate(options).process(document).kept());
  options.ngrams_min = 0;
  EXPECT_THROW(Decontaminate{options}, UsageError);
}

}  // namespace
}  // namespace ftok
