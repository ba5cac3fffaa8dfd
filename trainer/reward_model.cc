#include "trainer/reward_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

#include "core/error.h"
#include "trainer/cpu/cpu_layers.h"
#include "trainer/layers/network.h"
#include "trainer/rl/texts_batch.h"

namespace ftok {
namespace {

class CpuScorer final : public Scorer {
 public:
  CpuScorer(const ModelConfig& config, std::span<const float> parameters, int threads, int64_t rows)
      : layers_(make_cpu_layers<float>(threads)), network_(config, *layers_), rows_(static_cast<size_t>(rows)) {
    network_.parameters().assign(parameters);
  }

  std::vector<double> scores(std::span<const std::vector<uint32_t>> texts) override {
    std::vector<double> all;
    for (size_t begin = 0; begin < texts.size(); begin += rows_) {
      const TextsBatch part(texts.subspan(begin, std::min(rows_, texts.size() - begin)));
      const std::vector<double> scores = network_.scores(part.view(), part.ends());
      all.insert(all.end(), scores.begin(), scores.end());
    }
    for (const double score : all) {
      if (!std::isfinite(score)) throw Error(fmt::format("the reward model gives a score of {}", score));
    }
    return all;
  }

 private:
  std::unique_ptr<Layers<float>> layers_;
  Network<float> network_;
  size_t rows_;
};

// For every pair of answers of different rank: the better one first.
template <typename Body>
void for_each_pair(std::span<const int> ranks, const Body& body) {
  for (size_t i = 0; i < ranks.size(); ++i) {
    for (size_t j = i + 1; j < ranks.size(); ++j) {
      if (ranks[i] < ranks[j]) body(i, j);
      if (ranks[j] < ranks[i]) body(j, i);
    }
  }
}

}  // namespace

std::unique_ptr<Scorer> make_cpu_scorer(const ModelConfig& config, std::span<const float> parameters, int threads,
                                        int64_t rows) {
  assert(config.score_head);
  return std::make_unique<CpuScorer>(config, parameters, threads, rows);
}

std::vector<float> add_score_head(const ModelConfig& from, std::span<const float> parameters) {
  ModelConfig with = from;
  with.score_head = true;
  std::vector<float> all(parameters.begin(), parameters.end());
  all.resize(static_cast<size_t>(ParameterLayout(with).size()));  // the score head is the last tensor
  return all;
}

double preference(double a, double b) { return 1 / (1 + std::exp(b - a)); }

double ranking_loss(std::span<const double> scores, std::span<const int> ranks, std::span<double> slopes) {
  std::fill(slopes.begin(), slopes.end(), 0.0);
  double pairs = 0, loss = 0;
  for_each_pair(ranks, [&](size_t, size_t) { ++pairs; });
  for_each_pair(ranks, [&](size_t better, size_t worse) {
    const double difference = scores[better] - scores[worse];
    // -log(1 / (1 + exp(-d))), without overflow.
    loss += (std::max(-difference, 0.0) + std::log1p(std::exp(-std::abs(difference)))) / pairs;
    const double slope = -preference(scores[worse], scores[better]) / pairs;
    slopes[better] += slope, slopes[worse] -= slope;
  });
  return loss;
}

PairCount count_pairs(std::span<const double> scores, std::span<const int> ranks) {
  PairCount count;
  for_each_pair(ranks, [&](size_t better, size_t worse) {
    ++count.pairs;
    count.right += scores[better] > scores[worse] ? 1 : scores[better] == scores[worse] ? 0.5 : 0;
  });
  return count;
}

}  // namespace ftok
