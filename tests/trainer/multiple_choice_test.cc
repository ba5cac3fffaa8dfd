// Multiple-choice examples: llm.c's bytes, damage, JSON Lines, and scores against losses worked out one by one.
#include "trainer/multiple_choice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>
#include <string>
#include <utility>

#include "core/error.h"
#include "tests/trainer/small_model.h"

namespace ftok {
namespace {

const std::vector<ChoiceExample> kExamples = {{2, {1, 2}, {{3}, {4, 5}, {6}, {7, 8, 9}}},
                                              {0, {10}, {{11}, {12}, {13}, {14}}}};

TEST(MultipleChoice, WritesLlmcsBytes) {
  const std::string bytes = encode_choices(kExamples, 1);
  int32_t header[5];
  std::memcpy(header, bytes.data(), sizeof header);
  EXPECT_EQ((std::vector<int32_t>(header, header + 5)), (std::vector<int32_t>{20240522, 1, 2, 38, 0}));
  std::vector<uint16_t> words((bytes.size() - 1024) / 2);
  std::memcpy(words.data(), bytes.data() + 1024, bytes.size() - 1024);
  EXPECT_EQ(words, (std::vector<uint16_t>{65535, 38, 0,     2,  4, 2, 1, 2, 1,  3, 2,  4, 5,  1, 6,  3, 7,
                                          8,     9,  65535, 30, 1, 0, 4, 1, 10, 1, 11, 1, 12, 1, 13, 1, 14}));
}

void expect_same(const std::vector<ChoiceExample>& a, const std::vector<ChoiceExample>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].label, b[i].label);
    EXPECT_EQ(a[i].context, b[i].context);
    EXPECT_EQ(a[i].completions, b[i].completions);
  }
}

TEST(MultipleChoice, RoundTrips) {
  for (const int version : {1, 2}) {
    const auto back = parse_choices(encode_choices(kExamples, version));
    ASSERT_TRUE(back.ok()) << version;
    expect_same(*back, kExamples);
  }
  const std::vector<ChoiceExample> wide = {{1, {100000}, {{65535}, {65536}, {1}, {2}}}};
  EXPECT_THROW(encode_choices(wide, 1), UsageError);
  const auto back = parse_choices(encode_choices(wide, 2));
  ASSERT_TRUE(back.ok());
  expect_same(*back, wide);
  const std::vector<ChoiceExample> longest = {{0, std::vector<uint32_t>(32750, 1), {{1}, {1}, {1}, {1}}}};
  EXPECT_NO_THROW(encode_choices(longest, 1));  // 65,528 bytes
  const std::vector<ChoiceExample> longer = {{0, std::vector<uint32_t>(32760, 1), {{1}, {1}, {1}, {1}}}};
  EXPECT_THROW(encode_choices(longer, 1), UsageError);
  EXPECT_TRUE(parse_choices(encode_choices(longer, 2)).ok());
}

TEST(MultipleChoice, NamesDamage) {
  const std::string bytes = encode_choices(kExamples, 1);
  const auto code = [](const std::string& b) {
    const auto parsed = parse_choices(b);
    return std::string(parsed ? "" : parsed.damage().code);
  };
  EXPECT_EQ(code(bytes.substr(0, 1000)), "choices_short");
  std::string changed = bytes;
  changed[0] = 1;
  EXPECT_EQ(code(changed), "choices_bad_magic");
  changed = bytes;
  changed[4] = 3;
  EXPECT_EQ(code(changed), "choices_bad_version");
  for (size_t size = 1024; size < bytes.size(); size += 2)
    EXPECT_EQ(code(bytes.substr(0, size)), "choices_bad_example") << size;
  EXPECT_EQ(code(bytes + "xx"), "choices_bad_example");
  for (size_t word : {0, 1, 2, 3, 4, 5, 8}) {  // each number of the first example's structure, made too large
    changed = bytes;
    changed[1024 + 2 * word + 1] ^= 0x40;
    EXPECT_EQ(code(changed), "choices_bad_example") << word;
  }
}

TEST(MultipleChoice, ReadsHellaSwagsLines) {
  const auto letters = [](const std::string& text) { return std::vector<uint32_t>(text.begin(), text.end()); };
  const auto example =
      choice_of_json(R"({"ind": 24, "ctx": "A man", "label": 3, "endings": ["a", "b", "cd", "e"], "x": [1]})", letters);
  ASSERT_TRUE(example.ok());
  EXPECT_EQ(example->label, 3u);
  EXPECT_EQ(example->context, letters("A man"));
  EXPECT_EQ(example->completions[2], letters(" cd"));
  const auto detail = [&](const char* line) { return choice_of_json(line, letters).damage().detail; };
  EXPECT_EQ(detail("{"), "not JSON");
  EXPECT_EQ(detail(R"({"label":0,"endings":["a"]})"), "ctx");
  EXPECT_EQ(detail(R"({"ctx":"","label":0,"endings":["a"]})"), "ctx");
  EXPECT_EQ(detail(R"({"ctx":"a","label":0,"endings":[]})"), "endings");
  EXPECT_EQ(detail(R"({"ctx":"a","label":0,"endings":[1]})"), "endings");
  EXPECT_EQ(detail(R"({"ctx":"a","label":1,"endings":["a"]})"), "label");
}

// Losses of each token from batches of one target.
double loss_of(Network<float>& network, std::vector<uint32_t> tokens, size_t from) {
  double sum = 0;
  for (size_t i = from; i < tokens.size(); ++i) {
    std::vector<uint8_t> mask(i, 0);
    mask[i - 1] = 1;
    BatchView view;
    view.B = 1, view.T = static_cast<int64_t>(i), view.tokens = tokens.data(), view.targets = tokens.data() + 1,
    view.loss_mask = mask.data();
    sum += network.loss(view);
  }
  return sum;
}

TargetLosses losses_by(Network<float>& network) {
  return [&network](const BatchView& batch) { return network.target_losses(batch); };
}

TEST(MultipleChoice, ScoresByTheSmallestLoss) {
  testing::SmallModel<float> model;
  std::vector<ChoiceExample> examples;
  uint64_t correct = 0, normalised = 0;
  for (uint64_t i = 0; i < 160; ++i) {
    const auto token = [&](uint64_t j) { return static_cast<uint32_t>(random_bits(i, 1, j) % 61); };
    ChoiceExample example{token(2) % 4, {token(0), token(1)}, {}};
    std::vector<double> sums, means;
    for (uint64_t c = 0; c < 4; ++c) {
      std::vector<uint32_t> completion;
      for (uint64_t j = 0; j < 1 + (i + c) % 5; ++j) completion.push_back(token(10 * (c + 1) + j));
      std::vector<uint32_t> tokens = example.context;
      tokens.insert(tokens.end(), completion.begin(), completion.end());
      sums.push_back(loss_of(model.network, tokens, 2));
      means.push_back(sums.back() / static_cast<double>(completion.size()));
      example.completions.push_back(completion);
    }
    correct += std::min_element(sums.begin(), sums.end()) - sums.begin() == static_cast<int64_t>(example.label);
    normalised += std::min_element(means.begin(), means.end()) - means.begin() == static_cast<int64_t>(example.label);
    examples.push_back(example);
  }
  uint64_t calls = 0;
  const ChoiceScore score = score_choices(losses_by(model.network), model.network.config(), examples,
                                          [&](const ChoiceScore& so_far) { EXPECT_EQ(so_far.examples, ++calls); });
  EXPECT_EQ(score.examples, 160u);
  EXPECT_EQ(score.correct, correct);
  EXPECT_EQ(score.correct_normalised, normalised);
  EXPECT_NE(correct, normalised);  // both ways of counting are seen
  EXPECT_DOUBLE_EQ(ChoiceScore::standard_error(0.3, 100), std::sqrt(0.3 * 0.7 / 100));
}

// Batches of padded sequences: few shapes, the same score.
TEST(MultipleChoice, BatchesOfPaddedSequencesScoreAlike) {
  const ModelConfig config{1, 2, 16, 80, 61};
  testing::SmallModel<float> model(config);
  std::vector<ChoiceExample> examples;
  for (uint64_t i = 0; i < 300; ++i) {  // more than are taken at once
    const auto tokens = [&](uint64_t stream, uint64_t n) {
      std::vector<uint32_t> made;
      for (uint64_t j = 0; j < n; ++j) made.push_back(static_cast<uint32_t>(random_bits(i, stream, j) % 61));
      return made;
    };
    ChoiceExample example{static_cast<uint32_t>(i % 3), tokens(9, 1 + i * 7 % 90), {}};
    for (uint64_t c = 0; c < 3; ++c) example.completions.push_back(tokens(c, 1 + (i + c) % 4));
    examples.push_back(example);
  }
  std::set<std::pair<int64_t, int64_t>> shapes;
  const TargetLosses watched = [&](const BatchView& batch) {
    shapes.insert({batch.B, batch.T});
    return model.network.target_losses(batch);
  };
  uint64_t calls = 0;
  const auto ignore = [](const ChoiceScore&) {};
  const ChoiceScore one_by_one = score_choices(losses_by(model.network), config, examples, ignore, {1, false});
  const ChoiceScore batched = score_choices(
      watched, config, examples, [&](const ChoiceScore& so_far) { EXPECT_EQ(so_far.examples, ++calls); }, {16, true});
  EXPECT_EQ(shapes, (std::set<std::pair<int64_t, int64_t>>{{16, 32}, {16, 64}, {16, 80}}));
  EXPECT_EQ(calls, 300u);
  EXPECT_EQ(batched.correct, one_by_one.correct);
  EXPECT_EQ(batched.correct_normalised, one_by_one.correct_normalised);
  shapes.clear();
  const ChoiceScore close = score_choices(watched, config, examples, ignore, {16, false});
  EXPECT_GT(shapes.size(), 3u);  // no longer than the longest of a batch
  EXPECT_EQ(close.correct, one_by_one.correct);
  EXPECT_EQ(close.correct_normalised, one_by_one.correct_normalised);
  examples[299].completions[1] = {61};
  try {
    score_choices(watched, config, examples, [](const ChoiceScore&) {}, {16, true});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("example 299"), std::string::npos) << error.what();
  }
}

TEST(Network, LossesOfTargetsAddUpToTheLoss) {
  testing::SmallModel<float> model;
  const Batch batch = testing::random_batch(model.network.config(), 3, 1);
  std::vector<uint8_t> mask(24, 1);
  mask[0] = mask[13] = 0;
  BatchView view = batch.view();
  view.loss_mask = mask.data();
  const std::vector<double> losses = model.network.target_losses(view);
  ASSERT_EQ(losses.size(), 24u);
  double sum = 0;
  for (const double loss : losses) sum += loss;
  EXPECT_EQ(sum, model.network.loss(view));
  EXPECT_EQ(losses[0], 0);
  EXPECT_EQ(losses[13], 0);
  EXPECT_GT(losses[1], 0);
}

TEST(MultipleChoice, LongContextsLoseTheirBeginning) {
  testing::SmallModel<float> model;  // T = 8
  ChoiceExample example{0, std::vector<uint32_t>(20, 5), {{1, 2}, {3}}};
  EXPECT_EQ(
      score_choices(losses_by(model.network), model.network.config(), {example}, [](const ChoiceScore&) {}).examples,
      1u);
  example.completions[0] = {1, 61};
  EXPECT_THROW(score_choices(losses_by(model.network), model.network.config(), {example}, [](const ChoiceScore&) {}),
               Error);
}

}  // namespace
}  // namespace ftok
