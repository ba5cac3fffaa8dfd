// Problems, a model's answers to them, and the rewards of those: of the problems' checker, or of a reward model.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/log.h"
#include "trainer/problems.h"
#include "trainer/reward_model.h"
#include "trainer/rl.h"
#include "trainer/rl/episodes.h"
#include "trainer/speaker.h"

namespace ftok {

// Answers whose scores by a reward model differ by less are equally good: that much is rounding.
inline constexpr double kScoreSpreadMin = 1e-4;

// Not thread-safe. Recipe and inputs must outlive it.
class Player {
 public:
  // Throws UsageError where the reward model is none, or has another vocabulary.
  Player(const RlRecipe& recipe, const RlInputs& inputs, int threads, const Log& log);

  // Problems number [first, first + count), without those that are too long for the model: each kind, practised or held
  // out, is told of at its first. Throws Error as ProblemSet does, and where none is left.
  std::vector<Problem> problems(uint64_t first, size_t count, bool held_out);
  bool has_judge() const { return judge_ != nullptr; }

  // `samples` answers to each problem, one after the other, of the model with these parameters. `first` is the number
  // of the first answer in the run, which with rl.seed decides what is drawn; temperature 0 draws the likeliest.
  std::vector<Episode> play(const std::vector<Problem>& problems, int64_t samples, double temperature,
                            std::span<const float> parameters, uint64_t first);

 private:
  std::vector<SampledText> draw(const std::vector<std::vector<uint32_t>>& prompts, int64_t samples, double temperature,
                                std::span<const float> parameters, uint64_t first) const;
  void let_judge(std::vector<Episode>& episodes);

  const RlRecipe& recipe_;
  const RlInputs& inputs_;
  int threads_;
  Log log_;
  bool told_[2] = {false, false};  // of problems that are too long: practised, held out
  std::unique_ptr<ProblemSet> problems_;
  Speaker speaker_;
  std::unique_ptr<Scorer> judge_;  // null: the problems' checker rewards
};

}  // namespace ftok
