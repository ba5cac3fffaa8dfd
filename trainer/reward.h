// The training of a reward model (trainer/reward_model.h) on rankings of answers (trainer/rankings.h).
//
// The output folder is as `ftok rl`'s (trainer/rl.h): checkpoints/, which hold models with a score head; log.jsonl with
// one object per step; accuracy.svg; chat.json. A run in a folder that holds checkpoints resumes from the latest
// complete one, bit for bit. A folder is bound to its recipe ([run] aside), to the model that it began with, the
// vocabulary, the chat template and the rankings.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "core/options.h"
#include "tokenizer/encoding.h"
#include "trainer/answer.h"
#include "trainer/learning_rate.h"
#include "trainer/model_file.h"
#include "trainer/optimizer_options.h"
#include "trainer/rankings.h"

namespace ftok {

// The section [reward].
struct RewardOptions {
  int64_t seed = 1;
  int64_t rankings = 16;
  int64_t held_out_per_mille = 100;

  void visit(OptionVisitor& visitor);
};

// The section [run]: the keys that may change when a run is resumed.
struct RewardRunOptions {
  int64_t steps = 200;
  int64_t micro_batch = 32;
  int64_t threads = 0;
  int64_t evaluate_every = 20;
  int64_t checkpoint_every = 50;
  int64_t keep = 3;

  void visit(OptionVisitor& visitor);
};

struct RewardRecipe {
  RewardOptions reward;
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
  RewardRunOptions run;

  void check() const;  // throws UsageError naming the key that is out of range
};

// The defaults, or a TOML file's keys where `path` is not empty, with assignments "section.key=value" on top. Checked.
// Throws UsageError naming what is wrong.
RewardRecipe load_reward_recipe(const std::string& path, const std::vector<std::string>& assignments);

// As TOML; `bound` leaves out [run], to which a run is not bound.
std::string reward_recipe_text(RewardRecipe recipe, bool with_help, bool bound);

// How well a model says which answers are preferred.
struct RewardFit {
  double loss = 0;      // mean over rankings of -log of the preference for the better answer, mean over its pairs
  double accuracy = 0;  // share of the pairs whose better answer has the higher score; an equal score counts half
  int64_t rankings = 0, pairs = 0;
  double spread = 0;  // the largest difference between scores of answers to one conversation
};

struct RewardReport {
  int64_t step = 0, steps = 0;  // 1, 2, ... of the run's steps
  RewardFit fit;                // on the step's rankings, before its update
  double norm = 0;              // of the gradient before clipping
  double learning_rate = 0;
  double seconds = 0;
};

// Told of a run's progress; called on the run's thread.
class RewardObserver {
 public:
  virtual ~RewardObserver() = default;
  virtual void on_start(int64_t first_step, const RewardRecipe& recipe, int64_t rankings, int64_t held_out) = 0;
  virtual void on_step(const RewardReport& report) = 0;
  virtual void on_held_out(int64_t step, const RewardFit& fit) = 0;
};

struct RewardInputs {
  const ModelFile* initial = nullptr;  // a chat model, or a reward model to go on with
  const Encoding* encoding = nullptr;  // its vocabulary
  const ModelChat* chat = nullptr;     // how it is talked to
  std::string output;                  // a folder, created when missing
  std::function<bool()> stop = {};     // asked after every step; true ends the run with a checkpoint
};

// Runs until recipe.run.steps steps are done; false when inputs.stop ended the run before. A share of the rankings, by
// a hash of their conversations, is held out. Those that do not fit into the model's context are left out with a
// warning. Throws UsageError when recipe, model and the contents of the folder do not fit together, Error when a file
// cannot be read or written, no ranking is left to learn from, or a loss or the gradient is not a finite number.
bool train_reward_model(const RewardRecipe& recipe, const std::vector<Ranking>& rankings, const RewardInputs& inputs,
                        RewardObserver& observer, const Log& log);

// How well the reward model inputs.initial does on rankings; `scores`, where not null, gets those of each ranking's
// answers. Rankings that do not fit into the model's context are left out with a warning, and have no scores.
RewardFit measure_rankings(const std::vector<Ranking>& rankings, const RewardInputs& inputs, int threads,
                           const Log& log, std::vector<std::vector<double>>* scores = nullptr);

}  // namespace ftok
