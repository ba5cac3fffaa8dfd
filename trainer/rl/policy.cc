#include "trainer/rl/policy.h"

#include <algorithm>
#include <cmath>

namespace ftok {
namespace {

bool is_clipped(double ratio, double advantage, double clip) {
  return clip > 0 && ((advantage > 0 && ratio > 1 + clip) || (advantage < 0 && ratio < 1 - clip));
}

}  // namespace

std::vector<double> group_advantages(std::span<const double> rewards, bool divides, double spread_min) {
  std::vector<double> advantages(rewards.begin(), rewards.end());
  const auto [least, most] = std::minmax_element(rewards.begin(), rewards.end());
  if (*least == *most || *most - *least < spread_min) {
    std::fill(advantages.begin(), advantages.end(), 0.0);
    return advantages;
  }
  const double n = static_cast<double>(rewards.size());
  double mean = 0, variance = 0;
  for (const double reward : rewards) mean += reward / n;
  for (const double reward : rewards) variance += (reward - mean) * (reward - mean) / n;
  for (double& advantage : advantages) advantage = (advantage - mean) / (divides ? std::sqrt(variance) : 1);
  return advantages;
}

double policy_divergence(const TokenOdds& odds) {
  const double below = odds.reference - odds.now;
  return std::exp(below) - below - 1;
}

double policy_objective(const TokenOdds& odds, double advantage, const PolicyOptions& options) {
  const double ratio = std::exp(odds.now - odds.drawn);
  double gain = ratio * advantage;
  if (options.clip > 0) gain = std::min(gain, std::clamp(ratio, 1 - options.clip, 1 + options.clip) * advantage);
  return options.kl > 0 ? gain - options.kl * policy_divergence(odds) : gain;
}

double policy_weight(const TokenOdds& odds, double advantage, const PolicyOptions& options) {
  const double ratio = std::exp(odds.now - odds.drawn);
  const double gain = is_clipped(ratio, advantage, options.clip) ? 0 : ratio * advantage;
  return options.kl > 0 ? gain - options.kl * (1 - std::exp(odds.reference - odds.now)) : gain;
}

}  // namespace ftok
