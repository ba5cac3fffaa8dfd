// A model that gives a text a score, learnt from which of several answers people (or a program) prefer: the reward of
// reinforcement learning where no checker can say what is right (Christiano et al. 2017; Stiennon et al. 2020).
//
// It is a language model with one number in place of the next token's probabilities (ModelConfig::score_head): the
// score head's product with what the last norm gives at a text's last token. By the model of Bradley and Terry, an
// answer with score r is preferred to one with score s with the probability 1 / (1 + exp(s - r)); so only differences
// between answers to the same conversation mean anything.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "trainer/model.h"

namespace ftok {

// Not thread-safe.
class Scorer {
 public:
  virtual ~Scorer() = default;
  // The score of each text (ids below V, not empty, at most T tokens). Throws Error where one is not a finite number.
  virtual std::vector<double> scores(std::span<const std::vector<uint32_t>> texts) = 0;
};

// On the CPU, in fp32, on `threads` threads (at least 1), which do not change the scores; `rows` (at least 1) texts at
// a time. `config` has a score head; `parameters` are as ParameterLayout(config) lays them out; they are copied.
std::unique_ptr<Scorer> make_cpu_scorer(const ModelConfig& config, std::span<const float> parameters, int threads,
                                        int64_t rows);

// The weights of a reward model to begin with: those of a language model `from`, and a score head that gives every
// text 0, so that none is preferred before training.
std::vector<float> add_score_head(const ModelConfig& from, std::span<const float> parameters);

// The probability that an answer of score `a` is preferred to one of score `b`.
double preference(double a, double b);

// Answers to one conversation, by falling rank: equal numbers are equally good. Sets the derivative of the loss by each
// score and returns the loss: the mean over all pairs of answers of different rank of -log preference(better, worse)
// (Ouyang et al. 2022, equation 1). 0 where there is no such pair.
double ranking_loss(std::span<const double> scores, std::span<const int> ranks, std::span<double> slopes);

// Of the pairs of answers of different rank, those whose scores say the same; an equal score counts half.
struct PairCount {
  double right = 0;
  int64_t pairs = 0;
};
PairCount count_pairs(std::span<const double> scores, std::span<const int> ranks);

}  // namespace ftok
