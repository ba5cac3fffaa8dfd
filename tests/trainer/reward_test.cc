// Reward models: the score head's gradient, the loss of a ranking, rankings as JSON.
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "tests/trainer/small_model.h"
#include "trainer/rankings.h"
#include "trainer/reward_model.h"
#include "trainer/rl/player.h"
#include "trainer/rl/policy.h"
#include "trainer/rl/texts_batch.h"

namespace ftok {
namespace {

using testing::small_config;
using testing::SmallModel;

ModelConfig scored_config() {
  ModelConfig config = small_config();
  config.score_head = true;
  return config;
}

const std::vector<std::vector<uint32_t>> kTexts = {{3, 14, 15}, {9, 2, 6, 5, 3, 5, 8}, {9, 7}};
constexpr int kRanks[] = {1, 0, 2};

double loss_of(Network<double>& network) {
  const TextsBatch batch(kTexts);
  std::vector<double> slopes(kTexts.size());
  return ranking_loss(network.scores(batch.view(), batch.ends()), kRanks, slopes);
}

TEST(ScoreHead, GradientIsTheDerivative) {
  SmallModel<double> model(scored_config());
  Network<double>& network = model.network;
  const TextsBatch batch(kTexts);
  network.clear_gradients();
  double loss = 0;
  network.add_score_gradients(batch.view(), batch.ends(), [&](std::span<const double> scores) {
    std::vector<double> slopes(scores.size());
    loss = ranking_loss(scores, kRanks, slopes);
    return slopes;
  });
  EXPECT_EQ(loss, loss_of(network));
  const std::vector<double> analytic = testing::vector_of(network.gradients());
  constexpr double kStep = 1e-4;
  const size_t head = static_cast<size_t>(network.layout().score);
  int compared = 0;
  for (size_t i = 0; i < analytic.size(); i += i < head ? 61 : 1) {
    double& x = network.parameters()[i];
    const double at = x;
    const auto value = [&](double offset) {
      x = at + offset;
      return loss_of(network);
    };
    const double numeric = (8 * (value(kStep) - value(-kStep)) - (value(2 * kStep) - value(-2 * kStep))) / (12 * kStep);
    x = at;
    EXPECT_NEAR(analytic[i], numeric, 1e-8 + 1e-6 * std::abs(numeric)) << i;
    compared += std::abs(numeric) > 1e-6;
  }
  EXPECT_GT(compared, 100);  // most parameters matter
}

TEST(ScoreHead, ATextIsScoredAtItsLastTokenWhateverStandsBesideIt) {
  SmallModel<double> model(scored_config());
  const TextsBatch together(kTexts);
  const std::vector<double> scores = model.network.scores(together.view(), together.ends());
  for (size_t i = 0; i < kTexts.size(); ++i) {
    const TextsBatch alone(std::span<const std::vector<uint32_t>>(kTexts).subspan(i, 1));
    EXPECT_NEAR(model.network.scores(alone.view(), alone.ends())[0], scores[i], 1e-12);
  }
  EXPECT_GT(std::abs(scores[0] - scores[2]), 1e-3);
}

TEST(ScoreHead, IsAddedToALanguageModelWhichItLeavesAsItIs) {
  SmallModel<float> model;
  const std::vector<float> parameters = testing::vector_of(model.network.parameters());
  const std::vector<float> with = add_score_head(small_config(), parameters);
  EXPECT_TRUE(std::equal(parameters.begin(), parameters.end(), with.begin()));
  const auto scorer = make_cpu_scorer(scored_config(), with, 1, 2);
  EXPECT_EQ(scorer->scores(kTexts), (std::vector<double>{0, 0, 0}));
  std::vector<float> broken = with;
  broken[static_cast<size_t>(ParameterLayout(scored_config()).score)] = NAN;
  EXPECT_THROW(make_cpu_scorer(scored_config(), broken, 1, 2)->scores(kTexts), Error);
}

TEST(RankingLoss, IsTheMeanOverPairsOfDifferentRank) {
  std::vector<double> slopes(3);
  const auto pair = [](double better, double worse) { return std::log(1 + std::exp(worse - better)); };
  const std::vector<double> scores = {0.5, 2, -1};
  EXPECT_NEAR(ranking_loss(scores, kRanks, slopes), (pair(2, 0.5) + pair(2, -1) + pair(0.5, -1)) / 3, 1e-12);
  EXPECT_NEAR(slopes[0] + slopes[1] + slopes[2], 0, 1e-12);
  EXPECT_LT(slopes[1], 0);  // the best one should score more
  EXPECT_GT(slopes[2], 0);
  EXPECT_NEAR(ranking_loss(scores, std::vector<int>{0, 0, 1}, slopes), (pair(0.5, -1) + pair(2, -1)) / 2, 1e-12);
  EXPECT_EQ(ranking_loss(scores, std::vector<int>{4, 4, 4}, slopes), 0);
  EXPECT_EQ(slopes, (std::vector<double>{0, 0, 0}));
}

TEST(RankingLoss, StaysFiniteFarFromTheTruth) {
  std::vector<double> slopes(2);
  EXPECT_NEAR(ranking_loss(std::vector<double>{-4000, 4000}, std::vector<int>{0, 1}, slopes), 8000, 1e-9);
  EXPECT_NEAR(slopes[0], -1, 1e-12);
  EXPECT_EQ(ranking_loss(std::vector<double>{4000, -4000}, std::vector<int>{0, 1}, slopes), 0);
  EXPECT_EQ(slopes[0], 0);
}

TEST(CountPairs, EqualScoresCountHalf) {
  const PairCount count = count_pairs(std::vector<double>{1, 2, 2}, std::vector<int>{0, 1, 2});
  EXPECT_EQ(count.pairs, 3);
  EXPECT_EQ(count.right, 0.5);
  EXPECT_EQ(count_pairs(std::vector<double>{3, 2, 1}, std::vector<int>{0, 1, 2}).right, 3);
  EXPECT_EQ(count_pairs(std::vector<double>{3, 2}, std::vector<int>{0, 0}).pairs, 0);
}

TEST(GroupAdvantages, ScoresThatDifferByRoundingAreAlike) {
  const std::vector<double> scores = {1, 1 + kScoreSpreadMin};
  EXPECT_EQ(group_advantages(scores, true, 1.01 * kScoreSpreadMin), (std::vector<double>{0, 0}));
  EXPECT_NEAR(group_advantages(scores, true, 0.99 * kScoreSpreadMin)[1], 1, 1e-6);
  EXPECT_NEAR(group_advantages(scores, true)[0], -1, 1e-6);  // a checker's rewards are exact
  EXPECT_EQ(group_advantages(std::vector<double>{3, 3}, true), (std::vector<double>{0, 0}));
}

TEST(Rankings, AreReadInEveryForm) {
  const Ranking pair = parse_ranking(R"({"prompt":"Hi","rejected":"no","chosen":"yes","other":1})");
  EXPECT_EQ(pair.messages[0].role, "user");
  EXPECT_EQ(pair.messages[0].content, "Hi");
  EXPECT_EQ(pair.answers, (std::vector<std::string>{"yes", "no"}));
  EXPECT_EQ(pair.ranks, (std::vector<int>{0, 1}));
  const Ranking list = parse_ranking(
      R"({"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"}],"ranking":["a",["b","c"],"d"]})");
  EXPECT_EQ(list.messages.size(), 2u);
  EXPECT_EQ(list.answers, (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(list.ranks, (std::vector<int>{0, 1, 1, 2}));
  const Ranking again = parse_ranking(format_ranking(list));
  EXPECT_EQ(again.answers, list.answers);
  EXPECT_EQ(again.ranks, list.ranks);
  EXPECT_EQ(format_ranking(again), format_ranking(list));
}

TEST(Rankings, RefusedWithWhatIsMissing) {
  const auto message = [](const char* json) {
    try {
      parse_ranking(json);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("read");
  };
  EXPECT_EQ(message("[1]"), "not a JSON object");
  EXPECT_EQ(message(R"({"chosen":"a","rejected":"b"})"), "no \"messages\", and no string \"prompt\"");
  EXPECT_EQ(message(R"({"prompt":"x","chosen":"a"})"), "no list \"ranking\", and no \"chosen\" with \"rejected\"");
  EXPECT_EQ(message(R"({"prompt":"x","chosen":"a","rejected":7})"), "\"rejected\": an answer is not a string");
  EXPECT_EQ(message(R"({"prompt":"x","ranking":["a",[3]]})"), "\"ranking\": an answer is not a string");
  EXPECT_EQ(message(R"({"prompt":"x","chosen":"a","rejected":"a"})"), "the same answer is there twice");
  EXPECT_EQ(message(R"({"prompt":"x","ranking":["a"]})"), "expected two answers of which one is better");
  EXPECT_EQ(message(R"({"prompt":"x","ranking":[["a","b"]]})"), "expected two answers of which one is better");
  EXPECT_EQ(message(R"({"prompt":"x","ranking":[]})"), "expected two answers of which one is better");
}

}  // namespace
}  // namespace ftok
