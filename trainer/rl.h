// Reinforcement learning on problems whose answers a program can check (trainer/problems.h): a chat model draws several
// answers to each problem, a checker rewards them, and what was better than the others becomes likelier
// (trainer/rl/policy.h has the objective). In the checker's place a reward model (trainer/reward_model.h) can reward.
//
// Output folder: checkpoints/step-NNNNNNNNN.ckpt, which are models as `ftok train` writes them; log.jsonl with one
// object per step; samples.jsonl with answers to problems held out; reward.svg and length.svg; chat.json. A run in a
// folder that holds checkpoints resumes from the latest complete one, bit for bit as if it had never stopped. A folder
// is bound to its recipe ([run] aside), to the model that it began with, the vocabulary and the chat template.
//
// Problems that are too long for the model are left out. A call of a tool (trainer/answer.h) is not run here: what the
// model learns from is what it says itself.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/log.h"
#include "tokenizer/encoding.h"
#include "trainer/answer.h"
#include "trainer/model_file.h"
#include "trainer/rankings.h"
#include "trainer/rl_recipe.h"

namespace ftok {

struct RlReport {
  int64_t step = 0, steps = 0;  // 1, 2, ... of the run's steps
  double reward = 0;            // mean over all answers
  double truth = 0;             // the same of the checker's rewards, which a reward model takes the place of
  double length = 0;            // mean tokens of an answer
  double complete = 0;          // share of the answers that the model ended itself
  int64_t problems = 0;         // that fit into the model
  int64_t alike = 0;            // problems whose answers all got the same reward: there is nothing to learn from them
  bool skipped = false;         // all problems are alike: no update was made
  double norm = 0;              // of the gradient before clipping, of the last update
  double learning_rate = 0;
  double divergence = 0;  // from the reference, nats a token; 0 where rl.kl is 0
  double seconds = 0;
};

// An answer to a problem held out.
struct RlSample {
  std::string prompt, truth, answer;
  double reward = 0;
};

// Means over all problems held out.
struct RlHeldOut {
  double reward = 0;
  double truth = 0;   // of the checker's rewards
  double length = 0;  // of the answers, tokens
};

// Told of a run's progress; called on the run's thread.
class RlObserver {
 public:
  virtual ~RlObserver() = default;
  virtual void on_start(int64_t first_step, const RlRecipe& recipe) = 0;
  virtual void on_step(const RlReport& report) = 0;
  // `step` 0: before the first. `samples` are the first of the problems held out.
  virtual void on_held_out(int64_t step, const RlHeldOut& held_out, const std::vector<RlSample>& samples) = 0;
};

struct RlInputs {
  const ModelFile* initial = nullptr;  // a chat model
  const Encoding* encoding = nullptr;  // its vocabulary
  const ModelChat* chat = nullptr;     // how it is talked to
  const ModelFile* judge = nullptr;    // a reward model, of the same vocabulary and template; null: the checker rewards
  std::string output;                  // a folder, created when missing
  std::function<bool()> stop = {};     // asked after every step; true ends the run with a checkpoint
};

// Runs until recipe.run.steps steps are done; false when inputs.stop ended the run before. Throws UsageError when
// recipe, model and the contents of the folder do not fit together, Error when a file cannot be read or written, the
// problems fail, a reward or the gradient is not a finite number, or kAlikeStepsMax steps in a row have nothing to
// learn from although not all answers are right (with a checker and rl.kl that is only told).
bool reinforce(const RlRecipe& recipe, const RlInputs& inputs, RlObserver& observer, const Log& log);

inline constexpr int kAlikeStepsMax = 20;

// One conversation a line, {"messages": [problem, solution], "task": NAME}, to learn the form of answers from: of
// problems number [0, count). Throws Error as ProblemSet does, and where a problem comes without a solution.
std::string problem_conversations(const RlRecipe& recipe, int64_t count, bool held_out);

// Answers of the model inputs.initial to the problems number [0, count), ranked by their rewards: rl.samples drawn to
// each, each text once. Problems whose answers all have the same reward are left out; where there are no others,
// throws Error.
std::vector<Ranking> problem_rankings(const RlRecipe& recipe, const RlInputs& inputs, int64_t count, const Log& log);

// The best of n answers to problems held out, as the rewards have it.
struct BestOf {
  int64_t answers = 1;  // n
  double reward = 0;    // mean over the problems
  double truth = 0;     // the same of the checker's rewards for those answers
  double divergence =
      0;  // log n - (n - 1) / n nats: the distance of such answers from the model (Stiennon et al. 2020)
};

// For n = 1, 2, 4, ... up to `most` answers (at least 1), run.held_out problems each. Not a run: nothing is written.
std::vector<BestOf> best_of(const RlRecipe& recipe, const RlInputs& inputs, int64_t most, const Log& log);

}  // namespace ftok
