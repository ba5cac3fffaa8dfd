#include "trainer/rl/episodes.h"

#include <algorithm>
#include <utility>

namespace ftok {
namespace {

TokenOdds odds_of(const Episode& episode, size_t i) {
  return {episode.now[i], episode.drawn[i], episode.reference.empty() ? 0 : episode.reference[i]};
}

}  // namespace

Episode::Episode(const std::vector<uint32_t>& prompt, const SampledText& text)
    : tokens(prompt), prompt_size(prompt.size()), complete(text.complete) {
  tokens.insert(tokens.end(), text.ids.begin(), text.ids.end());
  if (text.complete) tokens.push_back(text.end);
}

std::vector<std::span<Episode>> in_parts(std::vector<Episode>& episodes, int64_t size) {
  std::vector<std::span<Episode>> parts;
  for (size_t begin = 0; begin < episodes.size(); begin += static_cast<size_t>(size))
    parts.push_back(std::span(episodes).subspan(begin, std::min(static_cast<size_t>(size), episodes.size() - begin)));
  return parts;
}

Batch batch_of(std::span<const Episode> episodes) {
  size_t T = 1;
  for (const Episode& episode : episodes) T = std::max(T, episode.tokens.size() - 1);
  Batch batch;
  batch.B = static_cast<int64_t>(episodes.size()), batch.T = static_cast<int64_t>(T);
  batch.tokens.resize(episodes.size() * T), batch.targets.resize(batch.tokens.size());
  batch.loss_mask.resize(batch.tokens.size());
  for (size_t row = 0; row < episodes.size(); ++row) {
    const Episode& episode = episodes[row];
    for (size_t t = 0; t + 1 < episode.tokens.size(); ++t) {
      batch.tokens[row * T + t] = episode.tokens[t];
      batch.targets[row * T + t] = episode.tokens[t + 1];
      batch.loss_mask[row * T + t] = t + 1 >= episode.prompt_size;
    }
  }
  return batch;
}

void take_losses(std::span<Episode> episodes, const std::vector<double>& losses, int64_t T,
                 std::vector<double> Episode::*log_probabilities) {
  for (size_t row = 0; row < episodes.size(); ++row) {
    Episode& episode = episodes[row];
    std::vector<double>& out = episode.*log_probabilities;
    out.clear();
    for (size_t t = episode.prompt_size - 1; t + 1 < episode.tokens.size(); ++t)
      out.push_back(-losses[row * static_cast<size_t>(T) + t]);
  }
}

void weigh(std::span<const Episode> episodes, const PolicyOptions& options, Batch& batch) {
  batch.loss_weights.assign(batch.tokens.size(), 0);
  for (size_t row = 0; row < episodes.size(); ++row) {
    const Episode& episode = episodes[row];
    for (size_t i = 0; i < static_cast<size_t>(episode.answer_tokens()); ++i) {
      const double weight =
          episode.now.empty() ? episode.advantage : policy_weight(odds_of(episode, i), episode.advantage, options);
      batch.loss_weights[row * static_cast<size_t>(batch.T) + episode.prompt_size - 1 + i] = static_cast<float>(weight);
    }
  }
}

double divergence_of(std::span<const Episode> episodes) {
  double sum = 0;
  for (const Episode& episode : episodes) {
    for (size_t i = 0; i < static_cast<size_t>(episode.answer_tokens()); ++i)
      sum += policy_divergence(odds_of(episode, i));
  }
  return sum;
}

}  // namespace ftok
