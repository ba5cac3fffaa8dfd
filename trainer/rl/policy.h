// The objective of reinforcement learning, and its gradient: group-relative policy optimisation (GRPO; Shao et al.
// 2024, section 4.1), with PPO's clipping (Schulman et al. 2017) and a penalty on the distance from a reference model.
//
// Of a token with log-probability p under the model, o under the model that drew it and q under the reference:
//   J = min(r A, clip(r, 1 - clip, 1 + clip) A) - kl (exp(q - p) - (q - p) - 1),   r = exp(p - o).
// The last bracket is an estimate of the divergence from the reference that is never negative (Schulman 2020).
#pragma once

#include <span>
#include <vector>

namespace ftok {

// (reward - mean) of a group of answers to one problem; where `divides`, over their standard deviation (GRPO), else as
// it is (Dr. GRPO; Liu et al. 2025, section 3.2). All zeros where all rewards are alike, or differ by less than
// `spread_min`.
std::vector<double> group_advantages(std::span<const double> rewards, bool divides, double spread_min = 0);

struct PolicyOptions {
  double clip = 0.2;  // 0: r is not clipped
  double kl = 0;
};

// Log-probabilities of a token.
struct TokenOdds {
  double now = 0, drawn = 0, reference = 0;
};

double policy_objective(const TokenOdds& odds, double advantage, const PolicyOptions& options);
// dJ/dp: the weight of the token's loss -p whose gradient is that of -J.
double policy_weight(const TokenOdds& odds, double advantage, const PolicyOptions& options);
// The estimate of the divergence alone.
double policy_divergence(const TokenOdds& odds);

}  // namespace ftok
