// What makes an assistant: the calculator, answers with calls, many texts at once, problems, the policy's gradient.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "core/error.h"
#include "tests/support/test_data.h"
#include "tests/trainer/families.h"
#include "tests/trainer/small_model.h"
#include "trainer/answer.h"
#include "trainer/batch_sample.h"
#include "trainer/calculator.h"
#include "trainer/layers/decoder.h"
#include "trainer/problems.h"
#include "trainer/rl/episodes.h"
#include "trainer/rl/policy.h"
#include "trainer/speaker.h"

namespace ftok {
namespace {

using testing::small_config;
using testing::SmallModel;

TEST(Calculator, ComputesAndRefuses) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"2+3*4", "14"},
      {" (2 + 3) * 4 ", "20"},
      {"10-4-3", "3"},
      {"-3*-(2+1)", "9"},
      {"7/2", "3.5"},
      {"1/3", "0.3333333333"},
      {"0.1+0.2", "0.3"},
      {"0-0", "0"},
      {"-0", "0"},
      {"12345678*12345678", "152415765279684"},
      {"99999999*9999999", "999999890000001"},
      {"99999999*99999999", "error: too large"},
      {"1000000000000000", "error: too large"},
      {"999999999999999", "999999999999999"},
      {std::string(400, '9'), "error: longer than 256 bytes"},
      {"1/0", "error: division by zero"},
      {"2/(3-3)", "error: division by zero"},
      {"(1+2", "error: a parenthesis is not closed"},
      {"1+2)", "error: not an expression"},
      {"", "error: not an expression"},
      {"2 3", "error: not an expression"},
      {"nan", "error: not an expression"},
      {"1e5", "error: not an expression"},
      {"2**3", "error: not an expression"},
      {std::string(31, '(') + "1" + std::string(31, ')'), "1"},
      {std::string(32, '(') + "1" + std::string(32, ')'), "error: nested too deeply"},
      {std::string(200, '-') + "1", "error: nested too deeply"},
  };
  for (const auto& [expression, value] : cases) EXPECT_EQ(calculate(expression), value) << expression;
}

// Gives fixed tokens, whatever it reads, and notes what that was.
class Parrot : public TokenPredictor {
 public:
  Parrot(std::vector<uint32_t> tokens, size_t V) : tokens_(std::move(tokens)), logits_(V) {}
  std::span<const float> next(uint32_t token) override {
    read_tokens.push_back(token);
    // What is put in, the model has not said: the next token of its own is given again until it is read.
    if (given_ < tokens_.size() && token == tokens_[given_]) ++given_;
    return say();
  }
  std::span<const float> read(std::span<const uint32_t> tokens) override {
    read_tokens.assign(tokens.begin(), tokens.end());
    return say();
  }
  int64_t position() const override { return static_cast<int64_t>(read_tokens.size()); }

  std::vector<uint32_t> read_tokens;

 private:
  std::span<const float> say() {
    std::fill(logits_.begin(), logits_.end(), 0.0f);
    logits_[tokens_[std::min(given_, tokens_.size() - 1)]] = 9;
    return logits_;
  }
  std::vector<uint32_t> tokens_;
  std::vector<float> logits_;
  size_t given_ = 0;
};

class AnswerTest : public ::testing::Test {
 protected:
  AnswerTest() : encoding_(Encoding::load((testing::source_folder() / "tests/data/frozen-1k.tiktoken").string())) {
    config_.length = 200;
    config_.vocabulary_size = encoding_.n_vocab();
    options_.sample.temperature = 0;
    options_.tokens_max = 40;
    options_.tool = calculate;
    listener_.text = [&](std::string_view text) {
      said_ += text;
      return true;
    };
    listener_.tool = [&](const std::string& call, const std::string& result) {
      said_ += "[" + call + "=" + result + "]";
    };
  }

  ChatAnswer answer_to(const std::string& question, const std::string& given) {
    parrot_.emplace(encoding_.encode(given, Specials::kAllow), encoding_.n_vocab());
    return answer(*parrot_, config_, encoding_, form_, {{"user", question}}, options_, listener_, &forgotten_);
  }

  Encoding encoding_;
  ChatTemplate form_ = *chat_template_of_name("chatml");
  ModelConfig config_;
  AnswerOptions options_;
  AnswerListener listener_;
  std::optional<Parrot> parrot_;
  std::string said_;
  size_t forgotten_ = 0;
};

TEST_F(AnswerTest, EndsWhereTheModelEndsIt) {
  const ChatAnswer whole = answer_to("Hi", "Hello there.<|im_end|>x");
  EXPECT_EQ(whole.message.content, "Hello there.");
  EXPECT_TRUE(whole.complete);
  EXPECT_TRUE(whole.message.parts.empty());
  EXPECT_EQ(said_, "Hello there.");
  options_.tokens_max = 2;
  EXPECT_FALSE(answer_to("Hi", "Hello there.<|im_end|>").complete);
}

TEST_F(AnswerTest, RunsCallsAndReadsTheirResults) {
  const ChatAnswer whole = answer_to("6*7?", "Let me see: <|im_start|>call\n6*7<|im_end|>It is 42.<|im_end|>");
  const std::vector<ChatPart> parts = {{ChatPart::Kind::kText, "Let me see: "},
                                       {ChatPart::Kind::kCall, "6*7"},
                                       {ChatPart::Kind::kResult, "42"},
                                       {ChatPart::Kind::kText, "It is 42."}};
  EXPECT_EQ(whole.message.parts, parts);
  EXPECT_EQ(said_, "Let me see: [6*7=42]It is 42.");
  EXPECT_NE(encoding_.decode(parrot_->read_tokens).find("call\n6*7<|im_end|><|im_start|>result\n42<|im_end|>It is"),
            std::string::npos);
  EXPECT_EQ(encoding_.decode(whole.ids),
            "Let me see: <|im_start|>call\n6*7<|im_end|><|im_start|>result\n42<|im_end|>It is 42.");
}

TEST_F(AnswerTest, WithoutToolsACallEndsTheAnswer) {
  options_.tool = {};
  const ChatAnswer whole = answer_to("6*7?", "<|im_start|>call\n6*7<|im_end|>It is 42.<|im_end|>");
  EXPECT_EQ(whole.message.content, "<|im_start|>call\n6*7");
}

TEST_F(AnswerTest, ACallThatIsCutOffIsLeftOut) {
  const std::string given = "Well: <|im_start|>call\n6*7<|im_end|>It is 42.<|im_end|>";
  const int64_t before = static_cast<int64_t>(encoding_.encode("Well: ", Specials::kAllow).size()),
                call = static_cast<int64_t>(encoding_.encode("<|im_start|>call\n6*7", Specials::kAllow).size());
  for (int64_t tokens = before; tokens <= before + call; ++tokens) {  // from none of the call to all but its end
    options_.tokens_max = tokens;
    said_.clear();
    const ChatAnswer cut = answer_to("6*7?", given);
    EXPECT_EQ(cut.message.content, "Well: ") << tokens;
    EXPECT_TRUE(cut.message.parts.empty()) << tokens;
    EXPECT_EQ(said_, "Well: ") << tokens;
    EXPECT_FALSE(cut.complete);
  }
  options_.tokens_max = before + call + 1;
  EXPECT_EQ(answer_to("6*7?", given).message.parts.size(), 3u);
}

TEST_F(AnswerTest, TheListenerEndsIt) {
  int asked = 0;
  listener_.stops = [&] { return ++asked == 3; };
  const ChatAnswer ended = answer_to("Hi", "a b c d e<|im_end|>");
  EXPECT_EQ(ended.ids.size(), 2u);
  EXPECT_FALSE(ended.complete);
}

// Gives what is written for it, one text after the other, and keeps what it was asked.
class ScriptedSampler : public BatchSampler {
 public:
  explicit ScriptedSampler(std::vector<SampledText> texts) : texts_(std::move(texts)) {}
  std::vector<SampledText> sample(std::span<const SampleRequest> requests, const BatchSampleOptions&) override {
    std::vector<SampledText> some;
    for (const SampleRequest& request : requests) {
      prompts.emplace_back(request.prompt.begin(), request.prompt.end());
      tokens_max.push_back(request.tokens_max);
      some.push_back(texts_.at(given_++));
    }
    return some;
  }
  std::vector<std::vector<uint32_t>> prompts;
  std::vector<int64_t> tokens_max;

 private:
  std::vector<SampledText> texts_;
  size_t given_ = 0;
};

TEST_F(AnswerTest, ManyAtOnceComputeWhatTheyAsk) {
  ModelFile model;
  model.config = config_;
  const ModelChat chat{form_, false};
  const Speaker speaker(encoding_, chat, model, "");
  const auto text = [&](const std::string& words) {
    return SampledText{encoding_.encode(words, Specials::kAllow), speaker.end_of_answer(), true};
  };
  SampledText cut = text("<|im_start|>call\n1+");
  cut.complete = false;
  ScriptedSampler sampler({text("<|im_start|>call\n6*7"), text("No."), cut, text("42.")});
  const std::vector<uint32_t> prompt = speaker.prompt("6*7?");
  const std::vector<SampleRequest> requests(3, SampleRequest{prompt, 1});
  const std::vector<ChatAnswer> answers = speaker.ask(sampler, requests, 0, 40);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0].message.content, "42.");
  ASSERT_EQ(answers[0].message.parts.size(), 3u);
  EXPECT_EQ(answers[0].message.parts[1].text, "42");
  EXPECT_EQ(answers[1].message.content, "No.");
  EXPECT_TRUE(answers[1].complete);
  EXPECT_EQ(answers[2].message.content, "");
  EXPECT_FALSE(answers[2].complete);
  ASSERT_EQ(sampler.prompts.size(), 4u);  // the first once more, with the result behind its call
  EXPECT_TRUE(encoding_.decode(sampler.prompts[3])
                  .ends_with("<|im_start|>call\n6*7<|im_end|><|im_start|>result\n42<|im_end|>"));
  EXPECT_EQ(sampler.tokens_max[3],
            40 - static_cast<int64_t>(sampler.prompts[3].size() - prompt.size()) +
                static_cast<int64_t>(encoding_.encode("<|im_start|>result\n42<|im_end|>", Specials::kAllow).size()));
}

TEST_F(AnswerTest, WhatOnlyBeginsLikeACallIsText) {
  EXPECT_EQ(answer_to("?", "<|im_start|>user\nno<|im_end|>").message.content, "<|im_start|>user\nno");
  EXPECT_EQ(answer_to("?", "a<|im_start|><|im_end|>").message.content, "a<|im_start|>");
}

TEST_F(AnswerTest, ForgetsTheOldestMessages) {
  const std::string words(120, 'x');
  parrot_.emplace(encoding_.encode("Yes.<|im_end|>", Specials::kAllow), encoding_.n_vocab());
  config_.length = static_cast<int64_t>(encoding_.count(words)) + 60;
  const std::vector<ChatMessage> messages = {{"system", "S"}, {"user", words}, {"assistant", "ok"}, {"user", "And?"}};
  answer(*parrot_, config_, encoding_, form_, messages, options_, listener_, &forgotten_);
  EXPECT_EQ(forgotten_, 0u);
  config_.length -= 30;
  answer(*parrot_, config_, encoding_, form_, messages, options_, listener_, &forgotten_);
  EXPECT_EQ(forgotten_, 1u);
  const std::string read = encoding_.decode(parrot_->read_tokens);
  EXPECT_TRUE(read.starts_with("<|im_start|>system\nS<|im_end|>\n<|im_start|>assistant\nok")) << read;
  config_.length = 24;
  EXPECT_THROW(answer(*parrot_, config_, encoding_, form_, {{"user", words}}, options_, listener_), TooLong);
}

TEST_F(AnswerTest, ATemplateWhoseCallsNoTokenMarksIsRefused) {
  form_.call = "call {content}<|im_end|>";
  EXPECT_THROW(answer_to("?", "a<|im_end|>"), Error);
}

// Side by side, at positions of their own, or one after the other: the same logits to rounding.
TEST(BatchDecoder, AgreesWithOneSequence) {
  for (const testing::Family& family : testing::small_families()) {
    const ModelConfig& config = family.config;
    SmallModel<float> model(config);
    const float* const parameters = model.network.parameters().data();
    Decoder<float> together(config, *model.layers, parameters, 3, config.length);
    const std::vector<std::vector<uint32_t>> texts = {{5, 9, 1, 7}, {8, 3}, {4, 4, 6}};
    for (size_t t = 0; t < 4; ++t) {
      std::vector<int64_t> rows;
      std::vector<uint32_t> tokens;
      for (size_t i = 3; i-- > 0;) {
        if (t < texts[i].size()) rows.push_back(static_cast<int64_t>(i)), tokens.push_back(texts[i][t]);
      }
      const std::span<const float> logits = together.next_of(rows, tokens);
      const size_t V = static_cast<size_t>(config.vocabulary_size);
      for (size_t r = 0; r < rows.size(); ++r) {
        Decoder<float> alone(config, *model.layers, parameters);
        std::span<const float> expected;
        for (size_t u = 0; u <= t; ++u) expected = alone.next(texts[static_cast<size_t>(rows[r])][u]);
        for (size_t v = 0; v < V; ++v) ASSERT_NEAR(logits[r * V + v], expected[v], 2e-5) << family.name << t << r;
      }
    }
  }
}

TEST(BatchSampler, DrawsWhatTheModelSays) {
  SmallModel<float> model;
  const std::span<const float> parameters(model.network.parameters().data(), model.network.parameters().size());
  const auto sampler = make_cpu_batch_sampler(small_config(), parameters, 1, 2);
  const std::vector<uint32_t> one = {3}, two = {7, 8, 9};
  const std::vector<SampleRequest> requests = {{one, 1}, {two, 2}, {one, 3}, {one, 1}};
  const std::vector<SampledText> texts = sampler->sample(requests, {1, 5, {}});
  ASSERT_EQ(texts.size(), 4u);
  EXPECT_EQ(texts[0].ids.size(), 5u);
  EXPECT_FALSE(texts[0].complete);
  EXPECT_EQ(texts[0].ids, texts[3].ids);  // the same seed
  EXPECT_NE(texts[0].ids, texts[2].ids);
  const std::vector<SampledText> ended = sampler->sample(requests, {1, 5, {texts[0].ids[2]}});
  EXPECT_EQ(
      ended[0].ids.size(),
      static_cast<size_t>(std::find(texts[0].ids.begin(), texts[0].ids.end(), texts[0].ids[2]) - texts[0].ids.begin()));
  EXPECT_TRUE(ended[0].complete);
  EXPECT_EQ(ended[0].end, texts[0].ids[2]);
  // The model has 8 positions: 3 tokens read, 5 to come, and the last is not read.
  EXPECT_EQ(sampler->sample(std::vector<SampleRequest>{{two, 2}}, {1, 100, {}})[0].ids.size(), 6u);
  const std::vector<uint32_t> full(8, 1);
  EXPECT_THROW(sampler->sample(std::vector<SampleRequest>{{full, 2}}, {1, 5, {}}), Error);
}

// Prompts in a row that are the same are read once; what is drawn is what each would draw alone.
TEST(BatchSampler, TextsToOnePromptAreThoseOfEachAlone) {
  SmallModel<float> model;
  const std::span<const float> parameters(model.network.parameters().data(), model.network.parameters().size());
  const std::vector<uint32_t> one = {3}, two = {7, 8, 9}, other = {7, 8, 2}, three = {7, 8, 9};
  const std::vector<SampleRequest> requests = {{two, 1}, {three, 2}, {two, 3},   {one, 4},   {one, 5},
                                               {two, 6}, {two, 7},   {other, 8}, {other, 9}, {one, 1}};
  const auto together = make_cpu_batch_sampler(small_config(), parameters, 1, 10)->sample(requests, {1, 5, {5}});
  const auto alone = make_cpu_batch_sampler(small_config(), parameters, 1, 1)->sample(requests, {1, 5, {5}});
  for (size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(together[i].ids, alone[i].ids) << i;
    EXPECT_EQ(together[i].complete, alone[i].complete) << i;
  }
  EXPECT_NE(together[0].ids, together[1].ids);
}

TEST(BatchSampler, TheLikeliestIsThatOfTheDecoder) {
  SmallModel<float> model;
  const std::span<const float> parameters(model.network.parameters().data(), model.network.parameters().size());
  const std::vector<uint32_t> prompt = {7, 8, 9};
  const auto sampler = make_cpu_batch_sampler(small_config(), parameters, 1, 4);
  const std::vector<SampledText> texts = sampler->sample(std::vector<SampleRequest>{{prompt, 1}}, {0, 4, {}});
  SampleOptions options;
  options.temperature = 0;
  std::vector<uint32_t> expected;
  const auto decoder = make_cpu_decoder(small_config(), parameters, 1);
  generate(*decoder, small_config(), prompt, 4, options, [&](uint32_t token) {
    expected.push_back(token);
    return true;
  });
  EXPECT_EQ(texts[0].ids, expected);
}

TEST(DrawFromAll, FollowsTheDistribution) {
  const std::vector<float> logits = {std::log(1.0f), std::log(2.0f), -INFINITY, std::log(5.0f)};
  std::vector<int> counts(4);
  for (int i = 0; i < 8000; ++i) ++counts[draw_from_all(logits, 1, (i + 0.5) / 8000)];
  EXPECT_EQ(counts, (std::vector<int>{1000, 2000, 0, 5000}));
  EXPECT_EQ(draw_from_all(logits, 0, 0.01), 3u);
  EXPECT_THROW(draw_from_all(std::vector<float>{0, NAN}, 1, 0.5), Error);
}

TEST(Policy, AdvantagesAreOfTheGroup) {
  EXPECT_EQ(group_advantages(std::vector<double>{1, 0, 0, 1}, true), (std::vector<double>{1, -1, -1, 1}));
  EXPECT_EQ(group_advantages(std::vector<double>{1, 0, 0, 1}, false), (std::vector<double>{0.5, -0.5, -0.5, 0.5}));
  EXPECT_EQ(group_advantages(std::vector<double>{0.3, 0.3, 0.3}, true), (std::vector<double>{0, 0, 0}));
}

// The weight is the derivative of the objective by the log-probability, on both sides of both bounds of the clipping.
TEST(Policy, TheWeightIsTheDerivative) {
  constexpr double kStep = 1e-5;
  for (const PolicyOptions options : {PolicyOptions{0.2, 0}, PolicyOptions{0, 0.1}, PolicyOptions{0.2, 0.3}}) {
    for (const double advantage : {1.5, -0.7}) {
      for (const double ratio : {0.5, 0.79, 0.81, 1.0, 1.19, 1.21, 2.0}) {
        TokenOdds odds{-2, -2 - std::log(ratio), -1.6};
        const double weight = policy_weight(odds, advantage, options);
        odds.now += kStep;
        const double above = policy_objective(odds, advantage, options);
        odds.now -= 2 * kStep;
        EXPECT_NEAR((above - policy_objective(odds, advantage, options)) / (2 * kStep), weight, 1e-6)
            << advantage << " " << ratio << " " << options.clip;
      }
    }
  }
  EXPECT_EQ(policy_weight({-2, -2 - std::log(1.21), 0}, 1, {0.2, 0}), 0);
  EXPECT_NEAR(policy_weight({-2, -2 - std::log(1.21), 0}, -1, {0.2, 0}), -1.21, 1e-12);
}

// The gradient of a batch of episodes is that of the objective, through the whole model: central differences along
// random directions.
TEST(Policy, TheGradientIsThatOfTheObjective) {
  SmallModel<double> model;
  Network<double>& network = model.network;
  std::vector<Episode> episodes;
  for (uint32_t i = 0; i < 3; ++i) {
    SampledText text;
    text.ids = {i + 4, 2 * i + 9}, text.end = 60, text.complete = i != 1;
    Episode episode(i == 0 ? std::vector<uint32_t>{3, 5, 7} : std::vector<uint32_t>{8, i}, text);
    episode.advantage = i == 1 ? -1.2 : 0.6;
    for (int64_t t = 0; t < episode.answer_tokens(); ++t)
      episode.drawn.push_back(-4.2 + 0.1 * static_cast<double>(t)), episode.reference.push_back(-4);
    episodes.push_back(std::move(episode));
  }
  const PolicyOptions options{0.2, 0.05};
  const auto objective = [&] {
    const Batch batch = batch_of(episodes);
    take_losses(episodes, network.target_losses(batch.view()), batch.T, &Episode::now);
    double sum = 0;
    for (const Episode& e : episodes) {
      for (size_t i = 0; i < e.now.size(); ++i)
        sum += policy_objective({e.now[i], e.drawn[i], e.reference[i]}, e.advantage, options);
    }
    return sum;
  };
  objective();
  Batch batch = batch_of(episodes);
  weigh(episodes, options, batch);
  network.accumulate_gradients(batch.view(), 1);
  const std::vector<double> gradient = testing::vector_of(network.gradients());
  for (uint64_t direction = 0; direction < 4; ++direction) {
    const std::vector<double> along =
        testing::random_numbers<double>(static_cast<int64_t>(gradient.size()), 50 + direction);
    const auto move = [&](double step) {
      for (size_t i = 0; i < along.size(); ++i) network.parameters()[i] += step * along[i];
    };
    double expected = 0;
    for (size_t i = 0; i < along.size(); ++i) expected -= gradient[i] * along[i];
    constexpr double kStep = 1e-6;
    move(kStep);
    const double above = objective();
    move(-2 * kStep);
    const double numeric = (above - objective()) / (2 * kStep);
    move(kStep);
    EXPECT_NEAR(numeric, expected, 1e-5 * std::max(1.0, std::abs(expected)));
  }
}

TEST(Problems, AreRightAndKeptApart) {
  for (const auto& [name, about] : task_names()) {
    if (name == "command") continue;
    for (const bool steps : {false, true}) {
      ProblemOptions options;
      options.name = name, options.steps = steps, options.size_min = 1, options.size_max = 4;
      const auto problems = make_problem_set(options, 7);
      const std::vector<Problem> train = problems->make(0, 200, false), held_out = problems->make(0, 200, true);
      std::vector<ProblemAnswer> attempts;
      for (const Problem& problem : train) {
        attempts.push_back({&problem, problem.solution + ".\n"});
        for (const Problem& other : held_out) ASSERT_NE(problem.prompt, other.prompt);
      }
      EXPECT_EQ(problems->rewards(attempts), std::vector<double>(200, 1)) << name;
      for (ProblemAnswer& attempt : attempts) attempt.answer += " 1";
      EXPECT_EQ(problems->rewards(attempts), std::vector<double>(200, 0)) << name;
      EXPECT_EQ(make_problem_set(options, 7)->make(150, 1, false)[0].prompt, train[150].prompt);
      EXPECT_NE(make_problem_set(options, 8)->make(150, 1, false)[0].prompt, train[150].prompt);
    }
  }
}

TEST(Problems, StepsLeadToTheAnswer) {
  ProblemOptions options;
  options.steps = true, options.size_min = 2;
  bool carried = false, borrowed = false;
  for (const Problem& problem : make_problem_set(options, 1)->make(0, 100, false)) {
    if (problem.prompt == "What is 4 7 + 3 5?") {
      EXPECT_EQ(problem.solution, "7 + 5 = 1 2 , 4 + 3 + 1 = 8 : 8 2");
    }
    carried = carried || problem.solution.find(" + 1 = ") != std::string::npos;
    borrowed = borrowed || problem.solution.find(" - 1 = ") != std::string::npos;
    EXPECT_EQ(final_answer(problem.solution), problem.truth);
  }
  EXPECT_TRUE(carried && borrowed);
}

TEST(Problems, SizesOutOfRangeAreRefused) {
  const auto complaint = [](const std::function<void(ProblemOptions&)>& change) {
    ProblemOptions options;
    change(options);
    try {
      make_problem_set(options, 1);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(complaint([](ProblemOptions&) {}), "");
  EXPECT_NE(complaint([](ProblemOptions& o) { o.size_max = 18; }).find("task.size_max"), std::string::npos);
  EXPECT_EQ(complaint([](ProblemOptions& o) { o.size_max = 17; }), "");
  EXPECT_NE(complaint([](ProblemOptions& o) { o.size_min = 3; }).find("task.size_max"), std::string::npos);
  EXPECT_NE(complaint([](ProblemOptions& o) { o.held_out_size_max = 3; }).find("held_out_size_min"), std::string::npos);
  EXPECT_NE(complaint([](ProblemOptions& o) { o.command = {"x"}; }).find("task.command"), std::string::npos);
  EXPECT_NE(complaint([](ProblemOptions& o) { o.name = "command"; }).find("task.command"), std::string::npos);
}

// A command of a line of shell; what it does wrong is one line that says so.
TEST(Problems, ACommandIsHeldToTheProtocol) {
  const auto outcome = [](const std::string& script) {
    ProblemOptions options;
    options.name = "command", options.command = {"sh", "-c", script}, options.timeout_s = 20;
    try {
      const auto problems = make_problem_set(options, 1);
      const std::vector<Problem> made = problems->make(3, 1, false);
      return made[0].prompt + "|" + std::to_string(problems->rewards(std::vector<ProblemAnswer>{{&made[0], "x"}})[0]);
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  const std::string make = R"(read a; read b; echo '{"prompt":"p","truth":"t"}'; echo; read a; read b; )";
  EXPECT_EQ(outcome(make + R"(echo '{"reward":0.5}'; echo)"), "p|0.500000");
  EXPECT_NE(outcome(make + R"(echo '{"reward":NaN}'; echo)").find(R"(answered {"reward":NaN} to {"prompt":"p")"),
            std::string::npos);
  EXPECT_NE(outcome(make + R"(echo '{"reward":1e999}'; echo)").find("answered"), std::string::npos);
  EXPECT_NE(outcome(make + R"(echo '{"reward":"1"}'; echo)").find("answered"), std::string::npos);
  EXPECT_NE(outcome(make + R"(echo)").find("gave 0 answers to 1 requests"), std::string::npos);
  EXPECT_NE(outcome(make + R"(echo '{"reward":1}'; echo '{"reward":1}'; echo)").find("more than 1 answers"),
            std::string::npos);
  EXPECT_NE(outcome(make + R"(echo lost >&2; exit 3)").find("sh died (exit code 3): lost"), std::string::npos);
  EXPECT_NE(outcome("exit 0").find("died"), std::string::npos);
  ProblemOptions missing;
  missing.name = "command", missing.command = {"/nowhere/at/all"};
  EXPECT_THROW(make_problem_set(missing, 1), Error);
}

}  // namespace
}  // namespace ftok
