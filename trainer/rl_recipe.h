// The recipe of a run of reinforcement learning: tasks by name, TOML files, assignments to keys.
#pragma once

#include <string>
#include <vector>

#include "core/options.h"
#include "trainer/learning_rate.h"
#include "trainer/optimizer_options.h"
#include "trainer/problems.h"

namespace ftok {

// The section [rl].
struct RlOptions {
  int64_t seed = 1;
  int64_t problems = 32;
  int64_t samples = 8;
  int64_t tokens_max = 64;
  std::string system;
  std::string advantage = "std";
  int64_t updates = 1;
  double clip = 0.2;
  double kl = 0;

  void visit(OptionVisitor& visitor);
};

// The section [run]: the keys that may change when a run is resumed.
struct RlRunOptions {
  int64_t steps = 200;
  int64_t micro_batch = 32;
  int64_t rows = 128;
  int64_t threads = 0;
  int64_t evaluate_every = 20;
  int64_t held_out = 200;
  int64_t checkpoint_every = 50;
  int64_t keep = 3;

  void visit(OptionVisitor& visitor);
};

struct RlRecipe {
  ProblemOptions task;
  RlOptions rl;
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
  RlRunOptions run;

  void check() const;  // throws UsageError naming the key that is out of range
};

// The recipe of a task by its name, or a TOML file, with assignments "section.key=value" on top. Checked. Throws
// UsageError naming what is wrong.
RlRecipe load_rl_recipe(const std::string& name_or_path, const std::vector<std::string>& assignments);

// As TOML; `bound` leaves out [run], to which a run is not bound.
std::string rl_recipe_text(RlRecipe recipe, bool with_help, bool bound);

}  // namespace ftok
