// Answers of a chat model to problems, as reinforcement learning learns from them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "trainer/batch.h"
#include "trainer/batch_sample.h"
#include "trainer/rl/policy.h"

namespace ftok {

// A prompt with an answer: its tokens, of which the answer's, and the one that ends it, are learnt from.
struct Episode {
  Episode(const std::vector<uint32_t>& prompt, const SampledText& text);

  std::vector<uint32_t> tokens;
  size_t prompt_size = 0;
  bool complete = false;
  std::string answer;
  double reward = 0, advantage = 0;
  double truth = 0;  // the reward of the problem's checker, where a reward model gives the other
  // Log-probabilities of the answer's tokens: under the model as it is, as it was when it drew them, and under the
  // reference. Empty where they are not needed.
  std::vector<double> now, drawn, reference;

  int64_t answer_tokens() const { return static_cast<int64_t>(tokens.size() - prompt_size); }
};

// Of at most `size` episodes each.
std::vector<std::span<Episode>> in_parts(std::vector<Episode>& episodes, int64_t size);

// Rows of tokens and targets, as long as the longest; the loss mask counts the answers alone.
Batch batch_of(std::span<const Episode> episodes);

// From the losses (B,T) of such a batch, with T its positions.
void take_losses(std::span<Episode> episodes, const std::vector<double>& losses, int64_t T,
                 std::vector<double> Episode::*log_probabilities);

// The weight of each target of such a batch; where `now` is empty, the advantages alone.
void weigh(std::span<const Episode> episodes, const PolicyOptions& options, Batch& batch);

// The sum over all tokens of the answers.
double divergence_of(std::span<const Episode> episodes);

}  // namespace ftok
