// What a run shows: curves, the memory it needs, its floating-point operations; tokens drawn and their probabilities.
#include <gtest/gtest.h>

#include <cmath>

#include "trainer/loss_curve.h"
#include "trainer/memory_need.h"
#include "trainer/sample.h"

namespace ftok {
namespace {

LossCurve falling(int64_t done, int64_t steps) {
  LossCurve curve;
  curve.steps = steps;
  for (int64_t step = 1; step <= done; ++step) curve.training.push_back({step, 2 + 8.0 / static_cast<double>(step)});
  curve.validation = {{10, 3.5}, {20, 2.5}};
  return curve;
}

TEST(LossCurve, SvgHasEveryPoint) {
  const std::string svg = loss_svg(falling(100, 100), "a <b> & c");
  EXPECT_TRUE(svg.starts_with("<svg")) << svg.substr(0, 50);
  EXPECT_NE(svg.find("a &lt;b> &amp; c"), std::string::npos);
  const auto count = [&](const std::string& text) {
    size_t n = 0;
    for (size_t at = svg.find(text); at != std::string::npos; at = svg.find(text, at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count("r=\"3\""), 3u);  // two validation losses and the legend
  const size_t begin = svg.find("points=\"") + 8;
  const std::string points = svg.substr(begin, svg.find('"', begin) - begin);
  EXPECT_EQ(std::count(points.begin(), points.end(), ','), 100);
  EXPECT_EQ(svg, loss_svg(falling(100, 100), "a <b> & c"));
  EXPECT_NE(loss_svg({}, "").find("</svg>"), std::string::npos);
  LossCurve broken = falling(3, 10);
  broken.training.push_back({4, NAN});
  EXPECT_EQ(loss_svg(broken, "").find("nan"), std::string::npos);
}

TEST(LossCurve, LinesFallAsTheLossDoes) {
  const std::vector<std::string> lines = loss_lines(falling(20, 40), 47, 6);
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_EQ(lines[0].substr(0, 7), "10.000 ");
  EXPECT_EQ(lines[0].substr(7, 3), "\u2588");                 // the first column is full
  EXPECT_EQ(lines[0].find("\u2588", 10), std::string::npos);  // and no other
  EXPECT_EQ(lines[5].substr(7, 3), "\u2588");  // a column for each step there is, though the run has as many to come
  const auto marks = [&](const std::string& line) {
    return std::count_if(line.begin() + 7, line.end(), [](unsigned char c) { return c >= 0xC0 || c == ' '; });
  };
  EXPECT_EQ(marks(lines[5]), 20);
  EXPECT_EQ(loss_lines(falling(1000, 1000), 47, 6)[5].size() > 40, true);
  EXPECT_TRUE(loss_lines({}, 80, 10).empty());
  EXPECT_TRUE(loss_lines(falling(5, 5), 5, 10).empty());
}

TEST(Model, FlopsAreLlmcsCount) {  // the trainers' published figures
  EXPECT_NEAR(load_train_recipe("gpt2-124m", {}).model.flops_per_token(), 803.5e6, 0.05e6);
  EXPECT_NEAR(load_train_recipe("gpt2-350m", {}).model.flops_per_token(), 2280e6, 1e6);
  EXPECT_NEAR(load_train_recipe("gpt2-774m", {}).model.flops_per_token(), 4928e6, 1e6);
  EXPECT_NEAR(load_train_recipe("gpt2-1558m", {}).model.flops_per_token(), 9818e6, 1e6);
}

TEST(MemoryNeed, SaysWhatWouldFit) {
  TrainRecipe recipe = load_train_recipe("gpt2-124m", {});
  const MemoryNeed need = memory_need(recipe, 1);
  EXPECT_NEAR(static_cast<double>(need.fixed_bytes), 4 * 4 * 124.5e6, 1e7);  // weights, gradients, two moments
  EXPECT_EQ(memory_complaint(recipe, 1, need.total()), "");
  const std::string complaint = memory_complaint(recipe, 1, need.total() - 1);
  EXPECT_NE(complaint.find("run.micro_batch = 4 needs"), std::string::npos) << complaint;
  EXPECT_NE(complaint.find("; 3 would fit; 4 with run.recompute = \"blocks\""), std::string::npos) << complaint;
  EXPECT_NE(memory_complaint(recipe, 1, 1000).find("no micro-batch fits"), std::string::npos);
  recipe.run.shard_optimizer = true;
  EXPECT_NEAR(static_cast<double>(memory_need(recipe, 4).fixed_bytes), 4 * 2.5 * 124.5e6, 1e7);
  EXPECT_GT(physical_memory_bytes(), uint64_t{1} << 28);
}

TEST(MemoryNeed, OfTextsSideBySide) {
  const ModelConfig config;  // GPT-2's
  const uint64_t row = 4 * (100 * 2 * static_cast<uint64_t>(config.layers * config.channels) +
                            static_cast<uint64_t>(config.vocabulary_size));
  EXPECT_EQ(sampling_complaint(config, 7, 100, 7 * row), "");
  const std::string complaint = sampling_complaint(config, 7, 100, 7 * row - 1);
  EXPECT_TRUE(complaint.starts_with("7 texts of 100 tokens at a time need")) << complaint;
  EXPECT_TRUE(complaint.ends_with("; 6 would fit")) << complaint;
}

TEST(MemoryNeed, OfAGpuIsOfHalfPrecision) {
  TrainRecipe recipe = load_train_recipe("gpt2-124m", {"run.micro_batch=64"});
  const auto need = [&](int processes) { return memory_need(recipe, processes, Processor::kGpu); };
  const double fixed = static_cast<double>(need(1).fixed_bytes), scratch = 256.0 * 1024 * 1024;
  EXPECT_NEAR(fixed, 18 * 124.5e6 + scratch, 1e7);  // bfloat16; gradients, masters, two moments in fp32
  // 12 blocks of 16 C and three more rows in bfloat16; sums of 12 heads and four statistics a block, two at the end.
  EXPECT_EQ(need(1).sequence_bytes, uint64_t{65536} * ((12 * 16 + 3) * 768 * 2 + (12 * 16 + 2) * 4));
  // Gradients of activations, batches, 8,192 rows of logits, and 64 x 12 heads' squares of 1,024 for attention.
  EXPECT_EQ(need(1).shared_bytes,
            uint64_t{65536} * (9 * 768 * 2 + 25) + uint64_t{8192} * 50304 * 2 + uint64_t{2} * 64 * 12 * 1024 * 1024);
  EXPECT_EQ(memory_complaint(recipe, 1, need(1).total(), Processor::kGpu), "");
  const std::string complaint = memory_complaint(recipe, 1, need(1).total() - 1, Processor::kGpu);
  EXPECT_NE(complaint.find("; 63 would fit; 64 with run.recompute = \"blocks\""), std::string::npos) << complaint;
  recipe.run.shard_optimizer = true;
  EXPECT_NEAR(static_cast<double>(need(4).fixed_bytes), (6 + 3) * 124.5e6 + scratch, 1e7);
  // Attention's scratch ends at 2 GiB, or at what one sequence takes.
  recipe.model.heads = 32, recipe.model.channels = 768, recipe.model.length = 4096, recipe.run.micro_batch = 8;
  const uint64_t at_limit = need(1).shared_bytes;
  recipe.run.micro_batch = 9;
  EXPECT_EQ(need(1).shared_bytes - at_limit, 4096u * (9 * 768 * 2 + 25));
}

TEST(Sample, PenalisesWhatTheContextHolds) {
  std::vector<float> logits = {2, -1, 4, 0.5};
  const std::vector<uint32_t> context = {0, 1, 0};
  penalise_repetition(logits, context, 2);
  EXPECT_EQ(logits, (std::vector<float>{1, -2, 4, 0.5}));
  penalise_repetition(logits, context, 1);
  EXPECT_EQ(logits, (std::vector<float>{1, -2, 4, 0.5}));
}

TEST(Sample, LikeliestTokens) {
  const std::vector<float> logits = {0, 2, 1, 2};
  const auto tokens = likeliest_tokens(logits, 1, 3);
  ASSERT_EQ(tokens.size(), 3u);
  EXPECT_EQ(tokens[0].token, 1u);  // ties: the smaller id
  EXPECT_EQ(tokens[1].token, 3u);
  EXPECT_EQ(tokens[2].token, 2u);
  const double sum = 1 + 2 * std::exp(2.0) + std::exp(1.0);
  EXPECT_NEAR(tokens[2].probability, std::exp(1.0) / sum, 1e-12);
  EXPECT_NEAR(likeliest_tokens(logits, 0.5, 9)[0].probability, std::exp(4.0) / (1 + 2 * std::exp(4.0) + std::exp(2.0)),
              1e-12);
}

}  // namespace
}  // namespace ftok
